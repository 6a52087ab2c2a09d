"""`dealwright enrol`: automations that begin with the deals that stand there when they are first released."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, actor, complete_automations, opened
from dealwright.cli.terminal import plain
from dealwright.compile.enrol import AT_MOST
from dealwright.engine.enrol import Beforehand, beforehand
from dealwright.engine.records import Enrolment
from dealwright.errors import ConnectorError, DefinitionError
from dealwright.project import AccountBinding


class EnrolmentShown(msgspec.Struct, frozen=True, kw_only=True):
    """How far an automation has come in beginning with the deals that stood there."""

    automation: str
    mode: str
    state: str
    waits: bool
    deals: int
    begun: int
    since: datetime | None
    actor: str


class EnrolmentDecided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about the deals that an automation has waited with."""

    automation: str
    state: str
    deals: int


@click.group()
def enrol() -> None:
    """Automations with existing="enrol": they begin once with each deal that stands there when they are first released.

    If more deals than 200 stand there, none is begun with until somebody says so here.
    """


@enrol.command("ls")
@options.account
@options.as_json
@prints(EnrolmentShown, many=True)
def enrol_ls(account: str | None, as_json: bool) -> None:
    """List them: those that have begun, those that wait, and what the next `up` would begin with. Changes nothing."""
    with opened(account) as site:
        rows = [_begun(each) for each in site.journal.enrolments(site.account)]
        rows += [_ahead(each) for each in _beforehand(site)]
    if as_json:
        output.print_json(rows)
    elif not rows:
        click.echo('no automation has existing="enrol"')
    else:
        lines = [
            (
                plain(row.automation),
                row.mode,
                _state(row),
                f"{row.deals:,}",
                f"{row.begun:,}",
                output.when(row.since, site.zone),
            )
            for row in rows
        ]
        titles = ("automation", "mode", "state", "deals", "begun", f"since ({site.zone.key})")
        output.show(output.table(titles, lines, fixed=("automation", "mode")))
        for row in rows:
            if row.state == "waiting":
                click.echo(f"{plain(row.automation)} waits: dealwright enrol go {plain(row.automation)}, or drop it")


def _state(row: EnrolmentShown) -> str:
    if row.state == "ahead" and row.waits:
        return f"ahead: it will wait, for they are more than {AT_MOST}"
    return row.state + (f" by {plain(row.actor)}" if row.actor else "")


@enrol.command("go")
@click.argument("key", metavar="AUTOMATION", shell_complete=complete_automations)
@options.account
@options.yes
@options.as_json
@prints(EnrolmentDecided)
def enrol_go(key: str, account: str | None, yes: bool, as_json: bool) -> None:
    """Let an automation begin with all deals that it waits with, a few at a time and after all other work.

    Its conditions, its mode and every stop count for each of them, as they stand when its turn comes.
    """
    _decide(key, account, as_json, go=True, yes=yes)


@enrol.command("drop")
@click.argument("key", metavar="AUTOMATION", shell_complete=complete_automations)
@options.account
@options.as_json
@prints(EnrolmentDecided)
def enrol_drop(key: str, account: str | None, as_json: bool) -> None:
    """Let an automation begin with none of the deals that it waits with, for good: it answers what happens from now on.

    What it has begun with already goes on.
    """
    _decide(key, account, as_json, go=False, yes=True)


def _decide(key: str, account: str | None, as_json: bool, *, go: bool, yes: bool) -> None:
    with opened(account) as site:
        site.automation(key)
        waiting = sum(
            each.found
            for each in site.journal.enrolments(site.account)
            if (each.automation, each.state) == (key, "waiting")
        )
        if waiting and not yes:
            question = f"let {plain(key)} of account {site.account} begin with {waiting:,} deals?"
            click.confirm(question, abort=True, err=True)
        decide = site.journal.let_enrol if go else site.journal.drop_enrolment
        deals = decide(site.account, key, actor=actor())
    if as_json:
        output.print_json(EnrolmentDecided(automation=key, state="going" if go else "dropped", deals=deals))
    elif go:
        click.echo(f"{plain(key)} begins with {deals:,} deals, a few at a time: see `dealwright enrol ls`")
    else:
        click.echo(f"{plain(key)} begins with none of the {deals:,} deals that stood there")


def _beforehand(site: Site) -> Sequence[Beforehand]:
    """Count what the next `up` would begin with, as the files are now."""
    binding = site.project.account(site.account)
    try:
        return asyncio.run(_counted(site, binding))
    except DefinitionError:
        click.echo("the definitions have errors, so what they would begin with is not known", err=True)
    except ConnectorError as error:
        why = type(error).__name__
        click.echo(f"{binding.crm.name} was not read ({why}): what stands there is not known", err=True)
    return ()


async def _counted(site: Site, binding: AccountBinding) -> Sequence[Beforehand]:
    try:
        account = site.project.definitions(site.account)
        return await beforehand(site.journal, binding.crm, account, site.journal.clock.now())
    finally:
        for connector in binding.connectors:
            await connector.aclose()


def _begun(each: Enrolment) -> EnrolmentShown:
    return EnrolmentShown(
        automation=each.automation,
        mode=each.space,
        state=each.state,
        waits=each.state == "waiting",
        deals=each.found,
        begun=each.begun,
        since=each.since,
        actor=each.actor,
    )


def _ahead(each: Beforehand) -> EnrolmentShown:
    return EnrolmentShown(
        automation=each.automation,
        mode=each.space,
        state="ahead",
        waits=each.waits,
        deals=each.deals,
        begun=0,
        since=None,
        actor="",
    )
