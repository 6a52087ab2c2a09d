"""Owns the playing of a story: people act in the CRM, and business time moves when nothing is left to do.

Business time moves only while nothing is due or in flight: to the next line of the script, or to what falls due
before it, whichever is first. Leases, linger and Prefect stay in real time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from dealwright.clock import PlayedClock
from dealwright.engine.loop import Engine
from dealwright.errors import DealwrightError, InputError
from dealwright.model.crm import Contact, Deal, Money, User
from dealwright.model.requests import DealChanges
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.billing import Billing
from dealwright_flows.story import (
    USERS,
    Act,
    Amount,
    Call,
    Complete,
    Correct,
    Create,
    HandOver,
    Link,
    Move,
    Pay,
    Person,
    Renew,
    Story,
    Unlink,
)

_LONGEST_REST: Final = 120.0
_PIPELINE: Final = "new-business"
_RENEWALS: Final = "renewals"
_RENEWED: Final = {"incoming": "reviewed", "reviewed": "offered", "offered": "confirmed", "confirmed": "won"}


class Player:
    """Plays a story against the CRM, as the users of it, and as the billing system beside it."""

    def __init__(self, story: Story, crm: EmbeddedCrm, engine: Engine, clock: PlayedClock, billing: Billing) -> None:
        self._story = story
        self._crm = crm
        self._engine = engine
        self._clock = clock
        self._billing = billing
        self._users: list[User] = []
        self._contacts: list[Contact] = []
        self.deals: dict[int, str] = {}
        """CRM ids by the story's numbers."""

    async def play(self, stop: asyncio.Event, tick: Callable[[datetime, int], None]) -> None:
        """Play to the end, or until `stop` is set; `tick` hears the business time and how many moments are played.

        Raises:
            InputError: the CRM lacks stages that the story plays in.
            DealwrightError: the engine does not come to rest.
        """
        self._look_at_the_stage()
        self._meet()
        for number, moment in enumerate(self._story.moments):
            await self._reach(moment.at, stop)
            if stop.is_set():
                return
            tick(self._clock.now(), number)
            for act in moment.acts:
                self._act(act)
        await self._reach(self._story.ends, stop)
        await self._rest(stop)

    def _look_at_the_stage(self) -> None:
        there = {(pipeline.key, stage.key) for pipeline in self._crm.pipelines() for stage in pipeline.stages}
        acts = [act for moment in self._story.moments for act in moment.acts]
        wanted = {(_PIPELINE, act.stage) for act in acts if isinstance(act, Create | Move)}
        wanted |= {(_RENEWALS, stage) for stage in (*_RENEWED, *_RENEWED.values(), "lost")}
        if missing := sorted(f"{pipeline}.{stage}" for pipeline, stage in wanted - there):
            raise InputError(
                f"the demo's story plays in stages that the definitions do not have: {', '.join(missing)}. "
                "Keep them, or change the story with them (flows/dealwright_flows/story.py); `up` needs no story"
            )

    def _meet(self) -> None:
        """Everybody the story talks of gets into the CRM; contacts make no events until they are on a deal."""
        self._users = [self._crm.add_user(name, f"{name.split()[0].lower()}@acme.example") for name in USERS]
        people = [_contact(person) for person in self._story.people]
        self._contacts = self._crm.create_contacts(people, actor=f"user:{self._users[0].id}")

    async def _reach(self, when: datetime, stop: asyncio.Event) -> None:
        while True:
            await self._rest(stop)
            due = self._engine.next_due()
            if stop.is_set():
                return
            if due is None or due > when:
                self._clock.move_to(when)
                return
            self._clock.move_to(due)

    async def _rest(self, stop: asyncio.Event) -> None:
        quiet = asyncio.ensure_future(self._engine.quiet())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait((quiet, stopped), timeout=_LONGEST_REST, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise DealwrightError(
                    f"the engine did not come to rest within {_LONGEST_REST:.0f} s at {self._clock.now():%d %b %H:%M} "
                    "of business time; `dealwright status` on this data directory shows what is in flight"
                )
            if quiet in done:
                quiet.result()
        finally:
            quiet.cancel()
            stopped.cancel()

    # --- what people do -----------------------------------------------------------------------------------------------

    def _act(self, act: Act) -> None:
        match act:
            case Create():
                self._create(act)
            case Link():
                self._crm.add_contact(self.deals[act.deal], self._contacts[act.contact].id, actor=self._owner(act.deal))
            case Unlink():
                deal = self._deal(act.deal)
                if deal.main_contact is not None:
                    self._crm.remove_contact(deal.id, deal.main_contact.id, actor=self._owner(act.deal))
            case Move():
                self._crm.move_deal(
                    self.deals[act.deal],
                    _PIPELINE,
                    act.stage,
                    lost_reason=act.lost_reason,
                    actor=self._owner(act.deal),
                )
            case Amount():
                changes = DealChanges(amount=_dollars(act.amount))
                self._crm.update_deal(self.deals[act.deal], changes, actor=self._owner(act.deal))
            case Call():
                contact = self._deal(act.deal).main_contact
                self._crm.log_activity(
                    self.deals[act.deal],
                    "call",
                    outcome=act.outcome,
                    contact=None if contact is None else contact.id,
                    actor=self._owner(act.deal),
                )
            case Complete():
                self._complete(act)
            case HandOver():
                owner = DealChanges(owner=self._users[act.owner].id)
                self._crm.update_deal(self.deals[act.deal], owner, actor=self._owner(act.deal))
            case Correct():
                contact = self._deal(act.deal).main_contact
                if contact is not None:
                    self._crm.update_contact(contact.id, phone=act.phone, actor=self._owner(act.deal))
            case Pay():
                self._pay(self._deal(act.deal))
            case Renew():
                self._renew(act)

    def _create(self, act: Create) -> None:
        owner = self._users[act.owner]
        made = self._crm.create_deal(
            pipeline=_PIPELINE,
            stage=act.stage,
            title=act.title,
            company=act.company,
            contacts=[] if act.contact is None else [self._contacts[act.contact].id],
            owner=owner.id,
            amount=None if act.amount is None else _dollars(act.amount),
            tags=act.tags,
            actor=f"user:{owner.id}",
        )
        self.deals[act.deal] = made.id

    def _complete(self, act: Complete) -> None:
        for task in self._crm.tasks(self.deals[act.deal]):
            if not task.done and task.text.startswith(act.task):
                self._crm.complete_task(task.id, actor=self._owner(act.deal))
                return

    def _pay(self, deal: Deal) -> None:
        if deal.reference is None:
            raise DealwrightError(f"deal {deal.id} of the story has no invoice number: has invoice-number failed?")
        self._billing.paid(deal.reference, None if deal.amount is None else deal.amount.amount)

    def _renew(self, act: Renew) -> None:
        """Work on every second renewal, so that some stay untouched."""
        for deal in [deal for deal in self._crm.deals(pipeline=_RENEWALS) if int(deal.id) % 2]:
            actor = f"user:{self._users[0].id}" if deal.owner is None else f"user:{deal.owner.id}"
            if act.how == "lost" and deal.stage in ("reviewed", "offered"):
                self._crm.move_deal(deal.id, _RENEWALS, "lost", lost_reason="Not used", actor=actor)
            elif act.how == "on" and deal.stage in _RENEWED:
                self._crm.move_deal(deal.id, _RENEWALS, _RENEWED[deal.stage], actor=actor)

    def _deal(self, number: int) -> Deal:
        found = self._crm.deal(self.deals[number])
        if found is None:
            raise DealwrightError(f"deal {self.deals[number]} of the story is gone from the CRM")
        return found

    def _owner(self, number: int) -> str:
        owner = self._deal(number).owner
        return f"user:{(owner or self._users[0]).id}"


def _contact(person: Person) -> Contact:
    return Contact(
        id="", first_name=person.first_name, last_name=person.last_name, phone=person.phone, email=person.email
    )


def _dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")
