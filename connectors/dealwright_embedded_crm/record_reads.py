"""Records under deals as people and programs look at them: one, or page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, select

from dealwright.model.crm import Record
from dealwright_embedded_crm import deal_records, paging, reads, schema, values
from dealwright_embedded_crm.paging import Page


class KeptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record, the deal that it is under with that deal's version, and when it was made and changed."""

    deal_id: str
    record: Record
    created_at: datetime
    updated_at: datetime
    deal_version: int


_KEPT: Final = select(schema.records, schema.deals.c.version).join(
    schema.deals, schema.deals.c.id == schema.records.c.deal_id
)


def by_id(connection: Connection, ids: Iterable[str]) -> dict[str, KeptRecord]:
    """Return the records of these ids; those that are not there are missing."""
    found: dict[str, KeptRecord] = {}
    for some in reads.chunks(reads.numbers(ids)):
        rows = connection.execute(_KEPT.where(schema.records.c.id.in_(some))).all()
        found.update((each.record.id, each) for each in _kept(connection, rows))
    return found


def page_of_records(
    connection: Connection, deal_id: str, kind: str | None, after: str | None, limit: int
) -> Page[KeptRecord]:
    """Return one page of what is under a deal, of one kind or of all, oldest first.

    Raises:
        Refusal: the kind or the cursor cannot be used.
    """
    table = schema.records.c
    statement = _KEPT.where(table.deal_id == (reads.number(deal_id) or 0))
    if kind is not None:
        statement = statement.where(table.kind == values.storable("kind", kind))
    rows, further = paging.one_page(connection, statement, [paging.Order(table.id, int)], "records", after, limit)
    return Page(items=tuple(_kept(connection, rows)), next=further)


def _kept(connection: Connection, rows: Sequence[Row[Any]]) -> list[KeptRecord]:
    users = reads.users_named(connection, (row.custom for row in rows))
    return [
        KeptRecord(
            deal_id=str(row.deal_id),
            record=deal_records.record_of(row, users),
            created_at=row.created_at,
            updated_at=row.updated_at,
            deal_version=row.version,
        )
        for row in rows
    ]
