"""How values of own fields lie in a column of JSON text: written in one way only, so that they are found in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Boolean, ColumnElement, Connection, Text, and_, cast, exists, func, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB

from dealwright.model.crm import User
from dealwright.model.custom import ChoicesHeld, Custom, Customs, CustomValue, UserHeld

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(tuple[Custom, ...]).decode

_USER: Final = '{"is":"user",'
"""A quotation mark inside of a text is escaped in JSON, so no text can look like this."""


def stored(customs: Customs) -> str | None:
    """Return the JSON of values; of users only who they are, since they may be called otherwise tomorrow."""
    if not customs:
        return None
    return _encode(tuple(Custom(each.key, _bare(each.value)) for each in customs)).decode()


def read(raw: str | None, users: Mapping[str, User]) -> Customs:
    """Return the values that a column holds; nothing is decoded where there are none."""
    if raw is None:
        return msgspec.UNSET
    found = _decode(raw)
    if _USER not in raw:
        return found
    return tuple(Custom(each.key, _whole(each.value, users)) for each in found)


def names_users(raws: Iterable[str | None]) -> bool:
    """Say whether any of these columns holds a user, so that users must be read."""
    return any(raw is not None and _USER in raw for raw in raws)


def holds(connection: Connection, column: ColumnElement[Any], key: str) -> ColumnElement[bool]:
    """Return the condition that a record has a value of that field."""
    return _within(connection, column, f'{{"key":{_encode(key).decode()},')


def has(connection: Connection, column: ColumnElement[Any], key: str, value: CustomValue) -> ColumnElement[bool]:
    """Return the condition that a record's field has this value; of a field of several options: this one too."""
    if not isinstance(value, ChoicesHeld):
        piece = _encode(Custom(key, _bare(value))).decode()
        if isinstance(value, UserHeld):
            piece = piece[: piece.index(',"name":') + 1]
        return _within(connection, column, piece)
    # Few texts hold what the options are written as: the others need not be taken apart.
    likely = [holds(connection, column, key)]
    likely += [_within(connection, column, _encode(each).decode()) for each in value.value]
    if connection.dialect.name == "postgresql":
        wanted = [{"key": key, "value": {"is": "choices", "value": list(value.value)}}]
        contains = cast(column, JSONB).op("@>", return_type=Boolean)
        return and_(*likely, contains(cast(literal(_encode(wanted).decode(), Text), JSONB)))
    # Options are looked for one by one inside of the field's own list.
    field = func.json_each(column).table_valued("value", name="own_field")
    option = func.json_each(field.c.value, "$.value.value").table_valued("value", name="own_option")
    ways = [
        exists(
            select(text("1"))
            .select_from(field.join(option, literal(True)))
            .where(func.json_extract(field.c.value, "$.key") == key, option.c.value == each)
        )
        for each in value.value
    ]
    return and_(*likely, *ways)


def _within(connection: Connection, column: ColumnElement[Any], piece: str) -> ColumnElement[bool]:
    # No LIKE: on SQLite it does not tell letters by their case.
    place = func.strpos if connection.dialect.name == "postgresql" else func.instr
    return place(column, piece) > 0


def _bare(value: CustomValue | None) -> CustomValue | None:
    return UserHeld(replace(value.value, name="", email=None)) if isinstance(value, UserHeld) else value


def _whole(value: CustomValue | None, users: Mapping[str, User]) -> CustomValue | None:
    return UserHeld(users.get(value.value.id, value.value)) if isinstance(value, UserHeld) else value
