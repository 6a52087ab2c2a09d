"""What an operator types: stop, resume, mode, status, releases. Works on the journal alone, with Prefect down."""

from __future__ import annotations

import difflib
import getpass
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
from dealwright.journal.tables import HOLDING
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
@click.option("--run", "run", is_flag=True, help="Let the held executions run; each checks its conditions again.")
@click.option("--drop", "drop", is_flag=True, help="Cancel the held executions; nothing of them is sent.")
def resume(automation: str | None, account: str | None, run: bool, drop: bool) -> None:
    """Lift a stop, and say what becomes of what it holds: --run or --drop."""
    if run and drop:
        raise InputError("--run and --drop contradict each other; nothing was done")
    what = "run" if run else "drop" if drop else None
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
    """Say who works, what is on its way, what rests, what failed, what is stopped. Exit code 1 if it needs somebody.

    It needs somebody when work is due and no engine is there, or when the journal is not sound.
    """
    with _journal() as journal:
        engines = journal.living_workers()
        accounts = {binding.key: _account_status(journal, binding.key) for binding in load_project().accounts}
        with journal.database.read() as connection:
            headless = lanes.without_head(connection)
    due = sum(account.executions.get(state, 0) for account in accounts.values() for state in HOLDING)
    if as_json:
        report = {"engines": engines, "accounts": accounts, "lanes_without_head": headless}
        click.echo(msgspec.json.encode(report).decode())
    else:
        click.echo(f"engines at work: {engines}" + ("" if engines else " (start one with ./run up)"))
        for key, account in accounts.items():
            for line in account.lines():
                click.echo(f"{key}: {line}")
        if headless:
            click.echo(f"{headless} lanes have work and would never move again: please report this")
    if headless or (due and not engines):
        raise SystemExit(1)


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What `status` tells of one account."""

    unrouted: int
    executions: dict[str, int]
    effects: dict[str, int]
    stopped: dict[str, str]
    paused: list[str]
    shadow: list[str]

    def lines(self) -> Iterator[str]:
        """Tell it in words."""
        counts = [f"{count} {state}" for state, count in self.executions.items()]
        yield "executions: " + (", ".join(counts) or "none yet")
        if self.unrouted:
            yield f"{self.unrouted} events wait to be routed"
        if self.effects:
            yield "effects that need a look: " + ", ".join(f"{count} {state}" for state, count in self.effects.items())
        for name, reason in self.stopped.items():
            yield f"stopped: {plain(name)}" + (f" ({plain(reason)})" if reason else "")
        for title, names in (("paused", self.paused), ("in shadow", self.shadow)):
            if names:
                yield f"{title}: {', '.join(names)}"


def _account_status(journal: Journal, key: str) -> AccountStatus:
    controls = journal.controls(key)
    whole = "the whole account"
    return AccountStatus(
        unrouted=journal.count_unrouted(key),
        executions=journal.executions_by_state(key),
        effects=journal.effects_that_need_a_look(key),
        stopped={name or whole: reason for name, reason in journal.stops(key).items()},
        paused=sorted(name or whole for name in controls.paused),
        shadow=sorted(name or whole for name, mode in controls.modes.items() if mode == "shadow"),
    )


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
