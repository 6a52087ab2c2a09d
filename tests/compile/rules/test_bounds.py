"""Settings whose names say a bound and which are compared the other way round are told (DW282)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
class Own(DealFields):
    deposit, price = Money("Deposit"), Money("Price")
    guests, discount = Number("Guests"), Number("Discount %")
    people, cut = Number("Personas en la mesa"), Number("Descuento en %")
    agreed = Flag("Agreed")


own = Own()
least_deposit = setting("least-deposit", Money, default=Money("200", "USD"))
deposit_minimum = setting("deposit-minimum", Money, default=Money("200", "USD"))
most_guests = setting("most-guests", int, default=10)
max_discount = setting("discount-max", int, default=10)
min_for_approval = setting("min-discount-for-approval", int, default=10)
hot_from = setting("hot-from", int, default=10)
free_up_to = setting("free-up-to", int, default=10)
minimo_personas = setting("minimo-personas", int, default=10)
tope = setting("descuento-tope", int, default=10)
free_guests = setting("free-guests", int, default=10)
warm = points((5, own.agreed.is_true()), (10, deal.amount > 5))


class Boats(Pipeline, key="boats", name="Boats"):
    incoming = Incoming()
    reserved = Stage(
        "Reserved the boat",
        task=Task("Send the contract", due=days(1)),
        {side}=Criteria([{demanded}], says="Look at it again"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


r = Automation(
    key="r",
    on=deal_created(in_=Boats),
    when=[{when}],
    do=[branch("b", case({case}, set_task("t", text="Call", due=days(1))))],
)
"""
NOTHING = "deal.amount > 7"


def rule(
    demanded: str = NOTHING, *, side: str = "entry", when: str = "deal.amount > 5", case: str = "deal.amount > 9"
) -> str:
    return example_file(RULE.format(side=side, demanded=demanded, when=when, case=case))


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    listed = ("DW282", "DW9")
    found = check_files(folder / "company", files)
    return {name: [each.message for each in found[name] if each.code.startswith(listed)] for name in files}


def test_criteria_that_demand_the_opposite_of_a_bound_are_told(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        {
            "least": rule("own.deposit < least_deposit"),
            "minimum": rule("own.deposit <= deposit_minimum, own.agreed.is_true()"),
            "most": rule("own.guests >= most_guests"),
            "exit": rule("own.discount > max_discount", side="exit"),
            "in_spanish": rule("own.people <= minimo_personas"),
            "at_its_end": rule("own.cut.or_(0) > tope"),
            "stands_in": rule("own.discount.or_(0) > max_discount"),
        },
    )
    assert found["least"] == ["deal.deposit < settings.least-deposit demands the opposite of what 'least-deposit' says"]
    assert found["most"] == ["deal.guests >= settings.most-guests demands the opposite of what 'most-guests' says"]
    assert {name: len(each) for name, each in found.items()} == dict.fromkeys(found, 1)


def test_what_is_from_a_number_on_is_not_up_to_it(tmp_path: Path) -> None:
    files = {
        "points": rule(case="warm <= hot_from"),
        "field": rule(when="own.guests <= hot_from"),
        "up_to": rule(case="own.guests >= free_up_to"),
    }
    assert told(tmp_path, files) == {
        "points": [
            "points(...) <= settings.hot-from is true at 'hot-from' itself, too, which is the first that counts"
        ],
        "field": ["deal.guests <= settings.hot-from is true at 'hot-from' itself, too, which is the first that counts"],
        "up_to": [
            "deal.guests >= settings.free-up-to is true at 'free-up-to' itself, too, which is the last that counts"
        ],
    }


def test_what_criteria_take_as_enough_is_not_too_little_elsewhere(tmp_path: Path) -> None:
    enough = "own.deposit >= least_deposit"
    message = (
        "deal.deposit <= settings.least-deposit counts who has just 'least-deposit' among those who have too little,"
        " and the criteria of a stage take that as enough"
    )
    files = {
        "case": rule(enough, case="own.deposit <= least_deposit"),
        "when": rule(enough, when="own.deposit <= least_deposit"),
    }
    assert told(tmp_path, files) == {name: [message] for name in files}


def test_bounds_that_are_kept_or_looked_for_are_left_alone(tmp_path: Path) -> None:
    fine = {
        "kept": rule("own.deposit >= least_deposit, own.guests <= most_guests, own.discount <= max_discount"),
        "either": rule("(own.deposit < least_deposit) | own.agreed.is_true()"),
        "denied": rule("~(own.guests > most_guests)"),
        "breach": rule(when="own.guests > most_guests", case="own.deposit < least_deposit"),
        "reached": rule("own.guests <= most_guests", when="own.guests >= most_guests"),
        "of_something_else": rule("own.price < least_deposit"),
        "of_more": rule("own.discount < min_for_approval"),
        "not_demanded": rule(case="own.deposit <= least_deposit"),
        "no_bound": rule("own.guests > free_guests"),
        "from": rule(when="own.guests >= hot_from", case="warm < hot_from"),
        "up_to": rule(when="own.guests <= free_up_to", case="own.guests > free_up_to"),
        "kept_in_spanish": rule("own.people >= minimo_personas, own.cut.or_(0) <= tope"),
        "stands_in": rule("own.discount.or_(0) <= 25, own.price.or_(1) > 0"),
        "stands_in_where_nothing_is_demanded": rule(case="own.discount.or_(0) > 25"),
        "of_another": rule("own.deposit >= least_deposit", case="own.price <= least_deposit"),
    }
    assert told(tmp_path, fine) == {name: [] for name in fine}


def test_a_field_below_its_most_is_not_set_to_it(tmp_path: Path) -> None:
    cap = 'update_deal("cap", discount=max_discount)'
    lift = 'update_deal("cap", deposit=least_deposit)'
    files = {
        "lifted": rule(case=f"own.discount < max_discount, {cap}"),
        "lowered": rule(case=f"own.deposit > least_deposit, {lift}"),
        "demanded": rule(when="own.discount < max_discount", case=f"deal.amount > 9, {cap}"),
        "capped": rule(case=f"own.discount > max_discount, {cap}"),
        "filled_up": rule(case=f"own.deposit < least_deposit, {lift}"),
        "another_field": rule(case=f"own.guests < max_discount, {cap}"),
    }
    found = told(tmp_path, files)
    assert found["lifted"] == [
        "deal.discount < settings.discount-max is no breach of 'discount-max', and 'cap' then writes 'discount-max'"
        " there: the most that it may be in place of what it is"
    ]
    assert [name for name in files if len(found[name]) == 1] == ["lifted", "lowered", "demanded"]


def test_criteria_let_nobody_in_by_a_value_that_breaks_them(tmp_path: Path) -> None:
    assert told(tmp_path, {"breaks": rule("own.discount.or_(0) >= 25")}) == {
        "breaks": [
            "deal.discount.or_(0) >= 25 is no truer of a deal without it: what .or_() puts in its place breaks it"
        ]
    }
