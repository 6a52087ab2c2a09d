"""A database of its own for every test, SQLite and PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from crm_world import new_postgresql, opened
from psycopg import sql

from dealwright.clock import SystemClock
from dealwright_embedded_crm import EmbeddedCrm, schema


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A migrated PostgreSQL database of this test run's own."""
    try:
        with new_postgresql() as url:
            with closing(EmbeddedCrm(url, SystemClock())) as crm:
                assert crm.installation
            yield url
    except psycopg.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL server: the CRM's tests ran on SQLite only")


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database with two pipelines, which tests copy."""
    file = tmp_path_factory.mktemp("crm") / "template.db"
    opened(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def sqlite_url(sqlite_file: Path, tmp_path: Path) -> str:
    """A SQLite database of the test's own."""
    return f"sqlite:///{shutil.copy(sqlite_file, tmp_path / 'crm.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def crm_url(request: pytest.FixtureRequest) -> str:
    """An empty database; on PostgreSQL one that is emptied for every test, for making one takes too long."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url = str(request.getfixturevalue("server_url"))
    filled = [table.name for table in schema.metadata.sorted_tables if table.name not in ("meta", "counters")]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(map(sql.Identifier, filled))))
        connection.execute("update counters set last = 0")
        connection.execute("delete from meta where name <> 'installation'")
    return url


@pytest.fixture
def crm(crm_url: str) -> Iterator[EmbeddedCrm]:
    """A CRM with two pipelines, on each database."""
    crm = opened(crm_url)
    yield crm
    crm.close()


@pytest.fixture
def small(sqlite_url: str) -> Iterator[EmbeddedCrm]:
    """A CRM with two pipelines on SQLite, for what the database has no part in."""
    crm = opened(sqlite_url)
    yield crm
    crm.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    request.getfixturevalue("server_url")
    with new_postgresql() as url:
        yield url
