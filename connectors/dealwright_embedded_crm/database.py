"""The CRM's own database: one writer at a time, consistent reads, opened and migrated when it is first used."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError

from dealwright.clock import SystemClock
from dealwright.errors import InputError, OutcomeUnknown, Rejected, Unavailable

PATIENCE: Final = 10.0
"""Seconds that a write waits for another writer before it is said to have done nothing."""

WRITER: Final = 0x4443_524D
"""The PostgreSQL advisory lock that stands for what `BEGIN IMMEDIATE` is on SQLite."""

HEAD: Final = "0013"
"""The newest migration (a test compares it with the folder)."""

_PAUSE: Final = 0.01

_REMEDIES: Final = {
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database. Is it the right one? If it was, restore a backup",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Restore a backup, and look at the disk",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Its folder must be there, and this user must be let into it",
    sqlite3.SQLITE_READONLY: "it may not be written to. Give this user the right to write its file and its folder",
    sqlite3.SQLITE_FULL: "the disk is full. Make room",
    sqlite3.SQLITE_IOERR: "the disk failed. Look at its health before anything else",
}
STILL: Final = 0.5
"""For how much of the others' patience a process may hold the lock and do nothing, as one that was stopped does.

Then the server ends its transaction: there is one writer at a time, and otherwise nobody would write until it goes on.
"""

_TAKE_TURN: Final = text(
    "select set_config('idle_in_transaction_session_timeout', :still, true), pg_advisory_xact_lock(:lock)"
)

_PRIMARY: Final = 0xFF
"""SQLite's extended codes carry the plain one in their lowest byte."""

T = TypeVar("T")


class Database:
    """The CRM's database, SQLite or PostgreSQL by URL.

    Making one touches nothing: the first read or write opens it. A command that needs only the journal runs whatever
    has become of the CRM.
    """

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
        self._patience = patience
        self._is_ready = False
        self._opening = threading.Lock()

    @property
    def name(self) -> str:
        """The database's address as people may see it."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    def ready(self) -> None:
        """Bring it to the newest schema; whoever reads or writes first does this.

        Raises:
            Unavailable: it could not be reached, a newer version wrote it, or it is somebody else's; nothing was done.
        """
        with self._opening:
            if not self._is_ready:
                self._migrate()
                self._is_ready = True

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the one write transaction there is at a time, and commit it unless the block raises.

        Raises:
            Unavailable: the database could not be reached or written; nothing was changed.
            Rejected: a value or a constraint refused (SQL state 22 or 23); nothing was changed.
            OutcomeUnknown: the connection broke while it committed.
        """
        self.ready()
        with self._write() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment.

        Raises:
            Unavailable: the database could not be reached.
        """
        self.ready()
        try:
            with self._reader.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                if not self.sqlite:
                    connection.execute(_TAKE_TURN, {"lock": WRITER, "still": str(int(self._patience * STILL * 1000))})
                yield connection
                self._commit(transaction)
        except (DataError, IntegrityError) as error:
            raise Rejected(f"the CRM's database refused: {_reason(error)}", code="database") from None
        except DBAPIError as error:
            # Such as a standby that only reads: no fault of the rows, so it must not park them.
            raise Unavailable(f"the CRM's database {self.name} did nothing: {_reason(error)}") from None

    def _unreadable(self, error: DBAPIError) -> Unavailable:
        return Unavailable(f"the CRM's database {self.name} cannot be read: {_reason(error)}")

    def _commit(self, transaction: Any) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if self.sqlite and not error.connection_invalidated:
                raise  # SQLite refused (busy, disk full): it is rolled back, and surely nothing was changed
            raise OutcomeUnknown(f"the CRM's database broke off while it committed: {_reason(error)}") from None

    def _migrate(self) -> None:
        try:
            if _patiently(self._is_migrated, self._patience):
                return
        except DBAPIError as error:
            raise self._unreadable(error) from None
        with self._write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.set_main_option("path_separator", "os")
            self._check_ours(connection, config)
            config.attributes["connection"] = connection
            config.attributes["installation"] = secrets.token_hex(6)
            command.upgrade(config, "head")

    def _is_migrated(self) -> bool:
        with self._reader.connect() as connection, connection.begin():
            return _revision(connection) == HEAD

    def _check_ours(self, connection: Connection, config: Config) -> None:
        """Refuse what a newer version or somebody else made, before anything is written into it."""
        found = _revision(connection)
        if found is None and inspect(connection).get_table_names():
            raise Unavailable(
                f"the database {self.name} holds tables and no version of the CRM's schema: it is another program's,"
                " and nothing was changed. Look at the url in the target file; the CRM needs a database of its own"
            )
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise Unavailable(
                f"the CRM's database {self.name} has schema {found}, and this version of Dealwright"
                f" ({metadata.version('dealwright')}) knows none newer than {HEAD}: a newer version wrote it, and"
                " nothing was changed. Run that version or a newer one, or restore a backup from before the upgrade"
            )


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
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def _reason(error: DBAPIError) -> str:
    """Name the driver's error without its text, which can hold values of rows."""
    original = error.orig
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    remedy = _REMEDIES.get(getattr(original, "sqlite_errorcode", 0) & _PRIMARY)
    return f"{type(original).__name__}{f' {code}' if code else ''}{f': {remedy}' if remedy else ''}"


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
    return code is not None and code & _PRIMARY == sqlite3.SQLITE_BUSY


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
