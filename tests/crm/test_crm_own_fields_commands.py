"""A company's own fields as a person types them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm_world import drain, opened
from test_crm_commands import Shell

from dealwright.model.custom import FieldShape, FieldShapes
from dealwright.model.events import ContactUpdated, DealUpdated
from dealwright_embedded_crm import EmbeddedCrm

FIELDS = FieldShapes(
    deal=(
        FieldShape(key="treatment", type="choice", options=("cleaning", "implant"), label="Treatment"),
        FieldShape(key="extras", type="choices", options=("x-ray", "photo")),
        FieldShape(key="seen_at", type="moment"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="insured", type="flag"),
        FieldShape(key="deposit", type="money"),
        FieldShape(key="discount", type="number"),
        FieldShape(key="surgeon", type="user", sensitive=True),
    ),
    contact=(FieldShape(key="guardian_of", type="text"),),
)


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before a CRM with a clinic's fields and a user."""
    made = Shell(sqlite_url, monkeypatch)
    made("users", "add", "Ann", "--email", "ann@example.com")
    yield made
    for each in made.project.opened:
        each.close()


@pytest.fixture
def crm(shell: Shell) -> Iterator[EmbeddedCrm]:
    """The same CRM, from Python."""
    found = opened(shell.url)
    found.shape([], fields=FIELDS, apply=True)
    yield found
    found.close()


def test_people_set_look_for_and_clear_fields(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("deals", "add", "--title", "A", "--set", "treatment=Implant", "--set", "insured=yes")
    shell("deals", "add", "--title", "B")
    drain(crm)
    said = shell(
        "deals", "set", "1", "seen_at=2026-03-03 09:00", "due_on=2026-03-04", "deposit=10.5 eur", "discount=-3.50",
        "extras=photo; X-Ray", "surgeon=ann@example.com", "insured=-", "--as", "Ann",
    )  # fmt: skip
    assert said.stdout == "deal 1 is at version 2\n"
    (event,) = drain(crm)
    assert isinstance(event, DealUpdated)
    assert event.actor == "user:1"
    assert set(event.changed) == {"seen_at", "due_on", "deposit", "discount", "extras", "surgeon", "insured"}
    shown = shell("deals", "show", "1").stdout
    for part in ("implant", "2026-03-03 09:00 EST", "10.50 EUR", "-3.5", "x-ray; photo", "Ann (user 1)"):
        assert part in shown, shown
    assert "insured" not in shown
    for where in ("treatment=implant", "extras=x-ray", "surgeon=Ann", "discount=-3.5", "seen_at=2026-03-03 14:00Z"):
        assert [row["id"] for row in shell.json("deals", "ls", "--where", where)] == ["1"], where
    assert shell.json("deals", "ls", "--where", "treatment=implant", "--where", "extras=photo", "--name", "b") == []


def test_edit_sets_fields_too_of_many_at_once(shell: Shell, crm: EmbeddedCrm) -> None:
    for title in "AB":
        shell("deals", "add", "--title", title)
    shell("deals", "edit", "1", "2", "--set", "treatment=implant", code=1)
    assert not any(each.custom for each in crm.deals())
    shell("deals", "edit", "1", "2", "--title", "C", "--set", "treatment=implant", "--yes")
    assert len(shell.json("deals", "ls", "--where", "treatment=implant", "--name", "c")) == 2
    shell("contacts", "add", "--name", "Bo")
    shell("contacts", "edit", "1", "--set", "guardian_of=Kim", "--phone", "+1")
    assert shell.json("contacts", "ls", "--where", "guardian_of=Kim")[0]["phone"] == "+1"


def test_contacts_have_fields_too(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("contacts", "add", "--name", "Bo", "--set", "guardian_of=Kim")
    shell("contacts", "add", "--name", "Mo")
    assert [row["name"] for row in shell.json("contacts", "ls", "--where", "guardian_of=Kim")] == ["Bo"]
    shell("contacts", "set", "1", "guardian_of=Lu")
    (event,) = drain(crm)
    assert isinstance(event, ContactUpdated)
    assert event.changed == ("guardian_of",)
    assert "Lu" in shell("contacts", "show", "1").stdout


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("treatmnt=implant", "deals have no field 'treatmnt'; did you mean 'treatment'?"),
        ("treatment=implnt", "deal.treatment has no such option; did you mean 'implant'?"),
        ("treatment", "not of the form field=value"),
        ("=implant", "not of the form field=value"),
        ("insured=perhaps", "deal.insured is yes or no"),
        ("discount=1e5", "deal.discount is a number written as"),
        ("discount=٣", "deal.discount is a number written as"),
        ("due_on=4.3.2026", "deal.due_on is a day written as"),
        ("due_on=2026-02-30", "deal.due_on is a day written as"),
        ("seen_at=tomorrow", "deal.seen_at is a moment written as"),
        ("deposit=ten EUR", "deal.deposit is a number written as"),
        ("deposit=10 XXQ", "ISO 4217"),
        ("surgeon=Bob", "deal.surgeon names nobody's"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(shell: Shell, crm: EmbeddedCrm, typed: str, says: str) -> None:
    shell("deals", "add", "--title", "A")
    assert says in shell("deals", "set", "1", "extras=photo", typed, code=2).stderr.replace("\n", " ")
    assert crm.deals()[0].version == 1
    shell("deals", "set", "1", "insured=yes", "insured=no", code=2)
    shell("deals", "set", "7", "insured=yes", code=2)
    shell("deals", "ls", "--where", "insured=-", code=2)


def test_fields_are_listed_and_go_only_when_asked(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("deals", "add", "--title", "A", "--set", "treatment=implant")
    listed = shell("fields", "ls").stdout
    for part in ("deal.treatment", "choice", "cleaning; implant", "contact.guardian_of", "yes"):
        assert part in listed
    shell("fields", "rm", "deal.treatment", "--yes", code=1)
    crm.shape([], fields=FieldShapes(), apply=True)
    assert "in no release any more, held by 1" in shell("fields", "ls").stdout
    assert shell.json("fields", "ls")[0]["held"] == 1
    shell("fields", "rm", "deal.treatment", code=1)
    assert crm.deals()[0].custom
    assert shell("fields", "rm", "deal.treatment", "--yes").stdout == "field deal.treatment deleted; 1 record held it\n"
    assert not crm.deals()[0].custom
    assert "did you mean 'deal.extras'" in shell("fields", "rm", "deal.extra", "--yes", code=2).stderr
    shell("fields", "rm", "treatment", code=2)
