"""The schema: made from nothing by migrations, by two processes at once, and refused when it is newer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from journal_world import HandClock, execute, one
from sqlalchemy import text

from dealwright.errors import InputError, JournalError
from dealwright.journal.store import Journal
from dealwright.mirror.tables import metadata


def test_two_processes_open_a_journal_that_is_not_there_yet(journal_url: str) -> None:
    barrier = Barrier(3)

    def open_one() -> Journal:
        barrier.wait(30)
        return Journal(journal_url, HandClock())

    with ThreadPoolExecutor(3) as pool:
        journals = [task.result(timeout=60) for task in [pool.submit(open_one) for _ in range(3)]]
    assert len({journal.installation for journal in journals}) == 1
    assert len({journal.worker for journal in journals}) == 3
    assert one(journals[0], "select count(*) from alembic_version") == 1
    for journal in journals:
        journal.close()


def test_the_tables_in_code_are_those_that_the_migrations_make(journal: Journal) -> None:
    with journal.database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": False, "include_object": _ours}
        )
        assert compare_metadata(context, metadata) == []


def _ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def test_check_constraints_in_code_are_those_in_the_database(journal: Journal) -> None:
    """Alembic does not compare them."""
    wanted = {
        str(constraint.name)
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    if journal.database.postgresql:
        found = _column(journal, "select conname from pg_constraint where contype = 'c'")
        assert wanted <= set(found)
    else:
        ddl = " ".join(_column(journal, "select sql from sqlite_master where type = 'table'"))
        assert {name for name in wanted if f"CONSTRAINT {name} CHECK" not in ddl} == set()
    assert len(wanted) >= 9


def _column(journal: Journal, sql: str) -> Sequence[str]:
    with journal.database.read() as connection:
        return connection.execute(text(sql)).scalars().all()


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(journal: Journal) -> None:
    before = one(journal, "select version_num from alembic_version")
    execute(journal, "update alembic_version set version_num = '9999'")
    try:
        with pytest.raises(JournalError, match=r"schema is not known to this version of Dealwright.*or a newer one"):
            Journal(journal.database.url.render_as_string(hide_password=False), HandClock())
        assert one(journal, "select version_num from alembic_version") == "9999"
    finally:
        execute(journal, "update alembic_version set version_num = :before", before=before)


@pytest.mark.parametrize("url", ["mysql://host/x", "no address at all"])
def test_another_database_is_refused_with_what_to_give_instead(url: str) -> None:
    with pytest.raises(InputError, match="journal"):
        Journal(url, HandClock())


def test_a_sqlite_journal_is_written_through_to_the_disk(sqlite_url: str) -> None:
    journal = Journal(sqlite_url, HandClock())
    assert one(journal, "pragma journal_mode") == "wal"
    assert one(journal, "pragma synchronous") == 2
    assert one(journal, "pragma foreign_keys") == 1
    journal.close()
