"""What happened, for people: counts, and one subject's timeline with the trace of every condition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dealwright.engine.records import Asked
from dealwright.engine.trace import TraceLine
from dealwright.journal.database import Row, instant, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import unseal
from dealwright.model.requests import Request, Sent

_EVENTS: Final = statement(
    # An event of a contact is about several deals: those that it set executions off for.
    """
    select id, kind, occurred_at, cause, routed_at from events where account = :account and (subject = :subject
        or id in (select event_id from executions where account = :account and subject = :subject)) order by id
    """
)
_EXECUTION: Final = "select id, automation, event_id, state, reason, late from executions where account = :account and "
_OF_SUBJECT: Final = statement(_EXECUTION + "subject = :subject order by event_id, automation")
_OF_IDS: Final = statement(_EXECUTION + "id in :ids order by event_id, automation", "ids")
_SUBJECT: Final = statement("select subject from executions where account = :account and id = :id")
_TRANSITIONS: Final = statement(
    """
    select execution_id, at, to_state, reason, actor from transitions where execution_id in :ids order by id
    """,
    "ids",
)
_TURNS: Final = statement("select execution_id, n, at, trace from turns where execution_id in :ids order by n", "ids")
_EFFECTS: Final = statement(
    """
    select effects.execution_id, effects.key, effects.step, effects.kind, effects.state, effects.reason,
        effects.request, effects.attempts, effects.planned_at, effects.sent_at, receipts.body as receipt
    from effects left join receipts on receipts.effect_key = effects.key
    where effects.execution_id in :ids order by effects.planned_at, effects.key
    """,
    "ids",
)
_COUNTS: Final = {
    "events": statement("select kind as a, '' as b, count(*) as n from dw_events group by kind order by 1"),
    "executions": statement(
        "select automation as a, state as b, count(*) as n from dw_executions group by automation, state order by 1, 2"
    ),
    "effects": statement(
        "select kind as a, state as b, count(*) as n from dw_effects group by kind, state order by 1, 2"
    ),
}
_AUTOMATIONS: Final = statement("select distinct automation from executions where account = :account")
_WAITING_EVENTS: Final = statement("select count(*) as n from events where account = :account and routed_at is null")
_BY_STATE: Final = statement(
    "select state, count(*) as n from executions where account = :account group by state order by state"
)
_TO_LOOK_AT: Final = statement(
    "select state, count(*) as n from effects where account = :account and state in ('rejected', 'unknown') "
    "group by state order by state"
)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One transition of an execution."""

    at: datetime
    to_state: str
    reason: str
    actor: str


class TurnLine(msgspec.Struct, frozen=True, kw_only=True):
    """One decision with its trace."""

    n: int
    at: datetime
    trace: tuple[TraceLine, ...]


class EffectLine(msgspec.Struct, frozen=True, kw_only=True):
    """One effect with its request and, when it was carried out, its receipt."""

    key: str
    step: str
    kind: str
    state: str
    reason: str
    attempts: int
    planned_at: datetime
    sent_at: datetime | None
    request: Request
    receipt: Sent | None


class ExecutionStory(msgspec.Struct, frozen=True, kw_only=True):
    """One execution with everything that happened to it."""

    id: str
    automation: str
    event_id: int
    state: str
    reason: str
    late: bool
    changes: tuple[Change, ...]
    turns: tuple[TurnLine, ...]
    effects: tuple[EffectLine, ...]


class EventStory(msgspec.Struct, frozen=True, kw_only=True):
    """One event, and the executions it set off; `cause` is our own effect that made it, if any.

    `routed`: an engine has come to it, so that what it has not set off it never will.
    """

    id: int
    kind: str
    occurred_at: datetime
    cause: str | None
    executions: tuple[ExecutionStory, ...]
    routed: bool = True


class History(Part):
    """Reads for people; nothing here decides."""

    def counts(self, what: str) -> dict[str, Any]:
        """Count `events` (by kind), `executions` (by automation and state) or `effects` (by kind and state)."""
        counted: dict[str, Any] = {}
        for row in self.database.rows(_COUNTS[what]):
            if row["b"]:
                counted.setdefault(row["a"], {})[row["b"]] = row["n"]
            else:
                counted[row["a"]] = row["n"]
        return counted

    def automations_seen(self, account: str) -> frozenset[str]:
        """Return every automation of the account that has ever had an execution."""
        return frozenset(row["automation"] for row in self.database.rows(_AUTOMATIONS, account=account))

    def count_unrouted(self, account: str) -> int:
        """Count the events that wait to be routed."""
        return int(self.database.rows(_WAITING_EVENTS, account=account)[0]["n"])

    def executions_by_state(self, account: str) -> dict[str, int]:
        """Count the account's executions by state."""
        return {row["state"]: row["n"] for row in self.database.rows(_BY_STATE, account=account)}

    def effects_that_need_a_look(self, account: str) -> dict[str, int]:
        """Count effects that were refused, or of which nobody knows whether they were carried out."""
        return {row["state"]: row["n"] for row in self.database.rows(_TO_LOOK_AT, account=account)}

    def subject_of(self, account: str, execution_id: str) -> str | None:
        """Return what an execution is about; None if the account has no execution of that id."""
        rows = self.database.rows(_SUBJECT, account=account, id=execution_id)
        return rows[0]["subject"] if rows else None

    def timeline(self, account: str, subject: str) -> Sequence[EventStory]:
        """Return everything that happened to a subject, in the order it was received."""
        events = self.database.rows(_EVENTS, account=account, subject=subject)
        stories: dict[int, list[ExecutionStory]] = {}
        for story in self._told(self.database.rows(_OF_SUBJECT, account=account, subject=subject)):
            stories.setdefault(story.event_id, []).append(story)
        return [
            EventStory(
                id=row["id"],
                kind=row["kind"],
                occurred_at=instant(row["occurred_at"]),
                cause=row["cause"],
                executions=tuple(stories.get(row["id"], ())),
                routed=row["routed_at"] is not None,
            )
            for row in events
        ]

    def execution_stories(self, account: str, ids: Sequence[str]) -> Sequence[ExecutionStory]:
        """Return everything that happened to these executions, in the order of their events."""
        return self._told(self.database.rows(_OF_IDS, account=account, ids=list(ids))) if ids else ()

    def _told(self, executions: Sequence[Row]) -> list[ExecutionStory]:
        ids = [row["id"] for row in executions]
        changes, turns, effects = self._stories(ids) if ids else ({}, {}, {})
        return [
            ExecutionStory(
                id=row["id"],
                automation=row["automation"],
                event_id=row["event_id"],
                state=row["state"],
                reason=row["reason"],
                late=bool(row["late"]),
                changes=tuple(changes.get(row["id"], ())),
                turns=tuple(turns.get(row["id"], ())),
                effects=tuple(effects.get(row["id"], ())),
            )
            for row in executions
        ]

    def _stories(
        self, ids: Sequence[str]
    ) -> tuple[dict[str, list[Change]], dict[str, list[TurnLine]], dict[str, list[EffectLine]]]:
        changes: dict[str, list[Change]] = {}
        for row in self.database.rows(_TRANSITIONS, ids=ids):
            changes.setdefault(row["execution_id"], []).append(
                Change(at=instant(row["at"]), to_state=row["to_state"], reason=row["reason"], actor=row["actor"])
            )
        turns: dict[str, list[TurnLine]] = {}
        for row in self.database.rows(_TURNS, ids=ids):
            trace = unseal(row["trace"], tuple[TraceLine, ...])
            turns.setdefault(row["execution_id"], []).append(TurnLine(n=row["n"], at=instant(row["at"]), trace=trace))
        effects: dict[str, list[EffectLine]] = {}
        for row in self.database.rows(_EFFECTS, ids=ids):
            effects.setdefault(row["execution_id"], []).append(
                EffectLine(
                    key=row["key"],
                    step=row["step"],
                    kind=row["kind"],
                    state=row["state"],
                    reason=row["reason"],
                    attempts=row["attempts"],
                    planned_at=instant(row["planned_at"]),
                    sent_at=None if row["sent_at"] is None else instant(row["sent_at"]),
                    request=unseal(row["request"], Asked).request,
                    receipt=None if row["receipt"] is None else unseal(row["receipt"], Sent),
                )
            )
        return changes, turns, effects
