"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database for a journal, on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
        return
    with postgresql("journal") as url:
        yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs on PostgreSQL again, but for the journal's own tests: the fast suite stays fast."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        again = parameters is not None and "postgresql" in parameters.params.values()
        if again and "journal" not in item.path.parts and item.get_closest_marker("nightly") is None:
            item.add_marker(pytest.mark.slow)
