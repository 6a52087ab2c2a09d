"""`dealwright shadow`: what automations in shadow would have done, before they go live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click
from rich.console import RenderableType
from rich.text import Text

from dealwright.cli import options, output
from dealwright.cli.ids import short
from dealwright.cli.moments import Moment
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, opened
from dealwright.cli.timeline import asked
from dealwright.engine.masked import masked
from dealwright.journal.browse_state import ShadowReport, ShadowStep, State


@click.group()
def shadow() -> None:
    """Shadow: automations that do everything but send."""


@shadow.command("report")
@options.account
@options.automations
@options.times("what would have been done")
@click.option("--sample", type=click.IntRange(0, 100), default=3, show_default=True, help="Examples of each step.")
@options.as_json
@prints(ShadowReport, many=True)
def shadow_report(
    account: str | None,
    automations: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    sample: int,
    as_json: bool,
) -> None:
    """Report what automations in shadow would have done: each step, how often, examples, and why others were skipped.

    Automations that were in shadow and are live now are reported too, for the time they were in it.
    """
    with opened(account) as site:
        wanted = site.filter(automations=automations, since=since, until=until)
        reports = State(site.journal.database).shadow(
            site.account, wanted.automations, wanted.since, wanted.until, sample
        )
    if site.own is not None:
        reports = masked(tuple(reports), site.own)
    if as_json:
        output.print_json(reports)
    elif not reports:
        click.echo("nothing is in shadow, or was; `dealwright mode AUTOMATION shadow` puts an automation into it")
    else:
        output.show(*_told(site, reports))


def _told(site: Site, reports: Sequence[ShadowReport]) -> Iterator[RenderableType]:
    zone = site.zone
    for number, report in enumerate(reports):
        title = Text("\n" if number else "").append(f"{site.account}.{report.automation}", "bold")
        if report.in_shadow_since is not None:
            title.append(f", in shadow since {output.when(report.in_shadow_since, zone)} ({zone.key}, real time)")
        else:
            title.append(", not in shadow now")
        yield title
        yield Text(f"{output.count(report.executions, 'execution')} in that time; times below in {zone.key}", "dim")
        for step in report.steps:
            yield _step(site, step)
        if not report.steps:
            yield Text("  it would have done nothing")
        for reason, count in report.skipped.items():
            yield Text(f"  skipped {count}: {reason or 'no reason was given'}", "dim")


def _step(site: Site, step: ShadowStep) -> Text:
    zone = site.zone
    text = Text(f"  {step.step}: {step.kind}, {step.count:,} would have been sent")
    text.append(f", {output.when(step.first_at, zone)} to {output.when(step.last_at, zone)}", "dim")
    for item in step.sample:
        told = asked(item.asked, zone)
        text.append(f"\n    {output.when(item.at, zone)}  deal {item.deal}  {told}  ")
        text.append(f"execution {short(item.execution)}", "dim")
    return text
