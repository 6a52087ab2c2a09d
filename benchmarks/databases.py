"""Where benchmarks keep their journals, SQLite files or PostgreSQL databases, and the raw drivers beside them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

import psycopg
from psycopg import sql

from benchmarks.frame import Missing

SERVER: Final = os.environ.get("DEALWRIGHT_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")

Kind: TypeAlias = Literal["sqlite", "postgresql"]
Writes: TypeAlias = Sequence[tuple[str, Sequence[tuple[Any, ...]]]]
"""Statements with `?` for each value, and the rows of each."""


class Raw(Protocol):
    """A database through its own driver, without anything of ours."""

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        ...

    def write(self, writes: Writes) -> None:
        """Write rows in one durable transaction."""
        ...

    def run(self, *statements: str) -> None:
        """Run statements without values, each as it stands."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class RawSqlite:
    """A SQLite file as durable as the journal's: WAL, synchronous=FULL, foreign keys, BEGIN IMMEDIATE."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(statement).fetchall()

    def write(self, writes: Writes) -> None:
        """Write rows in one durable transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in writes:
            self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def run(self, *statements: str) -> None:
        """Run statements without values, each as it stands."""
        for statement in statements:
            self._connection.execute(statement)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class RawPostgresql:
    """A PostgreSQL database through psycopg, whose executemany sends many rows in one round trip."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(statement.encode()).fetchall()

    def write(self, writes: Writes) -> None:
        """Write rows in one durable transaction."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for statement, rows in writes:
                cursor.executemany(statement.replace("?", "%s").encode(), rows)

    def run(self, *statements: str) -> None:
        """Run statements without values, each as it stands."""
        for statement in statements:
            self._connection.execute(statement.encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Journals(Protocol):
    """Journals of one benchmark, by name."""

    @property
    def database(self) -> str:
        """What the figures are measured on."""
        ...

    def new(self, name: str) -> str:
        """Make an empty database; return its SQLAlchemy URL."""
        ...

    def copy(self, name: str, to: str) -> str:
        """Copy a database that nobody has open; return the copy's SQLAlchemy URL."""
        ...

    def raw(self, name: str) -> Raw:
        """Open a database through its driver."""
        ...

    def size(self, name: str) -> int:
        """Return how many bytes a database has that nobody has open."""
        ...


class _Sqlite:
    database = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"

    def copy(self, name: str, to: str) -> str:
        shutil.copyfile(self._path(name), self._path(to))
        return self.new(to)

    def raw(self, name: str) -> Raw:
        return RawSqlite(self._path(name))

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class _Postgresql:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names: list[str] = []
        with psycopg.connect(SERVER) as connection:
            version = connection.info.server_version
        self.database = f"PostgreSQL {version // 10000}.{version % 10000}"

    def new(self, name: str) -> str:
        return self._make("create database {}", name)

    def copy(self, name: str, to: str) -> str:
        return self._make(f"create database {{}} template {self._name(name)}", to)

    def raw(self, name: str) -> Raw:
        return RawPostgresql(self._address(name))

    def size(self, name: str) -> int:
        with closing(self.raw(name)) as raw:
            return int(raw.query("select pg_database_size(current_database())")[0][0])

    def keep(self, folder: Path) -> None:
        """Leave the public views as CSV files, for whoever wants to recount."""
        for name in self._names:
            for view in ("dw_events", "dw_executions", "dw_effects"):
                with (
                    psycopg.connect(self._address(name)) as connection,
                    connection.cursor() as cursor,
                    cursor.copy(f"copy (select * from {view}) to stdout csv header".encode()) as rows,
                    (folder / f"{name}.{view}.csv").open("wb") as file,
                ):
                    file.writelines(rows)

    def drop(self) -> None:
        for name in self._names:
            _admin("drop database {} with (force)", self._name(name))

    def _make(self, statement: str, name: str) -> str:
        _admin(statement, self._name(name))
        self._names.append(name)
        return self._address(name).replace("postgresql://", "postgresql+psycopg://")

    def _name(self, name: str) -> str:
        return f"{self._prefix}_{name.replace('-', '_')}"

    def _address(self, name: str) -> str:
        return f"{SERVER.rpartition('/')[0]}/{self._name(name)}"


def _admin(statement: str, name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@contextmanager
def journals(kind: Kind, folder: Path) -> Iterator[Journals]:
    """Yield a place for journals; PostgreSQL databases are dropped at the end, and their views left in the folder.

    Raises:
        Missing: there is no PostgreSQL server.
    """
    if kind == "sqlite":
        yield _Sqlite(folder)
        return
    try:
        made = _Postgresql(f"bench_{uuid.uuid4().hex[:8]}")
    except psycopg.OperationalError as error:
        raise Missing("no PostgreSQL server at DEALWRIGHT_TEST_POSTGRESQL or 127.0.0.1:5432") from error
    try:
        yield made
        made.keep(folder)
    finally:
        made.drop()
