"""Why: everything that happened to one deal, with the trace of each condition. Works on the journal alone."""

from __future__ import annotations

import click

from dealwright.cli import options, output
from dealwright.cli.narrate import again_reasons
from dealwright.cli.shapes import prints
from dealwright.cli.site import opened
from dealwright.cli.terminal import plain
from dealwright.cli.timeline import Words, timeline
from dealwright.engine.masked import masked
from dealwright.errors import InputError
from dealwright.journal.history import EventStory


@click.command()
@click.argument("deal")
@options.account
@options.as_json
@prints(EventStory, many=True)
def history(deal: str, account: str | None, as_json: bool) -> None:
    """Show everything that happened to a deal, and why: events, executions, conditions, effects.

    DEAL is the deal's id, or that of an execution, as reasons name it.
    """
    with opened(account) as site:
        subject = site.journal.subject_of(site.account, deal) or f"deal:{deal}"
        events = tuple(site.journal.timeline(site.account, subject))
        if site.own is not None:
            events = masked(events, site.own)
        users = site.users()
        reasons = again_reasons(site, (execution.reason for event in events for execution in event.executions))
    if not events:
        raise InputError(
            f"account {site.account} has no event of a deal {plain(deal)!r}; `dealwright crm deals ls` lists deals"
        )
    if as_json:
        output.print_json(events)
        return
    title = f"deal {subject.removeprefix('deal:')}, times in {site.zone.key}"
    output.show(timeline(title, events, zone=site.zone, words=Words(site.release, reasons, users)))
