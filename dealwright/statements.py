"""Statements for the drivers: each is written once, and has two spellings, for SQLite and for PostgreSQL.

SQLAlchemy Core takes more time to turn 250 rows into driver calls than SQLite takes to write them, and PostgreSQL waits
for a statement for each row. So what runs for every event is given to the drivers as it is:

- rows go to SQLite by `executemany`, as tuples; to PostgreSQL as one statement over `unnest` of one array per column;
- a list of ids is one parameter: a JSON text on SQLite (`in (select value from json_each(?))`), an array on
  PostgreSQL (`= any(?)`), so that the statement's text never changes and is prepared once.

They run inside SQLAlchemy's transaction and connection (`exec_driver_sql`), so that errors, locks and commits are those
of journal/database.py. The statements themselves are in journal/hot.py and, for the mirror's tables, in mirror/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, CursorResult

_LIST: Final = re.compile(r"\bin :(\w+)")
_NAME: Final = re.compile(r"(?<!:):(\w+)")
_FIELD: Final = re.compile(r"\{(\w+)\}")

SKIP_LOCKED: Final = " for update skip locked"
"""What passes over rows that others hold; SQLite has one writer, and nothing to pass over."""

_json: Final = msgspec.json.Encoder()


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


class Query:
    """A statement with named values (`:name`) and lists (`in :name`, of texts or of numbers)."""

    def __init__(self, sql: str) -> None:
        self._lists = frozenset(_LIST.findall(sql))
        self._sqlite = _LIST.sub(r"in (select value from json_each(:\1))", sql).replace(SKIP_LOCKED, "")
        self._postgresql = _NAME.sub(r"%(\1)s", _LIST.sub(r"= any(:\1)", sql))

    def run(self, connection: Connection, *, lock: str = "", **values: Any) -> CursorResult[Any]:
        """Run it; `lock` is the locking clause that the database wants at its end."""
        if _is_postgresql(connection):
            return connection.exec_driver_sql(self._postgresql + lock, values)
        for name in self._lists:
            values[name] = _json.encode(values[name]).decode()
        return connection.exec_driver_sql(self._sqlite, values)


class Rows:
    """A statement for many rows, each a tuple of the columns that are named where it is made."""

    def __init__(self, sqlite: str, postgresql: str, *, order: Sequence[int] | None = None) -> None:
        """`order` are the places in a row of what SQLite's marks stand for, if they are not those of the columns.

        Numbered marks (`?2`) would need none, but Python 3.12.0 to 3.12.3 takes them for names and warns of each value.
        """
        self._sqlite = sqlite
        self._postgresql = postgresql
        self._picked = None if order is None else _picking(order)

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Write the rows; return how many were inserted or changed."""
        if not rows:
            return 0
        if _is_postgresql(connection):
            columns = tuple(map(list, zip(*rows, strict=True)))
            return connection.exec_driver_sql(self._postgresql, columns).rowcount
        given = list(rows) if self._picked is None else list(map(self._picked, rows))
        return connection.exec_driver_sql(self._sqlite, given).rowcount


def _picking(order: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(order) == 1:
        return lambda row: (row[order[0]],)
    return itemgetter(*order)


def _arrays(columns: Mapping[str, str]) -> str:
    """`unnest(%s::text[], ...) as new (id, ...)`: a table of the rows."""
    arrays = ", ".join(f"%s::{type_}[]" for type_ in columns.values())
    return f"unnest({arrays}) as new ({', '.join(columns)})"


def insert(table: str, columns: Mapping[str, str], *, fixed: Mapping[str, str] | None = None, then: str = "") -> Rows:
    """An insert of the columns, with values that are the same in every row, and what follows (`on conflict ...`)."""
    fixed = fixed or {}
    into = f"insert into {table} ({', '.join([*columns, *fixed])})"
    marks = ", ".join(["?"] * len(columns) + list(fixed.values()))
    values = ", ".join([f"new.{name}" for name in columns] + list(fixed.values()))
    # `where true`: SQLite and PostgreSQL alike must see where the select ends and `on conflict` begins.
    return Rows(
        f"{into} values ({marks}) {then}".strip(),
        f"{into} select {values} from {_arrays(columns)} where true {then}".strip(),
    )


def update(table: str, key: str, columns: Mapping[str, str], setting: str, *, where: str = "true") -> Rows:
    """An update of the row with each key; in `setting` and `where`, `{name}` is a value of the given row.

    Nothing may stand twice in one call: PostgreSQL changes a row once in a statement.
    """
    names = list(columns)
    text = f"update {table} set {setting}"
    sqlite = f"{text} where {key} = {{{key}}} and ({where})"
    return Rows(
        _FIELD.sub("?", sqlite),
        _FIELD.sub(r"new.\1", f"{text} from {_arrays(columns)} where {table}.{key} = {{{key}}} and ({where})"),
        order=[names.index(name) for name in _FIELD.findall(sqlite)],
    )
