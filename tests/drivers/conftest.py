"""One Prefect server on PostgreSQL for all of these tests, and the company under each driver."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import postgresql
from driver_world import World

from dealwright.clock import SystemClock
from dealwright_flows.server import PrefectServer


@pytest.fixture(scope="session")
def prefect_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A running Prefect server whose data lie in PostgreSQL."""
    home: Path = tmp_path_factory.mktemp("prefect")
    with postgresql("prefect") as url:
        database = url.replace("+psycopg", "+asyncpg")
        server = PrefectServer(home, clock=SystemClock(), database=database)
        asyncio.run(server.start())
        yield server
        asyncio.run(server.stop())


@pytest.fixture(scope="module", params=["local", "prefect"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prefect_on_postgresql: PrefectServer
) -> Iterator[World]:
    """The company at work under one driver."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    with postgresql("journal") as journal, postgresql("crm") as crm:
        made = World(request.param, folder, journal, crm, prefect_on_postgresql)
        yield made
        made.close()
