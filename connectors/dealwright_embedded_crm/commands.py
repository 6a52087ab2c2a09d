"""`dealwright crm`: look into the embedded CRM, move deals, import a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dealwright.cli.terminal import plain
from dealwright.errors import InputError, NotFound
from dealwright.model.crm import PipelineShape
from dealwright.model.events import Answer
from dealwright.model.iso import DECIMALS
from dealwright.ports import ShapeChange
from dealwright.project import AccountBinding, Project, load_project
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.connector import EmbeddedCrm
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.importer import Imported, Importer, Judged, write_rejects
from dealwright_embedded_crm.mapping import FIELDS, near, parse
from dealwright_embedded_crm.rows import RowReader

ACTOR = "user:cli"
SHOWN_REJECTS = 10

F = TypeVar("F", bound=Callable[..., Any])


def _account(command: F) -> F:
    return click.option("--account", metavar="KEY", help="Whose CRM; needed when there are several accounts.")(command)


def _listed(command: F) -> F:
    command = click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")(command)
    return click.option("--limit", type=click.IntRange(1), default=50, show_default=True)(_account(command))


@click.group()
def crm() -> None:
    """Look into the embedded CRM, move deals, import a file."""


@crm.group()
def deals() -> None:
    """Deals."""


@deals.command("ls")
@click.option("--pipeline", metavar="KEY", help="Only this pipeline.")
@click.option("--stage", metavar="KEY", help="Only this stage.")
@_listed
def deals_ls(pipeline: str | None, stage: str | None, limit: int, as_json: bool, account: str | None) -> None:
    """List deals, oldest first."""
    with _crm(account) as (_, _, found):
        _print(found.deals(pipeline=pipeline, stage=stage, limit=limit), tables.deals, as_json)


@deals.command("move")
@click.argument("deal_id")
@click.argument("stage")
@click.option("--pipeline", metavar="KEY", help="Into another pipeline.")
@click.option("--lost-reason", metavar="TEXT", help="Why it was lost.")
@_account
def deals_move(deal_id: str, stage: str, pipeline: str | None, lost_reason: str | None, account: str | None) -> None:
    """Move a deal to a stage, forwards or backwards."""
    with _crm(account) as (_, _, found):
        before = found.deal(deal_id)
        if before is None:
            raise NotFound(f"there is no deal {deal_id!r}; `dealwright crm deals ls`")
        after = found.move_deal(deal_id, pipeline or before.pipeline, stage, lost_reason=lost_reason, actor=ACTOR)
    if after.version == before.version:
        click.echo(f"deal {deal_id} is in {after.pipeline}.{after.stage} already")
    else:
        click.echo(f"deal {deal_id}: {before.pipeline}.{before.stage} -> {after.pipeline}.{after.stage}")


@crm.group()
def contacts() -> None:
    """Contacts."""


@contacts.command("ls")
@_listed
def contacts_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List contacts, oldest first."""
    with _crm(account) as (_, _, found):
        _print(found.contacts(limit=limit), tables.contacts, as_json)


@crm.group()
def tasks() -> None:
    """Tasks."""


@tasks.command("ls")
@click.option("--deal", metavar="ID", help="Only this deal's.")
@_listed
def tasks_ls(deal: str | None, limit: int, as_json: bool, account: str | None) -> None:
    """List tasks, oldest first."""
    with _crm(account) as (_, _, found):
        _print(found.tasks(deal_id=deal, limit=limit), tables.tasks, as_json)


@crm.group()
def users() -> None:
    """Users: those who own deals and tasks."""


@users.command("ls")
@_listed
def users_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List users."""
    with _crm(account) as (_, _, found):
        _print(found.users()[:limit], tables.users, as_json)


@crm.group()
def pipelines() -> None:
    """Pipelines."""


@pipelines.command("ls")
@_listed
def pipelines_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List the stages of all pipelines with their deals and what these are worth."""
    with _crm(account) as (_, _, found):
        _print(found.count_by_stage()[:limit], tables.stages, as_json)


@crm.command("import", epilog="Fields: " + "; ".join(f"{name}: {what}" for name, what in FIELDS.items()) + ".")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="Or a text: title='{product}[ for {account}]'."
)
@click.option("--pipeline", required=True, metavar="KEY", help="Where the deals go.")
@click.option("--stage", "stages", multiple=True, metavar="VALUE=KEY", help="What a cell of the stage column means.")
@click.option("--currency", metavar="CODE", help="Of amounts that come without one, such as USD.")
@click.option("--automations", type=click.Choice(get_args(Answer)), default="on", show_default=True,
              help="Which may answer: all, only the stage tasks, none.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Judge the file and count; write nothing.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write the rows that cannot be imported here.")
@click.option("--skip-rejects", is_flag=True, help="Import the good rows although others are rejected.")
@click.option("--delimiter", default=",", show_default=True, metavar="CHAR")
@click.option("--date-format", metavar="FORMAT", help="As in strptime, such as %m/%d/%Y (default: 2026-01-31).")
@_account
def import_(
    file: Path,
    maps: tuple[str, ...],
    pipeline: str,
    stages: tuple[str, ...],
    currency: str | None,
    automations: Answer,
    dry_run: bool,
    rejects: Path | None,
    skip_rejects: bool,
    delimiter: str,
    date_format: str | None,
    account: str | None,
) -> None:
    """Import deals from a CSV file with a header; run again after a crash, it adds nothing twice."""
    if currency is not None and currency.upper() not in DECIMALS:
        raise InputError(f"--currency {currency!r} is no code of ISO 4217, such as USD")
    if len(delimiter) != 1:
        raise InputError(f"--delimiter is one character, not {delimiter!r}")
    with closing(CsvFile(file, delimiter=delimiter)) as opened, _crm(account) as (project, binding, found):
        wanted = project.pipelines(binding.key)
        shape = _named(pipeline, wanted)
        _check(found.shape(wanted, apply=False))
        fields = parse(maps, stages, opened.header)
        reader = RowReader(fields, shape, currency=currency and currency.upper(), date_format=date_format)
        importer = found.importer(opened, reader, answer=automations)

        def accept(judged: Judged) -> None:
            if rejects is not None and judged.rejected:
                write_rejects(rejects, opened.header, judged)
            if not dry_run:
                if judged.rejected and not skip_rejects:
                    raise InputError(_refusal(opened, judged, rejects))
                _check(found.shape(wanted, apply=True))

        judged, done = _run(importer, accept, dry=dry_run)
        _summary(opened, shape, judged, done, dry=dry_run, rejects=rejects)


def _run(importer: Importer, accept: Callable[[Judged], None], *, dry: bool) -> tuple[Judged, Imported]:
    with _progress() as progress:
        reading = progress.add_task("reading", total=None)
        judged = importer.judge(lambda rows: progress.advance(reading, rows))
        progress.update(reading, total=judged.rows)
        accept(judged)
        writing = progress.add_task("counting" if dry else "writing", total=judged.good)
        return judged, importer.run(judged, lambda rows: progress.advance(writing, rows), dry=dry)


def _summary(
    file: CsvFile, shape: PipelineShape, judged: Judged, done: Imported, *, dry: bool, rejects: Path | None
) -> None:
    console = Console(soft_wrap=True)
    would = "would be " if dry else ""
    deals_ = _count(done.created, "deal")
    for text in (
        f"{_count(done.rows, 'row')} read from {plain(file.path.name)}",
        f"{deals_} {would}created in {shape.key}, {done.already_there:,} already there",
        _owners(done.users_created, dry=dry),
    ):
        if text:
            console.print(text, markup=False, highlight=False)
    if judged.rejected:
        console.print(_rejected(judged, rejects), markup=False, highlight=False)
    console.print(tables.imported(shape, done.stages))


def _named(pipeline: str, wanted: Sequence[PipelineShape]) -> PipelineShape:
    found = next((each for each in wanted if each.key == pipeline), None)
    if found is None:
        keys = [each.key for each in wanted]
        raise InputError(f"--pipeline {pipeline}: the release names no such pipeline{near(pipeline, keys)}")
    return found


def _check(changes: Sequence[ShapeChange]) -> None:
    refused = [f"{change.what}: {change.refused}" for change in changes if change.refused]
    if refused:
        raise InputError("the CRM cannot take the shape of the release: " + "; ".join(refused))


def _refusal(file: CsvFile, judged: Judged, rejects: Path | None) -> str:
    skip = "mend them, or give --skip-rejects to import the others"
    return f"{file.path}: nothing was imported; {_rejected(judged, rejects)}\n{skip}"


def _owners(users: int, *, dry: bool) -> str:
    if not users:
        return ""
    be, become = ("was", "a user") if users == 1 else ("were", "users")
    return f"{_count(users, 'owner')} {be} not there and {'would be' if dry else be} created as {become}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _rejected(judged: Judged, rejects: Path | None) -> str:
    where = f"; all in {plain(rejects)}" if rejects is not None else ""
    lines = [f"{judged.rejected:,} of {_count(judged.rows, 'row')} cannot be imported{where}"]
    shown = judged.rejects[:SHOWN_REJECTS]
    lines.extend(f"  line {reject.line}: {plain('; '.join(reject.reasons))}" for reject in shown)
    if judged.rejected > SHOWN_REJECTS:
        more = "" if rejects is not None else " (--rejects FILE writes all)"
        lines.append(f"  and {judged.rejected - SHOWN_REJECTS:,} more{more}")
    return "\n".join(lines)


@contextmanager
def _crm(account: str | None) -> Iterator[tuple[Project, AccountBinding, EmbeddedCrm]]:
    project = load_project()
    binding = project.account(account)
    if not isinstance(binding.crm, EmbeddedCrm):
        raise InputError(f"account {binding.key} has its deals in {binding.crm.name}, not in the embedded CRM")
    with closing(binding.crm) as found:
        yield project, binding, found


def _print(rows: list[Any], table: Callable[[list[Any]], Any], as_json: bool) -> None:
    if as_json:
        # ASCII only: what could steer a terminal is escaped.
        click.echo(json.dumps(msgspec.to_builtins(rows), indent=2))
    else:
        tables.console().print(table(rows))


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
