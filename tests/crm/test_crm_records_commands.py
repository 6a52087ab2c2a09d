"""Records under deals as a person types them, and as a file brings them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from crm_world import call, drain, opened, perform
from test_crm_commands import Shell

from dealwright.errors import InputError
from dealwright.model.crm import MOST_RECORDS
from dealwright.model.custom import FieldShape, FieldShapes, RecordShape
from dealwright.model.events import RecordAdded, RecordUpdated
from dealwright.model.requests import CreateRecord
from dealwright_embedded_crm import EmbeddedCrm, record_importer
from dealwright_embedded_crm.change_records import RecordChange
from dealwright_embedded_crm.mapping import parse_records

INSTALMENT = RecordShape(
    key="instalment",
    label="Instalment",
    fields=(
        FieldShape(key="amount", type="money"),
        FieldShape(key="due_on", type="day", label="Due on"),
        FieldShape(key="paid", type="flag"),
        FieldShape(key="way", type="choice", options=("card", "cash")),
    ),
)
PLANS = FieldShapes(records=(INSTALMENT, RecordShape(key="line", fields=(FieldShape(key="product", type="text"),))))


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before a CRM with a user."""
    made = Shell(sqlite_url, monkeypatch)
    made("users", "add", "Ann", "--email", "ann@example.com")
    yield made
    for each in made.project.opened:
        each.close()


@pytest.fixture
def crm(shell: Shell) -> Iterator[EmbeddedCrm]:
    """The same CRM, from Python, with instalments and a deal."""
    found = opened(shell.url)
    found.shape([], fields=PLANS, apply=True)
    found.create_deal(pipeline="sales", stage="incoming", title="A crown", reference="R-1")
    drain(found)
    yield found
    found.close()


def test_people_add_change_list_and_remove_records(shell: Shell, crm: EmbeddedCrm) -> None:
    said = shell(
        "records", "add", "1", "instalment", "--set", "amount=100", "--set", "due_on=2026-12-01", "--as", "Ann"
    )
    assert said.stdout == "record 1 added under deal 1, which is at version 2\n"
    shell("records", "add", "1", "line")
    assert shell("records", "set", "1", "paid=yes", "due_on=-").stdout == "record 1: deal 1 is at version 4\n"
    added, _, updated = drain(crm)
    assert isinstance(added, RecordAdded)
    assert isinstance(updated, RecordUpdated)
    assert (added.actor, updated.changed) == ("user:1", ("paid", "due_on"))
    listing = shell("records", "ls", "1").stdout
    assert "amount=100.00 USD, paid=yes" in listing and "line" in listing
    assert [row["kind"] for row in shell.json("records", "ls", "1", "--kind", "line")] == ["line"]
    shown = shell("records", "show", "1").stdout
    for part in ("instalment", "100.00 USD", "EST"):
        assert part in shown
    assert "amount=100.00 USD" in shell("deals", "show", "1").stdout
    assert '"deal_id": "1"' in shell("records", "show", "1", "--json").stdout
    assert "1 record removed" in shell("records", "rm", "1", "--yes").stdout
    assert [row["id"] for row in shell.json("records", "ls", "1")] == ["2"]


def test_a_deal_with_very_many_shows_the_first_and_says_how_many_more(shell: Shell, crm: EmbeddedCrm) -> None:
    adding = [call(str(each), CreateRecord(deal_id="1", record="line")) for each in range(MOST_RECORDS + 3)]
    assert len(perform(crm, *adding)) == MOST_RECORDS + 3
    assert "and 3 more: `dealwright crm records ls 1`" in shell("deals", "show", "1").stdout


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("add", "1", "instalement"), "did you mean 'instalment'?"),
        (("add", "9", "instalment"), "there is no deal '9'"),
        (("add", "1", "instalment", "--set", "amuont=1"), "records of kind instalment have no field 'amuont'"),
        (("add", "1", "instalment", "--set", "amount=NaN"), "instalment.amount is a number"),
        (("add", "1", "instalment", "--set", "way=cheque"), "instalment.way has no such option"),
        (("add", "1", "instalment", "--set", "paid=perhaps"), "instalment.paid is yes or no"),
        (("set", "7", "paid=yes"), "there is no record '7'"),
        (("set", "\u0661", "paid=yes"), "there is no record"),
        (("rm", "7", "--yes"), "there is no record '7'"),
        (("ls", "1", "--kind", "l\u0131ne"), "there is no kind of records"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    shell: Shell, crm: EmbeddedCrm, typed: tuple[str, ...], says: str
) -> None:
    assert says in shell("records", *typed, code=2).stderr.replace("\n", " ")
    assert drain(crm) == []


def test_all_records_are_removed_or_none(shell: Shell, crm: EmbeddedCrm) -> None:
    crm.add_record("1", "line")
    shell("records", "rm", "1", "2", "--yes", code=2)
    shell("records", "rm", "1", "1", "--yes", code=2)
    assert len(shell.json("records", "ls", "1")) == 1
    assert shell("records", "rm", "1", code=1).exit_code == 1, "nobody said yes"
    assert len(shell.json("records", "ls", "1")) == 1


def test_fields_of_kinds_are_listed_and_retired_kinds_go_when_nothing_is_left(shell: Shell, crm: EmbeddedCrm) -> None:
    listing = shell("fields", "ls").stdout
    assert "instalment.due_on" in listing and "Due on" in listing
    made = crm.add_record("1", "line").record.id
    assert "named by the active release" in shell("fields", "rm", "line", code=1).stderr
    crm.shape([], fields=FieldShapes(records=(INSTALMENT,)), apply=True)
    assert [row["released"] for row in shell.json("fields", "ls") if row["of"] == "line"] == [False]
    assert "there is 1 record of kind line" in shell("fields", "rm", "line", code=1).stderr
    crm.remove_record(made)
    shell("fields", "rm", "line")
    assert [kind.key for kind in crm.own_fields().kinds] == ["instalment"]
    crm.shape(
        [], fields=FieldShapes(records=(RecordShape(key="instalment", fields=INSTALMENT.fields[1:]),)), apply=True
    )
    assert "field instalment.amount deleted" in shell("fields", "rm", "instalment.amount", "--yes").stdout


# --- from a file ------------------------------------------------------------------------------------------------------

MAPS = ("--map", "deal=Contract", "--map", "amount=Sum", "--map", "due_on=Due", "--map", "way=How")


def write(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "plan.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


def test_a_file_of_records_is_added_once_however_often_it_is_run(
    shell: Shell, crm: EmbeddedCrm, tmp_path: Path
) -> None:
    crm.create_deal(pipeline="sales", stage="incoming", title="B", reference="R-2")
    drain(crm)
    file = write(tmp_path, "Contract,Sum,Due,How\nR-1,100,2026-12-01,Card\nR-2,50.5 EUR,,\n R-1 ,100,2027-01-01,\n")
    command = ("import-records", file, "--kind", "instalment", *MAPS)
    dry = shell(*command, "--dry-run").stdout
    assert "3 records of kind instalment would be added under 2 deals, 0 already there" in dry
    assert drain(crm) == []
    assert "3 records of kind instalment added under 2 deals" in shell(*command, "--automations", "off").stdout
    events = drain(crm)
    assert [(each.kind, each.actor, each.answer) for each in events] == [("record_added", "import:plan", "off")] * 3
    listed = shell("records", "ls", "1").stdout
    assert "amount=100.00 USD, due_on=2026-12-01, way=card" in listed
    assert "0 records of kind instalment added under 0 deals, 3 already there" in shell(*command).stdout
    assert drain(crm) == []


def test_the_whole_file_is_judged_before_anything_is_written(shell: Shell, crm: EmbeddedCrm, tmp_path: Path) -> None:
    crm.create_deal(pipeline="sales", stage="incoming", title="B", reference="R-2")
    crm.create_deal(pipeline="sales", stage="incoming", title="C", reference="R-2")
    drain(crm)
    good = "R-1,1,,\n" * 60
    bad = "R-9,1,,\n,1,,\nR-2,1,,\nR-1,,,\nR-1,ten,32.1.2026,cheque\nR-1,1,,\x1b[2J\nR-1,1\n"
    file = write(tmp_path, "Contract,Sum,Due,How\n" + good + bad)
    rejects = tmp_path / "rejects.csv"
    command = ("import-records", file, "--kind", "instalment", *MAPS)
    refused = shell(*command, "--rejects", str(rejects), code=2).stderr.replace("\n", " ")
    for part in (
        "nothing was imported; 7 of 67 rows",
        "line 62: no deal has the reference 'R-9'",
        "line 63: no deal is named",
        "line 64: 2 deals have the reference 'R-2'",
        "line 65: the row holds nothing but its deal",
        "line 66: instalment.amount is a number",
        "instalment.due_on is a day written as 2026-01-31; instalment.way has no such option",
        "line 67: instalment.way is given the control character U+001B",
        "line 68: the row has 2 cells, the header has 4",
    ):
        assert part in refused, refused
    assert drain(crm) == []
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 8
    assert "60 records" in shell(*command, "--skip-rejects").stdout
    assert len(drain(crm)) == 60
    assert shell(*command, "--dry-run", code=1).exit_code == 1


def test_a_deal_can_be_named_by_its_id_and_a_merged_one_is_the_kept_one(
    shell: Shell, crm: EmbeddedCrm, tmp_path: Path
) -> None:
    crm.create_deal(pipeline="sales", stage="incoming", title="B")
    crm.merge_deals("1", "2")
    file = write(tmp_path, "Contract;Sum;Due;How\n2;1;01.12.2026;\n1;1;;\n\u0661;1;;\n")
    command = ("import-records", file, "--kind", "instalment", *MAPS, "--deal-by", "id", "--delimiter", ";")
    done = shell(*command, "--date-format", "%d.%m.%Y", "--currency", "eur", "--skip-rejects").stdout
    assert "2 records of kind instalment added under 1 deal" in done
    assert "there is no deal" in done
    assert "amount=1.00 EUR, due_on=2026-12-01" in shell("records", "ls", "1").stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Contract,Sum,Due,How\nR-1,1,\0,\n", "NUL byte"),
        (b"Contract,Sum,Due,How\nR-1,\xff,,\n", "not UTF-8"),
        (b'Contract,Sum,Due,How\nR-1,"1,,\n', "never closed"),
        (b"", "the file is empty"),
        (b"Contract,Sum,Due,Sum\n", "two columns are called 'Sum'"),
        (b"Contract,Due,How\n", "--map amount=Sum: the file has no column 'Sum'"),
    ],
)
def test_a_damaged_file_is_refused_with_file_and_line(
    shell: Shell, crm: EmbeddedCrm, tmp_path: Path, content: bytes, says: str
) -> None:
    command = ("import-records", write(tmp_path, content), "--kind", "instalment", *MAPS)
    assert says in shell(*command, code=2).stderr.replace("\n", " ")
    assert drain(crm) == []


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ((), "--map deal=... is missing"),
        (("deal=Contract", "amuont=Sum"), "there is no field 'amuont'; did you mean 'amount'?"),
        (("deal=Contract", "deal=Sum"), "is given twice"),
        (("deal",), "not of the form field=column"),
    ],
)
def test_what_columns_mean_is_checked(maps: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_records(maps, ["Contract", "Sum"], ["amount", "due_on"])
    assert says in str(refused.value)


def test_an_import_that_was_interrupted_goes_on_where_it_stopped(
    shell: Shell, crm: EmbeddedCrm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "Contract,Sum,Due,How\n" + "R-1,1,,\n" * 120)
    command = ("import-records", file, "--kind", "instalment", *MAPS)
    whole, count = RecordChange.add_record, [0]

    def dies(self: RecordChange, wanted: CreateRecord, origin: object) -> object:
        count[0] += 1
        if count[0] > 70:
            raise KeyboardInterrupt
        return whole(self, wanted, origin)  # type: ignore[arg-type]

    monkeypatch.setattr(record_importer, "CHUNK", 50)
    monkeypatch.setattr(RecordChange, "add_record", dies)
    shell(*command, code=130)
    monkeypatch.setattr(RecordChange, "add_record", whole)
    assert "70 records" in shell(*command).stdout
    assert len(crm.deal("1").records or ()) == 120  # type: ignore[union-attr]
