"""Finding deals and contacts by a value: an index of candidates, each compared with what it holds now.

Phones are kept by their last digits: they are the same in whatever format and with or without the country's prefix.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import phonenumbers
from sqlalchemy import Connection, Select, and_, case, delete, func, insert, select, update

from dealwright.model.crm import Contact, Deal
from dealwright.model.custom import Customs, NumberHeld, TextHeld, value_of
from dealwright.model.normal import normal_email, normal_phone
from dealwright.ports import MOST_FOUND, DealKey
from dealwright_embedded_crm import reads, schema

PHONE: Final = "contacts.phone"
EMAIL: Final = "contacts.email"

_LAST_DIGITS: Final = 7
_LONGEST: Final = 80
_BEGINNING: Final = 40
_DIGEST: Final = 20
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_COLUMNS: Final = {
    "reference": schema.deals.c.reference,
    "title": schema.deals.c.title,
    "lost_reason": schema.deals.c.lost_reason,
}


# --- keeping the index ------------------------------------------------------------------------------------------------


def keep_contacts(connection: Connection, contacts: Sequence[Contact], *, known: bool) -> None:
    """Note by what these contacts are found; `known`: they were there before."""
    if known:
        _forget(connection, [contact.id for contact in contacts], schema.lookups.c.kind.in_(("phone", "email")))
    rows = [_row(kind, value, contact.id) for contact in contacts for kind, value in _of_contact(contact)]
    if rows:
        connection.execute(insert(schema.lookups), rows)


def keep_deals(connection: Connection, deals: Sequence[Deal], *, known: bool) -> None:
    """Note by which of their own fields these deals are found; `known`: they were there before."""
    if known:  # also those that have no own field left
        forget_deals(connection, [deal.id for deal in deals])
    rows = [_row(f"own.{key}", value, deal.id) for deal in deals for key, value in _own(deal.custom)]
    if rows:
        connection.execute(insert(schema.lookups), rows)


def keep_company(connection: Connection, company_id: str, custom: Customs) -> None:
    """Note by which of its own fields a company, and so its deals, are found."""
    _forget(connection, [company_id], schema.lookups.c.kind.like("firm.%"))
    rows = [_row(f"firm.{key}", value, company_id) for key, value in _own(custom)]
    if rows:
        connection.execute(insert(schema.lookups), rows)


def forget_contact(connection: Connection, contact_id: int) -> None:
    """Forget by what a contact was found: it is gone."""
    _forget(connection, [str(contact_id)], schema.lookups.c.kind.in_(("phone", "email")))


def forget_deals(connection: Connection, ids: Sequence[str]) -> None:
    """Forget by what deals were found: they are gone."""
    _forget(connection, ids, schema.lookups.c.kind.like("own.%"))


_OF: Final = {"deal": "own", "company": "firm"}
"""Of what own fields are looked for, and what their kinds begin with."""


def forget_field(connection: Connection, holder: str, key: str, things: Sequence[int]) -> None:
    """Forget that these deals or companies are found by an own field."""
    table = schema.lookups
    for some in reads.chunks(list(things)):
        connection.execute(delete(table).where(table.c.thing_id.in_(some), table.c.kind == f"{_OF[holder]}.{key}"))


def rename_field(connection: Connection, holder: str, old: str, new: str) -> None:
    """Let deals or companies be found by the new key of an own field; none of them is found by that one already."""
    table = schema.lookups
    connection.execute(update(table).where(table.c.kind == f"{_OF[holder]}.{old}").values(kind=f"{_OF[holder]}.{new}"))


def _forget(connection: Connection, ids: Iterable[str], kinds: Any) -> None:
    for some in reads.chunks(reads.numbers(ids)):
        connection.execute(delete(schema.lookups).where(schema.lookups.c.thing_id.in_(some), kinds))


def _row(kind: str, value: str, id_: str) -> dict[str, Any]:
    return {"kind": kind, "value": value, "thing_id": int(id_)}


def _of_contact(contact: Contact) -> Iterator[tuple[str, str]]:
    yield from (("phone", digits) for digits in sorted(_digits(contact.phone or "")))
    if contact.email and (email := normal_email(contact.email)):
        yield "email", email[:_LONGEST]


def _digits(phone: str) -> set[str]:
    """Return the last digits of a phone, without an extension that is written behind letters.

    They are read plainly and as phonenumbers reads it, which knows words before a number, letters in the place of
    digits and other scripts' digits. The region that it is told only decides what it takes off in front.
    """
    digits = {_NO_DIGIT.sub("", _LETTER.split(phone)[0])[-_LAST_DIGITS:]}
    with contextlib.suppress(phonenumbers.NumberParseException):
        digits.add(str(phonenumbers.parse(phone, "US").national_number)[-_LAST_DIGITS:])
    return digits - {""}


def _own(custom: Customs) -> Iterator[tuple[str, str]]:
    for field in custom or ():
        if isinstance(field.value, TextHeld | NumberHeld) and len(field.key) < _LONGEST - 5:
            text = _text(field.value.value)
            if text:
                yield field.key, _kept(text)


def _kept(text: str) -> str:
    """Return by what an own field's value is found: itself, or its beginning and what stands for the whole of it."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_BEGINNING]}{hashlib.blake2b(text.encode(), digest_size=_DIGEST).hexdigest()}"


def _text(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


# --- asking it --------------------------------------------------------------------------------------------------------


def deals(connection: Connection, keys: Sequence[DealKey], country: str) -> dict[DealKey, list[Deal]]:
    """Return the deals of each key, open ones first and the newest of them, at most one more than `MOST_FOUND`."""
    by_field: dict[str, set[str]] = {}
    for key in keys:
        by_field.setdefault(key.field, set()).add(key.value)
    candidates: dict[DealKey, list[int]] = {}
    for field, values in by_field.items():
        for value, ids in _candidates(connection, field, sorted(values), country).items():
            candidates[DealKey(field, value)] = ids
    wanted = {str(id_) for ids in candidates.values() for id_ in ids}
    whole = reads.deals_by_id(connection, wanted)
    found = {}
    for key, ids in candidates.items():
        fitting = [deal for id_ in ids if (deal := whole.get(str(id_))) is not None and _fits(deal, key, country)]
        if fitting:
            found[key] = fitting
    return found


def deals_in(connection: Connection, pipelines: Sequence[str], after: str | None, limit: int) -> list[Deal]:
    """Return the next deals of these pipelines behind that id, in the order of their ids."""
    table = schema.deals.c
    behind = 0 if after is None else reads.number(after) or 0
    query = reads.DEALS.where(table.pipeline.in_(pipelines), table.id > behind).order_by(table.id).limit(limit)
    return reads.whole(connection, connection.execute(query).all())


def contacts(connection: Connection, keys: Sequence[DealKey], country: str) -> dict[DealKey, list[str]]:
    """Return the ids of the contacts with that phone or address, the oldest first."""
    found: dict[DealKey, list[str]] = {}
    for field in (PHONE, EMAIL):
        values = sorted({key.value for key in keys if key.field == field})
        for value, ids in _contacts(connection, field, values, country).items():
            found[DealKey(field, value)] = [str(id_) for id_ in sorted(ids)]
    return found


def _candidates(connection: Connection, field: str, values: Sequence[str], country: str) -> dict[str, list[int]]:
    if field in (PHONE, EMAIL):
        by_value = _contacts(connection, field, values, country)
        every = sorted({id_ for ids in by_value.values() for id_ in ids})
        on = _deals_of(connection, every)
        return {
            value: [-deal for _, deal in sorted({each for id_ in ids for each in on.get(id_, ())})[: MOST_FOUND + 1]]
            for value, ids in by_value.items()
        }
    deals = schema.deals.c
    if field in _COLUMNS:
        column = _COLUMNS[field]
        return _first(
            connection, values, lambda some: select(column, deals.id).where(column.in_(some)), column, deals.id
        )
    if field in ("company", "company.name"):
        name = schema.companies.c.name
        query = select(name, deals.id).join(schema.companies, schema.companies.c.id == deals.company_id)
        return _first(connection, values, lambda some: query.where(name.in_(some)), name, deals.id)
    if field.startswith("company."):
        return _of_companies(connection, field.removeprefix("company."), values)
    table = schema.lookups.c
    kept: dict[str, list[str]] = {}
    for value in values:
        kept.setdefault(_kept(value), []).append(value)
    rows = _first(
        connection,
        sorted(kept),
        lambda some: select(table.value, table.thing_id).where(table.kind == f"own.{field}", table.value.in_(some)),
        table.value,
        table.thing_id,
    )
    return {value: ids for short, ids in rows.items() for value in kept[short]}


def _of_companies(connection: Connection, key: str, values: Sequence[str]) -> dict[str, list[int]]:
    """Return the foremost deals of the companies that hold each value."""
    table, deals = schema.lookups.c, schema.deals.c
    short = {value: _kept(value) for value in values}
    here = schema.lookups.join(schema.deals, deals.company_id == table.thing_id)
    query = select(table.value, deals.id).select_from(here).where(table.kind == f"firm.{key}")
    rows = _first(
        connection,
        sorted(set(short.values())),
        lambda some: query.where(table.value.in_(some)),
        table.value,
        deals.id,
    )
    return {value: rows[kept] for value, kept in short.items() if kept in rows}


def _contacts(connection: Connection, field: str, values: Sequence[str], country: str) -> dict[str, set[int]]:
    """Return the contacts that have each phone or address, compared as they are dialled or written."""
    table = schema.lookups.c
    kind = "phone" if field == PHONE else "email"
    short = {value: _digits(value) if field == PHONE else {value[:_LONGEST]} for value in values}
    candidates: dict[str, set[int]] = {}
    for some in _some(sorted(set().union(*short.values()))):
        rows = connection.execute(select(table.value, table.thing_id).where(table.kind == kind, table.value.in_(some)))
        for row in rows:
            candidates.setdefault(row.value, set()).add(row.thing_id)
    every = reads.contacts_by_id(connection, {str(id_) for ids in candidates.values() for id_ in ids})
    found: dict[str, set[int]] = {}
    for value, kept in short.items():
        fitting = {
            int(contact.id)
            for id_ in set().union(*(candidates.get(each, ()) for each in kept))
            if (contact := every.get(str(id_))) is not None and _has(contact, field, value, country)
        }
        if fitting:
            found[value] = fitting
    return found


def _deals_of(connection: Connection, contacts: list[int]) -> dict[int, list[tuple[int, int]]]:
    """Return the deals of each contact as what sorts them: whether they are closed, and their ids below 0."""
    links = schema.deal_contacts.c
    found: dict[int, list[tuple[int, int]]] = {}
    for some in reads.chunks(contacts):
        asked = select(links.contact_id.label("value"), links.deal_id.label("id")).where(links.contact_id.in_(some))
        for row in connection.execute(_foremost(asked)):
            found.setdefault(row.value, []).append((row.closed, -row.id))
    return found


def _foremost(asked: Select[Any]) -> Select[Any]:
    """Return the open deals of each value before the closed ones, and the newest first; not more than can be told.

    An old deal that is open counts, however many newer ones are closed.
    """
    asking = asked.subquery()
    stage = schema.deals.join(
        schema.stages,
        and_(schema.stages.c.pipeline == schema.deals.c.pipeline, schema.stages.c.key == schema.deals.c.stage),
    )
    closed = case((schema.stages.c.kind.in_(("won", "lost")), 1), else_=0)
    place = func.row_number().over(partition_by=asking.c.value, order_by=(closed, asking.c.id.desc()))
    ranked = (
        select(asking.c.value, asking.c.id, closed.label("closed"), place.label("place"))
        .select_from(asking.join(stage, schema.deals.c.id == asking.c.id))
        .subquery()
    )
    return select(ranked).where(ranked.c.place <= MOST_FOUND + 1).order_by(ranked.c.value, ranked.c.place)


def _first(connection: Connection, values: Sequence[str], query: Any, value: Any, id_: Any) -> dict[str, list[int]]:
    """Return the foremost ids of each value; a value that a hundred thousand have is not read whole."""
    found: dict[str, list[int]] = {}
    for some in _some(values):
        asked: Select[Any] = query(some)
        for row in connection.execute(_foremost(asked.with_only_columns(value.label("value"), id_.label("id")))):
            found.setdefault(row.value, []).append(row.id)
    return found


def _some(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), reads.CHUNK):
        yield values[start : start + reads.CHUNK]


def _fits(deal: Deal, key: DealKey, country: str) -> bool:
    """Compare with what the deal holds now."""
    if key.field in (PHONE, EMAIL):
        return any(_has(contact, key.field, key.value, country) for contact in deal.contacts)
    if key.field in (*_COLUMNS, "company"):
        return bool(getattr(deal, key.field) == key.value)
    if key.field == "company.name":
        return deal.company == key.value
    if key.field.startswith("company."):
        own = value_of(deal.company_custom, key.field.removeprefix("company."))
    else:
        own = value_of(deal.custom, key.field)
    return own is not None and _text(own) == key.value


def _has(contact: Contact, field: str, value: str, country: str) -> bool:
    if field == PHONE:
        return contact.phone is not None and normal_phone(contact.phone, country) == value
    return contact.email is not None and normal_email(contact.email) == value
