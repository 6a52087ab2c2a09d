"""A sum of which an automation takes in the first event alone is told (DW249)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

BEFORE = """
class Line(Record, key="line"):
    price = Money("Price")


class Own(DealFields):
    paid, score = Money("Paid"), Number("Score")


own = Own()


class Paid(OutsideEvent):
    key = "paid"
    amount = Money()


r = Automation(key="r", on={on}, when=[{when}], again={again}, do=[{do}])
"""
PAID = "event_received(Paid, in_=Sales)"
SUM = 'update_deal("u", paid=own.paid.or_(0) + Paid.amount)'
LINES = 'update_deal("u", paid=own.paid.or_(0) + Line.price)'
ONCE = "once(per=deal)"


def rule(do: str, *, on: str = PAID, again: str = ONCE, when: str = "Paid.amount > 0") -> str:
    return example_file(BEFORE.format(on=on, again=again, do=do, when=when))


TOLD = {
    "event": (rule(SUM), "every_event()"),
    "taken_off": (rule('update_deal("u", paid=own.paid.or_(0) - Paid.amount)'), "every_event()"),
    "in_a_case": (rule(f'branch("b", case(deal.amount > 5, {SUM}))'), "every_event()"),
    "record": (rule(LINES, on="record_added(Line)", when=""), "once(per=record)"),
}
SILENT = {
    "each": rule(SUM, again="every_event()"),
    "value": rule(SUM, again="once(per=value)"),
    "within": rule(SUM, again="once(per=deal, within=minutes(5))"),
    "written_as_it_is": rule('update_deal("u", amount=Paid.amount)'),
    "bonus": rule('update_deal("u", score=own.score.or_(0) + 10)'),
    "of_another_field": rule('update_deal("u", amount=own.paid.or_(0) - Paid.amount)'),
    "won": rule('update_deal("u", paid=own.paid.or_(0) + deal.amount)', on="entered(Sales.won)", when=""),
    "each_record": rule(LINES, on="record_added(Line)", when="", again="once(per=record)"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("added") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [(each.message, each.hint) for each in told if each.code == "DW249"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_sum_of_the_first_event_alone_is_told(told: dict[str, list[tuple[str, str]]], name: str) -> None:
    ((message, hint),) = told[f"told_{name}"]
    assert message == (
        "'u' adds to deal.paid what the first event of a deal tells, and none after it: 'r' acts once for each deal"
    )
    assert hint == f"write again={TOLD[name][1]}"


@pytest.mark.parametrize("name", SILENT)
def test_other_sums_and_other_times_are_not_told(told: dict[str, list[tuple[str, str]]], name: str) -> None:
    assert told[f"silent_{name}"] == []
