"""Prune: what is old and no audit asks for is taken out of the journal, in small pieces, while the engine goes on.

What goes: raw bodies of events, the turns (facts and traces) and the progress of executions that have ended, what they
asked people and who of a role was picked for them, what closed windows told Prefect, and who changed what about people.
Whoever had a person or a company last is known on: `sticky()` asks for that. What stays for ever: every row that the
public views show, the ids by which duplicates are known, effects with their keys, requests, attempts and receipts,
transitions, and reservations. So an event that comes again is still a duplicate, a key that was sent is still sent, and
who has had an offer does not get it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from dealwright.journal.database import micros
from dealwright.journal.parts import Part
from dealwright.journal.payload import pack
from dealwright.statements import Query

_PIECE: Final = 500
"""Rows that one transaction looks through, or takes away: a few milliseconds in which the engine waits."""

_NOTHING: Final = pack(b"")


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away, or would be: how many of each, and the bytes that they held.

    `raw_bodies` of events, `turns`, `progress`, `questions` and `picks` of ended executions, `windows` whose summary
    went, `people_log`: changes of roles and leaves; who was offboarded stays known.
    """

    raw_bodies: int = 0
    turns: int = 0
    progress: int = 0
    windows: int = 0
    questions: int = 0
    picks: int = 0
    people_log: int = 0
    bytes: int = 0


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that grows old.

    `find` reads, in the order of a key, which come next after `:after`, with their number and bytes (both 0: not old);
    `take` takes those of `:ids` away, looking once more whether they are old.
    """

    name: str
    first: int | str
    find: Query
    take: Query


_ENDED: Final = "ended_at is not null and ended_at < :cutoff"
_OVER: Final = f"state in ('done', 'skipped', 'cancelled') and {_ENDED}"
"""A failed execution may be retried by a person, and goes on where it was."""

_NO_LONGER_NEEDED: Final = (
    # The last pick of an account numbers the next one; the last one of a person or a company is whom they had.
    "picks.n < (select max(last.n) from picks as last where last.account = picks.account)"
    " and (picks.contact is null or exists (select 1 from picks as later where later.account = picks.account"
    " and later.role = picks.role and later.contact = picks.contact and later.space = picks.space"
    " and later.n > picks.n))"
    " and (picks.company is null or exists (select 1 from picks as later where later.account = picks.account"
    " and later.role = picks.role and later.company = picks.company and later.space = picks.space"
    " and later.n > picks.n))"
)
_KINDS: Final = (
    _Kind(
        name="raw_bodies",
        first=0,
        find=Query(
            "select id, case when routed_at is not null and received_at < :cutoff and length(raw) > :nothing"
            " and not exists (select 1 from unmatched where event_id = events.id and state = 'waiting')"
            " then 1 else 0 end as many, length(raw) as bytes"
            " from events where id > :after order by id limit :piece"
        ),
        take=Query("update events set raw = :empty where id in :ids"),
    ),
    _Kind(
        name="turns",
        first="",
        find=Query(
            "select id, (select count(*) from turns where turns.execution_id = executions.id) as many,"
            " (select coalesce(sum(length(trace) + coalesce(length(facts), 0)), 0) from turns"
            " where turns.execution_id = executions.id) as bytes"
            f" from executions where id > :after and {_ENDED} order by id limit :piece"
        ),
        take=Query(
            f"delete from turns where execution_id in (select id from executions where id in :ids and {_ENDED})"
        ),
    ),
    _Kind(
        name="progress",
        first="",
        find=Query(
            "select id, case when progress is null then 0 else 1 end as many, coalesce(length(progress), 0) as bytes"
            f" from executions where id > :after and {_OVER} order by id limit :piece"
        ),
        take=Query(f"update executions set progress = null where id in :ids and {_OVER}"),
    ),
    _Kind(
        name="questions",
        first="",
        find=Query(
            "select executions.id, count(*) as many,"
            " sum(length(questions.body) + coalesce(length(questions.note), 0)) as bytes"
            " from executions join questions on questions.execution_id = executions.id"
            f" where executions.id > :after and executions.{_OVER} group by executions.id"
            " order by executions.id limit :piece"
        ),
        take=Query(
            f"delete from questions where execution_id in (select id from executions where id in :ids and {_OVER})"
        ),
    ),
    _Kind(
        name="picks",
        first="",
        find=Query(
            "select executions.id, count(*) as many, sum(length(picks.body)) as bytes"
            " from executions join picks on picks.execution_id = executions.id"
            f" where executions.id > :after and executions.{_OVER} and {_NO_LONGER_NEEDED} group by executions.id"
            " order by executions.id limit :piece"
        ),
        take=Query(
            f"delete from picks where execution_id in (select id from executions where id in :ids and {_OVER})"
            f" and {_NO_LONGER_NEEDED}"
        ),
    ),
    _Kind(
        name="people_log",
        first=0,
        find=Query(
            "select id, 1 as many, length(what) + length(role) + length(user_id) + length(detail) + length(actor)"
            " as bytes from people_log where id > :after and at_wall < :wall_cutoff and what <> 'offboarded'"
            " order by id limit :piece"
        ),
        take=Query("delete from people_log where id in :ids"),
    ),
    _Kind(
        name="windows",
        first="",
        find=Query(
            "select id, case when summary is null then 0 else 1 end as many, coalesce(length(summary), 0) as bytes"
            " from windows where id > :after and phase in ('recorded', 'dropped') and closed_wall < :wall_cutoff"
            " order by id limit :piece"
        ),
        take=Query("update windows set summary = null where id in :ids and phase in ('recorded', 'dropped')"),
    ),
)


class Prune(Part):
    """Retention."""

    def prune(self, keep: timedelta, *, dry_run: bool = False, rest: Callable[[float], None] | None = None) -> Pruned:
        """Take away what is older than `keep`; with `dry_run` only count it.

        Events and executions are old by business time, windows by the wall clock. Each piece is a transaction of its
        own; after each, `rest` is given the seconds that it took, so that whoever prunes can leave the engine as much.
        Broken off at any moment it has pruned less, and nothing is half-way.
        """
        cutoffs: dict[str, Any] = {
            "cutoff": micros(self.clock.now() - keep),
            "wall_cutoff": micros(self.clock.wall() - keep),
            "nothing": len(_NOTHING),
            "empty": _NOTHING,
        }
        found = {"bytes": 0}
        for kind in _KINDS:
            found[kind.name] = 0
            after: Any = kind.first
            rows: Sequence[Any] = range(_PIECE)
            while len(rows) == _PIECE:  # a shorter piece is the last one, whatever the engine adds meanwhile
                began = self.clock.monotonic()
                with self.database.read() as connection:
                    rows = kind.find.run(connection, **cutoffs, after=after, piece=_PIECE).all()
                after = rows[-1].id if rows else after
                old = [row for row in rows if row.many]
                if old and not dry_run:
                    with self.database.write() as connection:
                        kind.take.run(connection, **cutoffs, ids=[row.id for row in old])
                found[kind.name] += sum(row.many for row in old)
                found["bytes"] += sum(row.bytes for row in old)
                if rest is not None:
                    rest(self.clock.monotonic() - began)
        return Pruned(**found)
