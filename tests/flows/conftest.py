"""What the tests of the Prefect side share: a journal in memory and one real server for the whole session."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dealwright.clock import SystemClock
from dealwright_flows.server import PrefectServer

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A running Prefect server."""
    home: Path = tmp_path_factory.mktemp("prefect")
    prefect = PrefectServer(home, clock=SystemClock())
    asyncio.run(prefect.start())
    yield prefect
    asyncio.run(prefect.stop())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the reference project, with nothing in it yet."""
    for folder in ("deployments", "pipeline_defs"):
        shutil.copytree(_ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path
