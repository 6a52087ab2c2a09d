"""One source that a step gives to two names, the second of which is another one's, is told (DW287)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    begins_at, ends_at = Moment("Begins"), Moment("Ends")


class Booked(OutsideEvent):
    key = "booked"
    email = Text()
    starts_at, ends_at, day = Moment(), Moment(), Day()
    match = Match(by=[(email, deal.contacts.email)], in_=Sales)


class Own(DealFields):
    survey_at, survey_ends_at, told_at = Moment("Survey"), Moment("Survey ends"), Moment("Told")
    first_on, last_on = Day("First day"), Day("Last day")
    deposit, seats = Money("Deposit"), Number("Seats")


own = Own()
r = Automation(
    key="r",
    on=event_received(Booked),
    when=[
        Booked.starts_at.is_set(), Booked.ends_at.is_set(), own.deposit.is_set(), own.first_on.is_set(),
        own.last_on.is_set(), deal.amount > 0,
        own.survey_at.is_set(), own.told_at.is_set(), own.survey_ends_at.is_set(),
        own.seats > 1, Booked.day.is_set(),
    ],
    do=[{do}],
)
"""


def step(do: str) -> str:
    return example_file(OWN.format(do=do))


TOLD = {
    "end_of_an_event": (
        step('update_deal("s", survey_at=Booked.starts_at, survey_ends_at=Booked.starts_at)'),
        "and there is event.data.ends_at",
    ),
    "of_a_record": (step('create_record("s", Line, begins_at=Booked.starts_at, ends_at=Booked.starts_at)'), "ends_at"),
    "amount": (
        step('send_event("s", to="books", with_={"sum": deal.amount, "deposit": deal.amount})'),
        "and there is deal.deposit",
    ),
    "days": (
        step('send_event("s", to="erp", with_={"from": own.first_on, "last_on": own.first_on})'),
        "and there is deal.last_on",
    ),
}
QUIET = {
    "each_its_own": step('update_deal("s", survey_at=Booked.starts_at, survey_ends_at=Booked.ends_at)'),
    "no_other_one": step('update_deal("s", survey_at=Booked.starts_at, told_at=Booked.starts_at)'),
    "a_neighbour_to_begin_with": step('update_deal("s", survey_at=own.told_at, survey_ends_at=own.told_at)'),
    "another_type": step('send_event("s", to="erp", with_={"a": own.first_on, "ends_at": own.first_on})'),
    "both_are_there": step(
        'send_event("s", to="erp", with_={"a": own.first_on, "last_on": own.first_on, "b": own.last_on})'
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {**{key: text for key, (text, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("twice"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {key: [each.message for each in all_of if each.code == "DW287"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_one_source_for_two_names_is_told(key: str, found: dict[str, list[str]]) -> None:
    assert len(found[key]) == 1
    assert TOLD[key][1] in found[key][0]


@pytest.mark.parametrize("key", QUIET)
def test_what_may_be_meant_twice_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
