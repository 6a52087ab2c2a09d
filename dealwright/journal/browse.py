"""Browse: lists of events, executions and effects for people, filtered, newest first, a page at a time. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import msgspec

from dealwright.journal.database import Database, Row, instant, micros, statement

T = TypeVar("T")

_DEAL: Final = "deal:"

_EVENT: Final = """
    select e.id, e.account, e.source, e.source_id, e.kind, e.subject, e.occurred_at, e.received_at, e.routed_at, e.late,
        e.cause, e.depth, (select count(*) from executions as x where x.event_id = e.id) as set_off
    from events as e where e.account = :account
"""
_EXECUTION: Final = """
    select x.id, x.account, x.automation, x.subject, x.event_id, e.kind as event_kind, e.occurred_at, x.release,
        x.state, x.reason, x.late, x.due_at, x.started_at, x.ended_at, changed.at as changed_at
    from executions as x join events as e on e.id = x.event_id
        join transitions as changed on changed.id = (
            select max(t.id) from transitions as t where t.execution_id = x.id)
    where x.account = :account
"""
_EFFECT: Final = """
    select f.key, f.account, f.execution_id, f.automation, f.step, f.target, f.kind, f.delivery, f.state, f.reason,
        f.attempts, f.planned_at, f.sent_at, x.subject
    from effects as f join executions as x on x.id = f.execution_id where f.account = :account
"""
_EVENTS_WHERE: Final[Mapping[str, str]] = {
    "subject": "(e.subject = :subject or e.id in (select event_id from executions where account = :account "
    "and subject = :subject))",
    "automations": "e.id in (select event_id from executions where automation in :automations)",
    "kinds": "e.kind in :kinds",
    "since": "e.received_at >= :since",
    "until": "e.received_at < :until",
}
_EVENT_STATES: Final[Mapping[str, str]] = {"waiting": "e.routed_at is null", "routed": "e.routed_at is not null"}
_EXECUTIONS_WHERE: Final[Mapping[str, str]] = {
    "subject": "x.subject = :subject",
    "automations": "x.automation in :automations",
    "states": "x.state in :states",
    "since": "changed.at >= :since",
    "until": "changed.at < :until",
}
_EFFECTS_WHERE: Final[Mapping[str, str]] = {
    "subject": "x.subject = :subject",
    "automations": "f.automation in :automations",
    "states": "f.state in :states",
    "kinds": "f.kind in :kinds",
    "since": "coalesce(f.sent_at, f.planned_at) >= :since",
    "until": "coalesce(f.sent_at, f.planned_at) < :until",
}
_LISTS: Final = frozenset({"automations", "states", "kinds"})
_LIKE: Final = {
    "executions": statement(
        "select id from executions where account = :account and id >= :prefix and id < :beyond order by id limit :limit"
    ),
    "effects": statement(
        "select key as id from effects where account = :account and key >= :prefix and key < :beyond "
        "order by key limit :limit"
    ),
}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted; what is left empty does not matter. `since` is taken in, `until` is not."""

    account: str
    deal: str | None = None
    automations: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, Any]:
        """Return the parameters that are filtered by, as statements take them."""
        given: dict[str, Any] = {
            "subject": None if self.deal is None else f"{_DEAL}{self.deal}",
            "automations": list(self.automations),
            "states": list(self.states),
            "kinds": list(self.kinds),
            "since": None if self.since is None else micros(self.since),
            "until": None if self.until is None else micros(self.until),
        }
        return {name: value for name, value in given.items() if value not in (None, [])}


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event in a list; `set_off` counts the executions that it set off, `effect` is our own effect that made it."""

    id: int
    account: str
    kind: str
    deal: str | None
    subject: str
    source: str
    source_id: str
    occurred_at: datetime
    received_at: datetime
    routed_at: datetime | None
    late: bool
    effect: str | None
    depth: int
    set_off: int


class ExecutionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One execution in a list; `event` is what set it off, `changed_at` when its state changed last."""

    id: str
    account: str
    automation: str
    deal: str | None
    subject: str
    event: int
    event_kind: str
    occurred_at: datetime
    release: str
    state: str
    reason: str
    late: bool
    due_at: datetime | None
    started_at: datetime | None
    changed_at: datetime
    ended_at: datetime | None


class EffectLine(msgspec.Struct, frozen=True, kw_only=True):
    """One effect in a list."""

    key: str
    account: str
    execution: str
    automation: str
    deal: str | None
    step: str
    target: str
    kind: str
    delivery: str
    state: str
    reason: str
    attempts: int
    planned_at: datetime
    sent_at: datetime | None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some rows, newest first; `more` says that there are older ones."""

    rows: Sequence[T]
    more: bool


class Browse:
    """Lists over one journal's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, wanted: Filter, limit: int) -> Page[EventLine]:
        """Return events, the last received first; a state is `waiting` (not routed yet) or `routed`."""
        states = [_EVENT_STATES[state] for state in wanted.states]
        extra = f" and ({' or '.join(states)})" if states else ""
        where = msgspec.structs.replace(wanted, states=())
        return self._page(_EVENT, _EVENTS_WHERE, where, f"{extra} order by e.id desc", limit, _event)

    def executions(self, wanted: Filter, limit: int) -> Page[ExecutionLine]:
        """Return executions, those of the newest events first; times are of their last change."""
        order = " order by x.event_id desc, x.automation desc, x.subject desc"
        return self._page(_EXECUTION, _EXECUTIONS_WHERE, wanted, order, limit, _execution)

    def effects(self, wanted: Filter, limit: int) -> Page[EffectLine]:
        """Return effects, newest first: when it was sent, or planned if it was not."""
        order = " order by coalesce(f.sent_at, f.planned_at) desc, f.execution_id, f.planned_at desc, f.key"
        return self._page(_EFFECT, _EFFECTS_WHERE, wanted, order, limit, _effect)

    def event(self, account: str, id_: int) -> EventLine | None:
        """Return one event, or None."""
        rows = self._database.rows(statement(f"{_EVENT} and e.id = :id"), account=account, id=id_)
        return _event(rows[0]) if rows else None

    def executions_of(self, account: str, ids: Sequence[str]) -> Sequence[ExecutionLine]:
        """Return these executions, in the order of their events."""
        sql = statement(f"{_EXECUTION} and x.id in :ids order by x.event_id, x.automation, x.id", "ids")
        return [_execution(row) for row in self._database.rows(sql, account=account, ids=list(ids))] if ids else ()

    def executions_of_events(self, account: str, events: Sequence[int]) -> Sequence[ExecutionLine]:
        """Return the executions that these events set off, in order."""
        sql = statement(f"{_EXECUTION} and x.event_id in :events order by x.event_id, x.automation, x.id", "events")
        return [_execution(row) for row in self._database.rows(sql, account=account, events=list(events))]

    def effects_of(self, account: str, keys: Sequence[str]) -> Sequence[EffectLine]:
        """Return these effects, in the order they were planned."""
        sql = statement(f"{_EFFECT} and f.key in :keys order by f.planned_at, f.key", "keys")
        return [_effect(row) for row in self._database.rows(sql, account=account, keys=list(keys))] if keys else ()

    def effects_of_execution(self, account: str, execution: str) -> Sequence[EffectLine]:
        """Return the effects of an execution, in the order they were planned."""
        sql = statement(f"{_EFFECT} and f.execution_id = :execution order by f.planned_at, f.key")
        return [_effect(row) for row in self._database.rows(sql, account=account, execution=execution)]

    def caused_by(self, account: str, keys: Sequence[str]) -> Sequence[EventLine]:
        """Return the events that these effects of ours made, in order."""
        sql = statement(f"{_EVENT} and e.cause in :keys order by e.id", "keys")
        return [_event(row) for row in self._database.rows(sql, account=account, keys=list(keys))] if keys else ()

    def starting(self, what: str, account: str, prefix: str, limit: int) -> Sequence[str]:
        """Return ids of `executions`, or keys of `effects`, that start with these characters, which are ASCII."""
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = self._database.rows(_LIKE[what], account=account, prefix=prefix, beyond=beyond, limit=limit)
        return [row["id"] for row in rows]

    def _page(
        self, select: str, clauses: Mapping[str, str], wanted: Filter, end: str, limit: int, read: Any
    ) -> Page[Any]:
        given = wanted.given()
        where = "".join(f" and {clauses[name]}" for name in given)
        if "subject" not in given:  # the newest are few and at the end: walk there, not through the account's subjects
            select = select.replace(".account = :account", ".account || '' = :account")
        sql = statement(f"{select}{where}{end} limit :limit", *sorted(_LISTS & given.keys()))
        rows = self._database.rows(sql, account=wanted.account, limit=limit + 1, **given)
        return Page(rows=[read(row) for row in rows[:limit]], more=len(rows) > limit)


def deal_of_subject(subject: str) -> str | None:
    """Return the deal's id of a subject, None if it is another kind of subject."""
    return subject.removeprefix(_DEAL) if subject.startswith(_DEAL) else None


def _maybe(stored: int | None) -> datetime | None:
    return None if stored is None else instant(stored)


def _event(row: Row) -> EventLine:
    return EventLine(
        id=row["id"],
        account=row["account"],
        kind=row["kind"],
        deal=deal_of_subject(row["subject"]),
        subject=row["subject"],
        source=row["source"],
        source_id=row["source_id"],
        occurred_at=instant(row["occurred_at"]),
        received_at=instant(row["received_at"]),
        routed_at=_maybe(row["routed_at"]),
        late=bool(row["late"]),
        effect=row["cause"],
        depth=row["depth"],
        set_off=row["set_off"],
    )


def _execution(row: Row) -> ExecutionLine:
    return ExecutionLine(
        id=row["id"],
        account=row["account"],
        automation=row["automation"],
        deal=deal_of_subject(row["subject"]),
        subject=row["subject"],
        event=row["event_id"],
        event_kind=row["event_kind"],
        occurred_at=instant(row["occurred_at"]),
        release=row["release"],
        state=row["state"],
        reason=row["reason"],
        late=bool(row["late"]),
        due_at=_maybe(row["due_at"]),
        started_at=_maybe(row["started_at"]),
        changed_at=instant(row["changed_at"]),
        ended_at=_maybe(row["ended_at"]),
    )


def _effect(row: Row) -> EffectLine:
    return EffectLine(
        key=row["key"],
        account=row["account"],
        execution=row["execution_id"],
        automation=row["automation"],
        deal=deal_of_subject(row["subject"]),
        step=row["step"],
        target=row["target"],
        kind=row["kind"],
        delivery=row["delivery"],
        state=row["state"],
        reason=row["reason"],
        attempts=row["attempts"],
        planned_at=instant(row["planned_at"]),
        sent_at=_maybe(row["sent_at"]),
    )
