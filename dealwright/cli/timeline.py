"""A timeline on a terminal: everything that happened to one deal, with the trace of each condition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from dealwright.cli.terminal import plain
from dealwright.engine.advance import ACTS
from dealwright.engine.trace import TraceLine
from dealwright.journal.history import EffectLine, EventStory, ExecutionStory
from dealwright.model.requests import CreateDeal, MoveDeal, Request, SendEvent, SetTask, UpdateDeal

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

A_WHILE: Final = timedelta(minutes=1)
"""A turn that begins so much after the one before it is told with its time."""


def timeline(title: str, events: Sequence[EventStory], *, zone: ZoneInfo) -> Tree:
    """Return the events as a tree, in the order they were received; times in `zone`."""
    tree = Tree(Text(plain(title, limit=120), "bold"))
    for event in events:
        line = Text(f"{_local(event.occurred_at, zone):%a %d %b %H:%M}  ", "cyan")
        line.append(plain(event.kind), "bold")
        if event.cause:
            line.append("  (our own doing)", "dim")
        branch = tree.add(line)
        for execution in event.executions:
            _add_execution(branch, execution, zone)
    return tree


def _add_execution(tree: Tree, execution: ExecutionStory, zone: ZoneInfo) -> None:
    line = Text(plain(execution.automation))
    line.append(f"  {execution.state}", STATE_STYLE.get(execution.state, ""))
    if execution.reason:
        line.append(f" ({plain(execution.reason, limit=80)})", "dim")
    branch = tree.add(line)
    untold = {effect.step: effect for effect in execution.effects}
    for number, turn in enumerate(execution.turns):
        if number and turn.at - execution.turns[number - 1].at >= A_WHILE:
            branch.add(Text(f"{_local(turn.at, zone):%a %d %b %H:%M}  goes on", "cyan"))
        for trace in turn.trace:
            if trace.result != ACTS:
                _add_trace(branch, trace)
            elif trace.at in untold:
                branch.add(_effect(untold.pop(trace.at), zone))
    for effect in untold.values():
        branch.add(_effect(effect, zone))


def _add_trace(tree: Tree, trace: TraceLine) -> None:
    line = Text("  " * trace.level)
    line.append(f"{plain(trace.at)}: ", "dim")
    line.append(plain(trace.what, limit=90))
    line.append(f"  {plain(trace.result, limit=60)}", _RESULT_STYLE.get(trace.result, "magenta"))
    if trace.values:
        seen = ", ".join(f"{plain(name)} = {plain(value, limit=40)}" for name, value in trace.values.items())
        line.append(f"  [{seen}]", "dim")
    tree.add(line)


def _effect(effect: EffectLine, zone: ZoneInfo) -> Text:
    line = Text("→ ", "bold")
    line.append(f"{effect.kind} ", "bold")
    line.append(plain(_asked(effect.request, zone), limit=100))
    line.append(f"  {effect.state}", STATE_STYLE.get(effect.state, ""))
    if effect.reason:
        line.append(f" ({plain(effect.reason, limit=60)})", "dim")
    return line


def _asked(request: Request, zone: ZoneInfo) -> str:
    match request:
        case SetTask():
            return f"“{request.text}”, due {_local(request.due_at, zone):%a %d %b %H:%M}"
        case SendEvent():
            return f"“{request.name}” to {request.to}"
        case MoveDeal():
            return f"to {request.pipeline}.{request.stage}"
        case CreateDeal():
            return f"“{request.title}” in {request.pipeline}.{request.stage}"
        case UpdateDeal():
            return ", ".join(f"{name} = {_shown(value)}" for name, value in request.changes.given().items())


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _local(when: datetime, zone: ZoneInfo) -> datetime:
    return when.astimezone(zone)
