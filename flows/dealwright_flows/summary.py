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

from dealwright.cli.terminal import plain
from dealwright.cli.timeline import STATE_STYLE, timeline
from dealwright.journal.history import EventStory
from dealwright.model.crm import Deal, Money
from dealwright_embedded_crm import StageCount


class CrmFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The CRM, and what it says itself that automations did in it; nothing if it is no outside system."""

    name: str
    says: dict[str, int] = {}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What `demo --json` prints: each figure a count, or nested counts that sum to the whole."""

    crm: CrmFigures
    left_out: dict[str, str]
    deals: dict[str, dict[str, int]]
    events: dict[str, int]
    executions: dict[str, dict[str, int]]
    effects: dict[str, dict[str, int]]
    mails: dict[str, int]
    conversions: dict[str, int]
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
        _mails(figures.mails),
        _conversions(figures.conversions),
        *_crm(figures),
        _timeline(told),
        _prefect(figures, told),
        _where(Path(figures.data_dir), figures.crm.name),
    ):
        console.print(part)
        console.print()


def _headline(figures: Figures, told: Told) -> RenderableType:
    days = f"{told.began.astimezone(told.zone):%a %d %b} to {told.ended.astimezone(told.zone):%a %d %b %Y}"
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
        table.add_column(state, justify="right", style=STATE_STYLE.get(state, ""))
    for automation, counts in sorted(executions.items()):
        table.add_row(Text(plain(automation)), *(str(counts.get(state) or "·") for state in states))
    return table


def _effects(effects: Mapping[str, Mapping[str, int]]) -> RenderableType:
    table = Table(title="Effects by kind", title_justify="left", title_style="bold", box=None)
    states = sorted({state for counts in effects.values() for state in counts}, key=_by_rank)
    table.add_column("Kind")
    for state in states:
        table.add_column(state, justify="right", style=STATE_STYLE.get(state, ""))
    for kind, counts in sorted(effects.items()):
        table.add_row(Text(plain(kind)), *(str(counts.get(state) or "·") for state in states))
    return table


def _mails(mails: Mapping[str, int]) -> RenderableType:
    """Hold what the journal says was sent against what the mail server's own log says came."""
    sent, arrived = mails["sent"], mails["arrived"]
    told = f"{sent} e-mails are sent, says the journal; the local mail server's own log has {arrived}."
    return Group(Text("E-mail", "bold"), Text(told, "" if sent == arrived else "yellow"))


def _conversions(conversions: Mapping[str, int]) -> RenderableType:
    """Hold what the journal says was sent against what the local server of Meta counts in its own log."""
    sent, counted = conversions["sent"], conversions["counted"]
    told = f"{sent} conversions are sent, says the journal; the log of the local server of Meta counts {counted}."
    return Group(Text("Conversions", "bold"), Text(told, "" if sent == counted else "yellow"))


def _crm(figures: Figures) -> list[RenderableType]:
    """Tell what the CRM's own record says automations did, and which of them it cannot serve."""
    parts: list[RenderableType] = []
    if figures.crm.says:
        said = ", ".join(f"{count} {plain(what)}" for what, count in figures.crm.says.items())
        told = f"{plain(figures.crm.name)}'s own list of events has, by automations: {said}."
        parts.append(Group(Text("The CRM", "bold"), Text(told)))
    if figures.left_out:
        lines = [Text(f"Not run with {plain(figures.crm.name)}", "bold")]
        lines += [Text(plain(f"{automation}: {why}")) for automation, why in sorted(figures.left_out.items())]
        parts.append(Group(*lines))
    return parts


def _prefect(figures: Figures, told: Told) -> RenderableType:
    lines = [Text("What Prefect recorded", "bold")]
    lines.append(
        Text(f"{figures.flow_runs} flow runs (one for each window of work), {figures.task_runs} task runs (its steps).")
    )
    if told.unrecorded:
        lines.append(Text(f"{told.unrecorded} windows are not recorded: Prefect was away or too slow.", "yellow"))
    lines += [Text(plain(line), "yellow") for sentence in told.wrong for line in sentence.splitlines()]
    return Group(*lines)


_WHERE: Final = {"kommo": ("kommo.jsonl", "what the local server of Kommo was asked, one line per request")}


def _where(data_dir: Path, crm: str) -> RenderableType:
    table = Table(title="Where it lies", title_justify="left", title_style="bold", box=None, show_header=False)
    for name, what in (
        ("journal.db", "events, executions, effects: the views dw_events, dw_executions, dw_effects"),
        _WHERE.get(crm, ("crm.db", "the embedded CRM")),
        ("receiver.jsonl", "what the outside system received, one line per request"),
        ("mail.jsonl", "what the local mail server took, one line per e-mail"),
        ("meta.jsonl", "what the local server of Meta was told, one line per request"),
        ("bureau.jsonl", "what the local credit bureau was asked, one line per request"),
        ("prefect/", "Prefect's own database, log and credentials"),
    ):
        table.add_row(Text(str(data_dir / name)), what)
    closing = Text("`./run up` keeps it all serving, with the dashboard; the next demo starts clean.", "dim")
    return Group(table, closing)


# --- one deal's whole story -----------------------------------------------------------------------------------------


def _timeline(told: Told) -> RenderableType:
    title = f"One deal, from the first moment: {told.hero.title}"
    return timeline(title, told.timeline, zone=told.zone)


def _money(money: Money) -> str:
    return f"{money.currency} {money.amount.quantize(Decimal(1)):,}"


def _by_rank(state: str) -> tuple[int, str]:
    ranks = list(STATE_STYLE)
    return (ranks.index(state) if state in ranks else len(ranks), state)


def _total(counts: Mapping[str, int | Mapping[str, int]]) -> int:
    total: Counter[str] = Counter()
    for name, count in counts.items():
        total[name] += count if isinstance(count, int) else sum(count.values())
    return total.total()
