"""The journal's connection to SQLite or PostgreSQL: transactions, locks and the clock of leases."""

from __future__ import annotations

import functools
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, TextClause, bindparam, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from dealwright.clock import Clock
from dealwright.errors import InputError, JournalError
from dealwright.journal.trouble import given_up, trouble

Row = RowMapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLAIN_CODE: Final = 0xFF
"""SQLite's extended codes carry the plain one in their lowest byte."""

_PATIENCE: Final = 30_000
"""Milliseconds that SQLite waits for a lock."""

STILL: Final = 20.0
"""Seconds for which a transaction may do nothing, as that of a process that was stopped: less than others wait."""

_DECIDED: Final = 5
"""How often a person's decision is tried that the database gives up for another's sake."""

P = ParamSpec("P")
T = TypeVar("T")


def micros(when: datetime) -> int:
    """Return an aware instant as the journal stores it: microseconds since 1970 UTC."""
    return (when - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """Return the aware instant of a stored number of microseconds."""
    return _EPOCH + timedelta(microseconds=stored)


def statement(sql: str, *lists: str) -> TextClause:
    """Return a statement; each name in `lists` is a parameter that takes a list (`x in :ids`)."""
    return text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))


def decided_again(decide: Callable[P, T]) -> Callable[P, T]:
    """Make a person's decision, which is one transaction, again if the database gave it up for another's sake.

    A deadlock is broken by giving up one of both, which has then changed nothing. Who typed it need not type it again.
    """

    @functools.wraps(decide)
    def decided(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempts_left in reversed(range(_DECIDED)):
            try:
                return decide(*args, **kwargs)
            except JournalError as error:
                if not attempts_left or not given_up(error.__cause__):
                    raise
        raise AssertionError("the last attempt returns or raises")

    return decided


class Lease:
    """Where leases are told apart: which boot's seconds, and how many of them by now."""

    def __init__(self, boot: str, now: float) -> None:
        self.boot = boot
        self.now = now


class Database:
    """One database, with one way to read and one way to write.

    On SQLite a write transaction is `BEGIN IMMEDIATE`, so that it never fails half-way for want of the lock; durable:
    WAL with `synchronous=FULL`. On PostgreSQL it is READ COMMITTED, and rows are locked by name.
    """

    def __init__(self, url: str, clock: Clock, *, boot: str) -> None:
        try:
            self.url = make_url(url)
        except Exception as error:
            raise InputError(f"the journal's address is no database URL: {type(error).__name__}") from error
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise InputError(
                f"the journal lives in SQLite or PostgreSQL, not in {self.url.get_backend_name()!r};"
                " give sqlite:///file or postgresql+psycopg://..."
            )
        self.postgresql = self.url.get_backend_name() == "postgresql"
        self._clock = clock
        self._boot = boot
        self.engine = _postgresql(self.url) if self.postgresql else _sqlite(self.url)

    @property
    def name(self) -> str:
        """The database's address as people may see it."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; it commits at the end, and rolls back if anything is raised.

        Raises:
            JournalError: the disk is full, nothing may be written, or the database is not there.
        """
        with (
            self._plainly(),
            self.engine.connect().execution_options(dealwright_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads, on one state of the database.

        Raises:
            JournalError: the database is not there, or is none.
        """
        with self._plainly(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Say in words what is wrong with disk or server; everything else is a fault of ours, and stays what it is."""
        try:
            yield
        except DBAPIError as error:
            if (said := trouble(error)) is None:
                raise
            raise JournalError(f"the journal {self.name} cannot be used: {said}; nothing was changed") from error

    def rows(self, sql: TextClause, **parameters: Any) -> Sequence[Row]:
        """Run one query in a transaction of its own."""
        with self.read() as connection:
            return connection.execute(sql, parameters).mappings().all()

    def lock_account(self, connection: Connection, account: str, purpose: str, *, shared: bool = False) -> None:
        """Serialise an account's writers for one purpose until the transaction ends (SQLite has one writer anyhow).

        Those who share the lock may work side by side, but not beside one who has it alone.
        """
        if self.postgresql:
            connection.execute(_ADVISORY_SHARED if shared else _ADVISORY, {"name": f"dealwright:{purpose}:{account}"})

    @property
    def for_update(self) -> str:
        """The locking clause of this database, or nothing."""
        return " for update" if self.postgresql else ""

    @property
    def for_update_shared_by_references(self) -> str:
        """As `for_update`, for rows that others refer to: writing one that refers to them need not wait."""
        return " for no key update" if self.postgresql else ""

    @property
    def skip_locked(self) -> str:
        """The clause that passes over rows that others hold, or nothing."""
        return " for update skip locked" if self.postgresql else ""

    def lease(self, connection: Connection) -> Lease:
        """Return the present moment of the leases' clock.

        PostgreSQL: the database's own clock, the same for all machines. SQLite is used by one machine: its boot and
        the monotonic clock, which no jump of the wall clock moves and no reboot continues.
        """
        if self.postgresql:
            return Lease("database", float(connection.execute(_DATABASE_CLOCK).scalar_one()))
        return Lease(self._boot, self._clock.monotonic())

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


_ADVISORY: Final = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ADVISORY_SHARED: Final = text("select pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
_DATABASE_CLOCK: Final = text("select extract(epoch from clock_timestamp())::double precision")


def _sqlite(url: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={_PATIENCE}", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        _use_wal(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("dealwright_write", False)
        if not (writes and _begin_to_write(connection.connection.driver_connection)):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _begin_to_write(connection: Any) -> bool:
    """Begin as soon as the one writer has ended: asked each millisecond, for some ten seconds; say if it has begun.

    SQLite's own patience asks more and more seldom, up to each 100 ms. Beside a process that writes one transaction
    after the other, such as an engine that drains a backlog, it meets the gaps between them by luck: 99 of 100 waited
    up to 1.6 s, with this up to 90 ms (docs/hooks.md). After that, and for all else that can be wrong, the caller's own
    BEGIN waits and says it.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        for _ in range(10_000):
            try:
                connection.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PLAIN_CODE != sqlite3.SQLITE_BUSY:
                    return False
            time.sleep(0.001)
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")


def _use_wal(cursor: Any) -> None:
    """Switch a new file to WAL. Two that do so at once are told "busy" whatever the timeout: each tries again."""
    for attempts_left in reversed(range(500)):
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if not attempts_left:
                raise
            time.sleep(0.01)


def _postgresql(url: Any) -> Engine:
    # A server that is gone, or a lock that is never given, must not hold the engine's loop for ever; nor may a process
    # that was stopped in the middle of a transaction hold the others' until somebody continues it.
    options = {
        "connect_timeout": 10,
        "options": "-c statement_timeout=60000 -c lock_timeout=30000"
        f" -c idle_in_transaction_session_timeout={int(STILL * 1000)}",
    }
    return create_engine(
        url, pool_size=5, max_overflow=10, pool_pre_ping=True, hide_parameters=True, connect_args=options
    )
