"""Databases are made and brought up by the migrations, whoever opens them first."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from crm_world import made_by, opened
from sqlalchemy import text

import dealwright_embedded_crm
from dealwright.errors import Unavailable
from dealwright.model.custom import Custom, FieldShape, FieldShapes, RecordShape, held
from dealwright_embedded_crm import EmbeddedCrm, schema
from dealwright_embedded_crm.database import HEAD, Database
from dealwright_embedded_crm.reads import ContactQuery, DealQuery

pytestmark = pytest.mark.slow  # databases made and migrated by processes of their own

MIGRATIONS = Path(dealwright_embedded_crm.__file__).parent / "migrations"


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_that_the_code_uses(crm: EmbeddedCrm) -> None:
    with crm._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_constraints_have_the_names_that_the_code_gives_them(crm: EmbeddedCrm) -> None:
    wanted = {
        str(constraint.name)
        for table in schema.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name and not str(constraint.name).startswith("pk_")
    }
    with crm._database.read() as connection:
        if crm._database.sqlite:
            made = " ".join(connection.execute(text("select sql from sqlite_master where type = 'table'")).scalars())
            assert {name for name in wanted if name not in made} == set()
        else:
            assert wanted <= set(connection.execute(text("select conname from pg_constraint")).scalars())


def test_sqlite_is_durable_and_checks_references(small: EmbeddedCrm) -> None:
    with small._database.read() as connection:
        settings = [
            connection.execute(text(f"pragma {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


def test_a_new_database_that_is_busy_at_first_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin exclusive")
        ended = Timer(0.2, other.execute, ["rollback"])
        ended.start()
        with closing(Database(f"sqlite:///{file}")) as database:
            database.ready()
        ended.join()
        assert other.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_new_database_that_stays_busy_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(Unavailable, match="SQLITE_BUSY"):
            Database(f"sqlite:///{file}", patience=0.05).ready()


def test_processes_that_open_a_new_database_at_once_all_find_it_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    code = "import sys; from dealwright_embedded_crm.database import Database; Database(sys.argv[1]).ready()"
    processes = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
    assert [process.wait(timeout=30) for process in processes] == [0, 0, 0]
    database = Database(url)
    with database.read() as connection:
        assert connection.execute(text("select count(*) from meta")).scalar() == 1
    database.close()


def test_a_database_of_the_first_version_is_brought_up_with_its_rows(empty_url: str) -> None:
    made_by("0001", empty_url, V0001_ROWS, event=V0001_EVENT)
    crm = opened(empty_url)
    (deal,) = crm.deals()
    assert (deal.title, deal.version, deal.stage) == ("Éclair", 3, "engaging")
    assert [contact.name for contact in deal.contacts] == ["Bo"]
    assert [(task.done, task.completed_at) for task in crm.tasks()] == [(False, None)]
    assert crm.page_deals(DealQuery(name="éclair")).items == (deal,)
    assert crm.page_contacts(ContactQuery(name="BO")).items == deal.contacts
    assert crm.released_pipelines() == {"sales", "aftercare"}
    assert [item.raw for item in crm.pull(10)][:1] == [V0001_EVENT], "an event that was not taken is still there"
    crm.update_contact("1", phone="+1")
    crm.complete_tasks(deal.id)
    crm.delete_deal(deal.id)
    assert [item.event.kind for item in crm.pull(10)] == ["deal_created", "contact_updated", "task_completed"]
    crm.close()


def test_a_database_from_before_records_keeps_its_fields_and_kinds_can_have_some(empty_url: str) -> None:
    columns = "holder, key, label, type, options, sensitive, renamed_from, position, released"
    rows = [
        f"insert into fields ({columns}) values ('deal', 'treatment', 'T', 'text', '[]', true, '[]', 0, true)",
        f"insert into fields ({columns}) values ('contact', 'age', '', 'number', '[]', false, '[\"years\"]', 0, false)",
    ]
    made_by("0009", empty_url, rows)
    crm = opened(empty_url)
    treatment = FieldShape(key="treatment", type="text", label="T", sensitive=True)
    assert [each.shape for each in crm.own_fields().of("deal")] == [treatment]
    (age,) = crm.own_fields().of("contact")
    assert (age.shape.renamed_from, age.released) == (("years",), False)
    wanted = FieldShapes(deal=(treatment,), records=(RecordShape(key="line", fields=(treatment,)),))
    assert [each.what for each in crm.shape([], fields=wanted, apply=True)] == [
        "create records of kind line",
        "create field line.treatment (text)",
    ]
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x").id
    made = crm.add_record(deal, "line", (Custom("treatment", held("a crown")),))
    assert crm.deal(deal).records == (made.record,)  # type: ignore[union-attr]
    crm.close()


def test_what_was_merged_before_companies_could_be_is_still_known(empty_url: str) -> None:
    rows = [
        f"insert into contacts (id, name, created_at, updated_at) values (1, 'Bo', {_AT}, {_AT})",
        f"insert into merges (kind, absorbed, kept, at) values ('contact', 2, 1, {_AT})",
    ]
    made_by("0010", empty_url, rows)
    crm = opened(empty_url)
    assert crm.contact("2") == crm.contact("1")
    for name in ("Acme", "Beta"):
        crm.create_deal(pipeline="sales", stage="incoming", title="x", company=name)
    kept = crm.merge_companies("Acme", "Beta")
    assert crm.company_of_id("2") == kept
    crm.close()


def test_what_deals_without_own_fields_were_found_by_is_taken_away(empty_url: str) -> None:
    """Rows that stayed behind when a deal's last own field was cleared hid deals, and broke renames."""
    held_ = '[{"key":"code","value":{"is":"text","value":"A"}}]'
    common = f"'[]', {_AT}, {_AT}, {_AT}, 1"
    rows = [
        "insert into pipelines (key, name, position) values ('old', 'Old', 0)",
        "insert into stages (pipeline, key, name, kind, probability, reasons, position)"
        " values ('old', 'open', 'Open', 'open', 50, '[]', 0)",
        *(
            "insert into deals (id, title, pipeline, stage, tags, created_at, updated_at, stage_since, version, custom)"
            f" values ({id_}, 'x', 'old', 'open', {common}, {custom})"
            for id_, custom in ((1, "null"), (2, ":held"))
        ),
        *(
            f"insert into lookups (kind, value, thing_id) values ('{kind}', 'A', {id_})"
            for kind, id_ in (("own.code", 1), ("own.code", 2), ("own.code", 3), ("firm.code", 1), ("email", 1))
        ),
    ]
    made_by("0011", empty_url, rows, held=held_)
    crm = opened(empty_url)
    with crm._database.read() as connection:
        kept = connection.execute(text("select kind, thing_id from lookups order by kind, thing_id")).all()
    assert [tuple(row) for row in kept] == [("email", 1), ("firm.code", 1), ("own.code", 2)]
    crm.close()


V0001_EVENT = (
    b'{"kind":"deal_created","source_id":"abc:1","occurred_at":"2026-03-02T09:00:00Z","actor":"user:1","after":'
    b'{"id":"1","title":"x","pipeline":"sales","stage":"engaging","created_at":"2026-03-02T09:00:00Z",'
    b'"updated_at":"2026-03-02T09:00:00Z","stage_since":"2026-03-02T09:00:00Z","version":1}}'
)

_AT = "'2026-03-02T09:00:00.000000+00:00'"
V0001_ROWS = (
    "update meta set value = 'abc' where name = 'installation'",
    "insert into users (id, name) values (1, 'Ann')",
    f"insert into contacts (id, name, created_at, updated_at) values (1, 'Bo', {_AT}, {_AT})",
    "insert into pipelines values ('sales', 'Sales', 0)",
    "insert into stages values ('sales', 'engaging', 'Engaging', 'open', 50, '[]', 0)",
    "insert into deals (id, title, pipeline, stage, tags, created_at, updated_at, stage_since, version)"
    f" values (1, 'Éclair', 'sales', 'engaging', '[]', {_AT}, {_AT}, {_AT}, 3)",
    "insert into deal_contacts values (1, 1, 0)",
    f"insert into tasks (id, deal_id, text, due_at, done, created_at) values (1, 1, 'Call', {_AT}, false, {_AT})",
    "insert into outbox (id, deal_id, kind, event) values (1, 1, 'deal_created', :event)",
    "update counters set last = 1",
)
