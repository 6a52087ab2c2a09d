"""What commands print as JSON, so that the manual can say it and a test can hold both to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])

_SHAPE: Final = "__dealwright_shape__"


class Shape(msgspec.Struct, frozen=True):
    """One object of this type, or an array of them."""

    type: type
    many: bool = False


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event that was to happen again: the event that it became, or why not (`problem`)."""

    event: int
    replayed_as: int | None
    done: bool
    problem: str


class Treated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one execution that was to be retried, approved or cancelled; `problem` says why not."""

    id: str
    automation: str
    deal: str | None
    done: bool
    problem: str


class AskShown(msgspec.Struct, frozen=True, kw_only=True):
    """One question to people; `state` is open, answered, timed_out, or withdrawn (`why` its execution has ended)."""

    id: str
    state: str
    account: str
    automation: str
    step: str
    deal: str | None
    deal_title: str
    execution: str
    who: list[str]
    question: str
    answers: list[str]
    asked_at: datetime
    until: datetime
    choice: str
    answered_at: datetime | None
    answered_by: str
    note: str
    typed_by: str
    why: str


class Activated(msgspec.Struct, frozen=True, kw_only=True):
    """The release that is active now, and whether it was already."""

    account: str
    digest: str
    changed: bool


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """What a switch was set for and to; `count` says how many held executions were let go or dropped."""

    account: str
    automation: str | None
    switch: str
    value: str
    count: int


class SettingValue(msgspec.Struct, frozen=True, kw_only=True):
    """A setting: the value that counts, whether people have `set` it, what fits, and who last changed it when.

    `unfit` is a value that was set once and no longer fits the definition: the default counts instead.
    """

    key: str
    value: str
    default: str
    set: bool
    fits: str
    editable_by: str
    set_at: datetime | None
    set_by: str
    unfit: str


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a setting."""

    value: str
    set_at: datetime
    set_by: str


class SettingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A setting with its changes, newest first."""

    setting: SettingValue
    changes: list[SettingChange]


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one account stands."""

    account: str
    unrouted: int
    unrouted_seconds: float | None
    due: int
    due_seconds: float | None
    executions: dict[str, int]
    effects: dict[str, int]
    held: dict[str, int]
    stopped: dict[str, str]
    messages_stopped: bool
    paused: list[str]
    shadow: list[str]
    approve: list[str]
    questions: int
    unmatched: int
    by_definition: dict[str, str] = {}
    overruled: dict[str, str] = {}


class PrefectStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Prefect answers (null: not known from here), and how many windows wait to be told to it."""

    reachable: bool | None
    detail: str
    windows_to_record: int
    oldest_seconds: float | None
    windows_asked: int
    asked_seconds: float | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands; `needs` says in words what needs somebody, and decides the exit code."""

    at: datetime
    engines: int
    prefect: PrefectStatus
    lag_seconds: float
    lanes_without_head: int
    accounts: list[AccountStatus]
    needs: list[str]


def prints(type_: type, *, many: bool = False) -> Callable[[F], F]:
    """Declare what a command prints with `--json`."""

    def declare(command: F) -> F:
        setattr(command, _SHAPE, Shape(type_, many))
        return command

    return declare


def shape_of(command: click.Command) -> Shape | None:
    """Return what a command prints with `--json`, None if it declares nothing."""
    found = getattr(command.callback, _SHAPE, None)
    return found if isinstance(found, Shape) else None
