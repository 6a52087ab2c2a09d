"""What a reviewer found in the CRM's database, import and commands, and is so no more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from crm_world import AFTERCARE, SALES, START, opened
from sqlalchemy import text
from test_crm_commands import Project, Shell
from test_crm_import import judge, run, written

from dealwright.clock import PlayedClock
from dealwright.errors import Unavailable
from dealwright_embedded_crm import EmbeddedCrm, importer
from dealwright_embedded_crm.commands import opening
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.keys import kept

PEOPLE = ["title=product", "contact_name=agent", "contact_phone=phone", "contact_email=email", "amount=value"]
CONTACTS = "product,agent,phone,email,value"


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell before a CRM with two pipelines and nothing in it."""
    return Shell(sqlite_url, monkeypatch)


class NewProject(Project):
    """A project whose CRM has no pipeline yet, and that has no release."""

    def account(self, key: str | None = None) -> opening.AccountBinding:
        """Return the only account."""
        crm = EmbeddedCrm(self.url, PlayedClock(START))
        return opening.AccountBinding(key="acme", definitions=Path("none"), crm=crm, feeds=(crm,), connectors=(crm,))

    def open_journal(self) -> SimpleNamespace:
        """Return a journal without a release."""
        return SimpleNamespace(active_release=lambda key: None, close=lambda: None)


@pytest.fixture
def new(shell: Shell, tmp_path: Path) -> Shell:
    """A shell before a project that has never been up."""
    shell.project = NewProject(f"sqlite:///{tmp_path / 'new.db'}", (SALES, AFTERCARE))
    return shell


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(crm: EmbeddedCrm, crm_url: str) -> None:
    with crm._database.write() as connection:
        before = connection.execute(text("select version_num from alembic_version")).scalar_one()
        connection.execute(text("update alembic_version set version_num = '9999'"))
    url = crm_url.replace("://root@", "://root:hush@")
    try:
        with closing(EmbeddedCrm(url, PlayedClock(START))) as older:
            for _ in range(2):
                with pytest.raises(
                    Unavailable,
                    match=rf"database \S+ has schema 9999, and this version of Dealwright \(\S+\) knows none newer than"
                    rf" {before}: a newer version wrote it, and nothing was changed. Run that version or a newer one",
                ) as refused:
                    older.pipelines()
                assert "hush" not in str(refused.value)
    finally:
        with crm._database.write() as connection:
            connection.execute(text("update alembic_version set version_num = :before"), {"before": before})


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("create table x (a)")
        crm = EmbeddedCrm(f"sqlite:///{tmp_path / 'other.db'}", PlayedClock(START))
        with closing(crm), pytest.raises(Unavailable, match=r"other\.db holds tables .* another program's"):
            crm.add_user("Ana", None)
        assert other.execute("select name from sqlite_master").fetchall() == [("x",)]


def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "crm.db").write_bytes(b"Dear Sir or Madam, " * 100)
    said = r"crm\.db cannot be read: .*NOTADB: the file is no SQLite.*a backup"
    crm = EmbeddedCrm(f"sqlite:///{tmp_path / 'crm.db'}", PlayedClock(START))
    with closing(crm), pytest.raises(Unavailable, match=said):
        crm.deals()


def test_making_a_crm_touches_no_file(tmp_path: Path) -> None:
    EmbeddedCrm(f"sqlite:///{tmp_path / 'crm.db'}", PlayedClock(START)).close()
    assert list(tmp_path.iterdir()) == []


def test_a_header_of_many_columns_is_read_in_linear_time(tmp_path: Path) -> None:
    class Name(str):
        """A column's name that counts how often it is compared."""

        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Name.compared += 1
            return str.__eq__(self, other)  # type: ignore[arg-type]

        def strip(self, _chars: object = None) -> Name:  # type: ignore[override]
            """Stay a name that counts."""
            return self

    file = tmp_path / "wide.csv"
    file.write_text("a,b\n")

    class Wide(CsvFile):
        """A file whose header has these names."""

        def _everything(self):  # type: ignore[no-untyped-def]
            yield SimpleNamespace(line=1, cells=[Name(f"c{number}") for number in range(500)])

    with closing(Wide(file)) as wide:
        assert len(wide.header) == 500
    assert Name.compared < 5_000


def test_a_message_does_not_list_a_hundred_thousand_columns(shell: Shell, tmp_path: Path) -> None:
    file = written(tmp_path, header=",".join(f"c{number}" for number in range(5_000)))
    told = shell("import", str(file), "--pipeline", "sales", "--map", "title=zzz", code=2).stderr
    assert "and 4,940 more" in told and len(told) < 1_000


def test_contacts_of_a_file_are_looked_up_once_for_many_rows(
    small: EmbeddedCrm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(connection: object, keys: object) -> object:
        asked.append(1)
        return kept(connection, keys)  # type: ignore[arg-type]

    monkeypatch.setattr(importer, "kept", counted)
    rows = [f"Desk,Bo,212 555 {number % 40:04},,1" for number in range(120)]
    done = run(small, written(tmp_path, *rows, header=CONTACTS), PEOPLE)
    assert (done.created, done.contacts_created, len(asked)) == (120, 40, 2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Desk,Bo,212 555 0100,bo@x.example,١٢٣", "is no amount written as 1054"),
        ("Desk,Bo,212 555 0100,bo at x.example,1", "is no e-mail address"),
        ("Desk,Bo,212 555 0100,bo@x.example;li@x.example,1", "is no e-mail address"),
        ("Desk,Bo,none,bo@x.example,1", "is no phone: there is no digit in it"),
        ("Desk,Bo,212 555 0100,bo@x.example,1", ""),
        ("Desk,Bo,,,1", ""),
    ],
)
def test_cells_that_are_not_what_their_field_needs_are_rejected(
    small: EmbeddedCrm, tmp_path: Path, row: str, reason: str
) -> None:
    small.add_user("Ann", None)
    judged = judge(small, written(tmp_path, row, header=CONTACTS), PEOPLE)
    assert judged.good == (not reason)
    for reject in judged.rejects:
        assert reason in "; ".join(reject.reasons)


def test_a_crm_that_was_never_up_gets_the_pipelines_of_the_definitions(new: Shell, tmp_path: Path) -> None:
    told = new("stages", "ls", "sales", code=2).stderr
    assert "no pipeline yet" in told and "`dealwright up`" in told and "crm pipelines add" in told
    file = written(tmp_path, "x", header="product")
    told = new("import", str(file), "--pipeline", "saels", "--map", "title=product", code=2).stderr
    assert "no release was recorded yet" in told and "did you mean 'sales'?" in told
    told = new("deals", "add", "--title", "x", "--amount", "900").stdout
    assert told.splitlines() == [
        "made the pipelines of the definitions: sales, aftercare",
        "deal 1 created in sales.incoming",
    ]
    assert new("deals", "add", "--title", "y").stdout == "deal 2 created in sales.incoming\n"
    assert [deal["amount"] for deal in new.json("deals", "ls")] == [{"amount": "900.00", "currency": "USD"}, None]


def test_what_a_listing_is_of_must_be_there(shell: Shell) -> None:
    for words, near in (
        (("stages", "ls", "saels"), "there is no pipeline 'saels'; did you mean 'sales'?"),
        (("deals", "ls", "--pipeline", "saels"), "there is no pipeline 'saels'; did you mean 'sales'?"),
        (("deals", "ls", "--stage", "prospectin"), "there is no stage 'prospectin'; did you mean 'prospecting'?"),
        (("deals", "ls", "--pipeline", "aftercare", "--stage", "engaging"), "pipeline aftercare has no stage"),
        (("deals", "add", "--title", "x", "--pipeline", "saels"), "did you mean 'sales'?"),
    ):
        assert near in shell(*words, code=2).stderr.replace("\n", " ")
    assert shell.json("deals", "ls", "--stage", "engaging") == []


def test_what_cannot_be_done_is_refused_before_it_is_asked(shell: Shell) -> None:
    with closing(opened(shell.url)) as crm:
        crm.create_contact(name="Bo")
        crm.create_deal(pipeline="sales", stage="incoming", title="Desk")
    for words, told in (
        (("contacts", "merge", "1", "1"), "one already"),
        (("contacts", "merge", "1", "9"), "there is no contact '9'"),
        (("contacts", "rm", "9"), "there is no contact '9'"),
        (("deals", "merge", "1", "1"), "cannot be merged with itself"),
        (("deals", "rm", "1", "9"), "there is no deal '9'"),
    ):
        result = shell(*words, code=2)
        assert told in result.stderr and "?" not in result.output, words
    shell("deals", "rm", "1", "--yes")


def test_an_amount_is_typed_in_ascii_digits(shell: Shell) -> None:
    assert "write an amount" in shell("deals", "add", "--title", "x", "--amount", "١٢ USD", code=2).stderr


def test_an_import_without_a_project_does_not_open_the_file(
    monkeypatch: pytest.MonkeyPatch, shell: Shell, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(tmp_path / "none.py"))
    told = shell("import", str(tmp_path / "none.csv"), "--pipeline", "sales", code=2).stderr
    assert "no project at" in told
