"""What is taken off itself, divided by itself or compared with itself is told (DW291)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    price, quantity = Money("Price"), Number("Quantity")


class Own(DealFields):
    total, paid = Money("Total"), Money("Paid")
    begins_on, ends_on = Day("Begins on"), Day("Ends on")
    seats, used = Number("Seats"), Number("Used")


own = Own()
lines = own.records(Line)
r = Automation(
    key="r",
    on=entered(Sales.won),
    when=[own.total.is_set(), own.begins_on.is_set(), own.seats > 0, own.used > 0{when}],
    do=[{do}],
)
"""
NOTE = 'add_note("n", text="x")'


def asks(condition: str) -> str:
    return example_file(OWN.format(when=f", {condition}", do=NOTE))


def does(step: str) -> str:
    return example_file(OWN.format(when="", do=step))


def gives(value: str) -> str:
    return does(f'update_deal("u", amount={value})')


TOLD = {
    "nothing": gives("own.total - own.total"),
    "nothing_of_three": gives("own.total - own.paid - own.total"),
    "in_brackets": gives("(own.total + own.paid) - (own.total + own.paid)"),
    "shares_of_it": gives("own.total - own.total * 0.3 - own.total * 0.7"),
    "stands_in": gives("own.total.or_(0) - own.total.or_(0)"),
    "inside_of_a_product": gives("(own.total - own.total) * own.seats"),
    "total": gives("lines.total(Line.price) - lines.total(Line.price)"),
    "of_each_record": gives("lines.total(Line.price - Line.price)"),
    "one": does('update_deal("u", seats=own.seats / own.seats * 100)'),
    "told": does('send_event("e", to="erp", with_={"rest": own.total - own.total})'),
    "compared": asks("own.total - own.total > 0"),
    "both_sides": asks("own.total + 5 > own.total"),
    "day": asks("own.begins_on + days(3) > own.begins_on"),
    "day_on_both_sides": asks("own.begins_on + days(3) > own.begins_on + days(5)"),
    "in_a_case": does(f'branch("b", case(own.begins_on > own.begins_on - days(2), {NOTE}))'),
    "in_an_or": asks('(own.seats - own.seats == 0) | own.tags.has("x")'),
}
SILENT = {
    "two_facts": gives("own.total - own.paid"),
    "twice": gives("own.total + own.total"),
    "share": gives("own.total - own.total * 0.3"),
    "product": does('update_deal("u", seats=own.seats * own.seats)'),
    "part": asks("own.total * 0.5 > own.paid"),
    "part_of_itself": asks("own.total - own.paid < own.total"),
    "percent": asks("own.used / own.seats * 100 > 50"),
    "two_days": asks("own.begins_on + days(3) > own.ends_on"),
    "times_nothing": does('update_deal("u", seats=own.seats * 0)'),
    "two_totals": gives("lines.total(Line.price) - lines.where(Line.quantity > 1).total(Line.price)"),
    "two_units": asks("own.created_at + working_days(3) > own.created_at + days(4)"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, text in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("itself") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW291"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_the_same_for_every_deal_is_told_once(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert "itself" in message


@pytest.mark.parametrize("name", SILENT)
def test_what_depends_on_the_deal_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
