"""What stands under deals, read in bulk: of each deal at most `MOST_RECORDS`, however many it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select, union_all

from dealwright.model.crm import MOST_RECORDS, Record, User
from dealwright_embedded_crm import own_reads, schema

_CHUNK: Final = 5_000
_LONG: Final = 100
"""Deals with more records than are read, per query: each of them is a part of its own in it."""

_COLUMNS: Final = (schema.records.c.id, schema.records.c.deal_id, schema.records.c.kind, schema.records.c.custom)


def rows_under(connection: Connection, counts: Mapping[int, int]) -> list[Row[Any]]:
    """Return the records under these deals, at most the `MOST_RECORDS` oldest of each; `counts` says how many it has.

    Nothing is asked where no deal has any. Of a deal with a hundred thousand, the index gives the first ones alone.
    """
    records = schema.records.c
    short = [deal for deal, many in counts.items() if 0 < many <= MOST_RECORDS]
    found: list[Row[Any]] = []
    for some in _parts(short, _CHUNK):
        query = select(*_COLUMNS).where(records.deal_id.in_(some)).order_by(records.deal_id, records.id)
        found += connection.execute(query).all()
    for some in _parts([deal for deal, many in counts.items() if many > MOST_RECORDS], _LONG):
        first = [
            select(
                select(*_COLUMNS)
                .where(records.deal_id == deal)
                .order_by(records.id)
                .limit(MOST_RECORDS)
                .subquery(f"of_{place}")
            )
            for place, deal in enumerate(some)
        ]
        found += connection.execute(union_all(*first)).all()
    return found


def next_under(connection: Connection, deal_id: int, behind: int) -> Row[Any] | None:
    """Return the oldest record under a deal behind that one, or None."""
    records = schema.records.c
    query = select(*_COLUMNS).where(records.deal_id == deal_id, records.id > behind).order_by(records.id).limit(1)
    return connection.execute(query).first()


def grouped(rows: Sequence[Row[Any]], users: Mapping[str, User]) -> dict[int, tuple[Record, ...]]:
    """Return the records of those rows by deal, oldest first; `users` are those that own fields can name."""
    found: dict[int, list[Record]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        found.setdefault(row.deal_id, []).append(record_of(row, users))
    return {deal: tuple(records) for deal, records in found.items()}


def record_of(row: Row[Any], users: Mapping[str, User]) -> Record:
    """Return the record that a row holds."""
    return Record(id=str(row.id), kind=row.kind, custom=own_reads.read(row.custom, users))


def _parts(deals: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(deals), size):
        yield deals[start : start + size]
