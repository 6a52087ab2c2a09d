"""Owns the demo's summary: the figures as one object, and as tables a person enjoys reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from dealwright.cli.terminal import plain
from dealwright.engine.trace import TraceLine
from dealwright.journal.history import EffectLine, EventStory, ExecutionStory
from dealwright.model.crm import Deal, Money
from dealwright.model.requests import CreateDeal, MoveDeal, Request, SendEvent, SetTask, UpdateDeal
from dealwright_embedded_crm import StageCount

_RESULT_STYLE: Final = {"true": "green", "false": "red", "unset": "yellow"}
_STATE_STYLE: Final = {
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


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What `demo --json` prints: each figure a count, or nested counts that sum to the whole."""

    deals: dict[str, dict[str, int]]
    events: dict[str, int]
    executions: dict[str, dict[str, int]]
    effects: dict[str, dict[str, int]]
    flow_runs: int
    task_runs: int
    seconds: float
    data_dir: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the summary tells beside the figures."""

    company: str
    zone: ZoneInfo
    began: datetime
    ended: datetime
    stages: Sequence[StageCount]
    hero: Deal
    timeline: Sequence[EventStory]
    steps: Mapping[str, Sequence[str]]
    wrong: Sequence[str]
    unrecorded: int


def deals_by_stage(stages: Sequence[StageCount]) -> dict[str, dict[str, int]]:
    """Count deals by pipeline and stage."""
    counted: dict[str, dict[str, int]] = {}
    for stage in stages:
        counted.setdefault(stage.pipeline, {})[stage.stage] = stage.deals
    return counted


def show(console: Console, figures: Figures, told: Told) -> None:
    """Print the summary."""
    for part in (
        _headline(figures, told),
        _deals(told.stages),
        _executions(figures.executions),
        _effects(figures.effects),
        _timeline(told),
        _prefect(figures, told),
        _where(Path(figures.data_dir)),
    ):
        console.print(part)
        console.print()


def _headline(figures: Figures, told: Told) -> RenderableType:
    days = f"{_local(told.began, told.zone):%a %d %b} to {_local(told.ended, told.zone):%a %d %b %Y}"
    text = Text()
    text.append(f"Two working weeks at {plain(told.company)}", "bold")
    text.append(f"\n{days}, played in {figures.seconds:.0f} seconds: business time was moved by a script, the work ")
    text.append("itself (journal, engine, CRM, webhooks, Prefect) was done for real.\n")
    text.append(
        f"{_total(figures.deals)} deals, {_total(figures.events)} events, {_total(figures.executions)} executions, "
        f"{_total(figures.effects)} effects."
    )
    return Panel(text, expand=False, border_style="cyan")


def _deals(stages: Sequence[StageCount]) -> RenderableType:
    table = Table(title="Deals by stage", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("Pipeline")
    table.add_column("Stage")
    table.add_column("Deals", justify="right")
    table.add_column("Worth", justify="right")
    table.add_column("")
    most = max((stage.deals for stage in stages), default=0) or 1
    before = ""
    for stage in stages:
        style = {"won": "green", "lost": "red"}.get(stage.kind, "")
        table.add_row(
            Text("" if stage.pipeline == before else plain(stage.pipeline)),
            Text(plain(stage.name), style),
            str(stage.deals),
            ", ".join(_money(amount) for amount in stage.amounts),
            Text("█" * round(24 * stage.deals / most), style or "cyan"),
        )
        before = stage.pipeline
    return table


def _executions(executions: Mapping[str, Mapping[str, int]]) -> RenderableType:
    states = sorted({state for counts in executions.values() for state in counts}, key=_by_rank)
    table = Table(title="Executions by automation", title_justify="left", title_style="bold", box=None)
    table.add_column("Automation")
    for state in states:
        table.add_column(state, justify="right", style=_STATE_STYLE.get(state, ""))
    for automation, counts in sorted(executions.items()):
        table.add_row(Text(plain(automation)), *(str(counts.get(state) or "·") for state in states))
    return table


def _effects(effects: Mapping[str, Mapping[str, int]]) -> RenderableType:
    table = Table(title="Effects by kind", title_justify="left", title_style="bold", box=None)
    states = sorted({state for counts in effects.values() for state in counts}, key=_by_rank)
    table.add_column("Kind")
    for state in states:
        table.add_column(state, justify="right", style=_STATE_STYLE.get(state, ""))
    for kind, counts in sorted(effects.items()):
        table.add_row(Text(plain(kind)), *(str(counts.get(state) or "·") for state in states))
    return table


def _prefect(figures: Figures, told: Told) -> RenderableType:
    lines = [Text("What Prefect recorded", "bold")]
    lines.append(
        Text(f"{figures.flow_runs} flow runs (one for each window of work), {figures.task_runs} task runs (its steps).")
    )
    if told.unrecorded:
        lines.append(Text(f"{told.unrecorded} windows are not recorded: Prefect was away or too slow.", "yellow"))
    lines += [Text(plain(line), "yellow") for sentence in told.wrong for line in sentence.splitlines()]
    return Group(*lines)


def _where(data_dir: Path) -> RenderableType:
    table = Table(title="Where it lies", title_justify="left", title_style="bold", box=None, show_header=False)
    for name, what in (
        ("journal.db", "events, executions, effects: the views dw_events, dw_executions, dw_effects"),
        ("crm.db", "the embedded CRM"),
        ("receiver.jsonl", "what the outside system received, one line per request"),
        ("prefect/", "Prefect's own database, log and credentials"),
    ):
        table.add_row(Text(str(data_dir / name)), what)
    closing = Text("`./run up` keeps it all serving, with the dashboard; the next demo starts clean.", "dim")
    return Group(table, closing)


# --- one deal's whole story -----------------------------------------------------------------------------------------


def _timeline(told: Told) -> RenderableType:
    deal = told.hero
    tree = Tree(Text.assemble(("One deal, from the first moment: ", "bold"), plain(deal.title, limit=80)))
    for event in told.timeline:
        line = Text(f"{_local(event.occurred_at, told.zone):%a %d %b %H:%M}  ", "cyan")
        line.append(plain(event.kind), "bold")
        if event.cause:
            line.append("  (our own doing)", "dim")
        branch = tree.add(line)
        for execution in event.executions:
            _add_execution(branch, execution, told.steps.get(execution.automation, ()), told.zone)
    return tree


def _add_execution(tree: Tree, execution: ExecutionStory, steps: Sequence[str], zone: ZoneInfo) -> None:
    line = Text(plain(execution.automation))
    line.append(f"  {execution.state}", _STATE_STYLE.get(execution.state, ""))
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
    line.append(f"  {effect.state}", _STATE_STYLE.get(effect.state, ""))
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


def _money(money: Money) -> str:
    return f"{money.currency} {money.amount.quantize(Decimal(1)):,}"


def _local(when: datetime, zone: ZoneInfo) -> datetime:
    return when.astimezone(zone)


def _by_rank(state: str) -> tuple[int, str]:
    ranks = list(_STATE_STYLE)
    return (ranks.index(state) if state in ranks else len(ranks), state)


def _total(counts: Mapping[str, int | Mapping[str, int]]) -> int:
    total: Counter[str] = Counter()
    for name, count in counts.items():
        total[name] += count if isinstance(count, int) else sum(count.values())
    return total.total()
