"""What becomes of discounts that a rep may not give alone. Run: pytest pipeline_defs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness
from acme.roles import head_of_sales
from acme.tests.people import MONDAY_MORNING

from dealwright import Stage, Won
from dealwright.model.crm import Deal
from dealwright.model.custom import held, held_in
from dealwright.model.requests import UpdateDeal
from dealwright.testing import Told, a_deal, changed, rehearse

SAM = {head_of_sales: ["Sam Whitfield"]}


def discounted(percent: int, stage: Stage | Won = NewBusiness.met) -> Deal:
    return a_deal(stage, amount=9_000, custom={"discount": Decimal(percent), "margin": Decimal(24)})


def asked(deal: Deal, answers: dict[str, str]) -> Told:
    event = changed(a_deal(NewBusiness.met, amount=9_000), deal)
    return rehearse(acme, "agree-discount", deal, event=event, at=MONDAY_MORNING, people=SAM, answers=answers)


def written(told: Told, key: str) -> list[object]:
    updates = [request for request in told.requests if isinstance(request, UpdateDeal)]
    return [value for each in updates if (value := held_in(each.changes.custom, key)) is not None]


def test_the_head_of_sales_is_asked_with_what_is_left_and_agrees() -> None:
    told = asked(discounted(15), {"head": "yes"})
    (question,) = told.questions
    assert question.question == "15 % for Forty chairs (9,000.00 USD, margin 24 %)?"
    assert told.acts == ["open", "head", "agree", "say-so"]
    assert written(told, "discount_agreed") == [held(False), held(True)], "what was agreed before is another discount"
    assert told.notes == ["Sam Whitfield agrees to 15 %: no word why"]


def test_what_is_not_agreed_is_capped_and_reckoned_anew() -> None:
    told = asked(discounted(15), {"head": "no"})
    assert told.acts == ["open", "head", "reckon", "cap"]
    assert told.tasks == ["Sam Whitfield does not agree to 15 %: reckon Forty chairs anew"]
    assert written(told, "discount") == [held(Decimal(10))]


def test_a_question_that_nobody_answers_becomes_a_task_of_whoever_decides() -> None:
    told = asked(discounted(15), {})
    assert told.acts == ["open", "head", "decide"]
    assert (told.tasks, told.when("decide")) == (["Decide about 15 % for Forty chairs"], "Mon 11 May 18:00")


@pytest.mark.parametrize("deal", [discounted(10), discounted(15, NewBusiness.won), a_deal(NewBusiness.met)])
def test_a_rep_gives_some_away_alone_and_what_is_over_is_over(deal: Deal) -> None:
    assert asked(deal, {}).acts == []


def test_a_new_discount_withdraws_the_question_about_the_old_one() -> None:
    (ends,) = asked(discounted(15), {"head": "yes"}).automation.exit_on
    assert getattr(ends, "fields", None) == ("discount",)
