"""What an operator types: stop, resume, mode, status, releases. Works on the journal alone, with Prefect down."""

from __future__ import annotations

import difflib
import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec
from rich.console import Console
from rich.table import Table

from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.journal import lanes
from dealwright.journal.database import instant
from dealwright.journal.store import Journal
from dealwright.journal.switches import Pile
from dealwright.project import load_project

_account = click.option("--account", "account", metavar="KEY", help="The account; needed if the project has several.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Scope(msgspec.Struct, frozen=True):
    """What a command is about: an automation of an account, or the whole account (automation '')."""

    account: str
    automation: str

    def __str__(self) -> str:
        return f"{self.account}.{self.automation}" if self.automation else f"the whole account {self.account}"


@contextmanager
def _journal() -> Iterator[Journal]:
    journal = load_project().open_journal()
    try:
        yield journal
    finally:
        journal.close()


def _actor() -> str:
    return f"user:{getpass.getuser()}"


def _scope(journal: Journal, automation: str | None, account: str | None, command: str) -> Scope:
    """Say what is meant; a whole account only by its name, never by leaving something out."""
    if automation is None and account is None:
        raise InputError(f"name an automation, or a whole account with --account: dealwright {command} --account KEY")
    key = load_project().account(account).key
    if automation is not None:
        release = journal.active_release(key)
        defined = {item.key for item in release.account.automations} if release is not None else set()
        known = defined | journal.automations_seen(key)
        if automation not in known:
            near = difflib.get_close_matches(automation, sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(known)) or 'none yet'}"
            raise InputError(f"account {key} has no automation {plain(automation)!r}{hint}")
    return Scope(key, automation or "")


@click.command()
@click.argument("automation", required=False)
@_account
@click.option("--reason", default="", help="Why, for the log.")
def stop(automation: str | None, account: str | None, reason: str) -> None:
    """Stop an automation, or a whole account: nothing new leaves, what would leave is held.

    It needs no Prefect, and works on what is claimed already. After it returns at most the requests that are on
    their way go out. `dealwright resume` lifts it.
    """
    with _journal() as journal:
        scope = _scope(journal, automation, account, "stop")
        journal.stop(scope.account, scope.automation, actor=_actor(), reason=reason)
    click.echo(f"stopped {scope}; lift it with: dealwright resume {_words(scope)} --run | --drop")


@click.command()
@click.argument("automation", required=False)
@_account
@click.option("--run", "what", flag_value="run", help="Let the held executions run; each checks its conditions again.")
@click.option("--drop", "what", flag_value="drop", help="Cancel the held executions; nothing of them is sent.")
def resume(automation: str | None, account: str | None, what: str | None) -> None:
    """Lift a stop, and say what becomes of what it holds: --run or --drop."""
    with _journal() as journal:
        scope = _scope(journal, automation, account, "resume")
        piles = journal.held_by_stop(scope.account, scope.automation)
        if not scope.automation:  # what an automation's own stop holds stays held
            stopped = journal.controls(scope.account).stopped
            piles = [pile for pile in piles if pile.automation not in stopped]
        held = sum(pile.held for pile in piles)
        if what is None and held:
            for line in _pile_lines(piles):
                click.echo(line)
            raise InputError(
                f"{scope} holds {held}; say what becomes of them: "
                f"dealwright resume {_words(scope)} --run (late, conditions checked again) or --drop"
            )
        count = journal.resume(scope.account, scope.automation, "drop" if what == "drop" else "run", actor=_actor())
    became = "dropped" if what == "drop" else "let go; each checks its conditions again"
    click.echo(f"resumed {scope}; {count} held executions {became}" if held else f"resumed {scope}; nothing was held")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[AUTOMATION] live|shadow")
@_account
def mode(words: Sequence[str], account: str | None) -> None:
    """Set the mode of an automation, or of a whole account: live, or shadow (does everything but send)."""
    *automations, wanted = words
    if len(automations) > 1 or wanted not in ("live", "shadow"):
        raise InputError("say: dealwright mode AUTOMATION live|shadow, or: dealwright mode --account KEY live|shadow")
    with _journal() as journal:
        scope = _scope(journal, automations[0] if automations else None, account, f"mode {wanted}")
        journal.set_mode(scope.account, scope.automation, "live" if wanted == "live" else "shadow", actor=_actor())
    click.echo(f"{scope} is {wanted} from now on")


@click.command()
@_as_json
def status(as_json: bool) -> None:
    """Say what rests, what is stopped, and whether the journal is sound. Exit code 1 if it is not."""
    with _journal() as journal:
        accounts = {}
        for binding in load_project().accounts:
            controls = journal.controls(binding.key)
            accounts[binding.key] = {
                "resting": journal.attention(binding.key),
                "stopped": sorted(name or "(account)" for name in controls.stopped),
                "paused": sorted(name or "(account)" for name in controls.paused),
                "shadow": sorted(name or "(account)" for name, mode in controls.modes.items() if mode == "shadow"),
            }
        with journal.database.read() as connection:
            headless = lanes.without_head(connection)
    report = {"accounts": accounts, "lanes_without_head": headless}
    if as_json:
        click.echo(json.dumps(report))
    else:
        for key, account in accounts.items():
            words = [f"{state} {count}" for state, count in account["resting"].items()] or ["nothing rests"]  # type: ignore[attr-defined]
            words += [
                f"{name}: {', '.join(account[name])}" for name in ("stopped", "paused", "shadow") if account[name]
            ]
            click.echo(f"{key}: {'; '.join(words)}")
        click.echo(f"lanes without a head: {headless}" + ("" if headless == 0 else " (must be 0: please report this)"))
    if headless:
        raise SystemExit(1)


@click.group()
def releases() -> None:
    """The releases of an account: sets of definitions that were applied."""


@releases.command("ls")
@_account
@_as_json
def releases_ls(account: str | None, as_json: bool) -> None:
    """List the releases, oldest first; an execution runs the one it was routed with."""
    with _journal() as journal:
        lines = journal.releases(load_project().account(account).key)
    if as_json:
        click.echo(msgspec.json.encode(lines).decode())
        return
    table = Table(box=None, pad_edge=False)
    for title in ("release", "behaviour", "metadata", "recorded", ""):
        table.add_column(title)
    for line in lines:
        table.add_row(
            line.digest[:12],
            line.behaviour[:12],
            line.metadata[:12],
            f"{line.recorded_at:%Y-%m-%d %H:%M:%S}Z",
            "active" if line.active else "",
        )
    Console().print(table)


def _words(scope: Scope) -> str:
    return f"{scope.automation} --account {scope.account}" if scope.automation else f"--account {scope.account}"


def _pile_lines(piles: Sequence[Pile]) -> Iterator[str]:
    for pile in piles:
        since = f", the oldest since {instant(pile.since):%Y-%m-%d %H:%M}Z" if pile.since is not None else ""
        yield f"  {pile.automation}: {pile.held} held{since}"
