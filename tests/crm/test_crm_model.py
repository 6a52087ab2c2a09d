"""Random work against a model: the feed replays to the state that the database holds."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from crm_world import SALES, call, drain, opened, perform
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dealwright.errors import Rejected
from dealwright.model.crm import Deal, Money
from dealwright.model.events import ContactAdded, ContactRemoved, DealCreated, DealUpdated, StageChanged
from dealwright.model.requests import Call, CreateDeal, DealChanges, MoveDeal, Refused, Sent, UpdateDeal

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
        self.positions: dict[str, str] = {}

    @rule(stages=st.lists(st.sampled_from(STAGES), min_size=1, max_size=3), contacts=st.permutations(CONTACTS))
    def create(self, stages: list[str], contacts: list[str]) -> None:
        wanted = [
            CreateDeal(pipeline="sales", stage=stage, title="new", contacts=tuple(contacts[: place + 1]))
            for place, stage in enumerate(stages)
        ]
        for deal in self.crm.create_deals(wanted):
            self.positions[deal.id] = deal.stage

    @rule(deal_id=deal_ids, stage=st.sampled_from(STAGES), only_forward=st.booleans())
    def move(self, deal_id: str, stage: str, only_forward: bool) -> None:
        request = MoveDeal(deal_id=deal_id, pipeline="sales", stage=stage, only_forward=only_forward)
        (outcome,) = self.perform(request)
        if deal_id not in self.positions:
            assert isinstance(outcome, Refused)
            return
        before = self.positions[deal_id]
        moves = STAGES.index(stage) > STAGES.index(before) or (not only_forward and stage != before)
        assert isinstance(outcome, Sent) and outcome.receipt["moved"] is moves
        if moves:
            self.positions[deal_id] = stage

    @rule(deal_id=deal_ids, changes=changes, clear=st.booleans())
    def update(self, deal_id: str, changes: DealChanges, clear: bool) -> None:
        (outcome,) = self.perform(UpdateDeal(deal_id=deal_id, changes=changes))
        refused = deal_id not in self.positions or changes.owner == "Nobody"
        assert isinstance(outcome, Refused) is refused

    @rule(deal_id=deal_ids, contact_id=st.sampled_from(CONTACTS), add=st.booleans())
    def link(self, deal_id: str, contact_id: str, add: bool) -> None:
        act = self.crm.add_contact if add else self.crm.remove_contact
        try:
            after = act(deal_id, contact_id)
        except Rejected:
            assert deal_id not in self.positions
        else:
            assert (contact_id in [contact.id for contact in after.contacts]) is add

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
    def stages_are_as_the_model_says(self) -> None:
        if hasattr(self, "crm"):
            assert {deal.id: deal.stage for deal in self.crm.deals()} == self.positions

    def teardown(self) -> None:
        if hasattr(self, "crm"):
            for event in drain(self.crm, limit=3):
                self.replay(event)
            assert self.replayed == {deal.id: deal for deal in self.crm.deals()}
            self.crm.close()
            self.folder.cleanup()

    def perform(self, request: Any) -> list[Any]:
        key = f"k{len(self.done)}"
        outcomes = perform(self.crm, call(key, request))
        if isinstance(outcomes[0], Sent):
            self.done[key] = (call(key, request), outcomes[0].receipt)
        return outcomes

    def replay(self, event: Any) -> None:
        before, after = self.replayed.get(event.after.id), event.after
        assert event.before == before
        assert after.version == (1 if before is None else before.version + 1)
        if before is None:
            assert isinstance(event, DealCreated)
        elif isinstance(event, DealUpdated):
            assert event.changed
            assert all(getattr(before, name) != getattr(after, name) for name in event.changed)
            assert before.stage == after.stage and before.contacts == after.contacts
        elif isinstance(event, StageChanged):
            assert before.stage != after.stage
        elif isinstance(event, ContactAdded):
            assert after.contacts == (*before.contacts, event.contact)
        elif isinstance(event, ContactRemoved):
            assert set(before.contacts) - set(after.contacts) == {event.contact}
        assert after.amount is None or after.amount.amount >= Decimal(0)
        self.replayed[after.id] = after


Work.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWork = Work.TestCase
