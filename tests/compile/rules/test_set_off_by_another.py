"""What sets an automation off while it is about another field (DW257), or on another side than why= says, is told."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    price, paid, seen = Money("Price"), Flag("Paid"), Flag("Seen")


class Own(DealFields):
    begins_at, ends_at = Moment("The party begins"), Moment("The party ends")
    paid_on, balance_on = Day("The deposit came on"), Day("The final balance is due on")
    seats = Number("Seats")


own = Own()
r = Automation(key="{key}", why="{why}", on={on}, when=[{when}], again={again}, do=[{do}])
"""


def rule(on: str, text: str, when: str, again: str = "every_event()", key: str = "r", why: str = "Because.") -> str:
    do = text if "(" in text else f'set_task("t", text="{text}", due=days(1))'
    return example_file(OWN.format(on=on, do=do, when=when, again=again, key=key, why=why))


ENDS, PRICE = "deal_updated(fields=[own.ends_at])", "record_updated(Line, fields=[Line.price])"
BEGINS, SET = "Begins at {{ deal.begins_at }}", "own.begins_at.is_set()"
LINE, PAID, ONCE = "Line of {{ record.price }} is paid", "Line.paid.is_true()", "once(per=record)"
DUE, DAYS = "Due on {{ deal.balance_on }}", "own.balance_on.is_set()"


def day(on: str, why: str = "Because.", key: str = "r", text: str = "Load the van of {{ deal.title }}") -> str:
    return rule(f"date_reached(own.paid_on, {on})", text, "own.seats > 1", "once(per=value)", key, why)


TOLD = {
    "end_of_what_begins": rule(ENDS, BEGINS, SET),
    "two_of_another_rule": rule(
        "deal_updated(fields=[own.paid_on, own.balance_on])",
        BEGINS + " to {{ deal.ends_at or 'late' }}",
        "own.begins_at.is_set(), own.ends_at > own.begins_at",
    ),
    "record": rule(PRICE, LINE, PAID, ONCE),
    "day": day("before=days(5)", key="final-balance", text=DUE),
    "after_for_before": day("after=days(3)", "The van is loaded three days before."),
    "day_for_week": day("before=days(1)", key="semana-antes"),
    "three_for_two": day("before=days(3)", key="load-two-days-before"),
    "hours_for_days": day("before=hours(7)", "Siete días antes se sabe."),
}
QUIET = {
    "both": rule("deal_updated(fields=[own.ends_at, own.begins_at])", BEGINS, SET),
    "named": rule(ENDS, BEGINS + " to {{ deal.ends_at or 'late' }}", SET),
    "one_of_two_named": rule(
        "deal_updated(fields=[own.paid_on, own.balance_on])",
        BEGINS + " to {{ deal.ends_at or deal.balance_on }}",
        "own.begins_at.is_set(), own.ends_at > own.begins_at",
    ),
    "not_asked": rule(ENDS, BEGINS, "own.seats > 1"),
    "not_used": rule(ENDS, "Look at {{ deal.title }}", SET),
    "told_all": rule(ENDS, 'send_event("s", to="erp", with_={"a": own.begins_at})', SET),
    "record_each_time": rule(PRICE, LINE, PAID),
    "record_watched": rule("record_updated(Line, fields=[Line.price, Line.paid])", LINE, PAID, ONCE),
    "called_otherwise": day("before=days(5)", key="remind", text=DUE),
    "named_too": day("before=days(5)", key="final-balance", text=DUE + " and {{ deal.paid_on }}"),
    "as_it_says": day("before=days(3)", "The van is loaded three days before."),
    "week_as_called": day("before=days(7)", key="week-before"),
    "hours_as_called": day("before=hours(48)", key="two-days-before"),
    "no_number": day("before=days(3)", key="some-days-before"),
    "no_side": day("after=days(3)", "Three days are enough."),
    "another_number": day("after=days(3)", "The van is loaded two days before."),
    "two_times": day("after=days(3)", "Three days before, or three days after."),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    checked = check_files(tmp_path_factory.mktemp("setoff"), {**TOLD, **QUIET})
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {key: [each.code for each in all_of if each.code in ("DW257", "DW248")] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_what_sets_it_off_and_is_not_meant_is_told(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == ["DW248" if "_for_" in key else "DW257"]


@pytest.mark.parametrize("key", QUIET)
def test_what_may_set_it_off_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
