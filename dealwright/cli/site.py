"""Where a command works: the project's journal and one of its accounts, with the account's zone and automations."""

from __future__ import annotations

import difflib
import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click
from click.shell_completion import CompletionItem

from dealwright.cli.moments import Moment
from dealwright.cli.terminal import plain
from dealwright.compile import ir
from dealwright.engine.own import Own, own_of
from dealwright.errors import InputError
from dealwright.journal.browse import Filter
from dealwright.journal.store import Journal
from dealwright.project import Project, load_project


class Site:
    """One account of an opened project."""

    def __init__(self, project: Project, journal: Journal, account: str) -> None:
        self.project = project
        self.journal = journal
        self.account = account
        release = journal.active_release(account)
        self.release: ir.Account | None = None if release is None else release.account

    @property
    def own(self) -> Own | None:
        """The account's own fields, of which sensitive ones are not shown; None before the first release."""
        return None if self.release is None else own_of(self.release)

    def users(self) -> dict[str, str]:
        """Return the names of colleagues who stand behind a role, by their ids: whom the journal knows by name."""
        day = self.journal.clock.now().astimezone(self.zone).date()
        behind = self.journal.people(self.account, day).members
        return {user.id: user.name for members in behind.values() for user in members}

    @property
    def zone(self) -> ZoneInfo:
        """The account's zone, in which every time is printed; UTC before the first release."""
        return ZoneInfo(self.release.calendar.zone if self.release is not None else "UTC")

    def automations(self) -> frozenset[str]:
        """Return the automations that are defined, or that have ever run."""
        defined = {item.key for item in self.release.automations} if self.release is not None else set()
        return self.journal.automations_seen(self.account) | defined

    def automation(self, key: str, *, unreleased: bool = False) -> str:
        """Return the key if the account has that automation; with `unreleased` also if only its files have it.

        Raises:
            InputError: it has not; the message names the nearest.
            DefinitionError: no release has it, and the files have errors.
        """
        known = sorted(self.automations())
        if key in known:
            return key
        if unreleased:
            written = {item.key for item in self.project.looked_at(self.account).automations}
            if key in written:
                return key
            known = sorted(written.union(known))
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none yet'}"
        raise InputError(f"account {self.account} has no automation {plain(key, limit=80)!r}; {hint}")

    def moment(self, given: Moment | None) -> datetime | None:
        """Return the instant that was typed: so long ago in business time, or a moment in the account's zone."""
        if given is None:
            return None
        if isinstance(given, timedelta):
            return self.journal.clock.now() - given
        return given if given.tzinfo is not None else given.replace(tzinfo=self.zone)

    def filter(
        self,
        *,
        deal: str | None = None,
        automations: Sequence[str] = (),
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Filter:
        """Return the filter that was typed; an automation must be one of the account's."""
        return Filter(
            account=self.account,
            deal=None if deal is None else deal.removeprefix("deal:"),
            automations=tuple(map(self.automation, automations)),
            states=tuple(states),
            kinds=tuple(kinds),
            since=self.moment(since),
            until=self.moment(until),
        )


@contextmanager
def opened(account: str | None = None) -> Iterator[Site]:
    """Open the project's journal for one account: the named one, or the only one."""
    project = load_project()
    key = project.account(account).key
    journal = project.open_journal()
    try:
        yield Site(project, journal, key)
    finally:
        journal.close()


@contextmanager
def opened_all(account: str | None = None) -> Iterator[Sequence[Site]]:
    """Open the project's journal for all accounts, or for the named one."""
    project = load_project()
    keys = [binding.key for binding in project.accounts] if account is None else [project.account(account).key]
    journal = project.open_journal()
    try:
        yield [Site(project, journal, key) for key in keys]
    finally:
        journal.close()


def actor() -> str:
    """Return who is typing, as switches and transitions record it."""
    return f"user:{getpass.getuser()}"


def complete_accounts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete keys of accounts; nothing if the project cannot be read."""
    try:
        return _items([binding.key for binding in load_project().accounts], incomplete)
    except Exception:
        return []


def complete_automations(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete keys of automations; nothing if the journal cannot be read."""
    try:
        with opened(ctx.params.get("account")) as site:
            return _items(site.automations(), incomplete)
    except Exception:
        return []


def _items(keys: Sequence[str] | frozenset[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(key) for key in sorted(keys) if key.startswith(incomplete)]
