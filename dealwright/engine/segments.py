"""Segments: which deals an event without a deal is about, for the automations that say so (language/segment.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.compile.sensitive import is_sensitive
from dealwright.compile.settings import in_force
from dealwright.engine.conditions import evaluate, told
from dealwright.engine.facts import Facts, View
from dealwright.engine.matching import Asked
from dealwright.engine.records import Progress, Unmatched
from dealwright.engine.store import Store
from dealwright.engine.trace import Trace, TraceLine
from dealwright.model.crm import Deal
from dealwright.model.events import Event, EventReceived
from dealwright.ports import ListsDeals

if TYPE_CHECKING:  # `check` rehearses examples, and starts without what works batches
    from dealwright.engine.bench import Site

_PAGE: Final = 1_000
"""Deals that are read in one go."""

_NOTHING: Final = Progress()


class Segments:
    """Finds the deals of segments, for one account."""

    def __init__(self, store: Store, site: Site, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._clock = clock

    async def spread(self, account: ir.Account, each: Asked) -> tuple[tuple[EventReceived, ...], tuple[Unmatched, ...]]:
        """Return the event once for each deal of each segment, and what waits for a person since there are too many."""
        copies: list[EventReceived] = []
        waiting: list[Unmatched] = []
        for automation in answering(account, each.event):
            assert automation.for_each is not None
            if not isinstance(self._site.crm, ListsDeals):
                why = each.unmatched("no_lookup", "its CRM does not list deals")
                waiting.append(replace(why, automation=automation.key, marks=()))
                continue
            deals = await self._deals(self._site.crm, account, automation.for_each, each.event)
            most = automation.for_each.at_most
            if len(deals) > most and not each.event.every:
                words = f"{len(deals)} deals are in the segment of {automation.key}, and {most} are the most"
                waiting.append(replace(each.unmatched("too_many", words), automation=automation.key, marks=()))
                continue
            copies += [_about(each.event, deal, automation.key) for deal in deals]
        return tuple(copies), tuple(waiting)

    async def _deals(
        self, crm: ListsDeals, account: ir.Account, segment: ir.Segment, event: EventReceived
    ) -> Sequence[Deal]:
        settings: Mapping[str, object] = {}
        if account.settings:
            settings = in_force(account, self._store.settings(account.key))
        now = self._clock.now()
        found: list[Deal] = []
        after: str | None = None
        while True:
            page = await crm.deals_in(segment.pipelines, after=after, limit=_PAGE)
            found += [deal for deal in page if holds(segment, account, replace(event, deal=deal), deal, now, settings)]
            if len(page) < _PAGE:
                return found
            after = page[-1].id


def holds(
    segment: ir.Segment,
    account: ir.Account,
    event: Event,
    deal: Deal,
    now: datetime,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> bool:
    """Say whether the deal is in the segment."""
    if deal.pipeline not in segment.pipelines:
        return False
    view = View(account, Facts(deal=deal, event=event, as_of=now, since_turn=1), _NOTHING, settings=settings)
    return evaluate(segment.where, view, Trace(), at="segment") is True


def weighed(
    segment: ir.Segment,
    account: ir.Account,
    event: Event,
    deal: Deal,
    now: datetime,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> tuple[str, tuple[TraceLine, ...]]:
    """Return why the deal is not in the segment (empty if it is), and what was looked at."""
    if deal.pipeline not in segment.pipelines:
        return f"the deal is in {deal.pipeline}, and its segment in {' or '.join(segment.pipelines)}", ()
    view = View(account, Facts(deal=deal, event=event, as_of=now, since_turn=1), _NOTHING, settings=settings)
    trace = Trace(partial(is_sensitive, own=view.own) if view.own.sensitive else None)
    truth = evaluate(segment.where, view, trace, at="segment")
    return "" if truth is True else f"its segment does not hold the deal: {told(truth)}", trace.lines()


def answering(account: ir.Account, event: EventReceived) -> Sequence[ir.Automation]:
    """Return the automations that answer such an event for each deal of a segment; of a copy only whose it is."""
    return [
        automation
        for automation in account.automations
        if automation.for_each is not None
        and isinstance(automation.on, ir.OnEventReceived)
        and automation.on.name == event.name
        and automation.on.source in (None, event.source)
        and (not event.only or automation.key in event.only)
    ]


def only_segments(account: ir.Account, event: EventReceived) -> bool:
    """Say whether all that answers such an event does so for segments: then it need not find a deal of its own."""
    asking = [
        automation
        for automation in account.automations
        if isinstance(automation.on, ir.OnEventReceived) and automation.on.name == event.name
    ]
    return bool(asking) and all(automation.for_each is not None for automation in asking)


def _about(event: EventReceived, deal: Deal, automation: str) -> EventReceived:
    """Return the event as it is told about one deal, to one automation, under an id that no sender can give."""
    return replace(
        event,
        source_id=f"{event.source_id} each:{automation} deal:{deal.id}",
        deal=deal,
        observed=True,
        only=(automation,),
        every=False,
    )
