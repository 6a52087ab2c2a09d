"""A timeline on a terminal: everything that happened to one deal, with the trace of each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from dealwright.cli.terminal import plain
from dealwright.compile import ir
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


def timeline(title: str, events: Sequence[EventStory], *, steps: Mapping[str, Sequence[str]], zone: ZoneInfo) -> Tree:
    """Return the events as a tree, in the order they were received; times in `zone`.

    `steps` are the names of each automation's steps as its definition writes them (`step_names`).
    """
    tree = Tree(Text(plain(title, limit=120), "bold"))
    for event in events:
        line = Text(f"{_local(event.occurred_at, zone):%a %d %b %H:%M}  ", "cyan")
        line.append(plain(event.kind), "bold")
        if event.cause:
            line.append("  (our own doing)", "dim")
        branch = tree.add(line)
        for execution in event.executions:
            _add_execution(branch, execution, steps.get(execution.automation, ()), zone)
    return tree


def step_names(steps: Sequence[ir.Step]) -> Iterator[str]:
    """Return the names of steps in the order they are written, those inside branches too."""
    for step in steps:
        yield step.name
        if isinstance(step, ir.BranchStep):
            for case in step.cases:
                yield from step_names(case.do)
            yield from step_names(step.otherwise)
            yield from step_names(step.unset or ())


def _add_execution(tree: Tree, execution: ExecutionStory, steps: Sequence[str], zone: ZoneInfo) -> None:
    line = Text(plain(execution.automation))
    line.append(f"  {execution.state}", STATE_STYLE.get(execution.state, ""))
    if execution.reason:
        line.append(f" ({plain(execution.reason, limit=80)})", "dim")
    branch = tree.add(line)
    for number, turn in enumerate(execution.turns):
        if number and turn.at > execution.turns[number - 1].at:
            branch.add(Text(f"{_local(turn.at, zone):%a %d %b %H:%M}  goes on", "cyan"))
        for trace in turn.trace:
            _add_trace(branch, trace)
    # Effects of one moment have no order of their own: they are told as the definition writes its steps.
    order = {step: place for place, step in enumerate(steps)}
    for effect in sorted(execution.effects, key=lambda effect: order.get(effect.step, len(order))):
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
            return ", ".join(f"{name} = {value}" for name, value in request.changes.given().items())


def _local(when: datetime, zone: ZoneInfo) -> datetime:
    return when.astimezone(zone)
