"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import postgresql
from templates import Templates

_MIGRATING = ("crm", "journal", "faults", "flows")
"""Folders whose tests are about the databases themselves: there each one is migrated."""


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database for a journal, on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
        return
    with postgresql("journal") as url:
        yield url


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Migrated databases of this run."""
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture(autouse=True, scope="module")
def _copied_databases(request: pytest.FixtureRequest, templates: Templates) -> Iterator[None]:
    """New databases are copies of migrated ones, but where migrations are what is tested."""
    if request.path.parent.name in _MIGRATING:
        yield
        return
    with templates.used():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs on PostgreSQL again, but for the journal's own tests: the fast suite stays fast."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        again = parameters is not None and "postgresql" in parameters.params.values()
        if again and "journal" not in item.path.parts and item.get_closest_marker("nightly") is None:
            item.add_marker(pytest.mark.slow)
