"""Fixtures of all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import postgresql
from hypothesis import HealthCheck, settings
from nursery import Nursery
from one_dialect import OneDialect
from templates import Templates

from dealwright.compile import loader
from dealwright.journal import database as journal_database
from dealwright_embedded_crm import database as crm_database

# How long a machine under load takes to make an example says nothing about the code. The fast suite (./run test) tries
# fewer examples of each property; ./run test all, and whoever runs a file, as many as Hypothesis would.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("patient"), max_examples=20)
settings.load_profile(os.environ.get("DEALWRIGHT_TEST_EXAMPLES", "patient"))

_QUICK = os.environ.get("DEALWRIGHT_TEST_EXAMPLES") == "quick"
"""Whether it is the fast suite, `./run test`: there databases are copied and loaders forked; else all is real."""

_MIGRATING = ("crm", "journal", "faults", "flows")
"""Folders whose tests are about the databases themselves: there each one is migrated."""

_ON_BOTH = ("test_journal_claim", "test_journal_gate", "test_journal_constraints")
"""Files of tests that the fast suite runs on PostgreSQL too."""

_STARTING = ("test_loader_start", "test_hostile_files")
"""Files whose tests are about the processes that load definitions: there each one is started."""


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


@pytest.fixture(autouse=True, scope="session")
def _compiled_once() -> Iterator[None]:
    """What one database of this run compiled, the others need not."""
    one = OneDialect()
    with pytest.MonkeyPatch.context() as patch:
        for module in (journal_database, crm_database):
            patch.setattr(module, "create_engine", one.create_engine)
        yield


@pytest.fixture(autouse=True, scope="module")
def _copied_databases(request: pytest.FixtureRequest, templates: Templates) -> Iterator[None]:
    """In the fast suite new databases are copies of migrated ones, but where migrations are what is tested."""
    if not _QUICK or request.path.parent.name in _MIGRATING:
        yield
        return
    with templates.used():
        yield


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The process from which definitions' loaders are forked."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(autouse=True, scope="module")
def _forked_loaders(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the fast suite load definitions in forked children, but where their start and walls are what is tested."""
    if not _QUICK or request.path.stem in _STARTING:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "subprocess", request.getfixturevalue("nursery"))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs on PostgreSQL again, but for the journal's queue itself: the fast suite stays fast."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        again = parameters is not None and "postgresql" in parameters.params.values()
        if again and item.path.stem not in _ON_BOTH and item.get_closest_marker("nightly") is None:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Leave what was collected, thousands of tests and their modules, out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
