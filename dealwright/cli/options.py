"""Options that mean the same in every command: whose, which, from when, how many, and how it is printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from dealwright.cli.moments import MOMENT
from dealwright.cli.site import complete_accounts, complete_automations
from dealwright.journal.tables import ENDED, HOLDING, RESTING

F = TypeVar("F", bound=Callable[..., Any])

MOST: Final = 100_000
"""The most rows that one command lists."""

EXECUTION_STATES: Final = (*HOLDING, *RESTING, *ENDED)
EFFECT_STATES: Final = ("planned", "sending", "sent", "rejected", "unknown", "held", "dropped")
EVENT_STATES: Final = ("waiting", "routed")


def account(command: F) -> F:
    """Say whose."""
    return click.option(
        "--account",
        metavar="KEY",
        shell_complete=complete_accounts,
        is_eager=True,  # so that completion knows whose automations
        help="The account; needed if the project has several.",
    )(command)


def as_json(command: F) -> F:
    """Print JSON instead of tables."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, in ASCII.")(command)


def yes(command: F) -> F:
    """Ask nothing."""
    return click.option("--yes", "yes", is_flag=True, help="Do not ask before more than one is changed.")(command)


def limit(command: F) -> F:
    """Say how many."""
    return click.option(
        "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="The most rows; newest first."
    )(command)


def automations(command: F) -> F:
    """Choose by automation."""
    return click.option(
        "--automation",
        "automations",
        multiple=True,
        metavar="KEY",
        shell_complete=complete_automations,
        help="Only this automation; may be given more than once.",
    )(command)


def states(allowed: Sequence[str]) -> Callable[[F], F]:
    """Choose by state."""
    return click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice(allowed),
        help="Only in this state; may be given more than once.",
    )


def deal(command: F) -> F:
    """Choose by deal."""
    return click.option("--deal", metavar="ID", help="Only this deal's.")(command)


def kinds(what: str) -> Callable[[F], F]:
    """Choose by kind."""
    return click.option(
        "--kind", "kinds", multiple=True, metavar="KIND", help=f"Only this kind, such as {what}; may be repeated."
    )


def times(what: str) -> Callable[[F], F]:
    """Choose by time; `what` says which time of a row it is."""

    def add(command: F) -> F:
        command = click.option("--until", type=MOMENT, metavar="WHEN", help=f"Only {what} before then.")(command)
        return click.option(
            "--since",
            type=MOMENT,
            metavar="WHEN",
            help=f"Only {what} since then: 2026-11-20, '2026-11-20 09:30', or 2h for two hours ago.",
        )(command)

    return add
