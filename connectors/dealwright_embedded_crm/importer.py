"""Imports deals from a CSV file: the whole file is judged first, then written in transactions of a few hundred rows.

Every row has a key made of the file's content and the row's reference (or line), so that an import that was killed
can be run again and adds nothing twice; a reference that the pipeline has already is not created again either.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select

from dealwright.cli.terminal import plain
from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright.model.events import Answer
from dealwright_embedded_crm import persons, reads, schema
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.database import Database
from dealwright_embedded_crm.keys import kept
from dealwright_embedded_crm.rows import Row, RowReader
from dealwright_embedded_crm.values import Refusal

CHUNK: Final = 500
MOST_LISTED: Final = 10_000
"""Rejected rows that are kept in memory and written down; the others are counted."""


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """One row that cannot be imported, and everything against it."""

    line: int
    reasons: tuple[str, ...]
    cells: tuple[str, ...]


class Judged(msgspec.Struct, kw_only=True):
    """What the whole file holds, before anything is written."""

    digest: str
    rows: int = 0
    good: int = 0
    rejected: int = 0
    rejects: list[Reject] = []
    stages: Counter[str] = msgspec.field(default_factory=Counter)


class Imported(msgspec.Struct, kw_only=True):
    """What an import did (or, dry, would do)."""

    rows: int
    rejected: int
    created: int = 0
    already_there: int = 0
    users_created: int = 0
    contacts_created: int = 0
    given_to: Counter[str] = msgspec.field(default_factory=Counter)
    stages: Counter[str] = msgspec.field(default_factory=Counter)


class _People(msgspec.Struct, frozen=True, kw_only=True):
    """Who the contacts of some rows are: their keys by line, the contact kept for a key, and what it is today."""

    keys: dict[int, list[str]]
    known: dict[str, str]
    there: dict[str, str]


class Importer:
    """Imports one file into one pipeline of one CRM."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        file: CsvFile,
        reader: RowReader,
        *,
        answer: Answer = "on",
        country: str | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._file = file
        self._reader = reader
        with database.read() as connection:
            self._catalog = Catalog(connection)
        self._country = country
        self._persons: dict[str, str] = {}
        self._origin = Origin(actor=f"import:{plain(file.path.stem, limit=60)}", answer=answer)

    def judge(self, progress: Callable[[int], None]) -> Judged:
        """Read the whole file and write nothing; `progress` hears of every row.

        Raises:
            InputError: the file is malformed; the message names file and line.
        """
        judged = Judged(digest=self._file.digest())
        references: dict[str, int] = {}
        for row, reject in self._rows():
            judged.rows += 1
            if row is not None and row.deal.reference is not None:
                first = references.setdefault(row.deal.reference, row.line)
                if first != row.line:
                    reason = f"the reference is that of line {first} already"
                    row, reject = None, replace(reject, reasons=(reason,))
            if row is None:
                judged.rejected += 1
                if len(judged.rejects) < MOST_LISTED:
                    judged.rejects.append(reject)
            else:
                judged.good += 1
                judged.stages[row.deal.stage] += 1
            progress(1)
        return judged

    def run(self, judged: Judged, progress: Callable[[int], None], *, dry: bool = False) -> Imported:
        """Create the rows that were judged good and are not there yet; with `dry`, only count them.

        Raises:
            InputError: the file is not what was judged any more.
        """
        if self._file.digest() != judged.digest:
            raise InputError(f"{self._file.path}: the file was changed while it was read; nothing was imported")
        done = Imported(rows=judged.rows, rejected=judged.rejected)
        seen: set[str] = set()
        users: set[str] = set()
        self._persons.clear()
        chunk: list[Row] = []
        for row in self._good(seen):
            chunk.append(row)
            if len(chunk) == CHUNK:
                self._write(judged.digest, chunk, done, users, dry=dry)
                progress(len(chunk))
                chunk.clear()
        if chunk:
            self._write(judged.digest, chunk, done, users, dry=dry)
            progress(len(chunk))
        done.users_created = len(users)
        return done

    def _good(self, seen: set[str]) -> Iterator[Row]:
        for row, _ in self._rows():
            if row is None or row.deal.reference in seen:
                continue
            if row.deal.reference is not None:
                seen.add(row.deal.reference)
            yield row

    def _rows(self) -> Iterator[tuple[Row | None, Reject]]:
        header = self._file.header
        for record in self._file.records():
            reasons: list[str] = []
            row: Row | None = None
            if len(record.cells) != len(header):
                reasons = [f"the row has {len(record.cells)} cells, the header has {len(header)}"]
            else:
                row, reasons = self._reader.read(record.line, dict(zip(header, record.cells, strict=True)))
            if row is not None and row.deal.owner is not None and self._catalog.ambiguous(row.deal.owner):
                row, reasons = None, ["several users have the owner's name; name the owner by e-mail"]
            if row is not None and row.deal.owner is None and self._needs_owner(row) and not self._catalog.users:
                row, reasons = None, ["it needs an owner, and the CRM has no user yet: `dealwright crm users add`"]
            yield row, Reject(line=record.line, reasons=tuple(reasons), cells=tuple(record.cells))

    def _write(self, digest: str, rows: list[Row], done: Imported, users: set[str], *, dry: bool) -> None:
        with self._database.read() if dry else self._database.write() as connection:
            change = Change(connection, self._clock.now())
            keys = {row.line: _key(digest, row) for row in rows}
            present = kept(connection, list(keys.values()))
            references = _references(connection, rows)
            people = self._people(connection, change, rows)
            for row in rows:
                if keys[row.line] in present or row.deal.reference in references:
                    done.already_there += 1
                    continue
                owner = row.deal.owner
                if owner is not None and not change.catalog.knows(owner):
                    users.add(owner)
                contact = self._contact(change, row, people, done, dry=dry)
                if not dry:
                    self._create(change, row, keys[row.line], contact)
                if row.deal.owner is None and self._needs_owner(row) and self._catalog.default_owner is not None:
                    done.given_to[self._catalog.default_owner.id] += 1
                done.created += 1
                done.stages[row.deal.stage] += 1
            if not dry:
                change.flush()

    def _needs_owner(self, row: Row) -> bool:
        stage = self._reader.pipeline.stage(row.deal.stage)
        return stage is not None and stage.kind != "incoming"

    def _people(self, connection: Connection, change: Change, rows: list[Row]) -> _People:
        """Look up at once by what the rows' contacts are known, and load those that are there."""
        keys = {
            row.line: [f"import:contact:{mark}" for mark in persons.marks(row.contact, self._country)]
            for row in rows
            if row.contact is not None
        }
        receipts = kept(connection, chain.from_iterable(keys.values()))
        known = {key: str(receipt["contact_id"]) for key, receipt in receipts.items()}
        there = {old: contact.id for old, contact in reads.contacts_by_id(connection, known.values()).items()}
        met = {self._persons[key] for each in keys.values() for key in each if key in self._persons}
        change.load(contacts=met.union(there.values()))
        return _People(keys=keys, known=known, there=there)

    def _contact(self, change: Change, row: Row, people: _People, done: Imported, *, dry: bool) -> str | None:
        """Return the id of the row's contact: one for each person in the file, also when the import is run again."""
        if row.contact is None:
            return None
        keys = people.keys[row.line]
        found = next((self._persons[key] for key in keys if key in self._persons), None)
        if found is None:
            wanted = (people.known[key] for key in keys if key in people.known)
            found = next((people.there[each] for each in wanted if each in people.there), None)
        if found is None:
            done.contacts_created += 1
            found = f"dry {done.contacts_created}" if dry else change.add_contact(row.contact).id
        for key in keys:
            if key not in self._persons and key not in people.known and not dry:
                change.keep(key, "import_contact", self._origin.actor, {"contact_id": found})
            self._persons.setdefault(key, found)
        return found

    def _create(self, change: Change, row: Row, key: str, contact: str | None) -> None:
        try:
            if row.deal.owner is not None and not change.catalog.knows(row.deal.owner):
                change.add_user(row.deal.owner, None)
            if contact is not None:
                change.load(contacts=[contact])
            deal = change.create(
                replace(row.deal, contacts=() if contact is None else (contact,)),
                self._origin,
                created_at=row.created_at,
                stage_since=row.stage_since,
                lost_reason=row.lost_reason,
            )
        except Refusal as refusal:
            raise InputError(f"{self._file.path}:{row.line}: {refusal.message}") from None
        change.keep(key, "import", self._origin.actor, {"deal_id": deal.id})


def write_rejects(path: Path, header: list[str], judged: Judged) -> None:
    """Write the rejected rows with line and reasons before their cells, which a spreadsheet will not run as formulas.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["reject_line", "reject_reason", *map(_inert, header)])
            for reject in judged.rejects:
                writer.writerow([reject.line, "; ".join(reject.reasons), *map(_inert, reject.cells)])
    except OSError as error:
        raise InputError(f"--rejects {path}: cannot be written ({error.strerror})") from None


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _key(digest: str, row: Row) -> str:
    what = f"line {row.line}" if row.deal.reference is None else f"reference {row.deal.reference}"
    return f"import:{digest[:32]}:{row.deal.pipeline}:{what}"


def _references(connection: Connection, rows: list[Row]) -> set[str]:
    wanted = [row.deal.reference for row in rows if row.deal.reference is not None]
    if not wanted:
        return set()
    deals = schema.deals.c
    # Without "and pipeline = ...": PostgreSQL would go by the pipeline and compare every deal with every reference.
    query = select(deals.pipeline, deals.reference).where(deals.reference.in_(wanted))
    return {row.reference for row in connection.execute(query) if row.pipeline == rows[0].deal.pipeline}
