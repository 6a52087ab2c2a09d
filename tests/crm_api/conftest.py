"""A CRM of the test's own behind the API, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from api_shapes import opened
from api_world import World
from databases import postgresql
from psycopg import sql

from dealwright_embedded_crm import schema


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database with a pipeline, which tests copy."""
    file = tmp_path_factory.mktemp("api") / "template.db"
    opened(f"sqlite:///{file}")[0].close()
    return file


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL database of this run's own, which is emptied for every test: making one takes too long."""
    with postgresql("crm_api") as url:
        yield url.replace("+psycopg", "")


@pytest.fixture
def world(migrated: Path, tmp_path: Path) -> Iterator[World]:
    """A CRM on SQLite, for what the database has no part in."""
    crm, clock = opened(f"sqlite:///{shutil.copy(migrated, tmp_path / 'crm.db')}")
    yield World(crm, clock)
    crm.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> Iterator[World]:
    """A CRM on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("world")
        return
    url = str(request.getfixturevalue("server"))
    opened(url)[0].close()
    filled = [table.name for table in schema.metadata.sorted_tables if table.name not in ("meta", "counters")]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(map(sql.Identifier, filled))))
        connection.execute("update counters set last = 0")
    crm, clock = opened(url)
    yield World(crm, clock)
    crm.close()
