"""How much waits in the journal, for whoever watches it from outside: asked seldom, whatever it is asked of us.

Counting a million waiting executions reads an index of a million entries. So nothing is asked again before `_FRESH`
seconds are over, nor before so long that asking takes at most a fiftieth of the time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import TextClause

from dealwright.clock import Clock
from dealwright.journal.browse_state import State
from dealwright.journal.database import Database, instant, micros, statement
from dealwright.journal.store import Journal

_FRESH: Final = 5.0
_SHARE: Final = 50.0

_UNROUTED: Final = statement(
    # The index alone: ids grow with the order in which events came.
    "select account, count(*) as n, min(id) as first from events where routed_at is null group by account"
)
_RECEIVED: Final = statement("select account, received_at from events where id in :ids", "ids")
_RESTING: Final = statement(
    # Grouped as its index is ordered: reading that is all.
    "select account, automation, state, count(*) as n from executions "
    "where (state = 'held' or state = 'parked' or state = 'waiting') group by account, automation, state"
)
# SQLite would rather read a whole table in the order of the groups than a small index out of it: it is told which.
_HOLDING: Final = (
    "select account, state, count(*) as n from executions{queue} where pos is not null group by account, state"
)
_READY: Final = """
    select x.account, min((select max(t.at) from transitions as t where t.execution_id = x.id)) as oldest
    from executions as x{heads} where x.head and x.state = 'ready' and not exists (
        select 1 from switches as s where s.account = x.account and s.name = 'pause'
            and s.automation in ('', x.automation))
    group by x.account
    """
_DUE: Final = (
    "select account, min(due_at) as oldest from executions{due} where due_at is not null and due_at <= :now "
    "group by account"
)


class Depths(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, by account; ages are in seconds, 0 where nothing waits."""

    unrouted: Mapping[str, int]
    unrouted_age: Mapping[str, float]
    due_age: Mapping[str, float]
    executions: Mapping[tuple[str, str], int]
    quarantined: Mapping[tuple[str, str], int]
    unmatched: Mapping[str, int]
    to_record: int
    to_record_age: float
    engines: int


def depths(journal: Journal, accounts: Sequence[str]) -> Depths:
    """Read them."""
    database, now, wall = journal.database, journal.clock.now(), journal.clock.wall()
    unrouted = {row["account"]: row for row in database.rows(_UNROUTED)}
    received = _received(database, [row["first"] for row in unrouted.values()])
    due = _due(database, micros(now))
    recording = State(database).unrecorded()
    counted = Counter[tuple[str, str]]()
    for row in (*database.rows(_RESTING), *database.rows(_by(database, _HOLDING))):
        counted[row["account"], row["state"]] += row["n"]
    return Depths(
        unrouted={key: unrouted[key]["n"] if key in unrouted else 0 for key in accounts},
        unrouted_age={
            key: max(0.0, (now - instant(received[key])).total_seconds()) if key in received else 0.0
            for key in accounts
        },
        due_age={key: max(0.0, (now - instant(due[key])).total_seconds()) if key in due else 0.0 for key in accounts},
        executions=counted,
        quarantined=journal.quarantine_counts(),
        unmatched=journal.unmatched_counts(),
        to_record=recording.count,
        to_record_age=0.0 if recording.since is None else max(0.0, (wall - recording.since).total_seconds()),
        engines=journal.living_workers(),
    )


def _due(database: Database, now: int) -> Mapping[str, int]:
    """Return since when the oldest execution of each account could be worked on, as `dealwright status` says it."""
    oldest: dict[str, int] = {}
    for row in (*database.rows(_by(database, _READY)), *database.rows(_by(database, _DUE), now=now)):
        if row["oldest"] is not None:
            oldest[row["account"]] = min(row["oldest"], oldest.get(row["account"], row["oldest"]))
    return oldest


def _by(database: Database, sql: str) -> TextClause:
    names = {"queue": "executions_queue", "heads": "executions_heads", "due": "executions_due"}
    return statement(
        sql.format(**{key: "" if database.postgresql else f" indexed by {name}" for key, name in names.items()})
    )


def _received(database: Database, ids: Sequence[int]) -> Mapping[str, int]:
    return {row["account"]: row["received_at"] for row in database.rows(_RECEIVED, ids=ids)} if ids else {}


class Watch:
    """Keeps the depths as they were read last; one thread at a time reads them anew."""

    def __init__(self, journal: Journal, accounts: Sequence[str], clock: Clock, *, patience: float = 2.0) -> None:
        self._journal = journal
        self._accounts = tuple(accounts)
        self._clock = clock
        self._patience = patience
        self._last: Depths | None = None
        self._read_at = float("-inf")
        self._next = float("-inf")
        self._reading: asyncio.Future[None] | None = None

    async def latest(self) -> tuple[Depths | None, float]:
        """Return the depths and how many seconds ago they were read; None if the journal never answered."""
        if self._reading is None and self._clock.monotonic() >= self._next:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._read))
            self._reading.add_done_callback(self._done)
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=self._patience)
        return self._last, self._clock.monotonic() - self._read_at if self._last is not None else 0.0

    def _read(self) -> None:
        began = self._clock.monotonic()
        try:
            self._last = depths(self._journal, self._accounts)
            self._read_at = self._clock.monotonic()
        finally:
            took = self._clock.monotonic() - began
            self._next = began + max(_FRESH, took * _SHARE)

    def _done(self, reading: asyncio.Future[None]) -> None:
        self._reading = None
        reading.exception()  # a journal that is away shows by the age of what was read last
