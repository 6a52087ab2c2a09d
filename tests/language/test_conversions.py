"""The step that tells of a conversion: what it keeps, and what it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dealwright import DealFields, Money, event, send_conversion
from dealwright.errors import DefinitionError
from dealwright.language.conditions import Reference
from dealwright.language.values import Words

deal = DealFields()


def test_a_purchase_is_matched_by_the_main_contact_unless_another_is_named():
    step = send_conversion("buy", event="Purchase", value=deal.amount)
    assert (step.event, step.to, step.value) == ("Purchase", "deal.main_contact", Reference("deal.amount", "money"))
    assert (step.lead_id, dict(step.with_)) == (None, {})
    other = send_conversion("lead", event="Met us", to=event.contact, lead_id="{{ deal.reference }}")
    assert (other.event, other.to, other.lead_id) == ("Met us", "event.contact", Words("{{ deal.reference }}"))
    assert other.value is None


def test_an_amount_may_be_a_number_money_or_a_field():
    assert send_conversion("buy", event="Purchase", value=12.5).value == Decimal("12.5")
    assert send_conversion("buy", event="Lead", value=Money("5", "EUR")).value == Money("5", "EUR")


def test_its_receipt_is_the_platforms_id_of_the_event():
    assert send_conversion("buy", event="Lead").event_id.is_set().field == Reference("steps.buy.event_id", "id")


@pytest.mark.parametrize(
    ("write", "says", "hint"),
    [
        (lambda: send_conversion("buy", event="Purchase"), "a Purchase and not what it was worth", "value=deal.amount"),
        (lambda: send_conversion("buy", event=" "), "is a name of at most 50", 'event="Purchase"'),
        (lambda: send_conversion("buy", event=deal.title), "is a name of at most 50", 'event="Purchase"'),
        (lambda: send_conversion("buy", event="x" * 51), "is a name of at most 50", 'event="Purchase"'),
        (lambda: send_conversion("buy", event="{{ deal.stage }}"), "is the same for every deal", "one step for each"),
        (lambda: send_conversion("buy", event="a\nb"), "is the same for every deal", "one step for each"),
        (lambda: send_conversion("buy", event="Lead", value="10"), "is a number or an amount", "99.5"),
        (lambda: send_conversion("buy", event="Lead", value=-1), "cannot be negative", "0 or more"),
        (lambda: send_conversion("buy", event="Lead", value=deal.title), "an amount, and deal.title a text", "amount"),
        (lambda: send_conversion("buy", event="Lead", to="bo@example.com"), "to of 'buy' is a contact", "main_contact"),
        (lambda: send_conversion("buy", event="Lead", to=event.before.main_contact), "cannot be", "event.contact"),
        (lambda: send_conversion("buy", event="Lead", lead_id=5), "lead_id of 'buy' is a text, not 5", "deal.title"),
        (lambda: send_conversion("buy", event="Lead", with_={"a b": 1}), "'a b' cannot be a name", "underscores"),
        (lambda: send_conversion("buy", event="Lead", with_={"value": 1}), "said by the step itself", "value="),
        (lambda: send_conversion("buy", event="Lead", with_={"o": deal.owner}), "more than a text", "deal.owner.name"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_typed(write, says, hint):
    with pytest.raises(DefinitionError) as refusal:
        write()
    assert says in str(refusal.value)
    assert hint in refusal.value.hint
