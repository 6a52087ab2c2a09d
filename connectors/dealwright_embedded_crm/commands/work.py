"""`dealwright crm tasks|notes|activities`: what is to be done, what was written down, what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

import click

from dealwright.model.crm import ActivityKind
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import (
    INSTANT,
    actor,
    as_actor,
    listed,
    opened,
    pages,
    show,
)
from dealwright_embedded_crm.reads import TaskQuery

_OF_DEAL = click.option("--deal", metavar="ID", help="Only this deal's.")


@click.group()
def tasks() -> None:
    """Tasks."""


@tasks.command("ls")
@_OF_DEAL
@click.option("--owner", metavar="USER", help="Only this user's: id, e-mail or name.")
@click.option("--open/--done", "is_open", default=None, help="Only those that are (not) done.")
@listed
def tasks_ls(
    deal: str | None, owner: str | None, is_open: bool | None, limit: int, as_json: bool, account: str | None
) -> None:
    """List tasks, oldest first; times are in the account's zone."""
    query = TaskQuery(deal=deal, owner=owner, done=None if is_open is None else not is_open)
    with opened(account) as here:
        rows = pages(lambda after, most: here.crm.page_tasks(query, after=after, limit=most), limit)
        zone = here.zone()
        show(rows, lambda found: tables.tasks(found, zone), as_json)


@tasks.command("add")
@click.argument("deal_id", metavar="DEAL")
@click.argument("text")
@click.option("--due", type=INSTANT, required=True, metavar="MOMENT", help="In the account's zone unless it has one.")
@click.option("--owner", metavar="USER", help="Id, e-mail or name (default: the deal's owner).")
@as_actor
def tasks_add(
    deal_id: str, text: str, due: datetime, owner: str | None, account: str | None, acting: str | None
) -> None:
    """Give somebody something to do for a deal."""
    with opened(account) as here:
        made = here.crm.set_task(deal_id, text, here.moment(due), owner=owner, actor=actor(here.crm, acting))
    click.echo(f"task {made.id} created")


@tasks.command("done")
@click.argument("ids", metavar="TASK...", nargs=-1, required=True)
@as_actor
def tasks_done(ids: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Say that tasks are done, all or none of them."""
    with opened(account) as here, here.crm.together():
        for task_id in ids:
            here.crm.complete_task(task_id, actor=actor(here.crm, acting))
    click.echo(f"done: {', '.join(ids)}")


@tasks.command("reopen")
@click.argument("task_id", metavar="TASK")
@as_actor
def tasks_reopen(task_id: str, account: str | None, acting: str | None) -> None:
    """Say that a task is not done after all."""
    with opened(account) as here:
        here.crm.reopen_task(task_id, actor=actor(here.crm, acting))
    click.echo(f"task {task_id} is open")


@click.group()
def notes() -> None:
    """Notes."""


@notes.command("ls")
@_OF_DEAL
@listed
def notes_ls(deal: str | None, limit: int, as_json: bool, account: str | None) -> None:
    """List notes, oldest first."""
    with opened(account) as here:
        rows = pages(lambda after, most: here.crm.page_notes(deal, after=after, limit=most), limit)
        zone = here.zone()
        show(rows, lambda found: tables.notes(found, zone), as_json)


@notes.command("add")
@click.argument("deal_id", metavar="DEAL")
@click.argument("text")
@as_actor
def notes_add(deal_id: str, text: str, account: str | None, acting: str | None) -> None:
    """Write a note down at a deal."""
    with opened(account) as here:
        made = here.crm.add_note(deal_id, text, actor=actor(here.crm, acting))
    click.echo(f"note {made.id} written")


@click.group()
def activities() -> None:
    """Activities: calls, meetings and e-mails that happened."""


@activities.command("ls")
@_OF_DEAL
@listed
def activities_ls(deal: str | None, limit: int, as_json: bool, account: str | None) -> None:
    """List activities, in the order they were written down."""
    with opened(account) as here:
        rows = pages(lambda after, most: here.crm.page_activities(deal, after=after, limit=most), limit)
        zone = here.zone()
        show(rows, lambda found: tables.activities(found, zone), as_json)


@activities.command("log")
@click.argument("deal_id", metavar="DEAL")
@click.argument("kind", type=click.Choice(get_args(ActivityKind)))
@click.option("--at", type=INSTANT, metavar="MOMENT", help="Default: now. In the account's zone unless it has one.")
@click.option("--outcome", metavar="TEXT", help="What came of it.")
@click.option("--text", metavar="TEXT")
@click.option("--by", metavar="USER", help="Id, e-mail or name (default: who acts).")
@click.option("--contact", metavar="ID")
@as_actor
def activities_log(
    deal_id: str, kind: ActivityKind, at: datetime | None, account: str | None, acting: str | None, **fields: Any
) -> None:
    """Write down a call, meeting or e-mail that happened."""
    with opened(account) as here:
        moment = None if at is None else here.moment(at)
        made = here.crm.log_activity(deal_id, kind, moment, **fields, actor=actor(here.crm, acting))
    click.echo(f"activity {made.id} logged")
