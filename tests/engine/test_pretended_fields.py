"""What a rehearsal is told to pretend is possible: own fields that deals have, and numbers that are numbers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from engine_world import Sales

from dealwright import (
    Account,
    Automation,
    DealFields,
    Number,
    Text,
    add_tags,
    deal_created,
    lookup,
    set_task,
    working_days,
)
from dealwright.engine.lookups import read_given
from dealwright.errors import DefinitionError
from dealwright.testing import a_deal, rehearse


class Own(DealFields):
    dentist = Text("Dentist", renamed_from="doctor")
    discount = Number("Discount %")


own = Own()
TASK = set_task("call", text="{{ deal.dentist }} {{ deal.discount }}", due=working_days(1))
ASK = lookup("vies", at="vies:/check", ask={"vat": own.title}, gives={"rate": Decimal}, on_error=[add_tags("t", "no")])


def company(*do: object) -> Account:
    rule = Automation(key="rule", on=deal_created(in_=Sales), do=list(do))  # type: ignore[arg-type]
    return Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule], deal_fields=Own
    )


@pytest.mark.parametrize(
    ("custom", "said"),
    [
        ({"dentits": "Ana"}, "deals have no field 'dentits'; did you mean dentist?"),
        ({"size": 5}, "deals have no field 'size'; they have dentist, discount"),
        ({"discount": "a lot"}, "discount is a number, and what is given is none"),
        ({"dentist": 5}, "dentist is a text, and what is given is none"),
        ({"discount": float("nan")}, "discount is a number, and what is given is none"),
        ({"discount": Decimal("Infinity")}, "discount is a number, and what is given is none"),
    ],
)
def test_a_field_that_deals_do_not_have_or_cannot_hold_is_refused(custom: dict[str, object], said: str) -> None:
    made = a_deal(Sales.incoming, custom=custom)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match=f"^custom= of the deal: {said}"):
        rehearse(company(TASK), "rule", made)
    with pytest.raises(DefinitionError, match=f"^custom= of before: {said}"):
        rehearse(company(TASK), "rule", a_deal(Sales.incoming), before=made)


def test_what_they_have_is_taken_also_under_an_old_name() -> None:
    assert rehearse(company(TASK), "rule", a_deal(Sales.incoming, custom={"doctor": "Ana", "discount": 5})).tasks == [
        "Ana 5"
    ]


@pytest.mark.parametrize("typed", ["NaN", "nan", "Infinity", "-inf", "sNaN", "1e", "1_0", "\u0661"])
def test_what_is_no_number_is_no_number_that_a_lookup_gives(typed: str) -> None:
    with pytest.raises(ValueError, match=re.escape(typed)):
        read_given("number", typed)
    assert read_given("number", "1.50") == "1.50"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_a_rehearsal_is_given_no_number_that_is_none(value: object) -> None:
    with pytest.raises(DefinitionError, match="'rate' of 'vies' is a number"):
        rehearse(company(ASK), "rule", a_deal(Sales.incoming), given={"vies": {"rate": value}})
