"""Journals on SQLite and PostgreSQL: migrated once for the session, then copied or emptied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from databases import postgresql
from journal_world import ACME, GRACE, HandClock, Open, empty, plain
from psycopg import sql

from dealwright.journal.store import Journal


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated journal in one file, to be copied."""
    file = tmp_path_factory.mktemp("journal") / "template.db"
    Journal(f"sqlite:///{file}", HandClock()).close()
    return file


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """A migrated journal on the PostgreSQL server, to be emptied before every test."""
    with postgresql("journal") as url:
        with psycopg.connect(plain(url), autocommit=True) as connection:
            # No test here kills the server, and its disk is not what is tested.
            connection.execute(
                sql.SQL("alter database {} set synchronous_commit = off").format(sql.Identifier(connection.info.dbname))
            )
        Journal(url, HandClock()).close()
        yield url


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of an empty journal in a file."""
    shutil.copy(migrated_sqlite, tmp_path / "journal.db")
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def postgresql_url(migrated_postgresql: str) -> str:
    """The address of an empty journal on the PostgreSQL server."""
    empty(migrated_postgresql)
    return migrated_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated journal, on each database."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def _opener(url: str, clock: HandClock) -> Iterator[Open]:
    opened: list[Journal] = []

    def open_one() -> Journal:
        journal = Journal(url, clock, takeover_after=GRACE)
        journal.start()
        opened.append(journal)
        return journal

    yield open_one
    for journal in opened:
        journal.close()


@pytest.fixture
def clock() -> HandClock:
    """The clock of all journals of a test."""
    return HandClock()


@pytest.fixture
def open_journal(migrated_url: str, clock: HandClock) -> Iterator[Open]:
    """Opens the test's journal as one more worker, on each database."""
    yield from _opener(migrated_url, clock)


@pytest.fixture
def open_sqlite(sqlite_url: str, clock: HandClock) -> Iterator[Open]:
    """Opens the test's journal as one more worker, on SQLite."""
    yield from _opener(sqlite_url, clock)


@pytest.fixture
def open_postgresql(postgresql_url: str, clock: HandClock) -> Iterator[Open]:
    """Opens the test's journal as one more worker, on PostgreSQL."""
    yield from _opener(postgresql_url, clock)


@pytest.fixture
def journal(open_journal: Open) -> Journal:
    """A journal with one account, on each database."""
    journal = open_journal()
    journal.record_release(ACME)
    return journal
