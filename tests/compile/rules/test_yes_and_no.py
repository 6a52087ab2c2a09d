"""A flag that yes and no write alike (DW245), and one that is asked for unset or yes where all say no (DW223)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Part(Record, key="part"):
    amount, paid = Money("Amount"), Flag("Paid")


class Own(DealFields):
    permit, seats = Flag("Permit"), Number("Seats")


own = Own()
parts = own.records(Part)
r = Automation(key="r", on=entered(Sales.met), when=[own.seats.is_set(), own.permit.is_set(), own.amount > 1],
    do=[{do}])
"""
NOTE = 'add_note("n{0}", text="Seen {0}")'
LATE = 'late=[set_task("t", text="Ask about {{ deal.title }}", due=days(1))]'


def rule(do: str) -> str:
    return example_file(OWN.format(do=do))


def branch(yes: str, no: str, first: str = "yes", second: str = "no") -> str:
    return rule(
        f'branch("b", case(own.seats > 5, update_deal("{first}", permit={yes}), {NOTE.format(1)}),'
        f' otherwise=[update_deal("{second}", permit={no}), {NOTE.format(2)}])'
    )


def records(made: str, asked: str) -> str:
    return rule(
        f'create_record("m", Part, amount=own.amount / 2, {made}),'
        f' branch("b", case(parts.where({asked}).total(Part.amount) > 9, {NOTE.format(1)}))'
    )


UNSET_OR_YES = "Part.paid.is_unset() | Part.paid.is_true()"
TOLD = {
    "yes_twice": (branch("True", "True"), "DW245", "'no' writes the same as 'yes' on the other way of 'b'"),
    "other_words": (branch("False", "False", "si", "no"), "DW245", "'no' writes the same as 'si'"),
    "answers": (
        rule(
            f'ask("b", who=deal.owner, question="Permit?", yes=[update_deal("yes", permit=True), {NOTE.format(1)}],'
            f' no=[update_deal("no", permit=True), {NOTE.format(2)}], within=days(2), {LATE})'
        ),
        "DW245",
        "'no' writes the same as 'yes'",
    ),
    "unset_or_yes": (records("paid=False", UNSET_OR_YES), "DW223", "'b' asks whether part.paid is unset or yes"),
}
QUIET = {
    "yes_and_no": branch("True", "False"),
    "called_otherwise": branch("True", "True", "large", "small"),
    "unset_or_no": records("paid=False", "Part.paid.is_unset() | Part.paid.is_false()"),
    "made_without": records("amount=own.amount", UNSET_OR_YES).replace("amount=own.amount / 2, ", ""),
    "made_with_yes": records("paid=True", UNSET_OR_YES),
    "yes_alone": records("paid=False", "Part.paid.is_true()"),
}
CODES = {"DW245", "DW223"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    files = {**{key: text for key, (text, _, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("yes"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {
        key: [(each.code, each.message) for each in all_of if each.code in CODES] for key, all_of in checked.items()
    }


@pytest.mark.parametrize("key", TOLD)
def test_yes_where_no_is_meant_is_told(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    ((code, message),) = found[key]
    assert code == TOLD[key][1]
    assert TOLD[key][2] in message


@pytest.mark.parametrize("key", QUIET)
def test_what_says_what_it_means_is_not(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    assert found[key] == []
