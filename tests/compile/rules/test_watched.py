"""An automation that watches another field than it is about, or one that nothing in it is made of, is told (DW257)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    quantity, price = Number("Quantity"), Money("Price")


class Own(DealFields):
    kind, extras = Choice("Kind", ["a", "b"]), Choices("Extras", ["x", "y"])
    score, seats = Number("Score"), Number("Seats")
    begins, ends = Day("Begins"), Day("Ends")


own = Own()
before = Own(event.before)
lines = deal.records(Line)
r = Automation(key="r", on={on}, when=[{when}], again={again}, {more}do=[{do}])
"""
TASK = 'set_task("t", text="Look at {{ deal.title }}", due=days(1))'
POINTS = 'update_deal("u", score=points((40, own.kind == "a"), (20, own.seats > 5)))'
TOTAL = 'update_deal("u", amount=lines.total(Line.price))'
THREE = "deal_updated(fields=[own.kind, own.seats, own.extras])"


def rule(do: str, *, on: str, when: str = "", again: str = "every_event()", more: str = "") -> str:
    return example_file(OWN.format(on=on, when=when, again=again, do=do, more=more))


SEATS_END = "exit_on=deal_updated(fields=[own.seats]), "
SEATS_TASK = 'wait("w", days(1)), set_task("t", text="{{ deal.seats }} seats", due=days(1))'
ENDS = "deal_updated(fields=[own.ends])"
TOLD = {
    "was_set": (rule(TASK, on=ENDS, when="before.begins.is_set()"), "deal.begins is what it was before"),
    "was_less": (rule(TASK, on=ENDS, when="own.begins > before.begins"), "deal.begins is what it was before"),
    "was_another": (rule(TASK, on=ENDS, when="own.begins != before.begins"), "deal.begins is what it was before"),
    "in_a_case": (
        rule(f'branch("b", case(own.begins > before.begins, {TASK}))', on=ENDS),
        "deal.begins is what it was before",
    ),
    "owner": (
        rule(TASK, on="deal_updated(fields=[deal.amount])", when="deal.owner != event.before.owner"),
        "deal.owner is what it was before",
    ),
    "in_points_for_nothing": (rule(POINTS, on=THREE), "'r' watches deal.extras"),
    "of_records_for_nothing": (
        rule(TOTAL, on="record_updated(Line, fields=[Line.price, Line.quantity])"),
        "'r' watches line.quantity",
    ),
    "ended_by_what_it_asks_for": (
        rule(SEATS_TASK, on=ENDS, when="own.seats > 5", more=SEATS_END),
        "'r' asks for deal.seats, whose changes end it: it watches deal.ends",
    ),
    "amount_for_nothing": (
        rule(POINTS, on="deal_updated(fields=[own.kind, own.seats, deal.amount])"),
        "'r' watches deal.amount",
    ),
}
SILENT = {
    "watched": rule(TASK, on="deal_updated(fields=[own.begins])", when="own.begins > before.begins"),
    "one_of_two": rule(
        TASK, on=ENDS, when="own.ends > before.ends, (own.begins < before.begins) | own.begins.is_unset()"
    ),
    "unchanged": rule(TASK, on=ENDS, when="own.begins == before.begins"),
    "unchanged_denied": rule(TASK, on=ENDS, when="~(own.begins != before.begins)"),
    "any_field": rule(TASK, on="deal_updated()", when="own.begins > before.begins"),
    "stage": rule(TASK, on=ENDS, when="event.before.stage == Sales.met"),
    "told_in_a_text": rule(
        'set_task("t", text="It was {{ event.before.amount }}", due=days(1))', on=ENDS, when="own.ends > before.ends"
    ),
    "used_in_a_condition": rule(POINTS, on=THREE, when='own.extras.has("x")'),
    "used_in_a_case": rule(f'{POINTS}, branch("b", case(own.extras.has("x"), {TASK}))', on=THREE),
    "used_in_a_text": rule(
        f'{POINTS}, set_task("t", text="{{{{ deal.extras }}}}", due=days(1))', on=THREE, again="every_event()"
    ),
    "part_of_it_used": rule(
        'update_deal("u", score=points((40, own.kind == "a"), (20, deal.company.open_deals > 2)))',
        on="deal_updated(fields=[own.kind, deal.company])",
    ),
    "look_at_it": rule(TASK, on=THREE),
    "once_for_each_value": rule(POINTS, on=THREE, again="once(per=value)"),
    "only_in_a_branch": rule(f'branch("b", case(own.kind == "a", {POINTS}))', on=THREE),
    "ended_by_what_it_watches": rule(
        SEATS_TASK, on="deal_updated(fields=[own.seats])", when="own.seats > 5", more=SEATS_END
    ),
    "ended_by_one_and_asks_for_another": rule(SEATS_TASK, on=ENDS, when="own.score > 5", more=SEATS_END),
    "ended_by_one_and_made_of_another": rule(
        SEATS_TASK, on=ENDS, when="own.seats > 5, own.ends.is_set()", more=SEATS_END
    ),
    "ended_and_written_in_a_text": rule(
        'wait("w", days(1)), set_task("t", text="Ends {{ deal.ends }}", due=days(1))',
        on=ENDS,
        when="own.seats > 5",
        more=SEATS_END,
    ),
    "all_told_elsewhere": rule(f'{POINTS}, send_event("e", to="erp", step="changed")', on=THREE),
    "owner": rule(f"{POINTS}, {TASK}", on="deal_updated(fields=[own.kind, own.seats, deal.owner])"),
    "copied": rule('update_deal("u", score=own.seats)', on=THREE),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("watched") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW257"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_field_that_is_watched_by_mistake_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert message.startswith(TOLD[name][1])


@pytest.mark.parametrize("name", SILENT)
def test_a_field_that_may_be_watched_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
