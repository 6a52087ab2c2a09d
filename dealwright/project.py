"""A project: accounts with their connectors, journal and data, as its composition root puts them together.

The composition root is found by path, never imported by name: the setting `DEALWRIGHT_PROJECT`, by default
`./deployments/project.py`. It defines `project()`, which returns a `Project`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from dealwright.clock import Clock, SystemClock
from dealwright.compile import ir
from dealwright.compile.carried import LeftOut, carried
from dealwright.compile.enrol import LISTS_DEALS
from dealwright.compile.findings import Company, Loaded
from dealwright.compile.ir import actions
from dealwright.compile.loader import load
from dealwright.compile.refused import refusals
from dealwright.engine.loop import AccountSite, Engine
from dealwright.errors import DefinitionError, InputError
from dealwright.journal.store import LONGEST_CALL, Journal
from dealwright.ports import Asgi, Connector, Crm, Feed, HookSource, ListsDeals, TellsLess

SETTING: Final = "DEALWRIGHT_PROJECT"
DEFAULT: Final = Path("deployments/project.py")


class TargetError(DefinitionError):
    """The target file lacks what the definitions need: those are right as they are."""


class AccountBinding(msgspec.Struct, frozen=True, kw_only=True):
    """One account: where its definitions are, and what it is connected to. `crm` is one of `connectors`.

    `hooks` are the sources that may push events to it.
    """

    key: str
    definitions: Path
    crm: Crm
    feeds: tuple[Feed, ...]
    connectors: tuple[Connector, ...]
    hooks: tuple[HookSource, ...] = ()


class PrefectPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where Prefect is, and what the `prefect` driver asks of it.

    Without `api_url` it is the server that `up` runs; `auth` is its `user:password`. `database` is where that server
    keeps its own data (SQLite in the data directory by default). `windows` is how many windows of one automation
    may be open at once on the workers of `work_pool`.
    """

    api_url: str | None = None
    auth: str | None = None
    database: str | None = None
    work_pool: str = "dealwright"
    pool_type: str = "process"
    windows: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the CLI, the engine and workers need, put together once.

    `driver` says who carries the work: the engine itself, or flow runs on a work pool of Prefect. `apps` are what
    connectors serve over HTTP beside the hooks: a factory for each path they are mounted at. `beside` is what runs
    beside the engine while `up` serves; it ends when the event is set.
    """

    data_dir: Path
    journal_url: str
    accounts: tuple[AccountBinding, ...]
    apps: Mapping[str, Callable[[], Asgi]] = {}
    beside: tuple[Callable[[asyncio.Event], Awaitable[None]], ...] = ()
    driver: Literal["local", "prefect"] = "local"
    prefect: PrefectPlace = PrefectPlace()

    def account(self, key: str | None = None) -> AccountBinding:
        """Return the account of that key; without a key the only one.

        Raises:
            InputError: there is no such account, or more than one to choose from.
        """
        known = ", ".join(account.key for account in self.accounts)
        if key is None:
            if len(self.accounts) == 1:
                return self.accounts[0]
            raise InputError(f"the project has several accounts ({known}); name one with --account")
        for account in self.accounts:
            if account.key == key:
                return account
        raise InputError(f"the project has no account {key!r}; it has {known}")

    def open_journal(self, clock: Clock | None = None) -> Journal:
        """Open the project's journal, brought to the newest schema."""
        timeouts = [connector.call_timeout for account in self.accounts for connector in account.connectors]
        longest = max(timeouts, default=LONGEST_CALL)
        return Journal(self.journal_url, clock or SystemClock(), takeover_after=longest)

    def definitions(self, key: str) -> ir.Account:
        """Compile an account's definitions: those automations that can be run (`left_out` has the others).

        Raises:
            DefinitionError: they have errors; the message lists all of them.
            TargetError: the target file has no address for something that they send to or ask.
        """
        return self._carried(key)[0]

    def looked_at(self, key: str) -> ir.Account:
        """Compile an account's definitions as `definitions` does, whether or not the target file has every address.

        Raises:
            DefinitionError: they have errors; the message lists all of them.
        """
        return self._carried(key, addressed=False)[0]

    def left_out(self, key: str) -> tuple[LeftOut, ...]:
        """Return the automations that are not run, and why: they use a word that is not there yet, or the CRM lacks it.

        Raises:
            DefinitionError: the definitions have errors.
        """
        return self._carried(key, addressed=False)[1]

    def _carried(self, key: str, *, addressed: bool = True) -> tuple[ir.Account, tuple[LeftOut, ...]]:
        binding = self.account(key)
        account, refused = self._compiled(key, addressed=addressed)
        names = {each.automation for each in refused}
        if names:
            kept = tuple(each for each in account.automations if each.key not in names)
            account = msgspec.structs.replace(account, automations=kept)
        actions = {kind for connector in binding.connectors for kind in connector.actions()}
        if isinstance(binding.crm, ListsDeals):
            actions.add(LISTS_DEALS)
        served, left = carried(
            account,
            actions=actions,
            untold=binding.crm.untold() if isinstance(binding.crm, TellsLess) else (),
        )
        return served, (*refused, *left)

    def _compiled(self, key: str, *, addressed: bool) -> tuple[ir.Account, tuple[LeftOut, ...]]:
        """Compile an account's definitions, all of them; return them and the automations that are refused.

        Raises:
            DefinitionError: they have errors; the message lists all of them.
        """
        binding = self.account(key)
        loaded = load(binding.definitions)
        errors = [finding for finding in loaded.findings if finding.severity == "error"]
        if errors:
            lines = "\n".join(
                f"  {item.path}:{item.line} {item.code} {item.message}" + (f" ({item.hint})" if item.hint else "")
                for item in errors
            )
            raise DefinitionError(f"the definitions of account {key!r} have errors:\n{lines}")
        for account in loaded.accounts:
            if account.key == key:
                if addressed:
                    _refuse_unknown_destinations(account, binding)
                return account, refusals(_company_of(loaded, account), account)
        raise DefinitionError(
            f"{binding.definitions} defines no Account({key!r}, ...); the project expects one",
            hint="the account's key and the one in the composition root must be the same",
        )

    def release(self, journal: Journal, key: str) -> bool:
        """Compile an account's definitions and record a release if they changed; say whether they did."""
        return journal.record_release(self.definitions(key))

    def in_force(self, key: str) -> ir.Account:
        """Return the account as the active release has it; as the definitions do if none was recorded yet."""
        journal = self.open_journal()
        try:
            active = journal.active_release(key)
        finally:
            journal.close()
        return active.account if active is not None else self.looked_at(key)

    async def aclose(self) -> None:
        """Close the connectors of all accounts."""
        for account in self.accounts:
            for connector in account.connectors:
                await connector.aclose()

    def engine(self, journal: Journal, *, clock: Clock, linger: float = 30.0, batch_limit: int = 500) -> Engine:
        """Return an engine over all accounts of the project; whether it carries the work by itself the driver says."""
        sites = [
            AccountSite(key=account.key, crm=account.crm, feeds=account.feeds, connectors=account.connectors)
            for account in self.accounts
        ]
        return Engine(journal, sites, clock, linger=linger, batch_limit=batch_limit, carries=self.driver == "local")


def _company_of(loaded: Loaded, account: ir.Account) -> Company:
    return next(each for each in loaded.companies if account in each.accounts)


def _refuse_unknown_destinations(account: ir.Account, binding: AccountBinding) -> None:
    """A definition that sends where the target file has no address would fail for every deal, one by one."""
    carried = {kind for connector in binding.connectors for kind in connector.actions()}
    sending = [connector for connector in binding.connectors if "lookup" not in connector.actions()]
    known = {name for connector in sending for name in connector.destinations()}
    looking = [connector for connector in binding.connectors if "lookup" in connector.actions()]
    asked = {name for connector in looking for name in connector.destinations()}
    for automation in account.automations:
        for step in actions(automation.do):
            if isinstance(step, ir.SendConversionStep) and "send_conversion" not in carried:
                where = f"{automation.where.file}:{automation.where.line}: " if automation.where else ""
                raise TargetError(
                    f"{where}automation {automation.key!r} tells of a conversion, and the target file gives account"
                    f" {account.key!r} no advertising platform: write a table [account.{account.key}.meta]"
                )
            if isinstance(step, ir.LookupStep) and step.system not in asked:
                where = f"{automation.where.file}:{automation.where.line}: " if automation.where else ""
                raise TargetError(
                    f"{where}automation {automation.key!r} asks {step.system!r}, which the target file of account"
                    f" {account.key!r} does not name as a system that is asked; write a table"
                    f" [account.{account.key}.lookup.{step.system}] with its url"
                )
            if isinstance(step, ir.SendEventStep) and step.to not in known:
                where = f"{automation.where.file}:{automation.where.line}: " if automation.where else ""
                raise TargetError(
                    f"{where}automation {automation.key!r} sends to {step.to!r}, which the target file of account"
                    f" {account.key!r} does not name; it names {', '.join(sorted(known)) or 'nothing'}"
                )


def load_project(path: Path | None = None, **options: Any) -> Project:
    """Find the composition root and return the project that it puts together.

    `options` are handed to its `project()`: the demo asks for a data directory and a clock of its own.

    Raises:
        InputError: there is no such file, or it defines no usable `project()`.
    """
    root = (path or Path(os.environ.get(SETTING) or DEFAULT)).resolve()
    if not root.is_file():
        raise InputError(
            f"no project at {root}: run in the project's directory, or set {SETTING} to its composition root"
        )
    spec = importlib.util.spec_from_file_location("dealwright_project", root)
    if spec is None or spec.loader is None:
        raise InputError(f"{root} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    make: Callable[..., object] | None = getattr(module, "project", None)
    if make is None:
        raise InputError(f"{root} defines no project(); it must return a dealwright.project.Project")
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        wanted = ", ".join(options)
        raise InputError(
            f"project() in {root} does not take what `up` and `demo` give it ({wanted}): {error}"
        ) from error
    made = make(**options)
    if not isinstance(made, Project):
        raise InputError(f"project() in {root} returned {type(made).__name__}, not a dealwright.project.Project")
    return made
