"""Reads whole deals, contacts and tasks in bulk: a constant number of queries for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, func, select

from dealwright.model.crm import Contact, ContactRole, Deal, Record, Task, User
from dealwright.model.custom import CustomValue
from dealwright.model.events import MOST_DEALS
from dealwright_embedded_crm import deal_records, own_reads, schema
from dealwright_embedded_crm.values import from_minor

CHUNK: Final = 5_000
"""Ids per query; SQLite takes 32,766 at most."""

DealSort = Literal["id", "name", "stage", "created", "close_date", "amount"]
"""What deals are sorted by; amounts are sorted within their currency."""

_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode

DEALS: Final = (
    select(
        schema.deals,
        schema.companies.c.name.label("company"),
        schema.companies.c.custom.label("company_custom"),
        schema.users.c.name.label("owner_name"),
        schema.users.c.email.label("owner_email"),
    )
    .outerjoin(schema.companies, schema.companies.c.id == schema.deals.c.company_id)
    .outerjoin(schema.users, schema.users.c.id == schema.deals.c.owner_id)
)

_OWNERS: Final = select(
    schema.deals.c.id,
    schema.deals.c.owner_id,
    schema.users.c.name.label("owner_name"),
    schema.users.c.email.label("owner_email"),
).outerjoin(schema.users, schema.users.c.id == schema.deals.c.owner_id)

TASKS: Final = select(
    schema.tasks, schema.users.c.name.label("owner_name"), schema.users.c.email.label("owner_email")
).outerjoin(schema.users, schema.users.c.id == schema.tasks.c.owner_id)

_LINKS = (
    select(schema.deal_contacts.c.deal_id, schema.deal_contacts.c.role, schema.contacts)
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
    for some in chunks(numbers(ids)):
        rows = connection.execute(DEALS.where(schema.deals.c.id.in_(some))).all()
        found.update((deal.id, deal) for deal in whole(connection, rows))
    return found


def owners_by_deal(connection: Connection, ids: Iterable[str]) -> dict[str, User | None]:
    """Return who owns the deals of these ids, if anybody does; deals that are not there are missing."""
    found: dict[str, User | None] = {}
    for some in chunks(numbers(ids)):
        for row in connection.execute(_OWNERS.where(schema.deals.c.id.in_(some))).all():
            found[str(row.id)] = user_of(row)
    return found


class DealQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which deals to list, in which order.

    `name` is part of the title, whatever its case; `owner` an id, e-mail or exact name; `contact` a contact's id;
    `closed` whether it is won or lost; `own` are own fields with the values that they must have.
    Times and days include `from` and exclude nothing of the day `to`: `created_to` itself is not included, `close_to`
    is. Deals without the value that they are sorted by come last.
    """

    name: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    owner: str | None = None
    contact: str | None = None
    reference: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    close_from: date | None = None
    close_to: date | None = None
    closed: bool | None = None
    own: tuple[tuple[str, CustomValue], ...] = ()
    sort: DealSort = "id"
    descending: bool = False


class ContactQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts to list: `name` is part of the name, whatever its case; `phone` and `email` as they are kept."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    own: tuple[tuple[str, CustomValue], ...] = ()


class TaskQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks to list; `owner` is an id, e-mail or exact name."""

    deal: str | None = None
    owner: str | None = None
    done: bool | None = None


EVERY_DEAL: Final = DealQuery()
EVERY_CONTACT: Final = ContactQuery()
EVERY_TASK: Final = TaskQuery()


def merged(connection: Connection, kind: str, ids: Iterable[str]) -> dict[str, str]:
    """Return what those of the ids that were merged away (`deal` or `contact`) are now."""
    table = schema.merges.c
    found: dict[str, str] = {}
    for some in chunks(numbers(ids)):
        query = select(table.absorbed, table.kept).where(table.kind == kind, table.absorbed.in_(some))
        found.update((str(row.absorbed), str(row.kept)) for row in connection.execute(query))
    return found


def deals_by_reference(connection: Connection, references: Iterable[str]) -> dict[str, Deal]:
    """Return the one deal of each reference; a reference of no deal or of several is missing."""
    wanted = sorted(set(references))
    found: dict[str, str] = {}
    table = schema.deals.c
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(table.reference, func.min(table.id).label("id"))
            .where(table.reference.in_(wanted[start : start + CHUNK]))
            .group_by(table.reference)
            .having(func.count() == 1)
        )
        found.update((row.reference, str(row.id)) for row in connection.execute(query))
    deals = deals_by_id(connection, found.values())
    return {reference: deals[deal_id] for reference, deal_id in found.items()}


def contacts_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Contact]:
    """Return the contacts of these ids; those that are not there are missing, those merged away are the kept ones."""
    wanted = set(ids)
    found = _contacts(connection, wanted)
    kept = merged(connection, "contact", wanted - found.keys())
    if kept:
        others = _contacts(connection, kept.values())
        found.update((old, others[new]) for old, new in kept.items() if new in others)
    return found


def _contacts(connection: Connection, ids: Iterable[str]) -> dict[str, Contact]:
    found: dict[str, Contact] = {}
    for some in chunks(numbers(ids)):
        rows = connection.execute(select(schema.contacts).where(schema.contacts.c.id.in_(some))).all()
        found.update((contact.id, contact) for contact in contacts_of(connection, rows))
    return found


def tasks_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Task]:
    """Return the tasks of these ids; those that are not there are missing."""
    found: dict[str, Task] = {}
    for some in chunks(numbers(ids)):
        rows = connection.execute(TASKS.where(schema.tasks.c.id.in_(some)))
        found.update((str(row.id), task_of(row)) for row in rows)
    return found


def open_tasks(connection: Connection, deals: Iterable[str]) -> dict[str, Task]:
    """Return all tasks of these deals that are not done, oldest first."""
    found: dict[str, Task] = {}
    table = schema.tasks.c
    for some in chunks(numbers(deals)):
        rows = connection.execute(TASKS.where(table.deal_id.in_(some), table.done.is_(False)).order_by(table.id))
        found.update((str(row.id), task_of(row)) for row in rows)
    return found


def open_deals_like(connection: Connection, pipeline: str, contacts: Iterable[str], company: str | None) -> list[str]:
    """Return the open deals of a pipeline that have one of these contacts, or this company, the newest first."""
    deals, stages, links = schema.deals.c, schema.stages.c, schema.deal_contacts.c
    is_open = (
        select(deals.id)
        .join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
        .where(deals.pipeline == pipeline, stages.kind.in_(("incoming", "open")))
    )
    found: set[int] = set()
    for some in chunks(numbers(contacts)):
        linked = is_open.join(schema.deal_contacts, links.deal_id == deals.id).where(links.contact_id.in_(some))
        found.update(connection.execute(linked).scalars())
    if company is not None:
        theirs = is_open.join(schema.companies, schema.companies.c.id == deals.company_id)
        found.update(connection.execute(theirs.where(schema.companies.c.name == company)).scalars())
    return [str(id_) for id_ in sorted(found, reverse=True)]


def open_deals(connection: Connection, contacts: Iterable[str]) -> dict[str, tuple[list[str], int]]:
    """Return the ids of each contact's newest open deals, at most 50, and how many open ones there are."""
    links, deals, stages = schema.deal_contacts.c, schema.deals.c, schema.stages.c
    found: dict[str, tuple[list[str], int]] = {}
    for some in chunks(numbers(contacts)):
        ranked = (
            select(
                links.contact_id,
                links.deal_id,
                func.count().over(partition_by=links.contact_id).label("many"),
                func.row_number().over(partition_by=links.contact_id, order_by=links.deal_id.desc()).label("place"),
            )
            .join(schema.deals, deals.id == links.deal_id)
            .join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
            .where(links.contact_id.in_(some), stages.kind.in_(("incoming", "open")))
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= MOST_DEALS).order_by(ranked.c.contact_id, ranked.c.place)
        for row in connection.execute(query):
            found.setdefault(str(row.contact_id), ([], row.many))[0].append(str(row.deal_id))
    return found


def contacts_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Contact]:
    """Return the contacts that rows of `contacts` hold, in their order."""
    users = users_named(connection, (row.custom for row in rows))
    return [contact_of(row, users) for row in rows]


def users_named(connection: Connection, raws: Iterable[str | None]) -> dict[str, User]:
    """Return all users if one of these columns of own fields names one."""
    if not own_reads.names_users(raws):
        return {}
    found = connection.execute(select(schema.users))
    return {str(row.id): User(id=str(row.id), name=row.name, email=row.email) for row in found}


def contact_of(row: Row[Any], users: Mapping[str, User]) -> Contact:
    """Return the contact that a row of `contacts` holds; `users` are those that own fields can name."""
    return Contact(
        id=str(row.id),
        name=row.name,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
        email=row.email,
        custom=own_reads.read(row.custom, users),
    )


def task_of(row: Row[Any]) -> Task:
    """Return the task that a row of `TASKS` holds."""
    return Task(
        id=str(row.id),
        deal_id=str(row.deal_id),
        text=row.text,
        due_at=row.due_at,
        owner=user_of(row),
        done=row.done,
        created_at=row.created_at,
        completed_at=row.completed_at,
    )


def whole(connection: Connection, rows: Sequence[Row[Any]]) -> list[Deal]:
    """Return the deals that rows of `DEALS` hold, with their contacts and records, in the order of the rows."""
    links: dict[int, list[Contact]] = {}
    roles: dict[int, list[ContactRole]] = {}
    for some in chunks([row.id for row in rows]):
        linked = connection.execute(_LINKS.where(schema.deal_contacts.c.deal_id.in_(some))).all()
        for link, contact in zip(linked, contacts_of(connection, linked), strict=True):
            links.setdefault(link.deal_id, []).append(contact)
            if link.role is not None:
                roles.setdefault(link.deal_id, []).append(ContactRole(contact.id, link.role))
    under = deal_records.rows_under(connection, {row.id: row.records for row in rows})
    raws = chain((row.custom for row in rows), (row.company_custom for row in rows), (row.custom for row in under))
    users = users_named(connection, raws)
    records = deal_records.grouped(under, users)
    return [
        _deal(
            row,
            users,
            contacts=tuple(links.get(row.id, ())),
            roles=tuple(roles.get(row.id, ())),
            records=records.get(row.id, ()),
        )
        for row in rows
    ]


def _deal(
    row: Row[Any],
    users: Mapping[str, User],
    *,
    contacts: tuple[Contact, ...],
    roles: tuple[ContactRole, ...],
    records: tuple[Record, ...],
) -> Deal:
    return Deal(
        id=str(row.id),
        title=row.title,
        pipeline=row.pipeline,
        stage=row.stage,
        owner=user_of(row),
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
        custom=own_reads.read(row.custom, users),
        contact_roles=roles or msgspec.UNSET,
        company_custom=own_reads.read(row.company_custom, users),
        records=records or msgspec.UNSET,
        records_beyond=(row.records - len(records)) or msgspec.UNSET,
    )


def user_of(row: Row[Any]) -> User | None:
    """Return the owner that stands in a row beside what they own."""
    return None if row.owner_id is None else User(id=str(row.owner_id), name=row.owner_name, email=row.owner_email)


def chunks(ids: list[int]) -> Iterator[list[int]]:
    """Yield the ids in as many as a query takes."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
