"""Columns of a file that fill a company's own fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from crm_world import drain
from test_crm_commands import Shell

from dealwright.model.custom import FieldShape, FieldShapes
from dealwright.model.events import DealCreated
from dealwright_embedded_crm.own_texts import as_json

FIELDS = FieldShapes(
    deal=(
        FieldShape(key="treatment", type="choice", options=("cleaning", "implant")),
        FieldShape(key="extras", type="choices", options=("x-ray", "photo")),
        FieldShape(key="seen_at", type="moment"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="deposit", type="money"),
        FieldShape(key="surgeon", type="user"),
    ),
    contact=(FieldShape(key="guardian_of", type="text"),),
)
HEADER = "title,what,extra,seen,due,deposit,who,name,child"
MAPS = [
    "title=title", "deal.treatment=what", "deal.extras=extra", "deal.seen_at=seen", "deal.due_on=due",
    "deal.deposit=deposit", "deal.surgeon=who", "contact_name=name", "contact.guardian_of=child",
]  # fmt: skip
GOOD = "A,Implant,photo;x-ray,2026-03-03 09:00,04.03.2026,99.5,ann@example.com,Bo,Kim"


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell of an account whose release names a clinic's fields; the CRM has not been told of them."""
    made = Shell(sqlite_url, monkeypatch)
    made.project.fields = FIELDS
    made("users", "add", "Ann", "--email", "ann@example.com")
    yield made
    for each in made.project.opened:
        each.close()


def imported(shell: Shell, folder: Path, *rows: str, maps: list[str] = MAPS, code: int = 0, **more: str) -> str:
    """Import rows; return what is said."""
    file = folder / "deals.csv"
    file.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    words = ["import", str(file), "--pipeline", "sales", "--date-format", "%d.%m.%Y"]
    for each in maps:
        words += ["--map", each]
    result = shell(*words, *more, code=code)
    return f"{result.stdout}{result.stderr}"


def test_columns_fill_fields_of_deals_and_contacts(shell: Shell, tmp_path: Path) -> None:
    imported(shell, tmp_path, GOOD, "B,,,,,,,,")
    crm = shell.project.account().crm
    first, second = drain(crm)  # type: ignore[arg-type]
    assert isinstance(first, DealCreated)
    assert {each.key: as_json(each.value) for each in first.after.custom or () if each.value} == {
        "treatment": "implant",
        "extras": ["x-ray", "photo"],
        "seen_at": "2026-03-03T14:00:00Z",
        "due_on": "2026-03-04",
        "deposit": {"amount": "99.50", "currency": "USD"},
        "surgeon": {"id": "1", "name": "Ann", "email": "ann@example.com"},
    }
    (contact,) = first.after.contacts
    assert [(each.key, each.value and as_json(each.value)) for each in contact.custom or ()] == [("guardian_of", "Kim")]
    assert not second.after.custom
    assert "0 deals created" in imported(shell, tmp_path, GOOD, "B,,,,,,,,")


def test_before_the_first_release_a_file_is_read_as_the_definitions_say(shell: Shell, tmp_path: Path) -> None:
    """Phones had no country, so that a later import took the same number for somebody else; moments were in UTC."""
    maps = [*MAPS, "contact_phone=phone"]
    header = f"{HEADER},phone"
    for n, released in enumerate((False, True)):
        shell.project.is_released = released
        file = tmp_path / f"{n}.csv"
        row = GOOD.replace("A,", f"{n},", 1)
        file.write_text(f"{header}\n{row},(212) 555-0100\n{row},+1 212 555 0100\n", encoding="utf-8")
        words = ["import", str(file), "--pipeline", "sales", "--date-format", "%d.%m.%Y"]
        shell(*words, *(word for each in maps for word in ("--map", each)))
    crm = shell.project.account().crm
    events = drain(crm)  # type: ignore[arg-type]
    deals = [event.after for event in events if isinstance(event, DealCreated)]
    assert {contact.id for deal in deals for contact in deal.contacts} == {"1"}
    seen = {as_json(each.value) for deal in deals for each in deal.custom or () if each.key == "seen_at" and each.value}
    assert seen == {"2026-03-03T14:00:00Z"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (GOOD.replace("Implant", "implnt"), "deal.treatment has no such option; did you mean 'implant'?"),
        (GOOD.replace("x-ray", "y-ray"), "deal.extras has no such option; did you mean 'x-ray'?"),
        (GOOD.replace("04.03.2026", "2026-03-04"), "deal.due_on is a day written as %d.%m.%Y"),
        (GOOD.replace("2026-03-03 09:00", "soon"), "deal.seen_at is a moment written as"),
        (GOOD.replace("99.5", "-1"), "deal.deposit: the amount is negative"),
        (GOOD.replace("ann@example.com", "bob"), "deal.surgeon names nobody's id"),
        (GOOD.replace("Bo,Kim", ",Kim"), "contact.guardian_of is of a contact without a name"),
        (GOOD.replace("Kim", "K\x1bm"), "contact.guardian_of is given the control character U+001B"),
        (GOOD.replace("Kim", "K" * 1_001), "the contact.guardian_of is 1,001 bytes long"),
    ],
)
def test_a_cell_that_a_field_cannot_hold_rejects_its_row(shell: Shell, tmp_path: Path, row: str, says: str) -> None:
    said = imported(shell, tmp_path, GOOD, row, code=2)
    assert f"line 3: {says}" in said
    crm = shell.project.account().crm
    assert crm.deals() == []  # type: ignore[attr-defined]


def test_a_column_is_mapped_to_fields_that_there_are(shell: Shell, tmp_path: Path) -> None:
    for typo in ("deal.treatmnt=what", "company.size=what", "treatmnt=what", "deal.=what"):
        assert "there is no field" in imported(shell, tmp_path, GOOD, maps=["title=title", typo], code=2)
    assert "did you mean 'deal.treatment'" in imported(
        shell, tmp_path, GOOD, maps=["title=title", "deal.treatmnt=what"], code=2
    )
    twice = ["title=title", "deal.treatment=what", "deal.treatment=who"]
    assert "is given twice" in imported(shell, tmp_path, GOOD, maps=twice, code=2)
