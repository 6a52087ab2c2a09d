"""The bare loop: the rows and requests of a drained journal, written and sent once more with no engine.

The rows are those that the engine left, read back before the clock starts, so that nothing is decided, rendered or
encoded here. Each transaction leaves behind what the engine's transaction of that name leaves behind: route, claim,
plan, gate, the CRM's own or the request to Meta, receipts, plan ... settle. Afterwards both journals hold the same
rows, which is checked.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeAlias

from benchmarks.conversions import Meta, Poster
from benchmarks.databases import Raw, RawSqlite, Writes
from benchmarks.frame import expect
from dealwright_meta.settings import MetaSettings

Rows: TypeAlias = list[tuple[Any, ...]]

_OF_EXECUTION: Final = "join executions x on x.id = t.execution_id"
_OF_EFFECT: Final = "join effects e on e.key = t.effect_key join executions x on x.id = e.execution_id"

STEPS: Final = ("set_task", "send_conversion")
"""What each execution does, in order."""

# What is read of the drained journal: a row for each event, in the order of the events.
_READ: Final = {
    "routed": "select routed_at, id from events order by id",
    "mirrored": "select m.account, m.id, m.version, m.as_of, m.body from mirror_deals m "
    "join events e on e.account = m.account and e.subject = 'deal:' || m.id order by e.id",
    "lane": "select l.key, l.next_pos from lanes l join executions x on x.lane = l.key order by x.event_id",
    "ready": "select id, account, automation, subject, event_id, release, lane, late, seen_event from executions "
    "order by event_id",
    "transition": "select t.execution_id, t.at, t.from_state, t.to_state, t.reason, t.actor from transitions t "
    f"{_OF_EXECUTION} order by x.event_id, t.id",
    "running": "select 'bench', 'bench', 1.0, window_id, id from executions order by event_id",
    "done": "select ended_at, id from executions order by event_id",
}

# The same of one step of each execution.
_READ_STEP: Final = {
    "turn": f"select t.execution_id, t.n, t.at, t.as_of, t.facts, t.trace from turns t {_OF_EXECUTION} "
    "where t.n = {n} order by x.event_id",
    "progress": "select turn, progress, started_at, id from executions order by event_id",
    "planned": "select t.key, t.execution_id, t.account, t.automation, t.step, t.visit, t.target, t.kind, t.delivery, "
    f"t.request, t.planned_at from effects t {_OF_EXECUTION} where t.kind = '{{kind}}' order by x.event_id",
    "sending": f"select t.first_sent_wall, t.key from effects t {_OF_EXECUTION} "
    "where t.kind = '{kind}' order by x.event_id",
    "attempt": f"select t.effect_key, t.n, t.worker, t.started_wall from attempts t {_OF_EFFECT} "
    "where e.kind = '{kind}' order by x.event_id",
    "sent": f"select t.sent_at, t.key from effects t {_OF_EXECUTION} where t.kind = '{{kind}}' order by x.event_id",
    "receipt": f"select t.effect_key, t.at, t.body from receipts t {_OF_EFFECT} "
    "where e.kind = '{kind}' order by x.event_id",
    "answered": f"select t.ended_wall, t.outcome, t.effect_key, t.n from attempts t {_OF_EFFECT} "
    "where e.kind = '{kind}' order by x.event_id",
}
_WRITE: Final = {
    "routed": "update events set routed_at = ? where id = ?",
    "mirrored": "insert into mirror_deals (account, id, version, as_of, body) values (?, ?, ?, ?, ?)",
    "lane": "insert into lanes (key, next_pos) values (?, ?)",
    "ready": "insert into executions (id, account, automation, subject, event_id, release, lane, late, seen_event, "
    "state, pos, head) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ready', 0, true)",
    "transition": "insert into transitions (execution_id, at, from_state, to_state, reason, actor) "
    "values (?, ?, ?, ?, ?, ?)",
    "running": "update executions set state = 'running', worker = ?, lease_boot = ?, lease_until = ?, window_id = ? "
    "where id = ?",
    "turn": "insert into turns (execution_id, n, at, as_of, facts, trace) values (?, ?, ?, ?, ?, ?)",
    "progress": "update executions set turn = ?, progress = ?, started_at = ? where id = ?",
    "planned": "insert into effects (key, execution_id, account, automation, step, visit, target, kind, delivery, "
    "request, planned_at, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned')",
    "sending": "update effects set state = 'sending', attempts = 1, first_sent_wall = ? where key = ?",
    "attempt": "insert into attempts (effect_key, n, worker, started_wall) values (?, ?, ?, ?)",
    "sent": "update effects set state = 'sent', sent_at = ? where key = ?",
    "receipt": "insert into receipts (effect_key, at, body) values (?, ?, ?)",
    "answered": "update attempts set ended_wall = ?, outcome = ? where effect_key = ? and n = ?",
    "done": "update executions set state = 'done', pos = null, head = false, worker = null, lease_boot = null, "
    "lease_until = null, ended_at = ? where id = ?",
    "person_contacts": "insert into person_contacts (account, contact, person) values (?, ?, ?)",
    "person_keys": "insert into person_keys (account, key, person) values (?, ?, ?)",
}
_TRANSACTIONS: Final = (
    ("running", "transition 1"),
    ("turn 0", "progress 0", "planned 0"),
    ("sending 0", "attempt 0"),
    ("crm",),
    ("sent 0", "receipt 0", "answered 0"),
    ("turn 1", "progress 1", "planned 1"),
    ("sending 1", "attempt 1"),
    ("meta",),
    ("sent 1", "receipt 1", "answered 1"),
    ("done", "transition 2"),
)
"""What a batch writes between its claim and its settlement; the number says which step, or which transition."""

_SAME: Final = {
    "events": "id",
    "mirror_deals": "id",
    "person_contacts": "contact",
    "person_keys": "key",
    "lanes": "key",
    "executions": "id",
    "turns": "execution_id, n",
    "effects": "key",
    "attempts": "effect_key, n",
    "receipts": "effect_key",
}

_TASKS: Final = (
    "insert into tasks (id, deal_id, text, due_at, owner_id, done, created_at, completed_at)"
    " values (?, ?, ?, ?, ?, ?, ?, ?)"
)
_WRITES: Final = "insert into writes (key, kind, actor, receipt, at) values (?, ?, ?, ?, ?)"
_COUNTER: Final = "update counters set last = ? where name = 'task'"


class BareLoop:
    """The rows of one drained journal and its CRM, and the requests to Meta, ready to be written and sent again."""

    def __init__(self, drained: Raw, crm: Path, meta: Meta, *, chunk: int, batch: int) -> None:
        self._rows: dict[str, Rows] = {name: drained.query(query) for name, query in _READ.items()}
        for n, kind in enumerate(STEPS):
            for name, query in _READ_STEP.items():
                self._rows[f"{name} {n}"] = drained.query(query.format(n=n + 1, kind=kind))
        transitions = self._rows.pop("transition")
        for nth in range(3):
            self._rows[f"transition {nth}"] = transitions[nth::3]
        self._persons = [
            (_WRITE[table], drained.query(f"select * from {table}")) for table in ("person_contacts", "person_keys")
        ]
        with closing(RawSqlite(crm)) as raw:
            self._tasks = raw.query("select * from tasks order by id")
            self._keys = raw.query("select w.* from writes w where w.kind = 'set_task' order by rowid")
        # Key and request of what goes to Meta: columns 0 and 9 of a planned effect.
        self._bodies = meta.bodies([(row[0], bytes(row[9])) for row in self._rows["planned 1"]], batch)
        self._chunk = chunk
        self._batch = batch

    def run(self, journal: Raw, crm: Path, settings: MetaSettings) -> float:
        """Write everything into a fresh copy of the backlog, and send what was sent; return the seconds."""
        size = len(self._rows["ready"])
        with closing(RawSqlite(crm)) as crm_raw, closing(Poster(settings)) as poster:
            start = perf_counter()
            for first in range(0, size, self._chunk):
                part = slice(first, first + self._chunk)
                route = self._writes(("routed", "mirrored", "lane", "ready", "transition 0"), part)
                journal.write([*route, *(() if first else self._persons)])
            for first in range(0, size, self._batch):
                part = slice(first, first + self._batch)
                for names in _TRANSACTIONS:
                    if names == ("crm",):
                        tasks = self._tasks[part]
                        crm_raw.write([(_TASKS, tasks), (_WRITES, self._keys[part]), (_COUNTER, [(tasks[-1][0],)])])
                    elif names == ("meta",):
                        poster.post(self._bodies[first // self._batch])
                    else:
                        journal.write(self._writes(names, part))
            return perf_counter() - start

    def _writes(self, names: tuple[str, ...], part: slice) -> Writes:
        return [(_WRITE[name.partition(" ")[0]], self._rows[name][part]) for name in names]

    def rows(self) -> float:
        """Return how many rows of the journal an execution writes, inserted or updated."""
        return sum(map(len, self._rows.values())) / len(self._rows["ready"])


def see_the_same(drained: Raw, written: Raw) -> None:
    """See that both journals hold the same rows.

    Raises:
        Red: the bare loop wrote something else than the engine.
    """
    for table, order in _SAME.items():
        query = f"select * from {table} order by {order}"
        expect(f"rows of {table}, engine and bare loop", drained.query(query) == written.query(query), True)
    # Their numbers are the order of writing, which is free between executions.
    columns = "execution_id, at, coalesce(from_state, ''), to_state, reason, actor"
    query = f"select {columns} from transitions order by execution_id, id"
    expect("rows of transitions, engine and bare loop", drained.query(query) == written.query(query), True)
