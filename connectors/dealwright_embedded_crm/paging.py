"""Lists by pages: a page goes on after the last record of the one before, so that writes in between move nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select

from dealwright.model.crm import Activity, Contact, Deal, Money, Note, Task
from dealwright_embedded_crm import own_reads, reads, schema, values
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.reads import ContactQuery, DealQuery, TaskQuery
from dealwright_embedded_crm.values import Refusal, from_minor

MOST: Final = 500
"""The most records of one page."""

_FAR: Final = date(9999, 12, 31)
_PART: Final = 10**9

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some records of a list; `next` is where it goes on, None on the last page."""

    items: tuple[T, ...]
    next: str | None = None


class Order(msgspec.Struct, frozen=True):
    """One sort key: what is compared, of which type its values are in a cursor, and in which direction."""

    by: ColumnElement[Any]
    type: type
    descending: bool = False


# --- deals ------------------------------------------------------------------------------------------------------------


def deals(connection: Connection, query: DealQuery, *, limit: int | None) -> list[Deal]:
    """Return the deals that a query selects, oldest first."""
    rows = connection.execute(_selected(connection, reads.DEALS, query).order_by(schema.deals.c.id).limit(limit)).all()
    return reads.whole(connection, rows)


def page_of_deals(connection: Connection, query: DealQuery, after: str | None, limit: int) -> Page[Deal]:
    """Return one page of deals in the query's order.

    Raises:
        Refusal: a filter or the cursor cannot be used.
    """
    statement = _selected(connection, reads.DEALS, query)
    if query.sort == "stage":
        stages, pipelines = schema.stages.c, schema.pipelines.c
        at = and_(stages.pipeline == schema.deals.c.pipeline, stages.key == schema.deals.c.stage)
        statement = statement.join(schema.stages, at).join(schema.pipelines, pipelines.key == stages.pipeline)
    rows, further = one_page(connection, statement, _orders(query), query.sort, after, limit)
    return Page(items=tuple(reads.whole(connection, rows)), next=further)


def counts(connection: Connection, query: DealQuery) -> dict[tuple[str, str], tuple[int, tuple[Money, ...]]]:
    """Return for each stage that holds deals how many, and what they are worth by currency."""
    table = schema.deals.c
    # In two parts: SQLite refuses a sum that no 64 bits hold, which a hundred very great deals already have.
    high = func.sum(table.amount_minor // _PART).label("high")
    low = func.sum(table.amount_minor % _PART).label("low")
    columns = (table.pipeline, table.stage, table.currency, func.count().label("many"), high, low)
    statement = (
        _selected(connection, select(*columns), query)
        .group_by(table.pipeline, table.stage, table.currency)
        .order_by(table.currency)
    )
    found: dict[tuple[str, str], tuple[int, tuple[Money, ...]]] = {}
    for row in connection.execute(statement):
        before, sums = found.get((row.pipeline, row.stage), (0, ()))
        if row.currency is not None:
            sums = (*sums, from_minor(int(row.high) * _PART + int(row.low), row.currency))
        found[row.pipeline, row.stage] = (before + row.many, sums)
    return found


def _selected(connection: Connection, statement: Select[Any], query: DealQuery) -> Select[Any]:
    table = schema.deals.c
    if query.name is not None:
        statement = statement.where(_contains(table.name_key, "name", query.name))
    if query.pipeline is not None:
        statement = statement.where(table.pipeline == values.storable("pipeline", query.pipeline))
    if query.stage is not None:
        statement = statement.where(table.stage == values.storable("stage", query.stage))
    if query.reference is not None:
        statement = statement.where(table.reference == values.storable("reference", query.reference))
    if query.owner is not None:
        owner = Catalog(connection).owner(query.owner)
        statement = statement.where(table.owner_id == (0 if owner is None else int(owner.id)))
    if query.contact is not None:
        links = schema.deal_contacts.c
        contact = reads.contacts_by_id(connection, [query.contact]).get(query.contact)
        linked = select(links.deal_id).where(links.contact_id == (0 if contact is None else int(contact.id)))
        statement = statement.where(table.id.in_(linked))
    if query.closed is not None:
        stages = schema.stages.c
        here = and_(stages.pipeline == table.pipeline, stages.key == table.stage)
        ended = exists(select(stages.key).where(here, stages.kind.in_(("won", "lost"))))
        statement = statement.where(ended if query.closed else ~ended)
    if query.created_from is not None:
        statement = statement.where(table.created_at >= values.aware("created_from", query.created_from))
    if query.created_to is not None:
        statement = statement.where(table.created_at < values.aware("created_to", query.created_to))
    if query.close_from is not None:
        statement = statement.where(table.close_date >= query.close_from)
    if query.close_to is not None:
        statement = statement.where(table.close_date <= query.close_to)
    for key, value in query.own:
        statement = statement.where(own_reads.has(connection, table.custom, key, value))
    return statement


def _orders(query: DealQuery) -> list[Order]:
    table, down = schema.deals.c, query.descending
    last = Order(table.id, int, down)
    match query.sort:
        case "name":
            return [Order(table.name_key, str, down), last]
        case "created":
            return [Order(table.created_at, datetime, down), last]
        case "stage":
            return [Order(schema.pipelines.c.position, int, down), Order(schema.stages.c.position, int, down), last]
        case "close_date":
            value = func.coalesce(table.close_date, _FAR)
            return [_unset_last(table.close_date), Order(value, date, down), last]
        case "amount":
            money = [
                Order(func.coalesce(table.currency, ""), str, down),
                Order(func.coalesce(table.amount_minor, 0), int, down),
            ]
            return [_unset_last(table.amount_minor), *money, last]
        case _:
            return [last]


def _unset_last(by: ColumnElement[Any]) -> Order:
    return Order(case((by.is_(None), 1), else_=0), int)


# --- what stands around deals -----------------------------------------------------------------------------------------


def contacts(connection: Connection, query: ContactQuery, *, limit: int | None) -> list[Contact]:
    """Return contacts, oldest first."""
    rows = connection.execute(_selected_contacts(connection, query).order_by(schema.contacts.c.id).limit(limit)).all()
    return reads.contacts_of(connection, rows)


def page_of_contacts(connection: Connection, query: ContactQuery, after: str | None, limit: int) -> Page[Contact]:
    """Return one page of contacts, oldest first."""
    order = [Order(schema.contacts.c.id, int)]
    rows, further = one_page(connection, _selected_contacts(connection, query), order, "contacts", after, limit)
    return Page(items=tuple(reads.contacts_of(connection, rows)), next=further)


def tasks(connection: Connection, query: TaskQuery, *, limit: int | None) -> list[Task]:
    """Return tasks, oldest first."""
    rows = connection.execute(_selected_tasks(connection, query).order_by(schema.tasks.c.id).limit(limit))
    return [reads.task_of(row) for row in rows]


def page_of_tasks(connection: Connection, query: TaskQuery, after: str | None, limit: int) -> Page[Task]:
    """Return one page of tasks, oldest first."""
    order = [Order(schema.tasks.c.id, int)]
    rows, further = one_page(connection, _selected_tasks(connection, query), order, "tasks", after, limit)
    return Page(items=tuple(reads.task_of(row) for row in rows), next=further)


def notes(connection: Connection, deal_id: str | None, *, limit: int | None) -> list[Note]:
    """Return notes, oldest first."""
    statement = _of_deal(select(schema.notes), schema.notes.c.deal_id, deal_id)
    return [_note(row) for row in connection.execute(statement.order_by(schema.notes.c.id).limit(limit))]


def page_of_notes(connection: Connection, deal_id: str | None, after: str | None, limit: int) -> Page[Note]:
    """Return one page of notes, oldest first."""
    statement = _of_deal(select(schema.notes), schema.notes.c.deal_id, deal_id)
    rows, further = one_page(connection, statement, [Order(schema.notes.c.id, int)], "notes", after, limit)
    return Page(items=tuple(_note(row) for row in rows), next=further)


def activities(connection: Connection, deal_id: str | None, *, limit: int | None) -> list[Activity]:
    """Return activities, in the order they were written down."""
    statement = _of_deal(_ACTIVITIES, schema.activities.c.deal_id, deal_id)
    return [_activity(row) for row in connection.execute(statement.order_by(schema.activities.c.id).limit(limit))]


def page_of_activities(connection: Connection, deal_id: str | None, after: str | None, limit: int) -> Page[Activity]:
    """Return one page of activities, in the order they were written down."""
    statement = _of_deal(_ACTIVITIES, schema.activities.c.deal_id, deal_id)
    rows, further = one_page(connection, statement, [Order(schema.activities.c.id, int)], "activities", after, limit)
    return Page(items=tuple(_activity(row) for row in rows), next=further)


_ACTIVITIES: Final = select(
    schema.activities,
    schema.activities.c.by_id.label("owner_id"),
    schema.users.c.name.label("owner_name"),
    schema.users.c.email.label("owner_email"),
).outerjoin(schema.users, schema.users.c.id == schema.activities.c.by_id)


def _selected_contacts(connection: Connection, query: ContactQuery) -> Select[Any]:
    table = schema.contacts.c
    statement = select(schema.contacts)
    if query.name is not None:
        statement = statement.where(_contains(table.name_key, "name", query.name))
    if query.phone is not None:
        statement = statement.where(table.phone == values.storable("phone", query.phone))
    if query.email is not None:
        statement = statement.where(table.email == values.storable("email", query.email))
    for key, value in query.own:
        statement = statement.where(own_reads.has(connection, table.custom, key, value))
    return statement


def _selected_tasks(connection: Connection, query: TaskQuery) -> Select[Any]:
    statement = _of_deal(reads.TASKS, schema.tasks.c.deal_id, query.deal)
    if query.owner is not None:
        owner = Catalog(connection).owner(query.owner)
        statement = statement.where(schema.tasks.c.owner_id == (0 if owner is None else int(owner.id)))
    if query.done is not None:
        statement = statement.where(schema.tasks.c.done.is_(query.done))
    return statement


def _of_deal(statement: Select[Any], of: ColumnElement[Any], deal_id: str | None) -> Select[Any]:
    return statement if deal_id is None else statement.where(of == (reads.number(deal_id) or 0))


def _note(row: Row[Any]) -> Note:
    return Note(id=str(row.id), deal_id=str(row.deal_id), text=row.text, author=row.author, at=row.at)


def _activity(row: Row[Any]) -> Activity:
    return Activity(
        id=str(row.id),
        deal_id=str(row.deal_id),
        kind=row.kind,
        at=row.at,
        outcome=row.outcome,
        text=row.text,
        by=reads.user_of(row),
        contact_id=None if row.contact_id is None else str(row.contact_id),
    )


# --- pages ------------------------------------------------------------------------------------------------------------


def _contains(key: ColumnElement[Any], field: str, part: str) -> ColumnElement[bool]:
    return key.contains(values.storable(field, part).casefold(), autoescape=True)


def one_page(
    connection: Connection, statement: Select[Any], orders: Sequence[Order], sort: str, after: str | None, limit: int
) -> tuple[Sequence[Row[Any]], str | None]:
    """Return the rows of one page, and the cursor of the next one, None on the last.

    Raises:
        Refusal: the limit or the cursor cannot be used.
    """
    if not 1 <= limit <= MOST:
        raise Refusal("bad_limit", f"a page has 1 to {MOST} records")
    marks = [order.by.label(f"mark{place}") for place, order in enumerate(orders)]
    statement = statement.add_columns(*marks)
    if after is not None:
        statement = statement.where(_beyond(orders, _marks(after, orders, sort)))
    statement = statement.order_by(*(order.by.desc() if order.descending else order.by for order in orders))
    rows = connection.execute(statement.limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], _cursor(sort, [getattr(last, mark.name) for mark in marks])


def _beyond(orders: Sequence[Order], marks: Sequence[Any]) -> ColumnElement[bool]:
    ways = []
    for place, (order, mark) in enumerate(zip(orders, marks, strict=True)):
        same = [other.by == value for other, value in zip(orders[:place], marks, strict=False)]
        ways.append(and_(*same, order.by < mark if order.descending else order.by > mark))
    return or_(*ways)


def _cursor(sort: str, marks: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *marks])).decode().rstrip("=")


def _marks(cursor: str, orders: Sequence[Order], sort: str) -> list[Any]:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        whole = msgspec.json.decode(raw, type=list[Any])
        if len(whole) != len(orders) + 1 or whole[0] != sort:
            raise ValueError
        found: list[Any] = [msgspec.convert(mark, order.type) for order, mark in zip(orders, whole[1:], strict=True)]
        for mark in found:
            if isinstance(mark, str):
                values.storable("cursor", mark)
            elif isinstance(mark, datetime):
                values.aware("cursor", mark)
            elif isinstance(mark, int) and not -(2**63) <= mark < 2**63:
                raise ValueError
    except (ValueError, binascii.Error, msgspec.MsgspecError, Refusal):
        raise Refusal("bad_cursor", "the cursor is none that this list gave; begin again without one") from None
    return found
