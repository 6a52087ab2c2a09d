"""What would vanish without a word, or mean anything at all, is refused: found by changing good files mechanically."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealwright import (
    Choice,
    CompanyFields,
    ContactFields,
    DealFields,
    Flag,
    Incoming,
    OutsideEvent,
    Record,
    Stage,
    Text,
    activity_logged,
    contact_updated,
    days,
    deal_created,
    deal_updated,
    points,
    record_updated,
    stage_changed,
    working_hours,
)
from dealwright.compile.check import check
from dealwright.errors import DefinitionError

deal = DealFields()


class Line(Record):
    paid = Flag("Paid")


@pytest.mark.parametrize("kind", [DealFields, ContactFields, CompanyFields, Record, OutsideEvent])
@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (Choice, "write a = Choice(...)"),
        ("A", 'write a = Text("..."), or take it out'),
        (5, 'write a = Text("..."), or take it out'),
    ],
)
def test_what_stands_in_a_class_of_fields_is_a_field(kind, value, hint):
    body = {"a": value, "b": Text("B")} | ({"key": "a.b"} if kind is OutsideEvent else {})
    with pytest.raises(DefinitionError, match="'a' of Ours is no field") as refused:
        type(kind)("Ours", (kind,), body)
    assert refused.value.hint == hint


def test_a_comma_behind_a_field_is_told_on_its_line(tmp_path: Path):
    text = 'from dealwright import *\n\nclass Ours(DealFields):\n    a = Text("A")\n    b = Flag("B"),\n'
    (tmp_path / "fields.py").write_text(text)
    assert [(each.line, each.message) for each in check(tmp_path).findings] == [
        (5, "there is a comma after b = ..., which makes a tuple of it")
    ]


def test_a_renamed_field_is_told_on_its_line(tmp_path: Path):
    first = 'from dealwright import *\n\nclass Ours(DealFields):\n    a = Text("A")\n'
    text = first + '    b = Flag("B", renamed_from="a")\n'
    (tmp_path / "fields.py").write_text(text)
    assert [(each.line, each.code) for each in check(tmp_path).findings] == [(5, "DW233")]


def test_a_class_of_fields_may_have_functions_and_private_names():
    class Ours(DealFields):
        _most = 5
        a = Text("A")

        def large(self) -> bool:
            return True

        @property
        def both(self) -> int:
            return 2

    assert Ours().large()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: deal_updated(fields=[]), "fields of deal_updated() is an empty list"),
        (lambda: contact_updated(fields=[]), "fields of contact_updated() is an empty list"),
        (lambda: record_updated(Line, fields=[]), "fields of record_updated(Line) is an empty list"),
        (lambda: deal_created(in_=[]), "in_ of deal_created() is an empty list"),
        (lambda: stage_changed(to=[]), "to of stage_changed() is an empty list"),
        (lambda: activity_logged(kind=[]), "kind of activity_logged() is an empty list"),
        (lambda: Incoming(first_response=working_hours(0)), "first_response gives nobody any time"),
        (lambda: Stage("Sent it", probability=5, rot_after=days(0)), "rot_after gives nobody any time"),
        (lambda: points((5, deal.amount > 5), (0, deal.amount > 9)), "0 points change nothing"),
    ],
)
def test_what_names_nothing_or_takes_no_time_is_refused(make, says):
    with pytest.raises(DefinitionError) as refused:
        make()
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("base", "old"),
    [
        ("DealFields", "title"),
        ("DealFields", "reference"),
        ("ContactFields", "phone"),
        ("CompanyFields", "name"),
        ("CompanyFields", "open_deals"),
    ],
)
def test_a_field_that_all_have_is_no_old_name(base: str, old: str, tmp_path: Path) -> None:
    """Events that look for the field found deals by their title."""
    (tmp_path / "fields.py").write_text(
        f'from dealwright import *\n\n\nclass Own({base}):\n    booking = Text("Booking", renamed_from="{old}")\n'
    )
    (found,) = [each for each in check(tmp_path).findings if each.severity == "error"]
    assert (found.line, found.code) == (5, "DW233")
    assert f"'booking' of Own is renamed from {old!r}, which is no field of the company's own" in found.message
