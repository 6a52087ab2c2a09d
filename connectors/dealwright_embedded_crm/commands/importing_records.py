"""`dealwright crm import-records`: records under deals that are there, from a CSV file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.model.events import Answer
from dealwright.model.iso import DECIMALS
from dealwright_embedded_crm.commands.importing import counted, refusal_of, rejected_rows, run_import
from dealwright_embedded_crm.commands.opening import of_account, opened
from dealwright_embedded_crm.commands.records import kind_named
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.importer import Judged, write_rejects
from dealwright_embedded_crm.mapping import parse_records
from dealwright_embedded_crm.own_texts import Reading
from dealwright_embedded_crm.record_importer import DealBy, RecordColumns


@click.command("import-records")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", required=True, metavar="KEY", help="Of which kind the records are, such as instalment.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="deal=COLUMN is needed; else fields of the kind.",
)
@click.option("--deal-by", type=click.Choice(get_args(DealBy)), default="reference", show_default=True,
              help="What the deal's column holds.")  # fmt: skip
@click.option("--currency", metavar="CODE", help="Of amounts without one, such as USD (default: the account's).")
@click.option("--date-format", metavar="FORMAT", help="As in strptime, such as %m/%d/%Y (default: 2026-01-31).")
@click.option("--automations", type=click.Choice(get_args(Answer)), default="on", show_default=True,
              help="Which may answer: all, only the stage tasks, none.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Judge the file and count; write nothing.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write the rows that cannot be imported here.")
@click.option("--skip-rejects", is_flag=True, help="Import the good rows although others are rejected.")
@click.option("--delimiter", default=",", show_default=True, metavar="CHAR")
@of_account
def import_records(
    file: Path,
    kind: str,
    maps: tuple[str, ...],
    deal_by: DealBy,
    currency: str | None,
    date_format: str | None,
    automations: Answer,
    dry_run: bool,
    rejects: Path | None,
    skip_rejects: bool,
    delimiter: str,
    account: str | None,
) -> None:
    """Import records under deals from a CSV file with a header; run again after a crash, it adds nothing twice.

    A dry run that finds rows which cannot be imported ends with exit code 1.
    """
    if currency is not None and currency.upper() not in DECIMALS:
        raise InputError(f"--currency {currency!r} is no code of ISO 4217, such as USD")
    if len(delimiter) != 1:
        raise InputError(f"--delimiter is one character, not {delimiter!r}")
    with opened(account) as here, closing(CsvFile(file, delimiter=delimiter)) as csv:
        kind_named(here, kind)
        keys = [each.key for each in here.crm.own_fields().of(kind) if each.released]
        deal, fields = parse_records(maps, csv.header, keys)
        money = currency.upper() if currency else here.currency()
        importer = here.crm.record_importer(
            csv,
            RecordColumns(kind=kind, deal=deal, deal_by=deal_by, fields=fields),
            Reading(zone=here.zone(), currency=money, date_format=date_format),
            answer=automations,
        )

        def accept(judged: Judged) -> None:
            if rejects is not None and judged.rejected:
                write_rejects(rejects, csv.header, judged)
            if judged.rejected and not (dry_run or skip_rejects):
                raise InputError(refusal_of(csv, judged, rejects))

        judged, done = run_import(importer, accept, dry=dry_run)
        console = Console(soft_wrap=True)
        would = "would be " if dry_run else ""
        lines = [
            f"{counted(done.rows, 'row')} read from {plain(file.name)}",
            f"{counted(done.created, 'record')} of kind {kind} {would}added under {counted(len(done.deals), 'deal')}, "
            f"{done.already_there:,} already there",
        ]
        if judged.rejected:
            lines.append(rejected_rows(judged, rejects))
        for line in lines:
            console.print(line, markup=False, highlight=False)
        if dry_run and judged.rejected and not skip_rejects:
            raise click.exceptions.Exit(1)
