"""Numbered records that do not count up are told (DW319)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Part(Record, key="part"):
    number, amount, due_on, seats = Number("No."), Money("Amount"), Day("Due"), Number("Seats")


class Own(DealFields):
    begins_on = Day("Begins")


own = Own()
parts = own.records(Part)
r = Automation(key="r", on=entered(Sales.won), when=[own.begins_on.is_set(), own.close_date.is_set()], do=[{do}])
"""


def rule(*parts: str, case: str = "") -> str:
    do = ", ".join(f'create_record("p{n}", Part, amount=own.amount / 2, {part})' for n, part in enumerate(parts))
    return example_file(OWN.format(do=f'branch("b", case({case}, {do}))' if case else do))


TOLD = {
    "alike": (rule("number=1", "number=1"), "'p1' makes a record with number=1, as 'p0' has done"),
    "later_alike": (rule("number=1", "number=2", "number=2"), "'p2' makes a record with number=2"),
    "earlier": (
        rule("number=1, due_on=own.close_date", "number=2, due_on=own.close_date - days(60)"),
        "'p1' has a greater number than 'p0', and due_on is 60 days earlier",
    ),
    "less_later": (
        rule("number=1, due_on=own.close_date + days(60)", "number=2, due_on=own.close_date + days(30)"),
        "30 days earlier",
    ),
    "where_there_are_some": (rule("number=1", "number=2", case="parts.count > 0"), "'p0' begins with number=1"),
}
QUIET = {
    "counting": rule("number=1, due_on=own.close_date", "number=2, due_on=own.close_date + days(60)"),
    "backwards": rule("number=2, due_on=own.close_date", "number=1, due_on=own.close_date - days(60)"),
    "other_days": rule("number=1, due_on=own.close_date", "number=2, due_on=own.begins_on - days(60)"),
    "another_number": rule("number=1, seats=2", "number=2, seats=2"),
    "where_there_are_none": rule("number=1", "number=2", case="parts.count == 0"),
    "one_more": rule("number=1", case="parts.count > 0"),
    "further": rule("number=3", "number=4", case="parts.count > 0"),
    "of_some": rule("number=1", "number=2", case="parts.where(Part.seats > 2).count > 0"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {**{key: text for key, (text, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("numbered"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {key: [each.message for each in all_of if each.code == "DW319"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_records_that_do_not_count_up_are_told(key: str, found: dict[str, list[str]]) -> None:
    (message,) = found[key]
    assert TOLD[key][1] in message


@pytest.mark.parametrize("key", QUIET)
def test_records_that_do_are_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
