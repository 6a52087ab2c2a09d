"""A world for every test, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.world import Kind, World, world


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world on each database."""
    kind: Kind = request.param
    with world(tmp_path, kind) as made:
        yield made


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[World]:
    """A world on SQLite, for what the database has no part in."""
    with world(tmp_path, "sqlite") as made:
        yield made
