"""Show: one event, execution or effect with its cause, all that happened to it, and what followed. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from dealwright.engine.masked import HIDDEN, masked, sensitive_names
from dealwright.engine.own import Own
from dealwright.engine.records import Asked
from dealwright.journal.approvals import SHORTEST, to_approve
from dealwright.journal.browse import Browse, EffectLine, EventLine, ExecutionLine
from dealwright.journal.database import Row, instant, statement
from dealwright.journal.history import Change, History, TurnLine
from dealwright.journal.payload import unseal
from dealwright.model.crm import Deal, Money
from dealwright.model.custom import Customs, FieldShape, value_of
from dealwright.model.events import Event
from dealwright.model.requests import Sent

_BODY: Final = statement("select body, chain from events where account = :account and id = :id")
_COPIES: Final = statement(
    # An event without a deal is told once for each deal of a segment (engine/segments.py).
    """
    select count(*) as n from events where account = :account and source = :source and id > :id
        and substr(source_id, 1, :length) = :prefix
    """
)
_TRAY: Final = statement(
    "select detail, state from unmatched where account = :account and event_id = :id and automation = :automation"
)
_MORE: Final = statement(
    """
    select x.window_id, windows.run_id from executions as x left join windows on windows.id = x.window_id
    where x.account = :account and x.id = :id
    """
)
_REQUEST: Final = statement(
    """
    select effects.request, receipts.body as receipt from effects
        left join receipts on receipts.effect_key = effects.key where effects.key = :key
    """
)
_ATTEMPTS: Final = statement(
    "select n, worker, started_wall, ended_wall, outcome from attempts where effect_key = :key order by n"
)
_FIRST_ACT: Final = statement(
    """
    select automation, subject, (select min(coalesce(f.sent_at, f.planned_at)) from effects as f
        where f.execution_id = x.id and (f.state in ('sent', 'sending', 'unknown') or f.reason = 'shadow')) as acted_at
    from executions as x where x.account = :account and x.id = :id
    """
)
_HOLDER: Final = re.compile(r"^again: execution ([0-9a-f]+) acted")
_UNTOLD: Final = frozenset({"version", "updated_at", "stage_since"})
"""Fields of a deal that change with every write, and say nothing."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """An execution, as others refer to it."""

    id: str
    automation: str
    deal: str | None
    state: str
    reason: str


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Our own effect that made an event: which step of which execution."""

    effect: str
    execution: str
    automation: str
    step: str


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a deal that an event changed."""

    field: str
    before: str | None
    after: str | None


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that an effect of ours made, and the executions that it set off."""

    event: int
    kind: str
    deal: str | None
    occurred_at: datetime
    effect: str
    executions: tuple[Brief, ...]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One sending of an effect, in real time."""

    n: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """The execution that acted instead of one that `again` kept from acting, and when it acted first."""

    execution: str
    automation: str
    deal: str | None
    acted_at: datetime | None


class ShownEvent(EventLine, frozen=True, kw_only=True):
    """One event whole; `chain` is the event that began its causal chain, None if it began one itself."""

    actor: str
    answer: str
    cause: Cause | None
    chain: int | None
    changed: tuple[FieldChange, ...]
    body: dict[str, Any]
    executions: tuple[Brief, ...]


class ShownEffect(EffectLine, frozen=True, kw_only=True):
    """One effect whole: what it asks for, every sending, what came back, and what followed."""

    request: dict[str, Any]
    receipt: dict[str, Any] | None
    repeated: bool
    tries: tuple[Attempt, ...]
    followed: tuple[Followed, ...]


class ShownExecution(ExecutionLine, frozen=True, kw_only=True):
    """One execution whole: what set it off, its decisions, its effects, its states, and who acted instead.

    `asked_digest` tells what it is held for from what it may ask for later; None if nobody need approve it.
    """

    origin: ShownEvent
    turns: tuple[TurnLine, ...]
    effects: tuple[ShownEffect, ...]
    changes: tuple[Change, ...]
    instead: Acted | None
    asked_digest: str | None
    window: str | None
    prefect_run: str | None


class Shown:
    """Reads one thing with all that belongs to it."""

    def __init__(self, journal: History, own: Own | None = None) -> None:
        """Read from the journal; of the sensitive ones among the account's `own` fields what they hold is not told."""
        self._journal = journal
        self._own = own
        self._database = journal.database
        self._browse = Browse(journal.database)

    def event(self, account: str, id_: int) -> ShownEvent | None:
        """Return an event with what made it, what it changed, and what it set off."""
        line = self._browse.event(account, id_)
        if line is None:
            return None
        row = self._database.rows(_BODY, account=account, id=id_)[0]
        event: Any = unseal(row["body"], Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
        after = next(iter(event.about), None)
        return ShownEvent(
            **_fields(line),
            actor=event.actor,
            answer=event.answer,
            cause=self._cause(account, line.effect),
            chain=row["chain"],
            changed=() if event.before is None or after is None else tuple(_changes(event.before, after, self._own)),
            body=msgspec.to_builtins(self._masked(event)),
            executions=tuple(map(_brief, self._browse.executions_of_events(account, [id_]))),
        )

    def _masked(self, value: Any) -> Any:
        return value if self._own is None else masked(value, self._own)

    def segment_of(self, account: str, line: EventLine, automation: str) -> str:
        """Return what came of an event without a deal for the segment of an automation, in words."""
        waits = self._database.rows(_TRAY, account=account, id=line.id, automation=automation)
        if waits:
            where = (
                "it waits (dealwright unmatched ls)"
                if waits[0]["state"] == "waiting"
                else f"it was {waits[0]['state']}"
            )
            return f"{waits[0]['detail']}; {where}"
        prefix = f"{line.source_id} each:{automation} deal:"
        told = {"account": account, "source": line.source, "id": line.id, "length": len(prefix), "prefix": prefix}
        many = int(self._database.rows(_COPIES, **told)[0]["n"])
        if not many:
            return "no deal was in its segment when it came"
        return f"{'1 deal' if many == 1 else f'{many:,} deals'} of its segment, each told by an event of its own"

    def execution(self, account: str, id_: str) -> ShownExecution:
        """Return an execution that is there with its cause, its decisions, its effects, and what followed."""
        (line,) = self._browse.executions_of(account, [id_])
        (story,) = self._journal.execution_stories(account, [id_])
        event = self.event(account, line.event)
        assert event is not None, "an execution has its event: the database refuses others"
        more = self._database.rows(_MORE, account=account, id=id_)[0]
        effects = self._browse.effects_of_execution(account, id_)
        return ShownExecution(
            **_fields(line),
            origin=event,
            turns=story.turns,
            effects=tuple(self._effects(account, effects)),
            changes=story.changes,
            instead=self.instead(account, line.reason),
            asked_digest=self._asked_digest(line),
            window=more["window_id"],
            prefect_run=more["run_id"],
        )

    def effect(self, account: str, key: str) -> ShownEffect:
        """Return an effect that is there with its request, its receipt, every sending, and what followed."""
        return next(self._effects(account, self._browse.effects_of(account, [key])))

    def instead(self, account: str, reason: str) -> Acted | None:
        """Return who acted instead, for the reason that names an execution which had acted already."""
        found = _HOLDER.match(reason)
        rows = self._database.rows(_FIRST_ACT, account=account, id=found.group(1)) if found else ()
        if not found or not rows:
            return None
        return Acted(
            execution=found.group(1),
            automation=rows[0]["automation"],
            deal=rows[0]["subject"].removeprefix("deal:"),
            acted_at=None if rows[0]["acted_at"] is None else instant(rows[0]["acted_at"]),
        )

    def _asked_digest(self, line: ExecutionLine) -> str | None:
        if (line.state, line.reason.partition(":")[0]) != ("held", "approve"):
            return None
        with self._database.read() as connection:
            return to_approve(connection, line.id).digest[:SHORTEST]

    def _cause(self, account: str, effect: str | None) -> Cause | None:
        for line in self._browse.effects_of(account, [effect] if effect else []):
            return Cause(effect=line.key, execution=line.execution, automation=line.automation, step=line.step)
        return None

    def _effects(self, account: str, lines: Sequence[EffectLine]) -> Iterator[ShownEffect]:
        followed: dict[str, list[Followed]] = {}
        for item in self._followed(account, [line.key for line in lines]):
            followed.setdefault(item.effect, []).append(item)
        for line in lines:
            row = self._database.rows(_REQUEST, key=line.key)[0]
            receipt = None if row["receipt"] is None else unseal(row["receipt"], Sent)
            yield ShownEffect(
                **_fields(line),
                request=msgspec.to_builtins(self._masked(unseal(row["request"], Asked).request)),
                receipt=None if receipt is None else dict(receipt.receipt),
                repeated=receipt is not None and receipt.repeated,
                tries=tuple(map(_attempt, self._database.rows(_ATTEMPTS, key=line.key))),
                followed=tuple(followed.get(line.key, ())),
            )

    def _followed(self, account: str, keys: Sequence[str]) -> Iterator[Followed]:
        events = self._browse.caused_by(account, keys)
        set_off: dict[int, list[Brief]] = {}
        for line in self._browse.executions_of_events(account, [event.id for event in events]) if events else ():
            set_off.setdefault(line.event, []).append(_brief(line))
        for event in events:
            assert event.effect is not None
            yield Followed(
                event=event.id,
                kind=event.kind,
                deal=event.deal,
                occurred_at=event.occurred_at,
                effect=event.effect,
                executions=tuple(set_off.get(event.id, ())),
            )


def _fields(line: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


def _attempt(row: Row) -> Attempt:
    return Attempt(
        n=row["n"],
        worker=row["worker"],
        started_at=instant(row["started_wall"]),
        ended_at=None if row["ended_wall"] is None else instant(row["ended_wall"]),
        outcome=row["outcome"],
    )


def _brief(line: ExecutionLine) -> Brief:
    return Brief(id=line.id, automation=line.automation, deal=line.deal, state=line.state, reason=line.reason)


def _changes(before: Deal, after: Deal, own: Own | None) -> Iterator[FieldChange]:
    for name in Deal.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if name in ("custom", "company_custom"):
            prefix = "company." if name == "company_custom" else ""
            shapes: Mapping[str, FieldShape] = {} if own is None else own.company if prefix else own.deal
            yield from _own_changes(old, new, prefix, shapes)
        elif old != new and name not in _UNTOLD:
            yield FieldChange(field=name, before=_spelled(old), after=_spelled(new))


def _own_changes(
    before: Customs, after: Customs, prefix: str, shapes: Mapping[str, FieldShape]
) -> Iterator[FieldChange]:
    hidden = sensitive_names(shapes)
    for key in sorted({each.key for each in (*(before or ()), *(after or ()))}):
        old, new = value_of(before, key), value_of(after, key)
        if old == new:
            continue
        told = [None if each is None else HIDDEN if key in hidden else _spelled(each) for each in (old, new)]
        yield FieldChange(field=prefix + key, before=told[0], after=told[1])


def _spelled(value: Any) -> str | None:
    match value:
        case None | () | msgspec.UnsetType():
            return None
        case tuple():
            return ", ".join(str(_spelled(item)) for item in value)
        case date():
            return value.isoformat()
        case Money():
            return f"{value.amount} {value.currency}"
        case msgspec.Struct():
            return getattr(value, "name", None) or str(getattr(value, "id", ""))
        case _:
            return str(value)
