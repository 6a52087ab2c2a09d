"""Databases that are migrated once for a run and then copied: to migrate anew for every test is half of its time."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dealwright.clock import SystemClock
from dealwright.journal import store
from dealwright.journal.database import Database as JournalDatabase
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.database import Database as CrmDatabase


class Templates:
    """A migrated journal and a migrated CRM on SQLite, made by the real migrations when the first test needs one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._migrate_journal = store.migrate
        self._migrate_crm = CrmDatabase._migrate

    def journal(self, database: JournalDatabase) -> None:
        """Bring a journal to the newest schema: a file that is not there yet is a copy, all else is migrated."""
        if not _is_new(database.url.get_backend_name(), database.url.database):
            self._migrate_journal(database)
            return
        template = self._made("journal", self._make_journal)
        keys = {"installation": secrets.token_hex(16), "secret": secrets.token_hex(16)}
        _copy(template, str(database.url.database), "update meta set value = ? where key = ?", keys)

    def crm(self, database: CrmDatabase) -> None:
        """Bring a CRM to the newest schema, in the same way."""
        if not _is_new(database._url.get_backend_name(), database._url.database):
            self._migrate_crm(database)
            return
        template = self._made("crm", self._make_crm)
        keys = {"installation": secrets.token_hex(6)}
        _copy(template, str(database._url.database), "update meta set value = ? where name = ?", keys)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Copy where a new database would be migrated, for as long as the block lasts."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "migrate", self.journal)
            patch.setattr(CrmDatabase, "_migrate", lambda database: self.crm(database))
            yield

    def _made(self, kind: str, make: Callable[[str], None]) -> Path:
        template = self._folder / f"{kind}.db"
        if not template.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "migrate", self._migrate_journal)
                patch.setattr(CrmDatabase, "_migrate", self._migrate_crm)
                make(f"sqlite:///{template}")
        return template

    def _make_journal(self, url: str) -> None:
        Journal(url, SystemClock()).close()

    def _make_crm(self, url: str) -> None:
        with closing(EmbeddedCrm(url, SystemClock())) as crm:
            assert crm.installation


def _is_new(backend: str, file: str | None) -> bool:
    return backend == "sqlite" and file is not None and not file.startswith("file:") and _is_makeable(Path(file))


def _is_makeable(file: Path) -> bool:
    return not file.is_symlink() and not file.exists() and file.parent.is_dir()


def _copy(template: Path, file: str, update: str, keys: dict[str, str]) -> None:
    shutil.copyfile(template, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        for key, value in keys.items():
            assert connection.execute(update, (value, key)).rowcount == 1
