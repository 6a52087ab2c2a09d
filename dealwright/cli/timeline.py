"""A timeline on a terminal: everything that happened to one deal, with the trace of each condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from dealwright.cli.terminal import plain
from dealwright.compile import ir
from dealwright.engine.advance import ACTS
from dealwright.engine.came_to import came_to_nothing
from dealwright.engine.conditions import spelled
from dealwright.engine.trace import TraceLine
from dealwright.journal.history import EffectLine, EventStory, ExecutionStory
from dealwright.model.crm import User
from dealwright.model.custom import Custom
from dealwright.model.requests import (
    AddNote,
    AskPerson,
    ChangeTags,
    CompleteTasks,
    CreateContact,
    CreateDeal,
    CreateRecord,
    Lookup,
    MoveBack,
    MoveDeal,
    Notify,
    RemoveRecord,
    Request,
    SendConversion,
    SendEmail,
    SendEvent,
    SendMessage,
    Sent,
    SetTask,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)

_RESULT_STYLE: Final = {"true": "green", "false": "red", "unset": "yellow"}
STATE_STYLE: Final = {
    "done": "green",
    "sent": "green",
    "skipped": "dim",
    "waiting": "cyan",
    "parked": "yellow",
    "held": "yellow",
    "unknown": "yellow",
    "failed": "red",
    "rejected": "red",
}
"""How states are coloured, everywhere, in the order in which they are told."""

WAITING: Final = "waiting"
"""What the trace says of a step that waits; the same is told again whenever something happens that does not end it."""

Users = Mapping[str, str]
"""Names of colleagues, by their ids."""

A_WHILE: Final = timedelta(minutes=1)
"""A turn that begins so much after the one before it is told with its time."""


class Words:
    """Says what is stored as people say it: a list of all open stages is `deal.stage is open`.

    `reasons` replaces reasons of executions as they are stored by fuller ones. `users` are names of colleagues.
    """

    def __init__(
        self,
        account: ir.Account | None = None,
        reasons: Mapping[str, str] = MappingProxyType({}),
        users: Users = MappingProxyType({}),
    ) -> None:
        self.users = users
        self._reasons = reasons
        self._words: list[tuple[str, str]] = []
        for words, kinds in (("is open", ("incoming", "open")), ("is won", ("won",)), ("is lost", ("lost",))):
            stages = [
                f"{pipeline.key}.{stage.key}"
                for pipeline in (account.pipelines if account is not None else ())
                for stage in pipeline.stages
                if stage.kind in kinds
            ]
            if len(stages) > 1:
                self._words.append((f".stage in {', '.join(stages)}", f".stage {words}"))

    def reason(self, stored: str) -> str:
        """Return the reason of an execution's state."""
        return self._reasons.get(stored, stored)

    def shorter(self, what: str) -> str:
        """Return what the trace says, with lists of all stages of a kind said shortly."""
        for long, short in self._words:
            what = what.replace(long, short)
        return what


def timeline(title: str, events: Sequence[EventStory], *, zone: ZoneInfo, words: Words | None = None) -> Tree:
    """Return the events as a tree, in the order they were received; times in `zone`."""
    words = words or Words()
    tree = Tree(Text(plain(title, limit=120), "bold"))
    for event in events:
        line = Text(f"{_local(event.occurred_at, zone):%a %d %b %H:%M}  ", "cyan")
        line.append(plain(event.kind), "bold")
        if event.cause:
            line.append("  (our own doing)", "dim")
        if not event.routed:
            line.append("  no engine has come to it yet", "yellow")
        elif not event.executions:
            line.append("  set nothing off", "dim")
        branch = tree.add(line)
        for execution in event.executions:
            add_execution(branch, execution, zone, words)
    return tree


def add_execution(
    tree: Tree,
    execution: ExecutionStory,
    zone: ZoneInfo,
    words: Words,
    *,
    receipts: Callable[[Sent], str] | None = None,
) -> None:
    """Add an execution's decisions and effects to a tree; `receipts` says what came back, if that is wanted."""
    line = Text(plain(execution.automation))
    line.append(f"  {execution.state}", STATE_STYLE.get(execution.state, ""))
    if execution.reason:
        line.append(f" ({plain(words.reason(execution.reason), limit=120)})", "dim")
    branch = tree.add(line)
    untold = {effect.step: effect for effect in execution.effects}
    told: dict[str, TraceLine] = {}
    for number, turn in enumerate(execution.turns):
        fresh = [trace for trace in turn.trace if trace.result != WAITING or told.get(trace.at) != trace]
        told |= {trace.at: trace for trace in fresh if trace.result == WAITING}
        if fresh and number and turn.at - execution.turns[number - 1].at >= A_WHILE:
            branch.add(Text(f"{_local(turn.at, zone):%a %d %b %H:%M}  goes on", "cyan"))
        for trace in fresh:
            if trace.result != ACTS:
                _add_trace(branch, trace, words)
            elif trace.at in untold:
                branch.add(_effect(untold.pop(trace.at), zone, words, receipts))
    for effect in untold.values():
        branch.add(_effect(effect, zone, words, receipts))


def _add_trace(tree: Tree, trace: TraceLine, words: Words) -> None:
    line = Text("  " * trace.level)
    line.append(f"{plain(trace.at)}: ", "dim")
    line.append(plain(words.shorter(trace.what), limit=90))
    line.append(f"  {plain(trace.result, limit=60)}", _RESULT_STYLE.get(trace.result, "magenta"))
    if trace.values:
        seen = ", ".join(f"{plain(name)} = {plain(value, limit=40)}" for name, value in trace.values.items())
        line.append(f"  [{seen}]", "dim")
    tree.add(line)


def _effect(effect: EffectLine, zone: ZoneInfo, words: Words, receipts: Callable[[Sent], str] | None) -> Text:
    line = Text("→ ", "bold")
    line.append(f"{effect.kind} ", "bold")
    line.append(asked(effect.request, zone, words.users))
    nothing = "" if effect.receipt is None else came_to_nothing(effect.request, effect.receipt.receipt)
    if nothing:
        line.append(f"  {plain(nothing)}", "yellow")
    else:
        line.append(f"  {effect.state}", STATE_STYLE.get(effect.state, ""))
    if effect.reason:
        line.append(f" ({plain(effect.reason, limit=60)})", "dim")
    if receipts is not None and effect.receipt is not None:
        line.append(f"  [{plain(receipts(effect.receipt), limit=80)}]", "dim")
    return line


def asked(request: Request, zone: ZoneInfo, users: Users = MappingProxyType({})) -> str:
    """Say what a request asks for, on one line; its texts are inert. `users` are names of colleagues, by id."""
    return plain(_asked(request, zone, users), limit=100)


def _asked(request: Request, zone: ZoneInfo, users: Users) -> str:
    match request:
        case SetTask():
            return f"“{request.text}”, due {_local(request.due_at, zone):%a %d %b %H:%M}"
        case SendEvent():
            return f"“{request.name}” to {request.to}"
        case MoveDeal() | MoveBack():
            return f"to {request.pipeline}.{request.stage}"
        case CreateDeal():
            return f"“{request.title}” in {request.pipeline}.{request.stage}"
        case UpdateDeal() | UpdateContact():
            return _changes(request.changes.given(), users)
        case UpdateCompany() | UpdateRecord():
            return _own(request.custom, users)
        case CreateRecord():
            return f"{request.record}: {_own(request.custom, users)}" if request.custom else request.record
        case RemoveRecord():
            return f"record {request.record_id}"
        case ChangeTags():
            return ", ".join([*(f"+{tag}" for tag in request.add), *(f"-{tag}" for tag in request.remove)])
        case CompleteTasks():
            if request.text is not None:
                return f"open tasks with “{request.text}”"
            return "all open tasks" if request.task_id is None else f"task {request.task_id}"
        case AddNote():
            return f"“{request.text}”"
        case CreateContact():
            return request.name or " ".join(filter(None, (request.first_name, request.last_name))) or "without a name"
        case SendConversion():
            worth = "" if request.value is None else f", {request.value.amount:,} {request.value.currency}"
            return f"“{request.event}”{worth}"
        case Notify():
            return f"“{request.text}” to {request.to_name or request.to}"
        case Lookup():
            return f"{request.system}{request.path} by {', '.join(request.ask) or 'nothing'}"
        case AskPerson():
            return f"“{request.question}” of {', '.join(each.name for each in request.who)}"
        case SendMessage():
            return f"“{request.text}” to contact {request.contact_id} by {request.via}"
        case SendEmail():
            return f"“{request.subject}” to {request.to_name or request.to}"


def _changes(given: Mapping[str, object], users: Users) -> str:
    """Fields with what they are given; the company's own stand among the others."""
    own = given.get("custom", ())
    built_in = [
        f"{name} = {_whom(str(value), users) if name == 'owner' and value is not None else _shown(value)}"
        for name, value in given.items()
        if name != "custom"
    ]
    return ", ".join([*built_in, *([_own(own, users)] if isinstance(own, tuple) and own else ())])


def _own(custom: Iterable[Custom], users: Users) -> str:
    held = ((each.key, each.value and each.value.value) for each in custom)
    return ", ".join(
        f"{key} = {_whom(value.id, users) if isinstance(value, User) and not value.name else _shown(value)}"
        for key, value in held
    )


def _whom(given: str, users: Users) -> str:
    """Who that is, if the journal knows; a request names a colleague by id or by name."""
    return f"{users[given]} ({given})" if given in users else given


def _shown(value: object) -> str:
    return "nothing" if value is None else spelled(value)


def _local(when: datetime, zone: ZoneInfo) -> datetime:
    return when.astimezone(zone)
