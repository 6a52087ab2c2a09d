"""`dealwright stop`, `resume` and `mode`: what an operator switches. Works on the journal alone, with Prefect down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import Switched, prints
from dealwright.cli.site import Site, actor, complete_automations, opened
from dealwright.cli.terminal import plain
from dealwright.engine.records import MODES as BY_STRICTNESS
from dealwright.errors import InputError
from dealwright.journal.database import instant
from dealwright.journal.switches import Pile

MODES: Final = ("live", "approve", "shadow", "default")

_messages = click.option(
    "--messages", is_flag=True, help="Only what reaches customers, of all the account's automations."
)
_automation = click.argument("automation", required=False, shell_complete=complete_automations)


class Scope(msgspec.Struct, frozen=True):
    """What a command is about: an automation of an account, the whole account, or its messages."""

    account: str
    automation: str | None
    messages: bool = False

    def __str__(self) -> str:
        if self.messages:
            return f"the messages of account {self.account}"
        return f"{self.account}.{self.automation}" if self.automation else f"the whole account {self.account}"

    def words(self) -> str:
        """Return how it is typed."""
        if self.messages:
            return f"--messages --account {self.account}"
        return f"{self.automation} --account {self.account}" if self.automation else f"--account {self.account}"


def _scope(site: Site, automation: str | None, account: str | None, command: str, *, messages: bool = False) -> Scope:
    """Say what is meant; a whole account only by its name, never by leaving something out."""
    if messages:
        if automation is not None:
            raise InputError("--messages is about all automations of an account: name none; nothing was done")
        return Scope(site.account, None, messages=True)
    if automation is None and account is None:
        raise InputError(f"name an automation, or a whole account with --account: dealwright {command} --account KEY")
    # One that is written and not yet released can be switched: that is how it begins in shadow, or stopped.
    return Scope(site.account, None if automation is None else site.automation(automation, unreleased=True))


@click.command()
@_automation
@options.account
@_messages
@click.option("--reason", default="", help="Why, for the log.")
@options.as_json
@prints(Switched)
def stop(automation: str | None, account: str | None, messages: bool, reason: str, as_json: bool) -> None:
    """Stop an automation, a whole account, or its messages: nothing new leaves, what would leave is held.

    It needs no Prefect, and works on what is claimed already. After it returns at most the requests that are on
    their way go out. `dealwright resume` lifts it.
    """
    with opened(account) as site:
        scope = _scope(site, automation, account, "stop", messages=messages)
        if messages:
            site.journal.stop_messages(scope.account, actor=actor(), reason=reason)
        else:
            site.journal.stop(scope.account, scope.automation or "", actor=actor(), reason=reason)
    if as_json:
        output.print_json(_switched(scope, "on"))
    else:
        click.echo(f"stopped {scope}; lift it with: dealwright resume {scope.words()} --run | --drop")


@click.command()
@_automation
@options.account
@_messages
@click.option("--run", "run", is_flag=True, help="Let the held executions run; each checks its conditions again.")
@click.option(
    "--drop",
    "drop",
    is_flag=True,
    help="Cancel the held executions, with --messages only the held messages; nothing of them is sent.",
)
@options.as_json
@prints(Switched)
def resume(automation: str | None, account: str | None, messages: bool, run: bool, drop: bool, as_json: bool) -> None:
    """Lift a stop, and say what becomes of what it holds: --run or --drop."""
    if run and drop:
        raise InputError("--run and --drop contradict each other; nothing was done")
    what: Literal["run", "drop"] = "drop" if drop else "run"
    with opened(account) as site:
        scope = _scope(site, automation, account, "resume", messages=messages)
        piles = _piles(site, scope)
        held = sum(pile.held for pile in piles)
        if held and not run and not drop:
            for line in _pile_lines(piles, site.zone):
                click.echo(line, err=True)
            raise InputError(
                f"{scope} holds {held}; say what becomes of them: "
                f"dealwright resume {scope.words()} --run (late, conditions checked again) or --drop"
            )
        if messages:
            count = site.journal.resume_messages(scope.account, what, actor=actor())
        else:
            count = site.journal.resume(scope.account, scope.automation or "", what, actor=actor())
    if as_json:
        output.print_json(_switched(scope, "off", count))
        return
    became = "dropped" if drop else "let go; each checks its conditions again"
    click.echo(f"resumed {scope}; {count} held executions {became}" if held else f"resumed {scope}; nothing was held")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[AUTOMATION] live|approve|shadow|default")
@options.account
@options.as_json
@prints(Switched)
def mode(words: Sequence[str], account: str | None, as_json: bool) -> None:
    """Set the mode of an automation, or of a whole account.

    In shadow it does everything but send; in approve a person lets each effect go (`dealwright executions approve`);
    live it acts. The stricter of the automation's mode and its account's counts. What is set here wins over what the
    definition says (`mode=`), and stays until `default` takes it back.
    """
    *automations, wanted = words
    if len(automations) > 1 or wanted not in MODES:
        ways = "|".join(MODES)
        raise InputError(f"say: dealwright mode AUTOMATION {ways}, or: dealwright mode --account KEY {ways}")
    with opened(account) as site:
        scope = _scope(site, automations[0] if automations else None, account, f"mode {wanted}")
        kind = cast(Literal["live", "approve", "shadow", ""], "" if wanted == "default" else wanted)
        site.journal.set_mode(scope.account, scope.automation or "", kind, actor=actor())
        controls = site.journal.controls(site.account)
        unreleased = _unreleased(site, scope)
        own = controls.defaults.get(scope.automation or "", "live") if unreleased is None else unreleased
        in_force = min(meant_by(wanted, own), controls.modes.get("", "live"), key=BY_STRICTNESS.index)
    if as_json:
        output.print_json(
            Switched(account=scope.account, automation=scope.automation, switch="mode", value=wanted, count=0)
        )
        return
    meant = meant_by(wanted, own)
    since = "from now on" if unreleased is None else "as soon as `dealwright up` has released it"
    click.echo(
        f"{scope} is {meant} {since}" + (", as its definition says" if wanted == "default" and scope.automation else "")
    )
    if meant != own:
        click.echo(f"its definition says {own}; this wins until: dealwright mode {scope.words()} default")
    if in_force != meant:
        click.echo(f"but its account is in {in_force}, which is stricter and counts")


def meant_by(wanted: str, own: str) -> str:
    """Return the mode that is meant; by default it is what the definition says."""
    return own if wanted == "default" else wanted


def _unreleased(site: Site, scope: Scope) -> str | None:
    """Return the mode that the files say of an automation that no release has; None if one has it."""
    released = site.release is not None and (
        scope.automation is None or site.release.automation(scope.automation) is not None
    )
    if released or (scope.automation is not None and scope.automation in site.journal.automations_seen(site.account)):
        return None
    found = site.project.looked_at(site.account).automation(scope.automation or "")
    return (found.mode if found is not None else "") or "live"


def _piles(site: Site, scope: Scope) -> Sequence[Pile]:
    if scope.messages:
        return site.journal.held_messages(scope.account)
    piles = site.journal.held_by_stop(scope.account, scope.automation or "")
    if scope.automation is None:  # what an automation's own stop holds stays held
        stopped = site.journal.controls(scope.account).stopped
        return [pile for pile in piles if pile.automation not in stopped]
    return piles


def _pile_lines(piles: Sequence[Pile], zone: ZoneInfo) -> Iterator[str]:
    for pile in piles:
        since = f", the oldest since {output.when(instant(pile.since), zone)} ({zone.key})" if pile.since else ""
        yield f"  {plain(pile.automation)}: {pile.held} held{since}"


def _switched(scope: Scope, value: str, count: int = 0) -> Switched:
    name = "messages" if scope.messages else "stop"
    return Switched(account=scope.account, automation=scope.automation, switch=name, value=value, count=count)
