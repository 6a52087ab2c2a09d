"""Conditions: Kleene logic as an algebra, unset values, currencies, and a trace that shows what was seen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal
from hypothesis import given
from hypothesis import strategies as st

from dealwright import Automation, deal_created, every_event, stop
from dealwright.engine.conditions import Truth, all_of, any_of, evaluate, negate
from dealwright.engine.facts import Facts, View
from dealwright.engine.records import Progress
from dealwright.engine.trace import Trace, TraceLine
from dealwright.model.crm import Contact, Money

TRUTHS = st.sampled_from([True, False, None])
RANK = {False: 0, None: 1, True: 2}


def judge(condition: object, **changes: object) -> tuple[Truth, tuple[TraceLine, ...]]:
    """Evaluate a condition as the engine would, on a deal with these fields."""
    company = account(
        Automation(key="one", why="", on=deal_created(), when=[condition], again=every_event(), do=[stop()])  # type: ignore[list-item]
    )
    facts = Facts(deal=some_deal(**changes), event=created(**changes), as_of=MONDAY, since_turn=1)
    trace = Trace()
    truth = evaluate(company.automations[0].when, View(company, facts, Progress()), trace, at="when")
    return truth, trace.lines()


@given(st.lists(TRUTHS))
def test_and_is_the_least_and_or_the_greatest_of_its_parts(truths: list[Truth]) -> None:
    """Kleene's logic orders false < unknown < true."""
    assert all_of(truths) == min(truths, key=RANK.__getitem__, default=True)
    assert any_of(truths) == max(truths, key=RANK.__getitem__, default=False)


@given(st.lists(TRUTHS))
def test_negation_swaps_and_with_or(truths: list[Truth]) -> None:
    """De Morgan holds with unknown too."""
    assert negate(all_of(truths)) == any_of([negate(truth) for truth in truths])
    assert negate(negate(all_of(truths))) == all_of(truths)


def test_a_comparison_with_an_unset_field_is_unknown_and_so_is_its_negation() -> None:
    assert judge(deal.amount > 10)[0] is None
    assert judge(~(deal.amount > 10))[0] is None
    assert judge(deal.amount.is_set())[0] is False
    assert judge(~deal.amount.is_set())[0] is True


def test_unknown_or_true_is_true_and_unknown_and_false_is_false() -> None:
    titled = deal.title == "Forty chairs"
    assert judge((deal.amount > 10) | titled)[0] is True
    assert judge((deal.amount > 10) & ~titled)[0] is False
    assert judge((deal.amount > 10) & titled)[0] is None


@pytest.mark.parametrize(
    ("amount", "wanted"),
    [(Money(Decimal("10.01"), "USD"), True), (Money(Decimal(10), "USD"), False), (Money(Decimal(99), "EUR"), None)],
)
def test_an_amount_in_another_currency_is_unknown(amount: Money, wanted: Truth) -> None:
    assert judge(deal.amount > 10, amount=amount)[0] is wanted


def test_zero_has_no_currency() -> None:
    assert judge(deal.amount > 0, amount=Money(Decimal(5), "EUR"))[0] is True


def test_empty_tags_are_empty_not_unset() -> None:
    assert judge(deal.tags.has("spam"))[0] is False
    assert judge(~deal.tags.has("spam"))[0] is True
    assert judge(deal.tags.has("spam", "bot"), tags=("bot",))[0] is True


def test_a_stage_is_compared_with_its_pipeline() -> None:
    assert judge(deal.stage == Sales.incoming)[0] is True
    assert judge(deal.stage == Sales.incoming, pipeline="other")[0] is False
    assert judge(deal.stage.is_in(Sales.won, Sales.incoming))[0] is True
    assert judge(deal.stage.is_in(Sales.won, Sales.lost))[0] is False


def test_days_compare_as_days() -> None:
    assert judge(deal.close_date < date(2026, 3, 3), close_date=date(2026, 3, 2))[0] is True


def test_the_trace_shows_every_part_with_the_values_it_saw() -> None:
    """The part behind one that decides is evaluated too: the trace is for people."""
    contact = Contact(id="7", name="Maria", phone=None)
    truth, lines = judge((deal.amount > 10) & deal.main_contact.phone.is_set(), contacts=(contact,))
    assert truth is False
    assert [(line.level, line.what, line.result) for line in lines] == [
        (0, "all of", "false"),
        (1, "deal.amount > 10", "unset"),
        (1, "deal.main_contact.phone is set", "false"),
    ]
    assert lines[1].values == {"deal.amount": "unset"}


def test_the_trace_of_a_negation_reads_as_one_line() -> None:
    lines = [judge(condition)[1] for condition in (~deal.tags.has("spam"), ~deal.owner.is_set())]
    assert [(line.what, line.result) for each in lines for line in each] == [
        ("deal.tags has not 'spam'", "true"),
        ("deal.owner is unset", "true"),
    ]


def test_a_stage_is_shown_with_its_pipeline() -> None:
    assert judge(deal.stage == Sales.won)[1][0].values == {"deal.stage": "sales.incoming"}
