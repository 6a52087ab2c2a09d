"""Enrol: an automation begins with the deals that stand where its trigger points when it is first released.

It is done beside the engine's loop, page by page and a few deals at a time: the next few follow when those before have
been worked, and all other work goes first. What is enrolled is an event (`DealEnrolled`); all else is as for any event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright import faults
from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.compile.enrol import AT_MOST, enrolling, pipelines, stands
from dealwright.engine.bench import Site
from dealwright.engine.precedence import BULK, PATIENCE, Precedence
from dealwright.engine.records import Enrolment
from dealwright.engine.store import Store
from dealwright.model.crm import Deal
from dealwright.ports import Crm, ListsDeals

_log = logging.getLogger(__name__)

_PAGE: Final = 500
"""Deals that are read in one go."""

_GLANCE: Final = 0.02

_TRY_AGAIN: Final = 2.0
"""Seconds until a CRM that could not be read is asked again."""

_OPEN: Final = ("counting", "going")


class Beforehand(msgspec.Struct, frozen=True, kw_only=True):
    """What a release would do with the deals that stand there: how many an automation begins with.

    `space` is `shadow` if that would only be written down.
    """

    automation: str
    space: str
    deals: int

    @property
    def waits(self) -> bool:
        """Whether they are so many that a person is asked first."""
        return self.deals > AT_MOST

    def __str__(self) -> str:
        many = "1 deal stands" if self.deals == 1 else f"{self.deals:,} deals stand"
        there = f"{many} in the stages of {self.automation} already"
        only = " (in shadow: it is written down only)" if self.space == "shadow" else ""
        if not self.deals:
            return f"no deals stand in the stages of {self.automation} yet"
        if self.waits:
            return f"{there}, more than {AT_MOST}: it waits for `dealwright enrol go {self.automation}`{only}"
        return f"{there}: it begins with {'it, once' if self.deals == 1 else 'them, once each'}{only}"


class Enroller:
    """Enrols deals for one account. Nothing is lost when the process dies: the journal knows how far it has come."""

    def __init__(
        self,
        store: Store,
        site: Site,
        clock: Clock,
        precedence: Precedence,
        *,
        news: Callable[[], None] = lambda: None,
    ) -> None:
        """Enrol for one account; `news` hears that something was appended, so that nobody need look for it."""
        self._store = store
        self._site = site
        self._clock = clock
        self._precedence = precedence
        self._news = news
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def look(self, account: ir.Account) -> None:
        """Go on with what is to be enrolled, if that is not under way."""
        if not self._closing and (self._task is None or self._task.done()) and self._to_do(account):
            self._task = asyncio.create_task(self._work(account), name=f"enrol {self._site.account}")

    def idle(self, account: ir.Account) -> bool:
        """Say whether nothing is to be enrolled now."""
        return not self._to_do(account)

    async def close(self) -> None:
        """Give up what is under way."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._closing = False

    def _to_do(self, account: ir.Account) -> list[tuple[ir.Automation, str]]:
        """Return the automations that have deals to begin with, and the name space of the mode that each is in."""
        rules = enrolling(account)
        if not rules or not isinstance(self._site.crm, ListsDeals):
            return []
        controls = self._store.controls(account.key)
        if "" in controls.paused:
            return []
        known = {(each.automation, each.space): each.state for each in self._store.enrolments(account.key)}
        found = []
        for rule in rules:
            space = controls.name_space(rule.key)
            rests = rule.key in controls.paused or controls.is_stopped(rule.key)
            if not rests and known.get((rule.key, space), "counting") in _OPEN:
                found.append((rule, space))
        return found

    async def _work(self, account: ir.Account) -> None:
        try:
            for rule, space in self._to_do(account):
                await self._enrol(account, rule, space)
        except Exception as error:
            # The type only: texts may hold what a row or an answer held.
            _log.warning("%s: enrolment waits, %s", self._site.account, type(error).__name__)
            await asyncio.sleep(_TRY_AGAIN)

    async def _enrol(self, account: ir.Account, rule: ir.Automation, space: str) -> None:
        """Take one automation as far as it comes."""
        self._store.begin_enrolment(account.key, rule.key, space)
        enrolment = self._now(account, rule, space)
        if enrolment.state == "counting":
            found = 0
            async for deals, _ in self._pages(rule, enrolment):
                found += len(deals) - len(self._store.begun_with(enrolment, deals))
            faults.hit("enrol.counted")
            self._store.counted(enrolment, found)
            enrolment = self._now(account, rule, space)
        if enrolment.state != "going":
            return
        async for deals, last in self._pages(rule, enrolment):
            # The last few of a page take the cursor to its end; one without deals to begin with is passed by whole.
            bites = [deals[start : start + BULK] for start in range(0, len(deals), BULK)] or [()]
            for number, bite in enumerate(bites, start=1):
                if not await self._in_turn(account, rule, space):
                    return
                at_end = number == len(bites)
                cursor = last.id if at_end and last is not None else (bite[-1].id if bite else enrolment.cursor)
                if not self._store.enrol(enrolment, bite, cursor=cursor, ended=at_end and last is None):
                    return  # somebody else goes on with it, or they are more than may be: looked at in the next round
                self._news()
                enrolment = self._now(account, rule, space)

    def _now(self, account: ir.Account, rule: ir.Automation, space: str) -> Enrolment:
        own = (rule.key, space)
        return next(each for each in self._store.enrolments(account.key) if (each.automation, each.space) == own)

    async def _pages(
        self, rule: ir.Automation, enrolment: Enrolment
    ) -> AsyncIterator[tuple[Sequence[Deal], Deal | None]]:
        """Yield the deals to begin with behind the cursor, page by page, with the page's last deal (None: no more)."""
        crm = self._site.crm
        assert isinstance(crm, ListsDeals)
        async for deals, last in _pages(crm, rule.on, enrolment.since, after=enrolment.cursor or None):
            yield deals, last

    async def _in_turn(self, account: ir.Account, rule: ir.Automation, space: str) -> bool:
        """Wait until all other work has gone first and the deals before are worked; say whether it may still go on.

        As other work of priority bulk it waits so long for others and no longer.
        """
        until = self._clock.monotonic() + PATIENCE
        while self._store.enrolled_unrouted(account.key) or (
            self._clock.monotonic() < until and self._store.has_due(account.key, rule.key)
        ):
            await asyncio.sleep(_GLANCE)
        await self._precedence.wait(lambda: self._closing)
        return (rule.key, space) in [(each.key, own) for each, own in self._to_do(account)]


async def _pages(
    crm: ListsDeals, trigger: ir.Trigger, since: datetime, *, after: str | None
) -> AsyncIterator[tuple[Sequence[Deal], Deal | None]]:
    places = pipelines(trigger)
    while True:
        page = await crm.deals_in(places, after=after, limit=_PAGE)
        more = len(page) == _PAGE
        yield (
            [deal for deal in page if stands(trigger, deal) and deal.stage_since <= since],
            (page[-1] if more else None),
        )
        if not more:
            return
        after = page[-1].id


async def beforehand(store: Store, crm: Crm, account: ir.Account, now: datetime) -> Sequence[Beforehand]:
    """Count the deals that the automations of an account would begin with, as far as they never did so before.

    Raises:
        ConnectorError: the CRM cannot be read.
    """
    if not isinstance(crm, ListsDeals) or not enrolling(account):
        return ()
    controls = store.controls(account.key)
    known = {(each.automation, each.space) for each in store.enrolments(account.key)}
    found = []
    for rule in enrolling(account):
        modes = (controls.modes.get(rule.key) or rule.mode, controls.modes.get(""))  # it is not released yet
        space = "shadow" if "shadow" in modes else "live"
        if (rule.key, space) in known:
            continue
        new = Enrolment(
            account=account.key,
            automation=rule.key,
            space=space,
            state="counting",
            since=now,
            found=0,
            begun=0,
            most=AT_MOST,
            cursor="",
        )
        count = 0
        async for deals, _ in _pages(crm, rule.on, now, after=None):
            count += len(deals) - len(store.begun_with(new, deals))
        found.append(Beforehand(automation=rule.key, space=space, deals=count))
    return found
