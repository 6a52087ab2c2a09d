"""The schema: made from nothing by migrations, by two processes at once, and refused when it is newer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Final

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from journal_world import MONDAY, HandClock, created, deal, execute, one, plain, receive
from msgspec import to_builtins
from psycopg import sql
from sqlalchemy import bindparam, text
from sqlalchemy.exc import IntegrityError

from dealwright.engine.records import Progress
from dealwright.errors import InputError, JournalError
from dealwright.journal import picks, questions
from dealwright.journal.database import Database
from dealwright.journal.payload import pack, seal
from dealwright.journal.schema import HEAD
from dealwright.journal.store import Journal
from dealwright.mirror.tables import metadata
from dealwright.model.delivery import Keyed


@pytest.mark.slow
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


def test_the_newest_migration_in_code_is_that_of_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", "dealwright.journal:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_check_constraints_in_code_are_those_in_the_database(journal: Journal) -> None:
    """Alembic does not compare them. On SQLite also their texts: one spelled otherwise makes each write dearer."""
    wanted = {
        str(constraint.name): str(constraint.sqltext)  # type: ignore[attr-defined]
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    if journal.database.postgresql:
        found = _column(journal, "select conname from pg_constraint where contype = 'c'")
        assert set(wanted) <= set(found)
    else:
        ddl = " ".join(_column(journal, "select sql from sqlite_master where type = 'table'"))
        assert {name for name, told in wanted.items() if f"CONSTRAINT {name} CHECK ({told})" not in ddl} == set()
    assert len(wanted) >= 9


def test_a_state_that_nobody_knows_is_refused_by_the_database(journal: Journal) -> None:
    for table in ("executions", "effects"):
        (name,) = {str(each.name) for each in metadata.tables[table].constraints if "state_known" in str(each.name)}
        with pytest.raises(IntegrityError, match=name), journal.database.write() as connection:
            connection.execute(text(_INSERTS[table]))


_INSERTS: Final = {
    "executions": "insert into executions (id, account, automation, subject, event_id, release, lane, state,"
    " seen_event) values ('x', 'acme', 'greet', 'deal:a', 1, 'r', 'l', 'lost', 1)",
    "effects": "insert into effects (key, execution_id, account, automation, step, visit, target, kind, delivery,"
    " state, request, planned_at)"
    " values ('k', 'x', 'acme', 'greet', 'call', 1, 'deal', 'set_task', 'KEYED', 'lost', 'r', 1)",
}


def _column(journal: Journal, sql: str) -> Sequence[str]:
    with journal.database.read() as connection:
        return connection.execute(text(sql)).scalars().all()


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(journal: Journal) -> None:
    before = one(journal, "select version_num from alembic_version")
    execute(journal, "update alembic_version set version_num = '9999'")
    try:
        with pytest.raises(
            JournalError,
            match=rf"has schema 9999, and this version of Dealwright \(\S+\) knows none newer than {before}: a newer "
            "version wrote it, and nothing was changed. Run that version or a newer one, or restore a backup",
        ):
            Journal(_url(journal), HandClock())
        assert one(journal, "select version_num from alembic_version") == "9999"
    finally:
        execute(journal, "update alembic_version set version_num = :before", before=before)


@pytest.mark.slow
def test_a_journal_of_the_first_schema_is_migrated_with_everything_in_it(journal_url: str) -> None:
    """What was held, parked or refused under the old schema can be approved, retried and replayed under the new."""
    old = _of_the_first_schema(journal_url)
    _fill(old)
    before = {table: old.rows(text(f"select * from {table}")) for table in ("executions", "transitions", "events")}
    old.close()
    journal = Journal(journal_url, HandClock())
    journal.start()
    assert one(journal, "select version_num from alembic_version") == "0011"
    assert journal.installation == "i"
    assert before == {table: journal.database.rows(text(f"select * from {table}")) for table in before}
    journal.retry_execution("x1", actor="ana")
    (claimed,) = journal.claim("acme", "greet", journal.open_window("acme", "greet", "v").id, 10, 30.0)
    assert (claimed.id, claimed.late, claimed.effects[0].state) == ("x1", True, "planned")
    assert claimed.effects[0].approved is None
    assert journal.window("w1").suspended is False
    journal.replay_event(claimed.event_id, actor="ana")
    assert len(journal.unrouted("acme", 10)) == 1
    journal.close()


def _of_the_first_schema(url: str) -> Database:
    database = Database(url, HandClock(), boot="boot")
    config = Config()
    config.set_main_option("script_location", "dealwright.journal:migrations")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("insert into meta (key, value) values ('installation', 'i'), ('secret', 's')"))
    return database


def _fill(old: Database) -> None:
    """Write what an engine of the first schema would have left: an execution whose effect was refused."""
    event = created("1", deal("a")).event
    asked = {"request": {"do": "set_task", "deal_id": "a", "text": "Call", "due_at": MONDAY}, "delivery": _KEYED}
    bodies = {"body": seal(event), "raw": pack(b"{}"), "request": seal(asked), "progress": seal(Progress(passed=True))}
    statements = (
        "insert into epochs (account, epoch) values ('acme', 1)",
        "insert into events (account, source, source_id, kind, subject, occurred_at, received_at, raw, body, routed_at)"
        " values ('acme', 'crm', '1', 'deal_created', 'deal:a', 1, 2, :raw, :body, 3)",
        "insert into lanes (key, next_pos) values ('acme|greet|deal:a', 1)",
        "insert into executions (id, account, automation, subject, event_id, release, lane, state, reason, seen_event,"
        " turn, progress, ended_at) select 'x1', 'acme', 'greet', 'deal:a', id, 'r', 'acme|greet|deal:a', 'failed',"
        " 'call: refused', id, 1, :progress, 5 from events",
        "insert into transitions (execution_id, at, to_state, actor) values ('x1', 3, 'failed', 'worker:w')",
        "insert into effects (key, execution_id, account, automation, step, visit, target, kind, delivery, state,"
        " request, attempts, planned_at) values ('k', 'x1', 'acme', 'greet', 'call', 1, 'deal', 'set_task', 'KEYED',"
        " 'rejected', :request, 1, 4)",
        "insert into windows (id, account, automation, version, worker, opened_wall, phase)"
        " values ('w1', 'acme', 'greet', 'v', 'w', 1, 'new')",
    )
    with old.write() as connection:
        for each in statements:
            connection.execute(text(each), bodies)


_KEYED = to_builtins(Keyed())


def _url(journal: Journal) -> str:
    return journal.database.url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (picks._PENDING, "picks_by_age (account=? AND space=? AND at>?)"),
        (picks._OF_PERSON, "picks_by_contact (account=? AND role=? AND contact=?)"),
        (picks._OF_COMPANY, "picks_by_company (account=? AND role=? AND company=?)"),
        (questions._COUNT, "questions_open (account=? AND until>?)"),
    ],
)
def test_what_is_looked_up_at_work_is_found_however_much_there_is(sqlite_url: str, query: Any, index: str) -> None:
    names = ["account", "role", "space", "contact", "company", "since", "counted", "now"]
    given = {name: "x" for name in names if f":{name}" in query.text}
    given |= {"ended": ["done"]} if ":ended" in query.text else {}
    lists = [bindparam(name, expanding=True) for name in given if name == "ended"]
    plan = text(f"explain query plan {query.text}").bindparams(*lists)
    journal = Journal(sqlite_url, HandClock())
    with journal.database.read() as connection:
        lines = [row.detail for row in connection.execute(plan, given)]
    journal.close()
    assert any(index in line for line in lines), lines


def test_a_journal_that_may_not_be_written_says_so_and_can_be_read(sqlite_url: str) -> None:
    file = sqlite_url.removeprefix("sqlite:///")
    journal = Journal(f"sqlite:///file:{file}?mode=ro&uri=true", HandClock())
    assert journal.controls("acme").epoch == 0
    with pytest.raises(JournalError, match=r"journal sqlite:///file:.* cannot be used: it may not be written to"):
        journal.stop("acme", "", actor="ana")
    journal.close()


def test_a_full_disk_is_said_and_nothing_of_the_transaction_stays(sqlite_url: str) -> None:
    journal = Journal(sqlite_url, HandClock())
    pages = one(journal, "pragma page_count")
    one(journal, f"pragma max_page_count = {pages}")  # of the one connection that is in the pool
    with pytest.raises(JournalError, match="the disk is full"):
        receive(journal, *(created(str(n), deal("x" * 1000)) for n in range(1000)))
    one(journal, "pragma max_page_count = 1000000")
    assert one(journal, "select count(*) from events") == 0
    receive(journal, created("1", deal("a")))
    journal.close()


def test_what_is_no_database_or_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_bytes(b"Dear Sir or Madam, " * 100)
    with pytest.raises(JournalError, match="the file is no SQLite database"):
        Journal(f"sqlite:///{tmp_path / 'letter.db'}", HandClock())
    with pytest.raises(JournalError, match="it cannot be opened"):
        Journal(f"sqlite:///{tmp_path / 'nowhere' / 'journal.db'}", HandClock())
    with pytest.raises(JournalError, match="the server does not answer") as refused:
        Journal("postgresql+psycopg://somebody:secret@127.0.0.1:9/x", HandClock())
    assert "secret" not in str(refused.value)


def test_a_server_that_may_not_be_written_says_so(postgresql_url: str) -> None:
    with psycopg.connect(plain(postgresql_url), autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))
        journal = Journal(postgresql_url, HandClock())
        try:
            with pytest.raises(JournalError, match="the server is read-only"):
                journal.stop("acme", "", actor="ana")
        finally:
            journal.close()
            connection.execute(sql.SQL("alter database {} reset default_transaction_read_only").format(name))


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
