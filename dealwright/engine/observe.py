"""Observe: events whose source tells too little are read again at the CRM, in bulk, before they are routed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.engine.bench import Site
from dealwright.engine.records import ToRoute
from dealwright.engine.store import Store
from dealwright.errors import ConnectorError
from dealwright.model.crm import Deal
from dealwright.model.events import EventReceived
from dealwright.ports import Crm, Merges

_log = logging.getLogger(__name__)

READ_AGAIN: Final = 2.0
"""Seconds until a CRM that could not be read is asked again."""


class Observer:
    """Reads what events of one account name, beside the engine's loop: a CRM that is away costs no other account.

    Nothing is lost when the process dies: an event that was not observed is unrouted still, and is read again.
    """

    def __init__(self, store: Store, site: Site, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._reading: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def ready(self, events: Sequence[ToRoute]) -> Sequence[ToRoute]:
        """Return the first events that can be routed, and begin to read the others.

        Order is append order: what comes after an event that was not read waits for it.
        """
        unread = [item for item in events if must_be_observed(item)]
        if not unread:
            return events
        at_rest = self._reading is None or self._reading.done()
        if at_rest and self._clock.monotonic() >= self._not_before:
            self._reading = asyncio.create_task(self._read(unread), name=f"observe {self._site.account}")
        return events[: events.index(unread[0])]

    async def close(self) -> None:
        """Give up what is being read."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, unread: Sequence[ToRoute]) -> None:
        try:
            self._store.observed(self._site.account, await read(self._site.crm, unread))
        except Exception as error:
            # The type only: texts may hold what a row or an answer held.
            level = logging.WARNING if isinstance(error, ConnectorError) else logging.ERROR
            _log.log(level, "%s: hook events wait, %s", self._site.account, type(error).__name__)
            self._not_before = self._clock.monotonic() + READ_AGAIN


def must_be_observed(item: ToRoute) -> bool:
    """Say whether the event names a deal that was not read yet."""
    return isinstance(item.event, EventReceived) and item.event.must_be_observed


async def read(crm: Crm, unread: Sequence[ToRoute]) -> list[ToRoute]:
    """Return the events with their deals as the CRM has them now; without one, if there is none or no single one.

    A deal that was merged into another one is that one: the system outside knows it under its old id for ever.
    """
    named = [(item, item.event) for item in unread if isinstance(item.event, EventReceived)]
    ids = sorted({event.deal_id for _, event in named if event.deal_id is not None})
    references = sorted({e.reference for _, e in named if e.reference is not None and e.deal_id is None})
    by_id = await _read_deals(crm, ids) if ids else {}
    by_reference = await crm.find_deals(references) if references else {}
    observed = []
    for item, event in named:
        deal = by_id.get(event.deal_id) if event.deal_id is not None else by_reference.get(event.reference or "")
        observed.append(msgspec.structs.replace(item, event=msgspec.structs.replace(event, deal=deal, observed=True)))
    return observed


async def _read_deals(crm: Crm, ids: Sequence[str]) -> Mapping[str, Deal]:
    found = await crm.read_deals(ids)
    gone = [each for each in ids if each not in found]
    kept = await crm.merged_deals(gone) if gone and isinstance(crm, Merges) else {}
    if not kept:
        return found
    deals = await crm.read_deals(sorted(set(kept.values())))
    return {**found, **{old: deals[new] for old, new in kept.items() if new in deals}}
