"""Receive: events are appended once, in the order of their account, before anybody acts on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright import faults
from dealwright.engine.records import Reading, ToRoute
from dealwright.engine.route import run_name
from dealwright.journal import hot, observations
from dealwright.journal.database import micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import pack, seal, unseal
from dealwright.model.crm import Deal
from dealwright.model.events import Event, EventReceived, StageChanged, deal_subject
from dealwright.ports import FeedItem

_CAUSES: Final = statement(
    """
    select effects.key, coalesce(events.chain, events.id) as chain, events.depth + 1 as depth
    from effects join executions on executions.id = effects.execution_id join events on events.id = executions.event_id
    where effects.key in :keys
    """,
    "keys",
)
_UNROUTED: Final = statement(
    "select id, body, chain, depth, cause from events where account = :account and routed_at is null "
    "order by id limit :limit"
)
_UNDOING: Final = statement("select key from effects where key in :keys and kind = 'move_back'", "keys")
_RAN: Final = statement(
    """
    select distinct coalesce(events.chain, events.id) as chain, executions.subject, executions.automation,
        case when events.kind in ('record_added', 'record_updated', 'record_removed') then events.id end as of_record
    from executions join events on events.id = executions.event_id
    where (events.id in :chains or events.chain in :chains) and executions.state <> 'skipped'
        and executions.account = :account
    """,
    "chains",
)


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Events that came together from one source of an account."""

    account: str
    source: str
    items: Sequence[FeedItem]


class Events(Part):
    """Events in, and events that wait to be routed."""

    def append(self, account: str, source: str, items: Sequence[FeedItem]) -> int:
        """Append events in one transaction; return how many were new.

        The source's own id tells duplicates. An event that our own write made joins the causal chain of the event
        that the write answered; so does what comes back to us by a hook under the id that we sent it with.
        """
        return self.append_all([Arrival(account=account, source=source, items=items)])[0] if items else 0

    def append_all(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Append what several sources told, in this order, with one commit; return how many of each were new."""
        faults.hit("receive.before-append")
        with self.database.write() as connection:
            for account in sorted({arrival.account for arrival in arrivals}):  # in one order, or two would wait in vain
                self.database.lock_account(connection, account, "append")
            causes = [cause for arrival in arrivals for item in arrival.items if (cause := _cause(item.event))]
            chains = self._chains(connection, causes)
            received = self._now()
            new = []
            for arrival in arrivals:
                rows = [_row(arrival, item, chains, received) for item in arrival.items]
                new.append(hot.APPEND.run(connection, rows))
        faults.hit("receive.after-append")
        return new

    def _chains(self, connection: Connection, causes: Sequence[str]) -> dict[str, tuple[int | None, int]]:
        if not causes:
            return {}
        rows = connection.execute(_CAUSES, {"keys": sorted(set(causes))})
        return {row.key: (row.chain, row.depth) for row in rows}

    def observed(self, account: str, reading: Reading) -> None:
        """Keep what was read about events whose source told too little: the first observation of an event stays.

        Another engine may have read the same event later or slower. What one engine is about to route, no other may
        replace: an execution made of a deal that its event does not hold could never begin.
        """
        if not reading.events:
            return
        faults.hit("observe.before-commit")
        with self.database.write() as connection:
            # As an append: who is about to wait for an event of this deal must not look past it.
            self.database.lock_account(connection, account, "append")
            secret = self._meta["secret"].encode()
            observations.keep(connection, account, reading, now=self._now(), secret=secret)
        faults.hit("observe.after-commit")

    def last_told(self, account: str, deal_ids: Sequence[str]) -> dict[str, Deal]:
        """Return deals as rules were last told of them, as far as a CRM tells of them only that they changed."""
        with self.database.read() as connection:
            return observations.known_deals(connection, account, deal_ids)

    def unrouted(self, account: str, limit: int) -> Sequence[ToRoute]:
        """Read the oldest events that were not routed, with what their causal chain did to their subject already."""
        with self.database.read() as connection:
            rows = connection.execute(_UNROUTED, {"account": account, "limit": limit}).all()
            chains = sorted({row.chain for row in rows if row.chain is not None})
            ran: dict[tuple[int, str], set[str]] = {}
            if chains:
                rows_of_chains = connection.execute(_RAN, {"chains": chains, "account": account}).all()
                told = _of_records(connection, {row.of_record for row in rows_of_chains if row.of_record is not None})
                for row in rows_of_chains:
                    event = told.get(row.of_record)
                    name = row.automation if event is None else run_name(row.automation, event)
                    ran.setdefault((row.chain, row.subject), set()).add(name)
            events: list[Event] = [unseal(row.body, Event) for row in rows]  # type: ignore[arg-type]  # a union
            causes = zip(rows, events, strict=True)
            undoing = self._undoing(
                connection, [row.cause for row, event in causes if row.cause and isinstance(event, StageChanged)]
            )
        found = []
        for row, event in zip(rows, events, strict=True):
            subjects = [] if row.chain is None else [deal_subject(deal.id) for deal in event.about]
            automations = {subject: frozenset(ran.get((row.chain, subject), ())) for subject in subjects}
            found.append(
                ToRoute(
                    id=row.id,
                    event=event,
                    chain=row.chain,
                    depth=row.depth,
                    ran=automations,
                    undoes=row.cause in undoing,
                )
            )
        return found

    def _undoing(self, connection: Connection, causes: Sequence[str]) -> frozenset[str]:
        """Return those of our effects that have moved a deal back."""
        if not causes:
            return frozenset()
        return frozenset(connection.execute(_UNDOING, {"keys": sorted(set(causes))}).scalars())


def _of_records(connection: Connection, ids: Collection[int]) -> dict[int | None, Event]:
    """Read events of records: a chain that comes round to another record of a deal is no loop."""
    if not ids:
        return {}
    rows = hot.BODIES.run(connection, ids=sorted(ids)).all()
    return {row.id: unseal(row.body, Event) for row in rows}  # type: ignore[arg-type]  # a union


def _cause(event: Event) -> str | None:
    """Return the key of the effect that may have made the event: what we send out carries its key as its id."""
    return event.cause or (event.source_id if isinstance(event, EventReceived) else None)


def _row(
    arrival: Arrival, item: FeedItem, chains: Mapping[str, tuple[int | None, int]], received: int
) -> tuple[object, ...]:
    event = item.event
    cause = _cause(event)
    chain, depth = chains.get(cause or "", (None, 0))
    if cause in chains and event.cause is None:
        event = msgspec.structs.replace(event, cause=cause)
    return (
        arrival.account,
        arrival.source,
        event.source_id,
        event.kind,
        event.subject,
        micros(event.occurred_at),
        received,
        event.cause,
        chain,
        depth,
        pack(item.raw),
        seal(event),
    )
