"""A value that is kept up to date, and is older than something that it is made of, is told (DW256)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="quote-line"):
    quantity, price, total = Number("Quantity"), Money("Price"), Money("Total")
    paid = Flag("Paid")


class Prices(OutsideEvent):
    key = "prices"
    factor = Number()


class Own(DealFields):
    kind, extras = Choice("Kind", ["a", "b"]), Choices("Extras", ["x", "y"])
    score, seats, spent = Number("Score"), Number("Seats"), Number("Spent")
    price, list_price = Money("Price"), Money("List price")
    begins, ends = Day("Begins"), Day("Ends")
    checked = Flag("Checked")


own = Own()
lines = deal.records(Line)
unpaid = lines.where(Line.paid.is_unset() | Line.paid.is_false())
"""
RULE = """
{name} = Automation(key="{name}", on={on}, when={when}, again={again}, {more}do=[{do}])
"""


def rule(
    do: str,
    *,
    on: str,
    when: str = "[]",
    again: str = "every_event()",
    more: str = "",
    other: tuple[str, str] = ("", ""),
) -> str:
    second = RULE.format(name="other", on=other[0], when="[]", again="every_event()", more="", do=other[1])
    return example_file(
        OWN + RULE.format(name="r", on=on, when=when, again=again, more=more, do=do) + (second if other[0] else "")
    )


POINTS = 'update_deal("u", score=points((40, own.kind == "a"), (20, own.seats > 5), (10, own.extras.has("x"))))'
SUM = 'update_deal("u", amount=own.seats * own.price)'
TOTAL = 'update_deal("u", amount=lines.total(Line.price * Line.quantity))'
SEATS, PRICE = "deal_updated(fields=[own.seats])", "deal_updated(fields=[own.price])"
STALE = {
    "points": (rule(POINTS, on="deal_updated(fields=[own.kind, own.seats])"), "deal.extras changes"),
    "points_of_two": (rule(POINTS, on=SEATS), "deal.extras changes or deal.kind changes"),
    "arithmetic": (rule(SUM, on=SEATS), "deal.price changes"),
    "in_a_branch": (rule(f'branch("b", case(own.kind == "a", {SUM}))', on=SEATS), "deal.price changes"),
    "once_for_each_value": (rule(SUM, on=SEATS, again="once(per=value)"), "deal.price changes"),
    "day": (
        rule('update_deal("u", close_date=own.ends.or_(own.begins) + days(30))', on="deal_updated(fields=[own.ends])"),
        "deal.begins changes",
    ),
    "tags": (
        rule('update_deal("u", score=points((1, own.seats > 5), (2, deal.tags.has("hot"))))', on=SEATS),
        "deal.tags changes",
    ),
    "owner": (
        rule('update_deal("u", score=points((1, own.seats > 5), (2, deal.owner.is_set())))', on=SEATS),
        "deal.owner changes",
    ),
    "another_field_of_another_rule": (
        rule(SUM, on=SEATS, other=(PRICE, 'update_deal("o", score=own.seats)')),
        "deal.price changes",
    ),
    "records_that_come_and_go": (
        rule(TOTAL, on="record_updated(Line, fields=[Line.price, Line.quantity])"),
        "a record 'quote-line' is added or a record 'quote-line' is taken away",
    ),
    "records_that_change": (
        rule(
            TOTAL,
            on="record_updated(Line, fields=[Line.price])",
            other=("record_added(Line)", TOTAL.replace('"u"', '"o"')),
        ),
        "quote-line.quantity changes or a record 'quote-line' is taken away",
    ),
    "which_records": (
        rule(
            'update_deal("u", amount=unpaid.total(Line.price))',
            on="record_added(Line)",
            other=("record_removed(Line)", 'update_deal("o", amount=unpaid.total(Line.price))'),
        ),
        "quote-line.paid changes or quote-line.price changes",
    ),
    "records_in_points": (
        rule('update_deal("u", score=points((1, own.seats > 5), (2, lines.any(Line.paid.is_true()))))', on=SEATS),
        "a record 'quote-line' is added, quote-line.paid changes or a record 'quote-line' is taken away",
    ),
    "record": (
        rule(
            'update_record("u", Line, total=Line.price * Line.quantity)',
            on="record_updated(Line, fields=[Line.quantity])",
        ),
        "quote-line.price changes",
    ),
}
FRESH = {
    "all_watched": rule(SUM, on="deal_updated(fields=[own.seats, own.price])"),
    "any_field": rule(SUM, on="deal_updated()"),
    "watched_by_another": rule(SUM, on=SEATS, other=(PRICE, SUM.replace('"u"', '"o"'))),
    "owner_by_another": rule(
        'update_deal("u", score=points((1, own.seats > 5), (2, deal.owner.is_set())))',
        on=SEATS,
        other=("owner_changed()", 'update_deal("o", score=points((1, own.seats > 5), (2, deal.owner.is_set())))'),
    ),
    "for_all_deals_now_and_then": rule(
        SUM, on=SEATS, other=("event_received(Prices), for_each=Segment(in_=[Sales])", SUM.replace('"u"', '"o"'))
    ),
    "only_in_conditions": rule(SUM, on="deal_updated(fields=[own.seats, own.price])", when='[own.kind == "a"]'),
    "once": rule(SUM, on=SEATS, again="once(per=deal)"),
    "at_another_time": rule(SUM, on="deal_updated(fields=[own.checked])", when="[own.checked.is_true()]"),
    "on_a_move": rule(SUM, on="entered(Sales.quoted)"),
    "adds_to_it": rule('update_deal("u", spent=own.spent + own.seats)', on=SEATS),
    "keeps_what_is_there": rule('update_deal("u", price=own.list_price.or_(own.price))', on=SEATS),
    "how_it_was": rule(
        'update_deal("u", spent=own.seats - Own(event.before).seats * own.score)', on=SEATS, when="[own.score > 0]"
    ),
    "copied": rule('update_deal("u", list_price=own.price)', on=SEATS),
    "never_told": rule(
        'update_deal("u", score=points('
        "(1, own.seats > 5), (2, deal.stage == Sales.met), (3, deal.company.open_deals > 1)))",
        on=SEATS,
    ),
    "reckoned_by_itself_first": rule(f'{POINTS}, update_deal("v", spent=own.score * own.seats)', on="deal_updated()"),
    "made_by_itself": rule(
        'update_deal("u", score=own.seats * 2), update_deal("v", spent=own.score * own.seats)', on=SEATS
    ),
    "record": rule(
        'update_record("u", Line, total=Line.price * Line.quantity)',
        on="record_updated(Line, fields=[Line.quantity, Line.price])",
    ),
    "record_and_deal": rule(
        'update_record("u", Line, total=Line.price * own.seats)', on="record_updated(Line, fields=[Line.price])"
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"stale_{name}": text for name, (text, _) in STALE.items()} | {f"fresh_{n}": t for n, t in FRESH.items()}
    found = check_files(tmp_path_factory.mktemp("stale") / "company", files)
    assert not [each for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW256"] for name, told in found.items()}


@pytest.mark.parametrize("name", STALE)
def test_a_value_that_goes_stale_is_told(told: dict[str, list[str]], name: str) -> None:
    assert [message.partition("nothing does when ")[2] for message in told[f"stale_{name}"]] == [STALE[name][1]]


@pytest.mark.parametrize("name", FRESH)
def test_a_value_that_is_always_new_or_of_its_moment_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"fresh_{name}"] == []


def test_what_to_do_is_written_as_code(tmp_path: Path) -> None:
    do = 'update_deal("u", amount=lines.total(Line.price) * own.seats / own.spent)'
    files = {
        "of_the_deal": rule(do, on=SEATS),
        "of_records": rule(do, on="record_added(Line)"),
    }
    found = check_files(tmp_path / "company", files)
    hints = {name: [each.hint for each in told if each.code == "DW256"] for name, told in found.items()}
    assert hints["of_the_deal"] == [
        "watch it too: fields=[..., deal.spent]; write the same in an automation on=record_added(QuoteLine), "
        "record_updated(QuoteLine, fields=[QuoteLine.price]) or record_removed(QuoteLine)"
    ]
    assert hints["of_records"] == [
        "write the same in an automation on=deal_updated(fields=[deal.seats]), deal_updated(fields=[deal.spent]), "
        "record_updated(QuoteLine, fields=[QuoteLine.price]) or record_removed(QuoteLine)"
    ]
