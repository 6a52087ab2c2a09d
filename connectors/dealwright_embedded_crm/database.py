"""Opens the CRM's own database: one writer at a time, consistent reads, migrated before first use."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError

from dealwright.clock import SystemClock
from dealwright.errors import InputError, OutcomeUnknown, Rejected, Unavailable

PATIENCE: Final = 10.0
"""Seconds that a write waits for another writer before it is said to have done nothing."""

WRITER: Final = 0x4443_524D
"""The PostgreSQL advisory lock that stands for what `BEGIN IMMEDIATE` is on SQLite."""

HEAD: Final = "0003"
"""The newest migration (a test compares it with the folder)."""

_PAUSE: Final = 0.01

T = TypeVar("T")


class Database:
    """The CRM's database, SQLite or PostgreSQL by URL."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._url = _checked(url)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        if self.sqlite:
            self._engine = create_engine(self._url, connect_args={"timeout": patience}, hide_parameters=True)
            event.listen(self._engine, "connect", partial(_prepare_sqlite, patience))
            event.listen(self._engine, "begin", _begin_sqlite)
            self._reader = self._engine.execution_options(reads=True)
        else:
            options = f"-c lock_timeout={int(patience * 1000)} -c timezone=UTC"
            self._engine = create_engine(
                self._url, connect_args={"options": options}, pool_pre_ping=True, hide_parameters=True
            )
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._migrate(patience)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the one write transaction there is at a time, and commit it unless the block raises.

        Raises:
            Unavailable: the database could not be reached or written; nothing was changed.
            Rejected: a value or a constraint refused (SQL state 22 or 23); nothing was changed.
            OutcomeUnknown: the connection broke while it committed.
        """
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                if not self.sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": WRITER})
                yield connection
                self._commit(transaction)
        except (DataError, IntegrityError) as error:
            raise Rejected(f"the CRM's database refused: {_reason(error)}", code="database") from None
        except DBAPIError as error:
            # Such as a standby that only reads: no fault of the rows, so it must not park them.
            raise Unavailable(f"the CRM's database did nothing: {_reason(error)}") from None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment.

        Raises:
            Unavailable: the database could not be reached.
        """
        try:
            with self._reader.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise Unavailable(f"the CRM's database cannot be read: {_reason(error)}") from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _commit(self, transaction: Any) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if self.sqlite and not error.connection_invalidated:
                raise  # SQLite refused (busy, disk full): it is rolled back, and surely nothing was changed
            raise OutcomeUnknown(f"the CRM's database broke off while it committed: {_reason(error)}") from None

    def _migrate(self, patience: float) -> None:
        try:
            if _patiently(self._is_migrated, patience):
                return
        except DBAPIError as error:
            raise Unavailable(f"the CRM's database cannot be read: {_reason(error)}") from None
        with self.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            config.attributes["installation"] = secrets.token_hex(6)
            command.upgrade(config, "head")

    def _is_migrated(self) -> bool:
        with self._reader.connect() as connection, connection.begin():
            return inspect(connection).has_table("alembic_version") and _revision(connection) == HEAD


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(
            "the CRM's database URL cannot be read; write sqlite:///data/crm.db or postgresql://..."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise InputError(
            "the CRM's database is an SQLite file (sqlite:///data/crm.db) or PostgreSQL (postgresql://...)"
        )
    return parsed


def _revision(connection: Connection) -> str | None:
    return connection.execute(text("select version_num from alembic_version")).scalar()


def _reason(error: DBAPIError) -> str:
    """Name the driver's error without its text, which can hold values of rows."""
    original = error.orig
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return f"{type(original).__name__}{f' {code}' if code else ''}"


def _prepare_sqlite(patience: float, connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # else the driver begins transactions behind our back, and never IMMEDIATE
    connection.execute(f"PRAGMA busy_timeout={int(patience * 1000)}").close()
    _patiently(partial(_use_wal, connection), patience)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_wal(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL").close()


def _patiently(act: Callable[[], T], patience: float) -> T:
    """Do it again while SQLite is busy: around a new database's switch to WAL it does not wait by itself."""
    clock = SystemClock()
    deadline = clock.monotonic() + patience
    while True:
        try:
            return act()
        except (sqlite3.OperationalError, OperationalError) as error:
            if not _is_busy(error) or clock.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def _is_busy(error: Exception) -> bool:
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY  # the low byte: it has extended kinds


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
