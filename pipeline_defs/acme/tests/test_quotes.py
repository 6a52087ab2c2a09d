"""What happens to quotes, and to what deals are worth. Run: pytest pipeline_defs."""

from __future__ import annotations

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.tests.people import BY_MAIL, FRIDAY_MORNING, MARIA, MONDAY_MORNING

from dealwright import minutes
from dealwright.compile.ir import OnStageChanged, StageValue
from dealwright.model.crm import Deal
from dealwright.model.requests import ChangeTags
from dealwright.testing import a_contact, a_deal, a_reply, changed, moved, rehearse


def test_a_large_amount_is_reviewed_with_what_it_was_and_marked() -> None:
    was, now = a_deal(NewBusiness.quoted, amount=9_000), a_deal(NewBusiness.quoted, amount=25_000)
    told = rehearse(acme, "review-amount", now, event=changed(was, now), at=MONDAY_MORNING)
    assert told.acts == ["review", "mark"]
    assert told.tasks == ["Review Forty chairs: now 25,000.00 USD, was 9,000.00 USD"]
    assert told.due == ["Mon 11 May 18:00"]
    tags = told.requests[1]
    assert isinstance(tags, ChangeTags)
    assert (tags.add, tags.remove) == (("large",), ())
    assert told.again == "once per deal within 7 days"


def test_a_first_amount_was_nothing_before() -> None:
    was, now = a_deal(NewBusiness.met), a_deal(NewBusiness.met, amount=40_000)
    told = rehearse(acme, "review-amount", now, event=changed(was, now))
    assert told.tasks == ["Review Forty chairs: now 40,000.00 USD, was nothing"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (a_deal(NewBusiness.quoted), a_deal(NewBusiness.quoted, amount=24_999)),
        (a_deal(NewBusiness.won), a_deal(NewBusiness.won, amount=25_000)),
        (a_deal(NewBusiness.quoted, amount=25_000), a_deal(NewBusiness.quoted, amount=25_000, title="Fifty chairs")),
        (a_deal(Renewals.offered), a_deal(Renewals.offered, amount=25_000)),
    ],
    ids=["small", "closed", "another field", "a renewal"],
)
def test_other_changes_are_not_reviewed(was: Deal, now: Deal) -> None:
    assert rehearse(acme, "review-amount", now, event=changed(was, now)).acts == []


@pytest.mark.parametrize(
    ("amount", "step", "text", "due"),
    [
        (10_000, "call-sponsor", "Call the sponsor of Forty chairs (10,000.00 USD)", "Mon 18 May 11:00"),
        (9_999, "nudge", "Nudge Maria Silva", "Tue 19 May 09:00"),
        (None, "ask-amount", "Write down what Forty chairs is worth", "Mon 18 May 13:00"),
    ],
)
def test_a_quote_is_followed_up_after_two_days_by_its_size(amount: int | None, step: str, text: str, due: str) -> None:
    deal = a_deal(NewBusiness.quoted, amount=amount, contact=MARIA)
    told = rehearse(acme, "quote-follow-up", deal, at=FRIDAY_MORNING)
    assert told.acts == [step]
    assert told.tasks == [text]
    assert told.when(step) == "Sun 17 May 10:00"
    assert told.due == [due]
    assert told.again == "once per stage visit"


def test_without_a_contact_the_deal_itself_is_nudged() -> None:
    assert rehearse(acme, "quote-follow-up", a_deal(NewBusiness.quoted, amount=1)).tasks == ["Nudge Forty chairs"]


def test_a_quote_that_is_answered_meanwhile_is_left_alone() -> None:
    told = rehearse(acme, "quote-follow-up", a_deal(NewBusiness.quoted))
    assert told.automation.exit_on == (OnStageChanged(from_=(StageValue(pipeline="new-business", stage="quoted"),)),)


@pytest.mark.parametrize("automation", ["quote-follow-up", "ask-by-message"])
def test_only_a_quote_is_followed_up(automation: str) -> None:
    met = a_deal(NewBusiness.met)
    assert not rehearse(acme, automation, met, event=moved(a_deal(NewBusiness.qualified), met)).answers


@pytest.mark.parametrize(
    ("button", "words", "step", "text", "due"),
    [
        ("yes", None, "agree", "Forty chairs fits: agree the terms", "Mon 11 May 16:10"),
        ("price", None, "haggle", "Talk about the price of Forty chairs", "Tue 12 May 09:10"),
        (None, "Forty-one?", "read", "Maria Silva wrote: Forty-one?", "Mon 11 May 15:10"),
    ],
)
def test_who_has_a_quote_is_asked_by_message_and_somebody_acts_on_the_answer(
    button: str | None, words: str | None, step: str, text: str, due: str
) -> None:
    reply = a_reply(words, button=button, after=minutes(10))
    deal = a_deal(NewBusiness.quoted, contact=MARIA)
    told = rehearse(acme, "ask-by-message", deal, at=MONDAY_MORNING, replies={"answer": reply})
    assert (told.acts, told.tasks, told.due) == (["fits", step], [text], [due])
    assert told.when("fits") == "Mon 11 May 14:00"
    assert told.again == "once per stage visit"


@pytest.mark.parametrize(
    ("custom", "phone", "begins"),
    [
        ({}, "(212) 555-0142", "Hello Maria, you have our quote for Forty chairs."),
        ({"language": "es"}, "(212) 555-0142", "Hola Maria, ya tiene nuestra oferta para Forty chairs."),
        ({}, "+34 612 345 678", "Hola Maria, ya tiene nuestra oferta para Forty chairs."),
    ],
    ids=["from the US", "who has said it", "from Spain"],
)
def test_the_question_is_in_the_customers_language(custom: dict[str, str], phone: str, begins: str) -> None:
    deal = a_deal(NewBusiness.quoted, contact=a_contact("Maria Silva", phone=phone, custom=custom))
    (message,) = rehearse(acme, "ask-by-message", deal).messages
    assert message.text.startswith(begins)


def test_who_says_nothing_is_not_asked_again_and_who_cannot_be_written_to_is_not_asked() -> None:
    told = rehearse(acme, "ask-by-message", a_deal(NewBusiness.quoted, contact=MARIA))
    assert (told.acts, told.state) == (["fits"], "done")
    assert rehearse(acme, "ask-by-message", a_deal(NewBusiness.quoted, contact=BY_MAIL)).acts == []


def test_a_quote_that_moves_on_is_no_question_any_more() -> None:
    told = rehearse(acme, "ask-by-message", a_deal(NewBusiness.quoted, contact=MARIA))
    assert told.automation.exit_on == (OnStageChanged(from_=(StageValue(pipeline="new-business", stage="quoted"),)),)
