"""Observe: events whose source tells too little are read again at the CRM, in bulk, before they are routed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.engine.apart import BUDGET, asunder
from dealwright.engine.bench import Site
from dealwright.engine.matching import asked
from dealwright.engine.outside import Outside
from dealwright.engine.records import Looked, Reading, ToLookAt, ToRoute, Unmatched
from dealwright.engine.store import Store
from dealwright.errors import ConnectorError, RateLimited, Unauthorized, Unavailable
from dealwright.model.crm import Deal
from dealwright.model.events import ContactNoticed, DealNoticed, EventReceived
from dealwright.ports import ContactRead, Crm, Merges, ReadsContacts

_log = logging.getLogger(__name__)

READ_AGAIN: Final = 2.0
"""Seconds until a CRM that could not be read is asked again."""

_READ_AGAIN_AT_ONCE: Final = 100
"""Events of the tray that are looked at again in one go."""

GIVE_UP: Final = 600.0
"""Seconds for which an event that cannot be read keeps those behind it waiting, while others can be read."""

GIVE_UP_ALONE: Final = 3_600.0
"""The same where no other event shows that the CRM can be read: it may be the CRM, though it does not say so."""


class Observer:
    """Reads what events of one account name, beside the engine's loop: a CRM that is away costs no other account.

    Nothing is lost when the process dies: an event that was not observed is unrouted still, and is read again.
    """

    def __init__(self, store: Store, site: Site, clock: Clock, *, news: Callable[[], None] = lambda: None) -> None:
        """Observe one account; `news` hears that something was read, so that nobody need look for it."""
        self._store = store
        self._site = site
        self._clock = clock
        self._news = news
        self._outside = Outside(store, site, clock)
        self._reading: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._waits = False
        self._stuck: tuple[int, float] | None = None
        self._failing: dict[int, float] = {}
        """Events of the tray with which the CRM fails, and since when."""

    @property
    def waits(self) -> bool:
        """Whether the account's oldest event is being read: until then there is nothing to route."""
        return self._waits and self._reading is not None and not self._reading.done()

    def ready(self, events: Sequence[ToRoute], account: ir.Account) -> Sequence[ToRoute]:
        """Return the first events that can be routed, and begin to read the others.

        Order is append order: what comes after an event that was not read waits for it. `account` are the definitions
        in force, which say how an event from outside finds its deal.
        """
        unread = [item for item in events if must_be_observed(item, account)]
        if not unread:
            return events
        self._waits = unread[0] is events[0]
        if not self._waits:
            # What can be routed is routed first: then as many are read at once as one look at the journal finds.
            return events[: events.index(unread[0])]
        at_rest = self._reading is None or self._reading.done()
        if at_rest and self._clock.monotonic() >= self._not_before:
            self._reading = asyncio.create_task(self._read(unread, account), name=f"observe {self._site.account}")
        return ()

    def look_again(self, account: ir.Account) -> None:
        """Look again at events that have found no deal, where that was asked for: a deal came, or a person said so."""
        if self._looking is not None and not self._looking.done():
            return
        waiting = self._store.to_look_at(self._site.account, _READ_AGAIN_AT_ONCE)
        if waiting:
            self._looking = asyncio.create_task(self._look(account, waiting), name=f"match {self._site.account}")

    async def _look(self, account: ir.Account, waiting: Sequence[ToLookAt]) -> None:
        try:
            looked = await self._looked(account, waiting)
            self._store.looked_at(self._site.account, looked)
            if len(looked) < len(waiting):
                await asyncio.sleep(READ_AGAIN)
        except Exception as error:
            _log.warning("%s: unmatched events wait on, %s", self._site.account, type(error).__name__)
            await asyncio.sleep(READ_AGAIN)
        self._news()

    async def _looked(self, account: ir.Account, waiting: Sequence[ToLookAt]) -> list[Looked]:
        """Return what came of looking again; one that cannot be looked at keeps no other from its deal."""
        try:
            return await self._outside.looked(account, waiting)
        except (RateLimited, Unauthorized, Unavailable):
            raise  # it says nothing of one event that the CRM is away
        except Exception:
            found: list[Looked] = []
            for each in waiting:
                try:
                    found += await self._outside.looked(account, [each])
                    self._failing.pop(each.id, None)
                except (RateLimited, Unauthorized, Unavailable):
                    return found
                except Exception as error:
                    now = self._clock.monotonic()
                    if now - self._failing.setdefault(each.id, now) >= GIVE_UP:
                        del self._failing[each.id]
                        found.append(_given_up_again(each, error))
            return found

    async def close(self) -> None:
        """Give up what is being read."""
        for task in (self._reading, self._looking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _read(self, unread: Sequence[ToRoute], account: ir.Account) -> None:
        try:
            reading = await self._what_can_be_read(unread, account)
            size = max(1, self._site.batch(len(reading.events)))
            for start in range(0, len(reading.events), size):
                self._store.observed(self._site.account, reading.part(start, start + size))
                await asyncio.sleep(self._site.breath)
        except Exception as error:
            # The type only: texts may hold what a row or an answer held.
            level = logging.WARNING if isinstance(error, ConnectorError) else logging.ERROR
            _log.log(level, "%s: hook events wait, %s", self._site.account, type(error).__name__)
            self._not_before = self._clock.monotonic() + READ_AGAIN
        self._news()

    async def _what_can_be_read(self, unread: Sequence[ToRoute], account: ir.Account) -> Reading:
        """Read the events, or the first of them, up to one that cannot be read; in the end go on without that one."""
        try:
            return await self._outside.matched(account, await read(self._site.crm, unread, account))
        except (RateLimited, Unauthorized, Unavailable):
            self._stuck = None  # it says nothing of one event that the CRM is away
            raise
        except Exception as error:
            until = self._clock.monotonic() + BUDGET
            many = len(unread) // 2
            while many and self._clock.monotonic() < until:
                with contextlib.suppress(Exception):
                    return await self._outside.matched(account, await read(self._site.crm, unread[:many], account))
                many //= 2
            if not many and await self._lets_go_of(unread, account, error):
                return _given_up(unread[0], account, error)
            raise

    async def _lets_go_of(self, unread: Sequence[ToRoute], account: ir.Account, error: Exception) -> bool:
        """Say whether the first one has been tried for long enough: less long where another one can be read."""
        first = unread[0]
        enough = GIVE_UP if await self._can_read(unread[1:], account) else GIVE_UP_ALONE
        now = self._clock.monotonic()
        if self._stuck is None or self._stuck[0] != first.id:
            self._stuck = (first.id, now)
        if now - self._stuck[1] < enough:
            return False
        _log.error(
            "%s: event %d cannot be read (%s); it is recorded, and sets nothing off by itself",
            self._site.account,
            first.id,
            type(error).__name__,
        )
        return True

    async def _can_read(self, others: Sequence[ToRoute], account: ir.Account) -> bool:
        """Say whether the last of these can be read.

        Raises:
            ConnectorError: the CRM says itself that it is away.
        """
        try:
            await read(self._site.crm, others[-1:], account)
        except (RateLimited, Unauthorized, Unavailable):
            self._stuck = None
            raise
        except Exception:
            return False
        return bool(others)


def _given_up(item: ToRoute, account: ir.Account, error: Exception) -> Reading:
    """Return that nothing is known of the event; one from outside waits in the tray, for a person or its deal."""
    unmatched: tuple[Unmatched, ...] = ()
    if isinstance(item.event, EventReceived):
        each = asked(account, item)
        named = Unmatched(event_id=item.id, name=item.event.name, reason="unread", detail=_failed(error))
        unmatched = (named if each is None else each.unmatched("unmade", _failed(error)),)
        item = msgspec.structs.replace(item, event=msgspec.structs.replace(item.event, observed=True))
    return Reading(events=(item,), unread=frozenset({item.id}), unmatched=unmatched)


def _given_up_again(each: ToLookAt, error: Exception) -> Looked:
    return Looked(id=each.id, asked=each.asked, event_id=each.item.id, reason="unmade", detail=_failed(error))


def _failed(error: Exception) -> str:
    return f"its CRM fails with it ({type(error).__name__}): dealwright unmatched retry, or say which deal"


def must_be_observed(item: ToRoute, account: ir.Account) -> bool:
    """Say whether the event names a deal or a contact that was not read yet, or finds its deal by what it tells."""
    event = item.event
    if isinstance(event, EventReceived):
        return event.must_be_observed or (not event.observed and account.outside_event(event.name) is not None)
    return isinstance(event, DealNoticed | ContactNoticed) and event.must_be_observed


async def read(crm: Crm, unread: Sequence[ToRoute], account: ir.Account) -> Reading:
    """Return the events with what they name as the CRM has it now; without it, if there is none or no single one.

    A deal that was merged into another one is that one: the system outside knows it under its old id for ever. An event
    with a class that names a reference is looked up with those that name nothing (matching.py).
    """
    events = [item.event for item in unread]
    received = [event for event in events if isinstance(event, EventReceived)]
    noticed = {event.deal_id for event in events if isinstance(event, DealNoticed)}
    contacts = sorted({event.contact_id for event in events if isinstance(event, ContactNoticed)})
    ids = noticed | {event.deal_id for event in received if event.deal_id is not None}
    plain = [event for event in received if account.outside_event(event.name) is None]
    references = sorted({e.reference for e in plain if e.reference is not None and e.deal_id is None})
    by_id = await _read_deals(crm, sorted(ids)) if ids else {}
    by_reference = await crm.find_deals(references) if references else {}
    observed = []
    for item in unread:
        event = item.event
        if isinstance(event, EventReceived):
            deal = by_id.get(event.deal_id) if event.deal_id is not None else by_reference.get(event.reference or "")
            item = msgspec.structs.replace(item, event=msgspec.structs.replace(event, deal=deal, observed=True))
        observed.append(item)
    return Reading(
        events=tuple(observed),
        # What became of a deal that was merged away is news of the other one.
        deals={id_: deal for id_ in noticed if (deal := by_id.get(id_)) is not None and deal.id == id_},
        contacts=await _read_contacts(crm, contacts) if contacts else {},
    )


async def _read_contacts(crm: Crm, ids: Sequence[str]) -> dict[str, ContactRead]:
    """Read contacts; a CRM that tells of them and cannot read them has said all there is."""
    return dict(await crm.read_contacts(ids)) if isinstance(crm, ReadsContacts) else {}


async def _read_deals(crm: Crm, ids: Sequence[str]) -> Mapping[str, Deal]:
    found = await crm.read_deals(ids)
    gone = [each for each in ids if each not in found]
    kept = await crm.merged_deals(gone) if gone and isinstance(crm, Merges) else {}
    if not kept:
        return found
    deals = await crm.read_deals(sorted(set(kept.values())))
    return {**found, **{old: deals[new] for old, new in kept.items() if new in deals}}


def with_stage_since(deal: Deal, told: Deal | None) -> Deal:
    """Return a deal that was read, standing where it stands since when rules were told that it does.

    A CRM that tells only that deals change does not say it. If it has moved since, the hook of that is under way.
    """
    if told is None:
        return deal
    moved = (told.pipeline, told.stage) != (deal.pipeline, deal.stage)
    return msgspec.structs.replace(deal, stage_since=deal.updated_at if moved else told.stage_since)


async def read_facts(store: Store, site: Site, ids: Sequence[str], clock: Clock) -> tuple[dict[str, Deal], set[str]]:
    """Read deals for decisions; return also those that could not be read while others could.

    Raises:
        ConnectorError: the CRM cannot be read.
    """
    deals, unread = await _read_apart(site.crm, ids, clock)
    told = store.last_told(site.account, ids) if isinstance(site.crm, ReadsContacts) else {}
    return {id_: with_stage_since(deal, told.get(id_)) for id_, deal in deals.items()}, unread


async def _read_apart(crm: Crm, ids: Sequence[str], clock: Clock) -> tuple[dict[str, Deal], set[str]]:
    """Read deals; if that fails as a whole, find out which of them make it fail, so that the others need not wait."""
    try:
        return dict(await crm.read_deals(ids)), set()
    except (RateLimited, Unauthorized, Unavailable):
        raise
    except Exception:
        if len(ids) == 1:
            raise
        found: dict[str, Deal] = {}
        unread = set(ids)

        async def ask(some: Sequence[str]) -> bool:
            try:
                found.update(await crm.read_deals(some))
            except Exception:
                return False
            unread.difference_update(some)
            return True

        until = clock.monotonic() + BUDGET
        await asunder(ids, int(clock.monotonic()), ask, lambda: clock.monotonic() < until)
        if len(unread) == len(ids):
            raise
        return found, unread
