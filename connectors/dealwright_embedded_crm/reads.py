"""Reads whole deals, contacts and tasks in bulk: a constant number of queries for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from dealwright.model.crm import Contact, Deal, Money, Task, User
from dealwright_embedded_crm import schema
from dealwright_embedded_crm.values import from_minor

CHUNK: Final = 5_000
"""Ids per query; SQLite takes 32,766 at most."""

_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode

_DEALS = (
    select(
        schema.deals,
        schema.companies.c.name.label("company"),
        schema.users.c.name.label("owner_name"),
        schema.users.c.email.label("owner_email"),
    )
    .outerjoin(schema.companies, schema.companies.c.id == schema.deals.c.company_id)
    .outerjoin(schema.users, schema.users.c.id == schema.deals.c.owner_id)
)

_LINKS = (
    select(schema.deal_contacts.c.deal_id, schema.contacts)
    .join(schema.contacts, schema.contacts.c.id == schema.deal_contacts.c.contact_id)
    .order_by(schema.deal_contacts.c.deal_id, schema.deal_contacts.c.position)
)


def number(text: str) -> int | None:
    """Return the number that an id is, or None when it can be nobody's."""
    plain = text.isascii() and text.isdigit() and len(text) <= 18 and not text.startswith("0")
    return int(text) if plain else None


def numbers(texts: Iterable[str]) -> list[int]:
    """Return the numbers of those ids that can be somebody's, each once, in order."""
    return sorted({found for text in texts if (found := number(text)) is not None})


def deals_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Deal]:
    """Return the deals of these ids; those that are not there are missing."""
    found: dict[str, Deal] = {}
    for some in _chunks(numbers(ids)):
        rows = connection.execute(_DEALS.where(schema.deals.c.id.in_(some))).all()
        found.update((deal.id, deal) for deal in _whole(connection, rows))
    return found


def deals_where(connection: Connection, query: DealQuery) -> list[Deal]:
    """Return the deals that a query selects, oldest first."""
    rows = connection.execute(query.narrow(_DEALS).order_by(schema.deals.c.id).limit(query.limit)).all()
    return _whole(connection, rows)


class DealQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which deals to list."""

    pipeline: str | None = None
    stage: str | None = None
    limit: int | None = None

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """Return the query with what was asked for."""
        if self.pipeline is not None:
            query = query.where(schema.deals.c.pipeline == self.pipeline)
        if self.stage is not None:
            query = query.where(schema.deals.c.stage == self.stage)
        return query


def contacts_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Contact]:
    """Return the contacts of these ids; those that are not there are missing."""
    found: dict[str, Contact] = {}
    for some in _chunks(numbers(ids)):
        rows = connection.execute(select(schema.contacts).where(schema.contacts.c.id.in_(some)))
        found.update((str(row.id), contact_of(row)) for row in rows)
    return found


def tasks_of(connection: Connection, deal_id: str | None, limit: int | None) -> list[Task]:
    """Return the tasks of one deal or of all, oldest first."""
    query = (
        select(schema.tasks, schema.users.c.name.label("owner_name"), schema.users.c.email.label("owner_email"))
        .outerjoin(schema.users, schema.users.c.id == schema.tasks.c.owner_id)
        .order_by(schema.tasks.c.id)
        .limit(limit)
    )
    if deal_id is not None:
        query = query.where(schema.tasks.c.deal_id == (number(deal_id) or 0))
    return [
        Task(
            id=str(row.id),
            deal_id=str(row.deal_id),
            text=row.text,
            due_at=row.due_at,
            owner=_owner(row),
            done=row.done,
            created_at=row.created_at,
        )
        for row in connection.execute(query)
    ]


def contact_of(row: Row[Any]) -> Contact:
    """Return the contact that a row of `contacts` holds."""
    return Contact(
        id=str(row.id),
        name=row.name,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
        email=row.email,
    )


def counts(connection: Connection) -> dict[tuple[str, str], tuple[int, tuple[Money, ...]]]:
    """Return for each stage that holds deals how many, and what they are worth by currency."""
    deals = schema.deals.c
    query = (
        select(
            deals.pipeline,
            deals.stage,
            deals.currency,
            func.count().label("many"),
            func.sum(deals.amount_minor).label("sum"),
        )
        .group_by(deals.pipeline, deals.stage, deals.currency)
        .order_by(deals.currency)
    )
    found: dict[tuple[str, str], tuple[int, tuple[Money, ...]]] = {}
    for row in connection.execute(query):
        many, sums = found.get((row.pipeline, row.stage), (0, ()))
        if row.currency is not None:
            sums = (*sums, from_minor(int(row.sum), row.currency))
        found[row.pipeline, row.stage] = (many + row.many, sums)
    return found


def _whole(connection: Connection, rows: Sequence[Row[Any]]) -> list[Deal]:
    links: dict[int, list[Contact]] = {}
    for some in _chunks([row.id for row in rows]):
        for link in connection.execute(_LINKS.where(schema.deal_contacts.c.deal_id.in_(some))):
            links.setdefault(link.deal_id, []).append(contact_of(link))
    return [_deal(row, tuple(links.get(row.id, ()))) for row in rows]


def _deal(row: Row[Any], contacts: tuple[Contact, ...]) -> Deal:
    return Deal(
        id=str(row.id),
        title=row.title,
        pipeline=row.pipeline,
        stage=row.stage,
        owner=_owner(row),
        amount=None if row.currency is None else from_minor(row.amount_minor, row.currency),
        close_date=row.close_date,
        reference=row.reference,
        tags=_decode_tags(row.tags),
        company=row.company,
        contacts=contacts,
        lost_reason=row.lost_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        stage_since=row.stage_since,
        version=row.version,
    )


def _owner(row: Row[Any]) -> User | None:
    return None if row.owner_id is None else User(id=str(row.owner_id), name=row.owner_name, email=row.owner_email)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
