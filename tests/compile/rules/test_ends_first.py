"""What is to end before it starts is told (DW292)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from examples import check_files, example_file
from hypothesis import given
from hypothesis import strategies as st

from dealwright.compile import ir
from dealwright.compile.rules.ends_first import _order
from dealwright.model.calendar import Duration

OWN = """
class Rental(Record, key="rental"):
    starts_on, ends_on = Day("Starts"), Day("Ends")
    price = Money("Price")


class Booked(OutsideEvent):
    key = "booked"
    check_in, check_out = Day(), Day()
    ref = Text()
    match = Match(by=[(ref, deal.reference)], in_=Sales)


class Own(DealFields):
    pickup_day, return_day = Day("Pickup"), Day("Return")
    starts_at, ends_at = Moment("Starts"), Moment("Ends")
    arrival, departure = Day("Arrival"), Day("Departure")
    entrada, salida = Day("Entrada"), Day("Salida")
    a, b = Day("Inicio"), Day("Fim")
    valid_from, valid_until = Day("Valid from"), Day("Valid until")
    asked_on, offered_on = Day("Asked"), Day("Offered")


own = Own()
rentals = own.records(Rental)


class Stays(Pipeline, key="stays", name="Stays"):
    incoming = Incoming()
    agreed = Stage("Agreed the days", task=Task("Call", due=days(1)){criteria})
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


r = Automation(
    key="r",
    on={on},
    when=[{when}own.asked_on.is_set(), own.pickup_day.is_set(), own.starts_at.is_set(), own.valid_from.is_set()],
    again=every_event(),
    do=[{do}],
)
"""
NOTE = 'add_note("n", text="x")'
MAKES = 'create_record("c", Rental, price=5)'
WON = "entered(Stays.won)"


def company(*, criteria: str = "", when: str = "", do: str = NOTE, on: str = WON) -> str:
    asked = f', entry=Criteria([{criteria}], says="Put it right")' if criteria else ""
    return example_file(OWN.format(criteria=asked, when=f"{when}, " if when else "", do=do, on=on))


def takes(condition: str) -> str:
    return company(criteria=condition)


def does(step: str) -> str:
    return company(do=step)


STRAIGHT = "own.pickup_day < own.return_day"
TOLD = {
    "criteria": takes("own.return_day <= own.pickup_day"),
    "turned_round": takes("own.pickup_day >= own.return_day"),
    "moments": takes("own.ends_at < own.starts_at"),
    "with_a_length": takes("own.return_day + days(1) <= own.pickup_day"),
    "spanish": takes("own.salida < own.entrada"),
    "by_the_label": takes("own.b < own.a"),
    "validity": takes("own.valid_until <= own.valid_from"),
    "or_unset": takes("own.return_day.is_unset() | (own.return_day <= own.pickup_day)"),
    "of_records": takes("rentals.all(Rental.ends_on < Rental.starts_on)"),
    "asked_and_gone_on": company(criteria=STRAIGHT, when="own.return_day < own.pickup_day", do=MAKES),
    "asked_and_gone_on_in_a_case": company(
        criteria=STRAIGHT, do=f'branch("b", case(own.return_day <= own.pickup_day, {MAKES}))'
    ),
    "asked_though_written_otherwise": company(
        when="own.return_day < own.pickup_day", do=f'{MAKES}, update_deal("u", return_day=own.pickup_day + days(3))'
    ),
    "written": does('update_deal("u", return_day=own.pickup_day - days(3))'),
    "written_moment": does('update_deal("u", ends_at=own.starts_at - hours(3))'),
    "both_of_one_day": does(
        'create_record("c", Rental, starts_on=own.asked_on + days(3), ends_on=own.asked_on + days(1))'
    ),
    "crosswise": does('create_record("c", Rental, starts_on=own.return_day, ends_on=own.pickup_day)'),
    "crosswise_from_an_event": company(
        when="Booked.check_in.is_set(), Booked.check_out.is_set()",
        do='update_deal("u", pickup_day=Booked.check_out, return_day=Booked.check_in)',
        on="event_received(Booked)",
    ),
    "a_stay": company(criteria="own.departure < own.arrival", when="own.arrival < own.departure"),
}
SILENT = {
    "right": takes("own.return_day >= own.pickup_day"),
    "denied": takes("~(own.return_day < own.pickup_day)"),
    "length": takes("own.return_day <= own.pickup_day + days(14)"),
    "length_turned": takes("own.return_day - days(14) <= own.pickup_day"),
    "same_day": takes("own.return_day == own.pickup_day"),
    "other_words": takes("own.offered_on < own.asked_on"),
    "a_journey": takes("own.departure <= own.arrival"),
    "looks_for_mistakes": company(criteria=STRAIGHT, when="own.return_day < own.pickup_day"),
    "clears_mistakes": company(
        criteria=STRAIGHT, when="own.return_day < own.pickup_day", do='update_deal("u", return_day=None)'
    ),
    "closes_mistakes": company(
        criteria=STRAIGHT,
        when="own.return_day < own.pickup_day",
        do='move_deal("m", to=Stays.lost, reason="Price", only_forward=False)',
    ),
    "nobody_says_otherwise": company(when="own.return_day < own.pickup_day", do=MAKES),
    "same_day_may_be": company(
        criteria="own.return_day >= own.pickup_day", when="own.return_day <= own.pickup_day", do=MAKES
    ),
    "written": does('update_deal("u", return_day=own.pickup_day + days(3))'),
    "prolonged": does('update_deal("u", starts_at=own.ends_at + hours(1), ends_at=own.ends_at + hours(9))'),
    "begins_again": does('update_deal("u", starts_at=own.ends_at + hours(1))'),
    "exchanged": does('update_deal("u", pickup_day=own.return_day, return_day=own.pickup_day)'),
    "both_of_one_day": does('create_record("c", Rental, starts_on=own.asked_on, ends_on=own.asked_on + days(1))'),
    "straight": does('create_record("c", Rental, starts_on=own.pickup_day, ends_on=own.return_day)'),
    "two_holders": takes("own.return_day < own.created_at").replace("own.created_at", "own.close_date"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, text in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("ends") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW292"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_an_end_before_its_start_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert "is the end of what begins with" in message


@pytest.mark.parametrize("name", SILENT)
def test_what_is_in_order_or_may_be_meant_so_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []


BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 200).map(lambda hours: BEGIN + timedelta(hours=hours))
SIDES = st.tuples(st.sampled_from(["deal.a", "deal.b"]), st.integers(-3, 3))


def side(path: str, hours: int) -> ir.Ref | ir.Shift:
    of = ir.Ref(path=path, type="moment")
    return ir.Shift(of=of, by=Duration(amount=abs(hours), unit="hours"), back=hours < 0) if hours else of


@given(SIDES, st.sampled_from(["<", "<=", ">", ">="]), SIDES, MOMENTS, MOMENTS)
def test_what_a_comparison_is_said_to_ask_holds_wherever_it_does(
    left: tuple[str, int], op: str, right: tuple[str, int], a: datetime, b: datetime
) -> None:
    facts = {"deal.a": a, "deal.b": b}
    compared = compare(left, op, right)
    order = _order(compared)
    one, other = (facts[path] + timedelta(hours=by) for path, by in (left, right))
    holds = {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[op]
    if order is not None and holds:
        first, last = facts[order.first], facts[order.last]
        assert first < last if order.strict else first <= last


def compare(left: tuple[str, int], op: str, right: tuple[str, int]) -> ir.CompareReckoned:
    return ir.CompareReckoned(left=side(*left), op=op, right=side(*right))  # type: ignore[arg-type]
