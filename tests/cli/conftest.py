"""The company that the CLI's tests look at, made once for the session, and copies of it for those that change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from cli_world import Company, KeptCrm, Shell
from databases import postgresql

from dealwright.clock import PlayedClock
from dealwright_embedded_crm import EmbeddedCrm


def _lived(folder: Path, url: str | None = None) -> datetime:
    company = Company(folder, journal_url=url)
    try:
        company.found()
        company.live()
        company.forget_workers()
        return company.clock.now()
    finally:
        company.close()


def _shell(
    url: str, clock: PlayedClock, monkeypatch: pytest.MonkeyPatch, crm: EmbeddedCrm | None = None
) -> Iterator[Shell]:
    shell = Shell(url, clock, monkeypatch, crm)
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    """The folder of a company on SQLite that has lived, and its business time; not to be changed."""
    folder = tmp_path_factory.mktemp("company")
    return folder, _lived(folder)


@pytest.fixture(scope="session")
def lived_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, datetime]]:
    """The journal of the same company on PostgreSQL, and its business time; not to be changed."""
    with postgresql("cli") as url:
        yield url, _lived(tmp_path_factory.mktemp("company"), url)


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before the company that has lived, on each database; to look, not to change."""
    if request.param == "sqlite":
        folder, now = request.getfixturevalue("lived")
        url = f"sqlite:///{folder / 'journal.db'}"
    else:
        url, now = request.getfixturevalue("lived_postgresql")
    yield from _shell(url, PlayedClock(now), monkeypatch)


@pytest.fixture
def shell(lived: tuple[Path, datetime], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before the company that has lived; to look, not to change."""
    folder, now = lived
    yield from _shell(f"sqlite:///{folder / 'journal.db'}", PlayedClock(now), monkeypatch)


@pytest.fixture
def company(lived: tuple[Path, datetime], tmp_path: Path) -> Iterator[Company]:
    """A company of one's own that has lived, to change."""
    folder, now = lived
    for file in folder.glob("*.db"):
        shutil.copy(file, tmp_path / file.name)
    company = Company(tmp_path, now=now)
    yield company
    company.close()


@pytest.fixture
def typed(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before a company of one's own."""
    crm = KeptCrm(f"sqlite:///{company.folder / 'crm.db'}", company.clock)
    yield from _shell(company.url, company.clock, monkeypatch, crm)
    crm.close()
