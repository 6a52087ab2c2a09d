"""Why: everything that happened to one deal, with the trace of each condition. Works on the journal alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import Console

from dealwright.cli.terminal import plain
from dealwright.cli.timeline import timeline
from dealwright.errors import InputError
from dealwright.project import load_project


@click.command()
@click.argument("deal")
@click.option("--account", "key", metavar="KEY", help="The account; needed if the project has several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(deal: str, key: str | None, as_json: bool) -> None:
    """Show everything that happened to a deal, and why: events, executions, conditions, effects.

    DEAL is the deal's id, or that of an execution, as reasons name it.
    """
    project = load_project()
    account = project.account(key).key
    journal = project.open_journal()
    try:
        subject = journal.subject_of(account, deal) or f"deal:{deal}"
        events = journal.timeline(account, subject)
        release = journal.active_release(account)
    finally:
        journal.close()
    if not events:
        raise InputError(
            f"account {account} has no event of a deal {plain(deal)!r}; `dealwright crm deals ls` lists deals"
        )
    if as_json:
        click.echo(msgspec.json.encode(events).decode())
        return
    zone = release.account.calendar.zone if release is not None else "UTC"
    Console().print(timeline(f"deal {subject.removeprefix('deal:')}, times in {zone}", events, zone=ZoneInfo(zone)))
