"""Imports records under deals from a CSV file: all of it is judged first, then written some hundred rows at a time.

Every row has a key made of the file's content and its line, so that an import that was killed can be run again and adds
nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec
from sqlalchemy import Connection, select

from dealwright.cli.terminal import plain
from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright.model.custom import Custom
from dealwright.model.events import Answer
from dealwright.model.requests import CreateRecord
from dealwright_embedded_crm import reads, schema, values
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.csv_file import CsvFile, Record
from dealwright_embedded_crm.database import Database
from dealwright_embedded_crm.importer import CHUNK, MOST_LISTED, Judged, Reject
from dealwright_embedded_crm.keys import kept
from dealwright_embedded_crm.mapping import Source
from dealwright_embedded_crm.own_texts import Reading
from dealwright_embedded_crm.people_fields import FieldReader
from dealwright_embedded_crm.values import Refusal

T = TypeVar("T")

DealBy = Literal["reference", "id"]
"""What a column holds that says under which deal a row's record goes."""


class RecordColumns(msgspec.Struct, frozen=True, kw_only=True):
    """What the columns of a file mean: the deal, and the fields of one kind of records by their keys."""

    kind: str
    deal: Source
    deal_by: DealBy
    fields: Mapping[str, Source]


class ImportedRecords(msgspec.Struct, kw_only=True):
    """What an import did (or, dry, would do)."""

    rows: int
    rejected: int
    created: int = 0
    already_there: int = 0
    deals: set[str] = msgspec.field(default_factory=set)


class _Row(msgspec.Struct, frozen=True):
    line: int
    deal: str
    custom: tuple[Custom, ...]


class RecordImporter:
    """Imports one file as records of one kind."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        file: CsvFile,
        columns: RecordColumns,
        own: FieldReader,
        reading: Reading,
        *,
        answer: Answer = "on",
    ) -> None:
        self._database = database
        self._clock = clock
        self._file = file
        self._columns = columns
        self._own = own
        self._reading = reading
        self._origin = Origin(actor=f"import:{plain(file.path.stem, limit=60)}", answer=answer)

    def judge(self, progress: Callable[[int], None]) -> Judged:
        """Read the whole file and write nothing; `progress` hears of every row.

        Raises:
            InputError: the file is malformed; the message names file and line.
        """
        judged = Judged(digest=self._file.digest())
        for row, reject in self._rows():
            judged.rows += 1
            if row is not None:
                judged.good += 1
            else:
                judged.rejected += 1
                if len(judged.rejects) < MOST_LISTED:
                    judged.rejects.append(reject)
            progress(1)
        return judged

    def run(self, judged: Judged, progress: Callable[[int], None], *, dry: bool = False) -> ImportedRecords:
        """Add the rows that were judged good and are not there yet; with `dry`, only count them.

        Raises:
            InputError: the file is not what was judged any more, or a deal went away meanwhile.
        """
        if self._file.digest() != judged.digest:
            raise InputError(f"{self._file.path}: the file was changed while it was read; nothing was imported")
        done = ImportedRecords(rows=judged.rows, rejected=judged.rejected)
        for rows in _some(row for row, _ in self._rows() if row is not None):
            self._write(judged.digest, rows, done, dry=dry)
            progress(len(rows))
        return done

    def _rows(self) -> Iterator[tuple[_Row | None, Reject]]:
        for records in _some(self._file.records()):
            header = self._file.header
            cells = {
                each.line: dict(zip(header, each.cells, strict=True))
                for each in records
                if len(each.cells) == len(header)
            }
            names = {line: self._columns.deal.text(each) for line, each in cells.items()}
            with self._database.read() as connection:
                deals = _deals(connection, self._columns.deal_by, names.values())
            for each in records:
                yield self._row(each, cells.get(each.line), names.get(each.line, ""), deals)

    def _row(
        self, record: Record, cells: dict[str, str] | None, name: str, deals: Mapping[str, list[int]]
    ) -> tuple[_Row | None, Reject]:
        problems: list[str] = []
        custom: list[Custom] = []
        found = deals.get(name, [])
        if cells is None:
            problems.append(f"the row has {len(record.cells)} cells, the header has {len(self._file.header)}")
        else:
            problems += _against(self._columns.deal_by, name, found)
            for key, source in self._columns.fields.items():
                try:
                    value = self._own.text(self._columns.kind, key, source.text(cells), self._reading)
                except Refusal as refusal:
                    problems.append(refusal.message)
                else:
                    custom += [value] if value.value is not None else []
            if not (problems or custom):
                problems.append("the row holds nothing but its deal")
        reject = Reject(line=record.line, reasons=tuple(problems), cells=tuple(record.cells))
        return (None if problems else _Row(record.line, str(found[0]), tuple(custom))), reject

    def _write(self, digest: str, rows: Sequence[_Row], done: ImportedRecords, *, dry: bool) -> None:
        with self._database.read() if dry else self._database.write() as connection:
            keys = {row.line: f"import:{digest[:32]}:records:{self._columns.kind}:line {row.line}" for row in rows}
            known = kept(connection, keys.values())
            change = Change(connection, self._clock.now())
            if not dry:
                change.load(deals=[row.deal for row in rows if keys[row.line] not in known])
            for row in rows:
                if keys[row.line] in known:
                    done.already_there += 1
                    continue
                if not dry:
                    self._add(change, row, keys[row.line])
                done.created += 1
                done.deals.add(row.deal)
            if not dry:
                change.flush()

    def _add(self, change: Change, row: _Row, key: str) -> None:
        wanted = CreateRecord(deal_id=row.deal, record=self._columns.kind, custom=row.custom)
        try:
            made = change.add_record(wanted, self._origin)
        except Refusal as refusal:
            raise InputError(f"{self._file.path}:{row.line}: {refusal.message}") from None
        change.keep(key, "import_record", self._origin.actor, {"record_id": made.id})


def _some(items: Iterable[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for each in items:
        chunk.append(each)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _against(by: DealBy, name: str, found: list[int]) -> Iterator[str]:
    if not name:
        yield "no deal is named"
    elif not found:
        what = "there is no deal" if by == "id" else "no deal has the reference"
        yield f"{what} {values.shown(name)}"
    elif len(found) > 1:
        yield f"{len(found):,} deals have the reference {values.shown(name)}; name the deal by its id (--deal-by id)"


def _deals(connection: Connection, by: DealBy, names: Iterable[str]) -> dict[str, list[int]]:
    """Return the deals of each reference or id; the id of a deal that was merged away means the kept one."""
    wanted = sorted(set(names))
    table = schema.deals.c
    found: dict[str, list[int]] = {}
    if by == "id":
        merged = reads.merged(connection, "deal", wanted)
        meant = {name: reads.number(merged.get(name, name)) for name in wanted}
        numbers = sorted({number for number in meant.values() if number is not None})
        there = set(connection.execute(select(table.id).where(table.id.in_(numbers))).scalars())
        return {name: [number] for name, number in meant.items() if number is not None and number in there}
    clean: dict[str, list[str]] = {}
    for name in wanted:
        try:
            clean.setdefault(values.line("reference", name) or "", []).append(name)
        except Refusal:
            continue  # what no deal can keep is nobody's reference
    query = select(table.reference, table.id).where(table.reference.in_(sorted(clean))).order_by(table.id)
    for row in connection.execute(query):
        for name in clean[row.reference]:
            found.setdefault(name, []).append(row.id)
    return found
