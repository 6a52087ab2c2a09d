"""What all `dealwright crm` commands share: whose CRM is opened, how it is listed, who acts, and in which zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.model.crm import Money, PipelineShape
from dealwright.project import AccountBinding, Project, load_project
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.connector import EmbeddedCrm
from dealwright_embedded_crm.mapping import near
from dealwright_embedded_crm.paging import MOST, Page
from dealwright_embedded_crm.rows import FIRST_YEAR, LAST_YEAR
from dealwright_embedded_crm.values import shown

ACTOR: Final = "user:cli"

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Opened(msgspec.Struct, frozen=True):
    """One account's CRM, opened for one command."""

    project: Project
    binding: AccountBinding
    crm: EmbeddedCrm

    def zone(self) -> ZoneInfo:
        """Return the account's zone; UTC before its first release."""
        active = self._active()
        return ZoneInfo("UTC" if active is None else active.calendar.zone)

    def country(self) -> str | None:
        """Return the account's country, in which phones without a prefix are read; None before its first release."""
        active = self._active()
        return None if active is None else active.country

    def currency(self) -> str | None:
        """Return the account's currency, in which amounts without one are; None if it has none.

        Raises:
            DefinitionError: nothing was released yet, and the definitions have errors.
        """
        return self.project.in_force(self.binding.key).currency

    def amount(self, given: Money | None) -> Money | None:
        """Return an amount that was typed, in the account's currency if it was typed without one.

        Raises:
            InputError: the account's currency is not known yet.
        """
        if given is None or given.currency:
            return given
        currency = self.currency()
        if currency is None:
            raise InputError(f"the account has no currency: write the amount with one, such as '{given.amount:f} USD'")
        return Money(given.amount, currency)

    def shaped(self) -> None:
        """Give a CRM that has no pipeline yet those of the definitions, and their fields, as `up` would.

        Raises:
            DefinitionError: the definitions have errors.
        """
        if self.crm.pipelines():
            return
        account = self.project.in_force(self.binding.key)
        self.crm.shape(account.pipelines, fields=account.own_fields(), zone=account.calendar.zone, apply=True)
        click.echo(f"made the pipelines of the definitions: {', '.join(each.key for each in account.pipelines)}")

    def is_released(self) -> bool:
        """Say whether a release was recorded for the account."""
        return self._active() is not None

    def moment(self, given: datetime) -> datetime:
        """Return a moment that was typed, in the account's zone if it was typed without one."""
        return given if given.tzinfo is not None else given.replace(tzinfo=self.zone())

    def _active(self) -> Any:
        journal = self.project.open_journal()
        try:
            release = journal.active_release(self.binding.key)
        finally:
            journal.close()
        return None if release is None else release.account


@contextmanager
def opened(account: str | None) -> Iterator[Opened]:
    """Open the CRM of an account: the named one, or the only one.

    Raises:
        InputError: its deals are somewhere else.
    """
    project = load_project()
    binding = project.account(account)
    if not isinstance(binding.crm, EmbeddedCrm):
        raise InputError(f"account {binding.key} has its deals in {binding.crm.name}, not in the embedded CRM")
    with closing(binding.crm) as crm:
        yield Opened(project, binding, crm)


def pipeline_named(crm: EmbeddedCrm, key: str | None) -> PipelineShape:
    """Return the CRM's pipeline of that key; without a key the first one.

    Raises:
        InputError: there is no such pipeline, or none at all yet.
    """
    known = crm.pipelines()
    if not known:
        raise InputError(
            "the CRM has no pipeline yet: `dealwright up` makes those of the definitions,"
            " and `dealwright crm pipelines add` makes one without definitions"
        )
    for pipeline in known:
        if key in (None, pipeline.key):
            return pipeline
    raise InputError(f"there is no pipeline {shown(str(key))}{near(str(key), [each.key for each in known])}")


def of_account(command: F) -> F:
    """Say whose CRM."""
    return click.option("--account", metavar="KEY", help="Whose CRM; needed when there are several accounts.")(command)


def as_actor(command: F) -> F:
    """Say who acts, and whose CRM."""
    option = click.option(
        "--as", "acting", metavar="USER", help="The user who acts: id, e-mail or name (default: nobody in particular)."
    )
    return option(of_account(command))


def listed(command: F) -> F:
    """Say whose CRM, how many rows, and whether as JSON."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")(command)
    return click.option("--limit", type=click.IntRange(1), default=50, show_default=True)(of_account(command))


def confirmed(command: F) -> F:
    """Ask before what cannot be undone."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def ask(question: str, yes: bool) -> None:
    """Go on only if a person, or `--yes`, says so."""
    if not yes:
        click.confirm(plain(question), abort=True)


def actor(crm: EmbeddedCrm, acting: str | None) -> str:
    """Return how the change feed names who acts.

    Raises:
        Rejected: nobody, or more than one, is meant.
    """
    return ACTOR if acting is None else f"user:{crm.user(acting).id}"


def pages(read: Callable[[str | None, int], Page[T]], limit: int) -> list[T]:
    """Return so many records, page by page."""
    found: list[T] = []
    after: str | None = None
    while len(found) < limit:
        page = read(after, min(limit - len(found), MOST))
        found.extend(page.items)
        after = page.next
        if after is None:
            break
    return found


def show(rows: Sequence[Any], table: Callable[[list[Any]], Any], as_json: bool) -> None:
    """Print a listing."""
    if as_json:
        click.echo(tables.as_json(list(rows)))
    else:
        tables.console().print(table(list(rows)))


class MoneyType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 only
    """Reads an amount such as `1054.50 USD`; without a currency it has none until `Opened.amount` gives it one."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        """Return what was typed, or say how it is written."""
        number, _, currency = str(value).strip().partition(" ")
        try:
            if not number.isascii():  # Decimal reads the digits of every script
                raise InvalidOperation
            return Money(Decimal(number), currency.strip().upper())
        except InvalidOperation:
            self.fail("write an amount such as 1054.50, or with its currency: '1054.50 USD'.", param, ctx)


class DayType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 only
    """Reads a day, such as `2026-01-31`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return what was typed, or say how it is written."""
        try:
            day = date.fromisoformat(str(value))
            if len(str(value)) != 10:
                raise ValueError
        except ValueError:
            self.fail("write a day as 2026-01-31.", param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{day} is not between the years {FIRST_YEAR} and {LAST_YEAR}.", param, ctx)
        return day


class InstantType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 only
    """Reads a moment, such as `2026-01-31T09:00` in the account's zone, or with an offset."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return what was typed, or say how it is written."""
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("write a moment as '2026-01-31 09:00' (the account's zone), or with an offset.", param, ctx)


AMOUNT: Final = MoneyType()
DAY: Final = DayType()
INSTANT: Final = InstantType()
