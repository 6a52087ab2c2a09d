"""What steps may write, and what is told of a value that a field cannot be given."""

from __future__ import annotations

from decimal import Decimal

import pytest
from records_world import Instalment, QuoteLine, Sales, deal, found, lines, rule

from dealwright import (
    Money,
    Person,
    Record,
    Role,
    create_deal,
    create_record,
    deal_created,
    entered,
    send_conversion,
    update_deal,
)
from dealwright.errors import DefinitionError
from dealwright.model.crm import Money as Held
from dealwright.model.requests import CreateRecord, UpdateDeal
from dealwright.testing import a_deal, a_record, rehearse


class Visit(Record):
    guide, price = Person("Guide"), Money("Price")


guides = Role("guides")


@pytest.mark.parametrize(
    "make",
    [
        lambda: create_record("x", Visit, guide=guides),
        lambda: create_record("x", Visit, guide=guides.sticky()),
        lambda: update_deal("x", guide=guides),
    ],
)
def test_a_role_for_an_own_field_says_where_a_role_is_picked_of(make):
    """It said that a value of an event is a number."""
    with pytest.raises(
        DefinitionError, match="guide of 'x' is given the role 'guides', and somebody of a role is"
    ) as e:
        make()
    assert e.value.hint == (
        'write assign_owner("owner", to=Role("guides")) before it, and deal.owner here; or name a user'
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: update_deal("x", amount=lines.total(QuoteLine.qty)),
        lambda: update_deal("x", amount=lines.count * 40),
        lambda: create_deal("x", in_=Sales.quoted, title="T", amount=QuoteLine.qty),
        lambda: send_conversion("x", event="Lead", value=deal.contacts.count),
    ],
)
def test_a_number_that_a_fact_says_is_no_amount(make):
    """It was taken for one in the account's currency: a number of pieces for money."""
    with pytest.raises(DefinitionError, match=r"is an amount, and .* a number in no currency") as caught:
        make()
    assert 'multiply it by an amount, such as Money("1", "USD")' in str(caught.value.hint)


@pytest.mark.parametrize("given", [lambda: lines.total(QuoteLine.qty), lambda: lines.count.or_(0) + 1])
def test_a_number_is_no_own_amount_either(given):
    told = found(rule(create_record("x", Instalment, amount=given()), on=deal_created()))
    assert any(each.startswith("DW203 the field 'amount' is an amount, and cannot hold that") for each in told)
    assert any("multiply it by an amount" in each for each in told)


def test_a_number_of_something_that_has_a_price_is_an_amount():
    steps = [
        update_deal("worth", amount=lines.total(QuoteLine.qty) * Money("40", "EUR")),
        create_record("first", Instalment, amount=Money("1", "EUR") * lines.count),
    ]
    told = rehearse(
        rule(*steps, on=entered(Sales.quoted)),
        "rule",
        a_deal(Sales.quoted, records=[a_record(QuoteLine, id="1", qty=3), a_record(QuoteLine, id="2", qty=2)]),
    )
    update, create = told.requests
    assert isinstance(update, UpdateDeal) and isinstance(create, CreateRecord)
    assert update.changes.amount == Held(Decimal(200), "EUR")
    assert [each.value and each.value.value for each in create.custom or ()] == [Held(Decimal(2), "EUR")]


def test_a_record_in_which_nothing_stands_is_refused():
    with pytest.raises(DefinitionError, match="in which nothing stands") as caught:
        create_record("x", Instalment)
    assert caught.value.hint == 'create_record("x", Instalment, no=...)'
