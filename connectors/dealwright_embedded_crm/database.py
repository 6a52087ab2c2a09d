"""Opens the CRM's own database: one writer at a time, consistent reads, migrated before first use."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from dealwright.errors import InputError, OutcomeUnknown, Rejected, Unavailable

PATIENCE: Final = 10.0
"""Seconds that a write waits for another writer before it is said to have done nothing."""

WRITER: Final = 0x4443_524D
"""The PostgreSQL advisory lock that stands for what `BEGIN IMMEDIATE` is on SQLite."""

HEAD: Final = "0001"
"""The newest migration (a test compares it with the folder)."""


class Database:
    """The CRM's database, SQLite or PostgreSQL by URL."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._url = _checked(url)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        if self.sqlite:
            self._engine = create_engine(self._url, connect_args={"timeout": patience}, hide_parameters=True)
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            self._reader = self._engine.execution_options(reads=True)
        else:
            options = f"-c lock_timeout={int(patience * 1000)} -c timezone=UTC"
            self._engine = create_engine(
                self._url, connect_args={"options": options}, pool_pre_ping=True, hide_parameters=True
            )
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._migrate()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the one write transaction there is at a time, and commit it unless the block raises.

        Raises:
            Unavailable: the database could not be reached or written; nothing was changed.
        Rejected: a constraint refused; nothing was changed.
            OutcomeUnknown: the connection broke while it committed.
        """
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                if not self.sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": WRITER})
                yield connection
                self._commit(transaction)
        except (OperationalError, InterfaceError) as error:
            raise Unavailable(f"the CRM's database did nothing: {_reason(error)}") from None
        except DBAPIError as error:
            raise Rejected(f"the CRM's database refused: {_reason(error)}", code="database") from None

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

    def _migrate(self) -> None:
        with self.read() as connection:
            if inspect(connection).has_table("alembic_version") and _revision(connection) == HEAD:
                return
        with self.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            config.attributes["installation"] = secrets.token_hex(6)
            command.upgrade(config, "head")


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


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # else the driver begins transactions behind our back, and never IMMEDIATE
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
