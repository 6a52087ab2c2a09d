"""`dealwright crm import`: deals and their contacts from a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol, TypeVar, get_args
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.model.crm import PipelineShape
from dealwright.model.custom import Holder
from dealwright.model.events import Answer
from dealwright.model.iso import COUNTRIES, DECIMALS
from dealwright.ports import ShapeChange
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import of_account, opened
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.importer import Imported, Judged, write_rejects
from dealwright_embedded_crm.mapping import FIELDS, near, parse
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.own_texts import Reading
from dealwright_embedded_crm.rows import RowReader

T_co = TypeVar("T_co", covariant=True)

SHOWN_REJECTS: Final = 10

IMPORTED: Final[tuple[Holder, ...]] = ("deal", "contact")
"""Whose own fields a file can fill: `--map deal.treatment=COLUMN`."""


@click.command(
    "import",
    epilog="Fields: "
    + "; ".join(f"{name}: {what}" for name, what in FIELDS.items())
    + "; deal.KEY, contact.KEY: a field of the company's own.",
)
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
@click.option("--country", metavar="CODE", help="Of phones without a prefix, such as US (default: the account's).")
@click.option("--date-format", metavar="FORMAT", help="As in strptime, such as %m/%d/%Y (default: 2026-01-31).")
@of_account
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
    country: str | None,
    date_format: str | None,
    account: str | None,
) -> None:
    """Import deals and their contacts from a CSV file with a header; run again after a crash, it adds nothing twice.

    A dry run that finds rows which cannot be imported ends with exit code 1.
    """
    if currency is not None and currency.upper() not in DECIMALS:
        raise InputError(f"--currency {currency!r} is no code of ISO 4217, such as USD")
    if len(delimiter) != 1:
        raise InputError(f"--delimiter is one character, not {delimiter!r}")
    if country is not None and country.upper() not in COUNTRIES:
        raise InputError(f"--country {country!r} is no code of ISO 3166, such as US")
    with opened(account) as here, closing(CsvFile(file, delimiter=delimiter)) as csv:
        found = here.crm
        account_ = here.project.in_force(here.binding.key)
        wanted, own = account_.pipelines, account_.own_fields()
        shape = _named(pipeline, wanted, released=here.is_released())
        _check(found.shape(wanted, fields=own, apply=False))
        known = OwnFields.wanted(own)
        fields = parse(maps, stages, csv.header, [each.name for of in IMPORTED for each in known.of(of)])
        money = currency.upper() if currency else None
        zone = account_.calendar.zone
        reader = RowReader(
            fields,
            shape,
            currency=money,
            date_format=date_format,
            own=found.field_reader(known),
            reading=Reading(zone=ZoneInfo(zone), currency=money or account_.currency, date_format=date_format),
        )
        region = country.upper() if country else account_.country
        importer = found.importer(csv, reader, answer=automations, country=region)

        def accept(judged: Judged) -> None:
            if rejects is not None and judged.rejected:
                write_rejects(rejects, csv.header, judged)
            if not dry_run:
                if judged.rejected and not skip_rejects:
                    raise InputError(refusal_of(csv, judged, rejects))
                _check(found.shape(wanted, fields=own, zone=zone, apply=True))

        judged, done = run_import(importer, accept, dry=dry_run)
        _summary(csv, shape, judged, done, dry=dry_run, rejects=rejects)
        if dry_run and judged.rejected and not skip_rejects:
            raise click.exceptions.Exit(1)


class _Imports(Protocol[T_co]):
    """What imports one file: it judges all of it, and then writes."""

    def judge(self, progress: Callable[[int], None]) -> Judged: ...

    def run(self, judged: Judged, progress: Callable[[int], None], *, dry: bool) -> T_co: ...


def run_import(importer: _Imports[T_co], accept: Callable[[Judged], None], *, dry: bool) -> tuple[Judged, T_co]:
    """Judge a file, let the verdict be accepted or refused, and import it, with bars that show how far it is."""
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
    deals_ = counted(done.created, "deal")
    for text in (
        f"{counted(done.rows, 'row')} read from {plain(file.path.name)}",
        f"{deals_} {would}created in {shape.key}, {done.already_there:,} already there",
        f"{counted(done.contacts_created, 'contact')} {would}created" if done.contacts_created else "",
        _owners(done.users_created, dry=dry),
        _given(done, dry=dry),
    ):
        if text:
            console.print(text, markup=False, highlight=False)
    if judged.rejected:
        console.print(rejected_rows(judged, rejects), markup=False, highlight=False)
    console.print(tables.imported(shape, done.stages))


def _named(pipeline: str, wanted: Sequence[PipelineShape], *, released: bool) -> PipelineShape:
    found = next((each for each in wanted if each.key == pipeline), None)
    if found is None:
        keys = [each.key for each in wanted]
        names = "the release names" if released else "no release was recorded yet, and the definitions name"
        raise InputError(f"--pipeline {pipeline}: {names} no such pipeline{near(pipeline, keys)}")
    return found


def _check(changes: Sequence[ShapeChange]) -> None:
    refused = [f"{change.what}: {change.refused}" for change in changes if change.refused]
    if refused:
        raise InputError("the CRM cannot take the shape of the release: " + "; ".join(refused))


def refusal_of(file: CsvFile, judged: Judged, rejects: Path | None) -> str:
    """Return why nothing was imported, and what to do."""
    skip = "mend them, or give --skip-rejects to import the others"
    return f"{file.path}: nothing was imported; {rejected_rows(judged, rejects)}\n{skip}"


def _owners(users: int, *, dry: bool) -> str:
    if not users:
        return ""
    be, become = ("was", "a user") if users == 1 else ("were", "users")
    return f"{counted(users, 'owner')} {be} not there and {'would be' if dry else be} created as {become}"


def _given(done: Imported, *, dry: bool) -> str:
    if not done.given_to:
        return ""
    deals_, be = counted(sum(done.given_to.values()), "deal"), "would be" if dry else "were"
    users = ", ".join(f"user {user_id}" for user_id in sorted(done.given_to))
    return f"{deals_} had no owner and {be} given to {users} (`dealwright crm users default`)"


def counted(number: int, what: str) -> str:
    """Return a number of things, such as `1 row`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def rejected_rows(judged: Judged, rejects: Path | None) -> str:
    """Return how many rows cannot be imported, and the first ones with why."""
    where = f"; all in {plain(rejects)}" if rejects is not None else ""
    lines = [f"{judged.rejected:,} of {counted(judged.rows, 'row')} cannot be imported{where}"]
    shown = judged.rejects[:SHOWN_REJECTS]
    lines.extend(f"  line {reject.line}: {plain('; '.join(reject.reasons))}" for reject in shown)
    if judged.rejected > SHOWN_REJECTS:
        more = "" if rejects is not None else " (--rejects FILE writes all)"
        lines.append(f"  and {judged.rejected - SHOWN_REJECTS:,} more{more}")
    return "\n".join(lines)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
