"""What happens to sums that are paid in two halves. Run: pytest pipeline_defs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from acme.account import acme
from acme.instalments import Instalment
from acme.pipelines import NewBusiness, Renewals

from dealwright.model.crm import Deal, Money
from dealwright.model.custom import held, held_in
from dealwright.model.requests import CreateRecord
from dealwright.testing import a_deal, a_record, moved, rehearse

HALF = Money(Decimal(15_000), "USD")
OPEN = a_record(Instalment, id="2", number=2, amount=HALF)
PAID = a_record(Instalment, id="1", number=1, amount=HALF, paid=True)


def test_much_money_is_agreed_in_two_halves_a_month_apart() -> None:
    deal = a_deal(NewBusiness.agreed, amount=30_000, close_date=date(2026, 6, 1))
    told = rehearse(acme, "pay-in-two", deal, event=moved(a_deal(NewBusiness.quoted), deal))
    assert (told.acts, told.again) == (["first", "second"], "once per deal")
    made = [request for request in told.requests if isinstance(request, CreateRecord)]
    assert [each.record for each in made] == ["instalment", "instalment"]
    assert [held_in(each.custom, "number") for each in made] == [held(Decimal(1)), held(Decimal(2))]
    assert [held_in(each.custom, "amount") for each in made] == [held(HALF), held(HALF)]
    assert [held_in(each.custom, "due_on") for each in made] == [held(date(2026, 6, 1)), held(date(2026, 7, 1))]
    assert not [each for each in made if held_in(each.custom, "paid") is not None]


@pytest.mark.parametrize(
    "deal",
    [
        a_deal(NewBusiness.agreed, amount=24_999),
        a_deal(NewBusiness.agreed),
        a_deal(NewBusiness.agreed, amount=30_000, records=[PAID]),
    ],
    ids=["little", "how much is not known", "somebody has split it already"],
)
def test_other_sums_stay_whole(deal: Deal) -> None:
    assert rehearse(acme, "pay-in-two", deal).acts == []


def test_only_what_is_agreed_is_split() -> None:
    quoted = a_deal(NewBusiness.quoted, amount=30_000)
    assert not rehearse(acme, "pay-in-two", quoted, event=moved(a_deal(NewBusiness.met), quoted)).answers


def test_one_half_is_noted_and_the_other_one_is_waited_for() -> None:
    told = rehearse(acme, "instalment-paid", a_deal(NewBusiness.agreed, records=[PAID, OPEN]), record=PAID)
    assert (told.acts, told.again) == (["log"], "once per record")
    assert told.notes == ["Instalment 1 of 2 is paid: 15,000.00 USD"]


def test_what_is_paid_in_both_halves_is_paid() -> None:
    last = a_record(Instalment, id="2", number=2, paid=True)
    told = rehearse(acme, "instalment-paid", a_deal(NewBusiness.agreed, records=[PAID, last]), record=last)
    assert told.acts == ["log", "paid"]
    assert told.notes == ["Instalment 2 of 2 is paid: how much is not told"]
    assert told.moves == ["new-business.paid"]


@pytest.mark.parametrize("stage", [NewBusiness.won, NewBusiness.lost])
def test_what_is_over_is_noted_only(stage: object) -> None:
    deal = a_deal(stage, records=[PAID])  # type: ignore[arg-type]
    assert rehearse(acme, "instalment-paid", deal, record=PAID).acts == ["log"]


def test_an_instalment_that_is_not_paid_or_is_under_a_renewal_is_no_money() -> None:
    assert rehearse(acme, "instalment-paid", a_deal(NewBusiness.agreed, records=[OPEN]), record=OPEN).acts == []
    assert not rehearse(acme, "instalment-paid", a_deal(Renewals.confirmed, records=[PAID]), record=PAID).answers
