"""Owns the playing of a story: people act in the CRM, and business time moves when nothing is left to do.

Business time moves only while nothing is due or in flight: to the next line of the script, or to what falls due
before it, whichever is first. Leases, linger and Prefect stay in real time. What an act is in one CRM or another,
its people know (`people.py`, `kommo_people.py`).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from dealwright.clock import PlayedClock
from dealwright.engine.loop import Engine
from dealwright.errors import DealwrightError, InputError
from dealwright.model.crm import Deal
from dealwright_flows.asked import Asked
from dealwright_flows.billing import Billing
from dealwright_flows.people import People
from dealwright_flows.story import (
    Act,
    Amount,
    Answer,
    Call,
    Complete,
    Correct,
    Create,
    Decide,
    Discount,
    HandOver,
    Link,
    Move,
    Pay,
    PayHalf,
    Renew,
    Story,
    Unlink,
)

_LONGEST_REST: Final = 120.0
_PIPELINE: Final = "new-business"
_RENEWALS: Final = "renewals"
_RENEWED: Final = {"incoming": "reviewed", "reviewed": "offered", "offered": "confirmed", "confirmed": "won"}


class Player:
    """Plays a story with the people of a CRM, whoever is asked, and the billing system beside it."""

    def __init__(
        self, story: Story, people: People, engine: Engine, clock: PlayedClock, billing: Billing, asked: Asked
    ) -> None:
        self._story = story
        self._people = people
        self._engine = engine
        self._clock = clock
        self._billing = billing
        self._asked = asked
        self.deals: dict[int, str] = {}
        """CRM ids by the story's numbers."""

    async def play(self, stop: asyncio.Event, tick: Callable[[datetime, int], None]) -> None:
        """Play to the end, or until `stop` is set; `tick` hears the business time and how many moments are played.

        Raises:
            InputError: the CRM lacks stages that the story plays in.
            DealwrightError: the engine does not come to rest.
        """
        self._look_at_the_stage()
        await self._people.meet(self._story.people)
        for number, moment in enumerate(self._story.moments):
            await self._reach(moment.at, stop)
            if stop.is_set():
                return
            tick(self._clock.now(), number)
            for act in moment.acts:
                await self._act(act)
        await self._reach(self._story.ends, stop)
        await self._rest(stop)

    def _look_at_the_stage(self) -> None:
        there = set(self._people.stages())
        acts = [act for moment in self._story.moments for act in moment.acts]
        wanted = {(_PIPELINE, act.stage) for act in acts if isinstance(act, Create | Move)}
        wanted |= {(_RENEWALS, stage) for stage in (*_RENEWED, *_RENEWED.values(), "lost")}
        if missing := sorted(f"{pipeline}.{stage}" for pipeline, stage in wanted - there):
            raise InputError(
                f"the demo's story plays in stages that the definitions do not have: {', '.join(missing)}. "
                "Keep them, or change the story with them (flows/dealwright_flows/story.py); `up` needs no story"
            )

    async def _reach(self, when: datetime, stop: asyncio.Event) -> None:
        while True:
            await self._rest(stop)
            due = self._engine.next_due()
            if stop.is_set():
                return
            reached = when if due is None else min(when, due)
            await self._people.reach(reached)  # the CRM first: nothing falls due at a time that it does not know
            self._clock.move_to(reached)
            if due is None or due > when:
                return

    async def _rest(self, stop: asyncio.Event) -> None:
        quiet = asyncio.ensure_future(self._quiet())
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

    async def _quiet(self) -> None:
        """Wait until nothing is left to do here, and nothing that happened in the CRM is on its way to us."""
        while True:
            await self._engine.quiet()
            await self._people.heard()
            if self._engine.idle():
                return

    # --- what people do -----------------------------------------------------------------------------------------------

    async def _act(self, act: Act) -> None:
        people = self._people
        match act:
            case Create():
                self.deals[act.deal] = await people.create(_PIPELINE, act)
            case Link():
                await people.link(self.deals[act.deal], act.contact, act.role)
            case Unlink():
                await people.unlink(self.deals[act.deal])
            case Move():
                await people.move(self.deals[act.deal], _PIPELINE, act.stage, act.lost_reason)
            case Amount():
                await people.write_amount(self.deals[act.deal], act.amount)
            case Discount():
                await people.discount(self.deals[act.deal], act.percent, act.margin)
            case Call():
                await people.call(self.deals[act.deal], act.outcome)
            case Complete():
                await people.complete(self.deals[act.deal], act.task)
            case HandOver():
                await people.hand_over(self.deals[act.deal], act.owner)
            case Correct():
                await people.correct(self.deals[act.deal], act.phone)
            case Decide():
                self._asked.decide()
            case Pay():
                self._pay(await people.deal(self.deals[act.deal]))
            case PayHalf():
                await people.pay_half(self.deals[act.deal])
            case Answer():
                await people.answer(self.deals[act.deal], button=act.button, words=act.words)
            case Renew():
                await self._renew(act)

    def _pay(self, deal: Deal) -> None:
        if deal.reference is None:
            raise DealwrightError(f"deal {deal.id} of the story has no invoice number: has invoice-number failed?")
        self._billing.paid(deal.reference, None if deal.amount is None else deal.amount.amount)

    async def _renew(self, act: Renew) -> None:
        """Work on about every second renewal, so that some stay untouched; ids differ between CRMs, titles do not."""
        for deal in await self._people.deals(_RENEWALS):
            if zlib.crc32(deal.title.encode()) % 2:
                continue
            if act.how == "lost" and deal.stage in ("reviewed", "offered"):
                await self._people.move(deal.id, _RENEWALS, "lost", "Not used")
            elif act.how == "on" and deal.stage in _RENEWED:
                await self._people.move(deal.id, _RENEWALS, _RENEWED[deal.stage])
