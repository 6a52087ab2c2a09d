"""Events from outside on their way to deals: found, made, held for a person, or meant for several.

What is found here is written down by `Store.observed` in one transaction. A crash before it changes nothing: the event
is matched again, and a deal that was made for it is known by its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from dealwright import faults
from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.engine.bench import Site
from dealwright.engine.making import Maker
from dealwright.engine.matching import Asked, Found, ToMake, Verdict, asked, cannot_look, look_up, verdict
from dealwright.engine.records import Looked, Reading, ToLookAt, ToRoute, Unmatched
from dealwright.engine.segments import Segments, only_segments
from dealwright.engine.store import Store
from dealwright.model.crm import Deal
from dealwright.model.events import EventReceived
from dealwright.ports import DealKey


class Outside:
    """Finds the deals of events that have a class, for one account."""

    def __init__(self, store: Store, site: Site, clock: Clock) -> None:
        self._site = site
        self._maker = Maker(store, site)
        self._segments = Segments(store, site, clock)

    async def matched(self, account: ir.Account, reading: Reading) -> Reading:
        """Return what was read with the deals of those events from outside that have a class."""
        if not account.outside:
            return reading
        asking = [each for item in reading.events if (each := asked(account, item)) is not None]
        if not asking:
            return reading
        finding = [each for each in asking if not each.event.every and not _needs_no_deal(account, each)]
        verdicts = await self.verdicts(account, finding)
        copies, too_many = await self._spread(account, asking)
        faults.hit("match.before-observed")
        events: list[ToRoute] = []
        for item in reading.events:
            found = verdicts.get(item.id)
            if isinstance(found, Found):
                received = item.event
                assert isinstance(received, EventReceived)
                first, *others = found.deals
                item = replace(item, event=replace(received, deal=first, observed=True))
                if others:
                    copies[item.id] = (*(copy_for(received, deal) for deal in others), *copies.get(item.id, ()))
            elif found is not None:
                item = replace(item, event=replace(item.event, deal=None))
            events.append(item)
        unmatched = tuple(each for each in verdicts.values() if isinstance(each, Unmatched))
        return replace(reading, events=tuple(events), copies=copies, unmatched=(*unmatched, *too_many))

    async def _spread(
        self, account: ir.Account, asking: Sequence[Asked]
    ) -> tuple[dict[int, tuple[EventReceived, ...]], list[Unmatched]]:
        """Return the events once for each deal of the segments that they are for, as far as they name no deal."""
        copies: dict[int, tuple[EventReceived, ...]] = {}
        waiting: list[Unmatched] = []
        for each in asking:
            if each.wrong or _names_a_deal(each.event):
                continue
            copies[each.item.id], too_many = await self._segments.spread(account, each)
            waiting += too_many
        return copies, waiting

    async def looked(self, account: ir.Account, waiting: Sequence[ToLookAt]) -> list[Looked]:
        """Look again at events that wait, and say what comes of each."""
        asking = {each.id: found for each in waiting if (found := asked(account, each.item)) is not None}
        named = sorted({found.event.deal_id for found in asking.values() if found.event.deal_id is not None})
        deals = await self._site.crm.read_deals(named) if named else {}
        for id_, found in asking.items():
            deal = deals.get(found.event.deal_id or "")
            if deal is not None:
                asking[id_] = replace(found, event=replace(found.event, deal=deal))
        verdicts = await self.verdicts(account, list(asking.values()))
        named_only = await self._named([each for each in waiting if each.id not in asking])
        return [
            named_only[each.id] if each.id in named_only else _looked(each, asking.get(each.id), verdicts)
            for each in waiting
        ]

    async def _named(self, waiting: Sequence[ToLookAt]) -> dict[int, Looked]:
        """Return what comes of events without a class that name their deal, which could not be read once."""
        crm, events = self._site.crm, {each.id: each.item.event for each in waiting}
        named = {id_: event for id_, event in events.items() if isinstance(event, EventReceived)}
        ids = sorted({event.deal_id for event in named.values() if event.deal_id is not None})
        references = sorted({e.reference for e in named.values() if e.deal_id is None and e.reference is not None})
        by_id = await crm.read_deals(ids) if ids else {}
        by_reference = await crm.find_deals(references) if references else {}
        found: dict[int, Looked] = {}
        for each in waiting:
            event = named.get(each.id)
            if event is None or (event.deal_id is None and event.reference is None):
                continue
            deal = by_id.get(event.deal_id) if event.deal_id is not None else by_reference.get(event.reference or "")
            made = Looked(id=each.id, asked=each.asked, event_id=each.item.id)
            gone = replace(made, reason="gone", detail="the deal that it names is not there")
            found[each.id] = gone if deal is None else replace(made, deals=(deal.id,))
        return found

    async def verdicts(self, account: ir.Account, asking: Sequence[Asked]) -> dict[int, Verdict]:
        """Say what becomes of each event, by its id; deals are made as far as that is asked for."""
        found: dict[int, Verdict] = {}
        left: list[Asked] = []
        for each in asking:
            if each.wrong:
                found[each.item.id] = each.unmatched("unfit", "; ".join(each.wrong))
            elif each.event.deal is not None:
                found[each.item.id] = Found(deals=(each.event.deal,))
            else:
                left.append(each)
        while left:
            deals = await look_up(self._site.crm, left, country=account.country)
            left = await self._round(account, left, deals, found)
        return found

    async def _round(
        self,
        account: ir.Account,
        left: Sequence[Asked],
        deals: Mapping[DealKey, Sequence[Deal]],
        found: dict[int, Verdict],
    ) -> list[Asked]:
        """Decide about events in order; return those that are looked up again, since a deal was made before them."""
        making: list[tuple[Asked, ToMake]] = []
        made: set[DealKey] = set()
        again: list[Asked] = []
        for each in left:
            decided = verdict(account, each, deals, blind=bool(cannot_look(self._site.crm, each.known)))
            if isinstance(decided, Found):
                found[each.item.id] = decided
            elif not made.isdisjoint(each.keys):
                again.append(each)
            elif isinstance(decided, ToMake):
                making.append((each, decided))
                made.update(decided.keys)
            else:
                found[each.item.id] = decided
        if making:
            found.update(await self._maker.make(account, making))
        return again


def _needs_no_deal(account: ir.Account, each: Asked) -> bool:
    """Say whether it names no deal and need not: what answers it does so for segments."""
    unnamed = not each.wrong and not _names_a_deal(each.event)
    return unnamed and each.known.match is None and only_segments(account, each.event)


def _names_a_deal(event: EventReceived) -> bool:
    return event.deal is not None or event.deal_id is not None or event.reference is not None


def _looked(each: ToLookAt, found: Asked | None, verdicts: Mapping[int, Verdict]) -> Looked:
    made = Looked(id=each.id, asked=each.asked, event_id=each.item.id)
    if found is None:
        return replace(made, reason="nobody", detail="nothing that is on answers events of this name")
    match verdicts[each.item.id]:
        case Found(deals=deals):
            return replace(made, deals=tuple(deal.id for deal in deals))
        case Unmatched(reason=reason, detail=detail, deals=candidates):
            return replace(made, reason=reason, detail=detail, candidates=candidates)
        case _:
            return replace(made, dropped=True)


def copy_for(event: EventReceived, deal: Deal, only: Iterable[str] = ()) -> EventReceived:
    """Return the event as it is told about one more deal, under an id that no sender can give (it has a blank)."""
    return replace(event, source_id=f"{event.source_id} deal:{deal.id}", deal=deal, observed=True)
