"""Lanes: queues of executions of one automation on one subject, each with at most one head.

Whoever touches a queue locks its lane's row first, in key order (on SQLite: is the single writer). Without the lock two
overlapping transactions leave a lane with work and no head, which never moves again (engine-contract §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from dealwright.journal import hot
from dealwright.journal.database import Database, Row, statement
from dealwright.journal.tables import RESTING

_WITHOUT_HEAD: Final = statement(
    "select count(*) from (select lane from executions where pos is not null "
    "group by lane having sum(case when head then 1 else 0 end) <> 1) as headless"
)
_WAKEABLE: Final = (
    "select id, lane, state, account, automation from executions where id in :ids "
    "and state in :states order by event_id, id"
)
_WAKE: Final = statement(
    "update executions set state = 'ready', reason = :reason, pos = :pos, due_at = null, ended_at = null, "
    "late = (late or :late) where id = :id"
)
_FORGET_AWAITS: Final = statement("delete from awaits where execution_id in :ids", "ids")


def create(connection: Connection, keys: Iterable[str]) -> None:
    """Make sure that the lanes exist."""
    hot.LANE.run(connection, [(key,) for key in sorted(set(keys))])


def lock(database: Database, connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Lock lanes in key order; return the next free place of each.

    A claim, which has locked its executions, may make PostgreSQL look whether their lanes are there: it must not have
    to wait for who has the lane and wants the execution.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = hot.LOCK_LANES.run(connection, lock=database.for_update_shared_by_references, keys=wanted)
    return {row.key: row.next_pos for row in rows.all()}


def of(connection: Connection, execution_ids: Sequence[str]) -> Sequence[str]:
    """Return the lanes of executions."""
    if not execution_ids:
        return ()
    return hot.LANES_OF.run(connection, ids=list(execution_ids)).scalars().all()


def keep_places(connection: Connection, places: dict[str, int]) -> None:
    """Write back the next free places of locked lanes."""
    hot.PLACE.run(connection, sorted(places.items()))


def promote(connection: Connection, keys: Iterable[str]) -> None:
    """Give every one of these locked lanes that has work its head."""
    wanted = sorted(set(keys))
    if wanted:
        hot.PROMOTE.run(connection, keys=wanted)


def write_transitions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append transitions."""
    hot.TRANSITION.run(
        connection,
        [
            (row["execution_id"], row["at"], row["from_state"], row["to_state"], row["reason"], row["actor"])
            for row in rows
        ],
    )


def wake(
    database: Database,
    connection: Connection,
    execution_ids: Sequence[str],
    *,
    now: int,
    reason: str,
    actor: str,
    states: Sequence[str] = RESTING,
) -> Sequence[Row]:
    """Put executions that are in one of these states at the end of their lanes, ready; return them.

    One that did not just wait comes back late: it will check its conditions again.
    """
    if not execution_ids:
        return ()
    ids = list(execution_ids)
    places = lock(database, connection, of(connection, ids))
    found = connection.execute(
        statement(_WAKEABLE + database.for_update, "ids", "states"), {"ids": ids, "states": list(states)}
    )
    rows = found.mappings().all()
    if not rows:
        return ()
    updates, transitions = [], []
    for row in rows:
        late = row["state"] != "waiting"
        updates.append({"id": row["id"], "pos": places[row["lane"]], "late": late, "reason": reason})
        places[row["lane"]] += 1
        transitions.append(
            {
                "execution_id": row["id"],
                "at": now,
                "from_state": row["state"],
                "to_state": "ready",
                "reason": reason,
                "actor": actor,
            }
        )
    connection.execute(_WAKE, updates)
    connection.execute(_FORGET_AWAITS, {"ids": [row["id"] for row in rows]})
    keep_places(connection, places)
    write_transitions(connection, transitions)
    promote(connection, places)
    return rows


def without_head(connection: Connection) -> int:
    """Count lanes that have work and not exactly one head: always 0 (checked at start-up, by status and in tests)."""
    return int(connection.execute(_WITHOUT_HEAD).scalar_one())
