"""`dealwright doctor`: looks at everything that must be right before work begins, and what to do about the rest."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Collection, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final, Literal

import click
import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from rich.text import Text

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.status import probe
from dealwright.cli.terminal import plain
from dealwright.compile import ir
from dealwright.compile.check import check
from dealwright.compile.digest import release_digest
from dealwright.engine.matching import cannot_look
from dealwright.engine.picked import set_somebody
from dealwright.errors import ConnectorError, DealwrightError, DefinitionError
from dealwright.journal import lanes
from dealwright.journal.store import Journal
from dealwright.ports import Connector, SelfTested
from dealwright.project import AccountBinding, Project, TargetError, load_project

_MATCH: Final = "match by what it can look up, such as deal.reference; `dealwright unmatched ls` shows what waits"
_LITTLE_SPACE: Final = 500 << 20
_MARK: Final = {"ok": ("ok   ", "green"), "look": ("look ", "yellow"), "wrong": ("wrong", "red")}
_PATIENCE: Final = 20.0
"""Seconds that an outside system has to answer."""


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: `ok`, worth a `look`, or `wrong`; `todo` says what to do about it."""

    what: str
    state: Literal["ok", "look", "wrong"]
    told: str
    todo: str = ""


@click.command()
@options.as_json
@prints(Symptom, many=True)
def doctor(as_json: bool) -> None:
    """Look at the installation, the project, its definitions, journal, CRMs and connectors. Sends and changes nothing.

    Ends with 1 if something is wrong.
    """
    found = list(examine())
    if as_json:
        output.print_json(found)
    else:
        output.show(*map(_line, found))
    raise SystemExit(1 if any(symptom.state == "wrong" for symptom in found) else 0)


def _line(symptom: Symptom) -> Text:
    mark, style = _MARK[symptom.state]
    line = Text(mark, style)
    line.append(f"  {plain(symptom.what):<22} ", "bold")
    line.append(" ".join(plain(part) for part in symptom.told.splitlines()))
    if symptom.todo:
        line.append(f"\n       {plain(symptom.todo)}")
    return line


def examine() -> Iterator[Symptom]:
    """Look at everything; what cannot be looked at because of an earlier fault is left out."""
    yield from _installation()
    try:
        project = load_project()
    except DealwrightError as error:
        yield Symptom(what="project", state="wrong", told=str(error))
        return
    accounts = ", ".join(binding.key for binding in project.accounts)
    yield Symptom(what="project", state="ok", told=f"accounts {accounts}; data in {project.data_dir}")
    yield from _data(project)
    yield from _journal(project)
    yield from asyncio.run(_accounts(project))
    yield _prefect(project)


def _installation() -> Iterator[Symptom]:
    yield Symptom(what="python", state="ok", told=platform.python_version())
    wrong = []
    for line in requires("dealwright") or ():
        try:
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate():
                continue
            installed = version(needed.name)
        except InvalidRequirement:
            continue
        except PackageNotFoundError:
            wrong.append(f"{needed.name} is missing")
            continue
        if not needed.specifier.contains(installed, prereleases=True):
            wrong.append(f"{needed.name} {installed} is not {needed.specifier}")
    if wrong:
        todo = "install from requirements.lock (./run does), into an environment of its own"
        yield Symptom(what="libraries", state="wrong", told="; ".join(wrong), todo=todo)
    else:
        yield Symptom(what="libraries", state="ok", told=f"dealwright {version('dealwright')}, all as it needs them")


def _data(project: Project) -> Iterator[Symptom]:
    if not os.access(project.data_dir, os.W_OK | os.X_OK):
        todo = "give the user that runs dealwright the right to write there"
        yield Symptom(what="data directory", state="wrong", told=f"{project.data_dir} cannot be written", todo=todo)
        return
    free = shutil.disk_usage(project.data_dir).free
    told = f"{free >> 20:,} MB free"
    if free < _LITTLE_SPACE:
        yield Symptom(what="data directory", state="look", told=told, todo="make room: a full disk stops the journal")
    else:
        yield Symptom(what="data directory", state="ok", told=told)


def _journal(project: Project) -> Iterator[Symptom]:
    try:
        journal = project.open_journal()
    except DealwrightError as error:
        yield Symptom(what="journal", state="wrong", told=str(error))
        return
    try:
        yield from _open_journal(project, journal)
    finally:
        journal.close()


def _open_journal(project: Project, journal: Journal) -> Iterator[Symptom]:
    with journal.database.read() as connection:
        headless = lanes.without_head(connection)
    if headless:
        told = f"{headless} lanes have work and would never move again"
        yield Symptom(what="journal", state="wrong", told=told, todo="please report this, with the journal if you can")
    else:
        yield Symptom(what="journal", state="ok", told="opens, its schema is this version's, every lane can move")
    engines = journal.living_workers()
    if engines:
        yield Symptom(what="engine", state="ok", told=f"{engines} at work")
    else:
        yield Symptom(what="engine", state="look", told="none is at work", todo="start one with: dealwright up")
    for binding in project.accounts:
        yield from _release(project, journal, binding)


def _release(project: Project, journal: Journal, binding: AccountBinding) -> Iterator[Symptom]:
    what = f"{binding.key}: definitions"
    try:
        account = project.definitions(binding.key)
    except TargetError as error:
        todo = "the definitions are right: write it into the target file, or take the step out"
        yield Symptom(what=f"{binding.key}: target file", state="wrong", told=str(error), todo=todo)
        return
    except DealwrightError as error:
        yield Symptom(what=what, state="wrong", told=str(error), todo=f"dealwright check {binding.definitions}")
        return
    told = f"{len(account.automations)} automations, {len(account.pipelines)} pipelines"
    active = journal.active_release(binding.key)
    if active is None:
        yield Symptom(what=what, state="look", told=f"{told}; no release was recorded yet", todo="dealwright up")
    elif active.digest != release_digest(account):
        todo = "`dealwright up` records it when it is started"
        yield Symptom(what=what, state="look", told=f"{told}; the files are not the active release", todo=todo)
    else:
        yield Symptom(what=what, state="ok", told=f"{told}; they are the active release")
    for each in project.left_out(binding.key):
        if each.refused:
            todo = "take the word out, or wait for the version that has it"
            yield Symptom(what=f"{binding.key}: refused", state="wrong", told=str(each), todo=todo)
    found = check(binding.definitions).findings
    if found:
        told = f"`dealwright check` has {len(found)} findings, the first: {found[0]}"
        yield Symptom(
            what=f"{binding.key}: check", state="look", told=told, todo=f"dealwright check {binding.definitions}"
        )
    behind = journal.people(binding.key, journal.clock.now().date())
    for role in behind.empty(account.roles):
        told = f"nobody stands behind {role}: what is for somebody of it is held"
        yield Symptom(what=f"{binding.key}: roles", state="look", told=told, todo=set_somebody(role))
    for sentence in unheard(account, {source.name for source in binding.hooks}):
        todo = f"write a table [account.{binding.key}.hooks.NAME] into the target file (docs/hooks.md), or take it out"
        told = f"nobody can tell of {sentence}"
        yield Symptom(what=f"{binding.key}: hooks", state="look", told=told, todo=todo)
    missing = sorted(_needed(account) - {kind for each in binding.connectors for kind in each.actions()})
    if missing:
        told = f"no connector carries out {', '.join(missing)}"
        todo = f"connect one in the target file of account {binding.key}, or take the steps out"
        yield Symptom(what=f"{binding.key}: actions", state="wrong", told=told, todo=todo)


def unheard(account: ir.Account, sources: Collection[str]) -> Iterator[str]:
    """Yield which events from outside nobody can tell of, with the automations that answer them."""
    wanted: dict[tuple[str, str | None], list[str]] = {}
    for automation in account.automations:
        waits = [on for step in ir.waits(automation.do) for on in step.on]
        for trigger in (automation.on, *automation.exit_on, *waits):
            if isinstance(trigger, ir.OnEventReceived):
                wanted.setdefault((trigger.name, trigger.source), []).append(automation.key)
    for (name, source), automations in wanted.items():
        if source is None and not sources:
            yield f"{name}, which {', '.join(dict.fromkeys(automations))} hears of: the account has no hook source"
        elif source is not None and source not in sources:
            known = ", ".join(sorted(sources)) or "none"
            heard = ", ".join(dict.fromkeys(automations))
            yield f"{name} from {source}, which {heard} hears of: the account has no such source, it has {known}"


def _prefect(project: Project) -> Symptom:
    reachable, detail = probe(project)
    if reachable:
        return Symptom(what="prefect", state="ok", told=f"answers at {detail}")
    return Symptom(
        what="prefect", state="look", told=detail, todo="the work goes on without it; `dealwright up` runs it"
    )


def _needed(account: ir.Account) -> set[str]:
    kinds = {step.__struct_config__.tag for each in account.automations for step in ir.actions(each.do)}
    return {str(kind) for kind in kinds}


async def _accounts(project: Project) -> Sequence[Symptom]:
    found: list[Symptom] = []
    for binding in project.accounts:
        try:
            found.append(_crm(project, binding))
            found += _blind(project, binding)
            found += [await _connector(binding.key, connector) for connector in binding.connectors]
        finally:
            for connector in binding.connectors:
                await connector.aclose()
    return found


def _crm(project: Project, binding: AccountBinding) -> Symptom:
    what = f"{binding.key}: CRM"
    try:
        wanted = project.looked_at(binding.key)
        changes = binding.crm.shape(wanted.pipelines, fields=wanted.own_fields(), apply=False)
    except DefinitionError:
        return Symptom(what=what, state="look", told="not compared, since the definitions have errors")
    except DealwrightError as error:
        return Symptom(what=what, state="wrong", told=f"{binding.crm.name}: {error}")
    refused = [f"{change.what}: {change.refused}" for change in changes if change.refused]
    if refused:
        todo = "do what is said, or keep the stage or field as it was in the definitions"
        return Symptom(what=what, state="wrong", told="; ".join(refused), todo=todo)
    if changes:
        told = f"{binding.crm.name}: {len(changes)} differences to the definitions"
        return Symptom(what=what, state="look", told=told, todo="`dealwright up` makes them when it is started")
    return Symptom(what=what, state="ok", told=f"{binding.crm.name}: has the pipelines and fields of the definitions")


def _blind(project: Project, binding: AccountBinding) -> Iterator[Symptom]:
    """Say of which events the CRM cannot find the deal in all the ways that their classes name."""
    try:
        account = project.definitions(binding.key)
    except DealwrightError:
        return
    for event in account.outside:
        paths = cannot_look(binding.crm, event)
        if paths:
            told = f"{binding.crm.name} finds no deal by {', '.join(paths)}: what {event.key} tells waits for a person"
            yield Symptom(what=f"{binding.key}: events from outside", state="look", told=told, todo=_MATCH)


async def _connector(account: str, connector: Connector) -> Symptom:
    what = f"{account}: {connector.name}"
    if not isinstance(connector, SelfTested):
        return Symptom(what=what, state="ok", told="configured")
    try:
        wrong = await asyncio.wait_for(connector.self_test(), _PATIENCE)
    except (ConnectorError, TimeoutError) as error:
        wrong = [f"it did not answer: {type(error).__name__}"]
    if wrong:
        return Symptom(what=what, state="wrong", told="; ".join(wrong))
    return Symptom(what=what, state="ok", told="answers")
