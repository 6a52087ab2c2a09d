"""What `show` commands say in the same words: causes, executions, what followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from dealwright.cli import output
from dealwright.cli.ids import short
from dealwright.cli.site import Site
from dealwright.cli.terminal import plain
from dealwright.cli.timeline import STATE_STYLE
from dealwright.journal.browse_show import Acted, Brief, Cause, Followed, Shown


def cause_line(cause: Cause | None) -> str:
    """Say which effect of ours made an event; nothing if none did."""
    if cause is None:
        return ""
    return (
        f"our own doing: step {cause.step} of {cause.automation} "
        f"(execution {short(cause.execution)}, effect {short(cause.effect)})"
    )


def again_reasons(site: Site, reasons: Iterable[str]) -> dict[str, str]:
    """Return the reasons that name an execution which acted instead, each with its deal and when it acted."""
    shown = Shown(site.journal)
    told = {}
    for reason in set(reasons):
        acted = shown.instead(site.account, reason)
        if acted is not None:
            told[reason] = f"again: {instead(acted, site.zone)}"
    return told


def instead(acted: Acted, zone: ZoneInfo) -> str:
    """Say who acted instead, and when."""
    at = output.when(acted.acted_at, zone) or "a time that is not known"
    return f"execution {short(acted.execution)} of deal {plain(acted.deal)} acted on {at}"


def briefs(executions: Sequence[Brief]) -> RenderableType:
    """Return executions as a table."""
    rows = [(short(item.id), item.automation, item.deal or "", item.state, item.reason) for item in executions]
    return output.table(("execution", "automation", "deal", "state", "reason"), rows, fixed=("execution", "state"))


def followed(items: Sequence[Followed]) -> Text:
    """Return the events that effects of ours made, and what these set off."""
    text = Text()
    for number, item in enumerate(items):
        text.append("\n" if number else "")
        deal = f" of deal {plain(item.deal)}" if item.deal else ""
        text.append(f"event {item.event} {plain(item.kind)}{deal}", "bold")
        text.append(f", made by effect {short(item.effect)}", "dim")
        if not item.executions:
            text.append(", set nothing off", "dim")
        for execution in item.executions:
            text.append(f"\n  {short(execution.id)}  {plain(execution.automation)}  ")
            text.append(execution.state, STATE_STYLE.get(execution.state, ""))
            text.append(f" ({plain(execution.reason)})" if execution.reason else "", "dim")
    return text
