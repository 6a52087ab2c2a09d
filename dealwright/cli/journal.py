"""`dealwright journal`: the upkeep of the journal's database."""

from __future__ import annotations

import time
from datetime import timedelta

import click

from dealwright.cli import options, output
from dealwright.cli.moments import MOMENT, Moment
from dealwright.cli.shapes import prints
from dealwright.errors import InputError
from dealwright.journal.prune import Pruned
from dealwright.project import load_project

SHORTEST = timedelta(days=7)
"""Less is kept by nobody on purpose: what happened last week is asked for every day."""


@click.group()
def journal() -> None:
    """Look after the journal's database."""


@journal.command()
@click.option("--keep", type=MOMENT, required=True, metavar="AGE", help="Keep what is younger: 90d, 12w.")
@click.option("--dry-run", is_flag=True, help="Count what would go, and take nothing away.")
@options.as_json
@prints(Pruned)
def prune(keep: Moment, dry_run: bool, as_json: bool) -> None:
    """Take away what is old and no audit asks for, of all accounts, while the engine goes on.

    What goes are raw bodies of hooks, the facts and traces of executions that have ended, what they asked people and
    who was picked for them, the tables of recorded windows, and the log of changes of roles and leaves. Whatever the
    public views show stays, and all by which a duplicate is known: events, executions, effects with requests and
    receipts, transitions, reservations. A database file does not shrink: its room is used again.
    """
    if not isinstance(keep, timedelta):
        raise InputError("--keep takes an age, such as 90d or 12w, and not a day")
    if keep < SHORTEST:
        raise InputError(
            f"--keep takes {SHORTEST.days}d at least: `dealwright history` and `events replay` need the rest"
        )
    opened = load_project().open_journal()
    try:
        found = opened.prune(keep, dry_run=dry_run, rest=time.sleep)
    finally:
        opened.close()
    if as_json:
        output.print_json(found)
        return
    would = "would go" if dry_run else "gone"
    click.echo(
        f"{would}: {found.raw_bodies:,} raw bodies, {found.turns:,} turns, the progress of {found.progress:,} "
        f"executions, {found.questions:,} questions, {found.picks:,} picks, the tables of {found.windows:,} windows, "
        f"{found.people_log:,} changes of people; {found.bytes:,} bytes"
    )
