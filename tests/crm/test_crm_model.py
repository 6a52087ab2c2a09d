"""Random work against a model: the feed replays to the state that the database holds."""

from __future__ import annotations

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from crm_world import DUE, SALES, call, drain, opened, perform
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from dealwright.errors import Rejected
from dealwright.model.crm import Deal, Money
from dealwright.model.events import (
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    DealCreated,
    DealUpdated,
    StageChanged,
    TaskCompleted,
)
from dealwright.model.requests import (
    Call,
    CompleteTasks,
    CreateDeal,
    DealChanges,
    MoveDeal,
    Refused,
    Sent,
    SetTask,
    UpdateDeal,
)

STAGES = [stage.key for stage in SALES.stages]
CONTACTS = ["1", "2", "3"]

changes = st.builds(
    DealChanges,
    title=st.sampled_from(["a", "b"]),
    amount=st.one_of(st.none(), st.builds(Money, st.decimals(0, 10**6, places=2), st.just("USD"))),
    tags=st.lists(st.sampled_from("xyz")).map(tuple),
    company=st.sampled_from([None, "Acme", "Bolt"]),
    owner=st.sampled_from([None, "Ann", "Nobody"]),
)
deal_ids = st.integers(1, 6).map(str)


class Model(msgspec.Struct):
    """One deal as plain Python has it."""

    stage: str
    owner: str | None
    contacts: list[str]
    open_tasks: int = 0


class Work(RuleBasedStateMachine):
    """People and effects change deals; a reader takes the feed now and then, and the CRM is reopened."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'crm.db'}"
        self.crm = opened(self.url)
        self.crm.add_user("Ann")
        for number in CONTACTS:
            self.crm.create_contact(name=f"Contact {number}")
        self.replayed: dict[str, Deal] = {}
        self.done: dict[str, tuple[Call, Any]] = {}
        self.model: dict[str, Model] = {}
        self.kept = {number: number for number in CONTACTS}
        self.told: list[set[str]] = []
        self.completed = self.replayed_completed = 0

    @rule(stages=st.lists(st.sampled_from(STAGES), min_size=1, max_size=3), contacts=st.permutations(CONTACTS))
    def create(self, stages: list[str], contacts: list[str]) -> None:
        known = list(dict.fromkeys(self.kept[each] for each in contacts))
        wanted = [
            CreateDeal(pipeline="sales", stage=stage, title="new", contacts=tuple(known[: place + 1]))
            for place, stage in enumerate(stages)
        ]
        for deal, made in zip(self.crm.create_deals(wanted), wanted, strict=True):
            self.model[deal.id] = Model(made.stage, None if made.stage == "incoming" else "Ann", list(made.contacts))

    @rule(deal_id=deal_ids, stage=st.sampled_from(STAGES), only_forward=st.booleans())
    def move(self, deal_id: str, stage: str, only_forward: bool) -> None:
        request = MoveDeal(deal_id=deal_id, pipeline="sales", stage=stage, only_forward=only_forward)
        (outcome,) = self.perform(request)
        if deal_id not in self.model:
            assert isinstance(outcome, Refused)
            return
        deal = self.model[deal_id]
        moves = STAGES.index(stage) > STAGES.index(deal.stage) or (not only_forward and stage != deal.stage)
        assert isinstance(outcome, Sent) and outcome.receipt["moved"] is moves
        if moves:
            deal.stage = stage
            if stage != "incoming":
                deal.owner = "Ann"

    @rule(deal_id=deal_ids, reason=st.sampled_from([None, "Price"]), accept=st.booleans())
    def judge_lead(self, deal_id: str, reason: str | None, accept: bool) -> None:
        deal = self.model.get(deal_id)
        try:
            if accept:
                self.crm.accept_deal(deal_id)
            else:
                self.crm.decline_deal(deal_id, reason=reason)
        except Rejected:
            assert deal is None or deal.stage != "incoming"
        else:
            assert deal is not None and deal.stage == "incoming"
            deal.stage, deal.owner = "prospecting" if accept else "lost", "Ann"

    @rule(deal_id=deal_ids, changes=changes)
    def update(self, deal_id: str, changes: DealChanges) -> None:
        (outcome,) = self.perform(UpdateDeal(deal_id=deal_id, changes=changes))
        deal = self.model.get(deal_id)
        ownerless = changes.owner is None and deal is not None and deal.stage != "incoming"
        refused = deal is None or changes.owner == "Nobody" or ownerless
        assert isinstance(outcome, Refused) is refused
        if deal is not None and not refused:
            deal.owner = changes.owner  # type: ignore[assignment]

    @rule(deal_id=deal_ids, contact_id=st.sampled_from(CONTACTS), add=st.booleans())
    def link(self, deal_id: str, contact_id: str, add: bool) -> None:
        act = self.crm.add_contact if add else self.crm.remove_contact
        contact = self.kept[contact_id]
        try:
            act(deal_id, contact_id)
        except Rejected:
            assert deal_id not in self.model
        else:
            contacts = self.model[deal_id].contacts
            if add and contact not in contacts:
                contacts.append(contact)
            elif not add and contact in contacts:
                contacts.remove(contact)

    @rule(contact_id=st.sampled_from(CONTACTS), phone=st.sampled_from([None, "1", "2"]))
    def change_contact(self, contact_id: str, phone: str | None) -> None:
        before = self.crm.contact(contact_id)
        self.crm.update_contact(contact_id, phone=phone)
        if before is not None and before.phone != phone:
            self.told.append(self.open_deals(self.kept[contact_id]))

    @rule(kept=st.sampled_from(CONTACTS), absorbed=st.sampled_from(CONTACTS))
    def merge_contacts(self, kept: str, absorbed: str) -> None:
        new, old = self.kept[kept], self.kept[absorbed]
        try:
            self.crm.merge_contacts(kept, absorbed)
        except Rejected:
            assert new == old
            return
        for deal in self.model.values():
            deal.contacts = list(dict.fromkeys(new if each == old else each for each in deal.contacts))
        self.kept = {each: new if now == old else now for each, now in self.kept.items()}
        self.told.append(self.open_deals(new))

    @rule(kept=deal_ids, absorbed=deal_ids)
    def merge_deals(self, kept: str, absorbed: str) -> None:
        try:
            self.crm.merge_deals(kept, absorbed)
        except Rejected:
            assert kept == absorbed or not {kept, absorbed} <= self.model.keys()
            return
        gone, stays = self.model.pop(absorbed), self.model[kept]
        stays.contacts = list(dict.fromkeys([*stays.contacts, *gone.contacts]))
        stays.open_tasks += gone.open_tasks
        assert self.crm.merged_into(absorbed) == kept

    @rule(deal_id=deal_ids)
    def delete(self, deal_id: str) -> None:
        try:
            self.crm.delete_deal(deal_id)
        except Rejected:
            assert deal_id not in self.model
        else:
            del self.model[deal_id]

    @rule(deal_id=deal_ids)
    def clone(self, deal_id: str) -> None:
        try:
            made = self.crm.clone_deal(deal_id)
        except Rejected:
            assert deal_id not in self.model
        else:
            deal = self.model[deal_id]
            stage = "prospecting" if deal.stage in ("won", "lost") else deal.stage
            self.model[made.id] = Model(stage, deal.owner, list(deal.contacts))

    @rule(deal_id=deal_ids, complete=st.booleans())
    def task(self, deal_id: str, complete: bool) -> None:
        act: Any = CompleteTasks(deal_id=deal_id) if complete else SetTask(deal_id=deal_id, text="Call", due_at=DUE)
        (outcome,) = self.perform(act)
        assert isinstance(outcome, Sent) is (deal_id in self.model)
        if isinstance(outcome, Sent):
            deal = self.model[deal_id]
            if complete:
                assert outcome.receipt == {"completed": deal.open_tasks}
                self.completed += deal.open_tasks
            deal.open_tasks = 0 if complete else deal.open_tasks + 1

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.done:
            known, receipt = self.done[data.draw(st.sampled_from(sorted(self.done)))]
            assert perform(self.crm, known) == [Sent(receipt=receipt, repeated=True)]

    @rule(limit=st.integers(1, 5))
    def read(self, limit: int) -> None:
        for item in self.crm.pull(limit):
            self.replay(item.event)
            self.crm.taken([item.event.source_id])

    @rule()
    def reopen(self) -> None:
        self.crm.close()
        self.crm = opened(self.url)

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if hasattr(self, "crm"):
            open_tasks = Counter(task.deal_id for task in self.crm.tasks() if not task.done)
            assert self.model == {
                deal.id: Model(
                    deal.stage,
                    deal.owner and deal.owner.name,
                    [contact.id for contact in deal.contacts],
                    open_tasks[deal.id],
                )
                for deal in self.crm.deals()
            }

    def teardown(self) -> None:
        if hasattr(self, "crm"):
            for event in drain(self.crm, limit=3):
                self.replay(event)
            there = {deal.id: deal for deal in self.crm.deals()}
            assert {deal_id: deal for deal_id, deal in self.replayed.items() if deal_id in there} == there
            assert self.replayed_completed == self.completed and not self.told
            self.crm.close()
            self.folder.cleanup()

    def open_deals(self, contact: str) -> set[str]:
        return {
            deal_id
            for deal_id, deal in self.model.items()
            if contact in deal.contacts and deal.stage not in ("won", "lost")
        }

    def perform(self, request: Any) -> list[Any]:
        key = f"k{len(self.done)}"
        outcomes = perform(self.crm, call(key, request))
        if isinstance(outcomes[0], Sent):
            self.done[key] = (call(key, request), outcomes[0].receipt)
        return outcomes

    def replay(self, event: Any) -> None:
        if isinstance(event, ContactUpdated):
            self.replay_contact(event)
            return
        before, after = self.replayed.get(event.after.id), event.after
        if isinstance(event, TaskCompleted):
            assert event.task.done and after == before
            self.replayed_completed += 1
            return
        assert event.before == before
        assert after.version == (1 if before is None else before.version + 1)
        if before is None:
            assert isinstance(event, DealCreated)
        elif isinstance(event, DealUpdated):
            assert event.changed
            assert all(getattr(before, name) != getattr(after, name) for name in event.changed)
            assert before.stage == after.stage and before.contacts == after.contacts
        elif isinstance(event, StageChanged):
            assert before.stage != after.stage and before.owner == after.owner
        elif isinstance(event, ContactAdded):
            assert after.contacts == (*before.contacts, event.contact)
        elif isinstance(event, ContactRemoved):
            assert set(before.contacts) - set(after.contacts) == {event.contact}
        assert after.amount is None or after.amount.amount >= Decimal(0)
        self.replayed[after.id] = after

    def replay_contact(self, event: ContactUpdated) -> None:
        """Deals say the same at the same version; only whom they mean is another."""
        now = {each.id: event.contact for each in (event.contact, *event.absorbed)}
        for deal_id, deal in self.replayed.items():
            contacts = tuple(dict.fromkeys(now.get(each.id, each) for each in deal.contacts))
            self.replayed[deal_id] = replace(deal, contacts=contacts)
        assert {deal.id for deal in event.deals} == self.told.pop(0) and event.more == 0
        assert all(self.replayed[deal.id] == deal for deal in event.deals)


Work.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWork = pytest.mark.slow(Work.TestCase)
