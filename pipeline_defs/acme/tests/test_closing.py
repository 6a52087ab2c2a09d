"""What happens at the end of a deal. Run: pytest pipeline_defs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.tests.people import ANA, BY_MAIL, MARIA, MONDAY_MORNING, NAMELESS, SATURDAY_NIGHT, UNREACHABLE

from dealwright.compile.ir import OnStageChanged, StageValue
from dealwright.model.crm import Contact, Deal, Money
from dealwright.model.requests import ChangeTags, CreateDeal
from dealwright.testing import a_deal, compiled_account, moved, rehearse


def test_what_is_won_is_told_to_the_erp_and_renewed() -> None:
    deal = a_deal(NewBusiness.won, amount=1_200, company="Chairs & Co", reference="INV-1", contact=MARIA)
    told = rehearse(acme, "won-to-erp", deal, event=moved(a_deal(NewBusiness.paid), deal), at=SATURDAY_NIGHT)
    assert told.acts == ["deal-won", "renewal", "introduce"]
    assert told.destinations == {"erp"}
    ((name, body),) = told.events
    assert (name, body["company"], body["amount"], body["number"], body["owner"]) == (
        "deal-won", "Chairs & Co", "1200.00", "INV-1", "Ana Lima",
    )  # fmt: skip
    renewal = told.requests[1]
    assert isinstance(renewal, CreateDeal)
    assert (renewal.pipeline, renewal.stage, renewal.title, renewal.tags, renewal.contacts) == (
        "renewals", "incoming", "Renewal: Chairs & Co", ("renewal",), ("1",),
    )  # fmt: skip
    assert renewal.owner is not None
    assert (renewal.amount, renewal.reference, renewal.close_date) == (deal.amount, None, None)
    assert told.tasks == ["Introduce onboarding; the renewal is new"]
    assert told.due == ["Sun 10 May 22:30"]
    assert told.again == "once per deal"


def test_what_a_deal_earns_is_told_to_the_erp_alone() -> None:
    deal = a_deal(NewBusiness.won, amount=1_200, contact=MARIA, custom={"margin": Decimal("32.5")})
    ((_, body),) = rehearse(acme, "won-to-erp", deal).events
    assert body["margin"] == "32.5"
    (sale,) = rehearse(acme, "won-to-meta", deal).conversions
    assert "32.5" not in str(sale)
    fields = {field.key: field for field in compiled_account(acme).deal_fields}
    assert {key for key, field in fields.items() if field.sensitive} == {"margin"}


def test_a_renewal_without_a_company_is_called_after_the_deal() -> None:
    renewal = rehearse(acme, "won-to-erp", a_deal(NewBusiness.won, amount=1)).requests[1]
    assert isinstance(renewal, CreateDeal)
    assert renewal.title == "Renewal: Forty chairs"


@pytest.mark.parametrize(
    ("deal", "day"),
    [
        (a_deal(NewBusiness.won, amount=1, close_date=date(2026, 5, 1)), date(2027, 5, 1)),
        (
            a_deal(NewBusiness.won, amount=1, close_date=date(2026, 5, 1), custom={"deliver_on": date(2026, 6, 15)}),
            date(2027, 6, 15),
        ),
    ],
    ids=["the day it was to close", "the day it was wanted by"],
)
def test_a_renewal_is_due_a_year_after(deal: Deal, day: date) -> None:
    renewal = rehearse(acme, "won-to-erp", deal).requests[1]
    assert isinstance(renewal, CreateDeal)
    assert renewal.close_date == day


def test_what_is_won_for_nothing_is_not_renewed() -> None:
    assert rehearse(acme, "won-to-erp", a_deal(NewBusiness.won, amount=0)).acts == []
    assert rehearse(acme, "won-to-erp", a_deal(NewBusiness.won)).acts == []


@pytest.mark.parametrize("automation", ["won-to-erp", "won-to-meta", "thank-by-mail"])
def test_what_is_paid_is_not_won_yet(automation: str) -> None:
    deal = a_deal(NewBusiness.paid, amount=1, contact=MARIA)
    assert not rehearse(acme, automation, deal, event=moved(a_deal(NewBusiness.agreed), deal)).answers


@pytest.mark.parametrize("contact", [MARIA, BY_MAIL])
def test_a_purchase_is_told_to_meta_once_with_what_it_was_worth(contact: Contact) -> None:
    deal = a_deal(NewBusiness.won, amount=1_200, currency="EUR", contact=contact)
    told = rehearse(acme, "won-to-meta", deal, event=moved(a_deal(NewBusiness.paid), deal))
    assert (told.acts, told.again) == (["purchase"], "once per deal")
    (conversion,) = told.conversions
    assert (conversion.event, conversion.value) == ("Purchase", Money(Decimal(1_200), "EUR"))
    assert (conversion.phone, conversion.email) == (contact.phone, contact.email)


@pytest.mark.parametrize(
    "deal",
    [
        a_deal(NewBusiness.won, amount=0, contact=MARIA),
        a_deal(NewBusiness.won, contact=MARIA),
        a_deal(NewBusiness.won, amount=1, contact=UNREACHABLE),
        a_deal(NewBusiness.won, amount=1),
    ],
    ids=["for nothing", "without an amount", "by somebody without phone and address", "by nobody"],
)
def test_what_meta_could_not_use_is_not_told(deal: Deal) -> None:
    told = rehearse(acme, "won-to-meta", deal)
    assert (told.acts, told.state) == ([], "skipped")


def test_who_buys_is_thanked_by_mail_once() -> None:
    deal = a_deal(NewBusiness.won, contact=BY_MAIL, owner=ANA)
    told = rehearse(acme, "thank-by-mail", deal, event=moved(a_deal(NewBusiness.paid), deal))
    assert (told.acts, told.again) == (["thanks"], "once per deal")
    (mail,) = told.emails
    assert (mail.to, mail.subject, mail.reply_to) == ("maria@example.com", "Thank you, Maria", "ana@acme.example")
    assert mail.text == (
        "Hello Maria Silva,\n\nwe are glad to have you. Ana Lima will call you about what comes next; an answer to"
        " this message reaches them.\n\nAcme Tools\n"
    )


def test_thanks_read_well_when_little_is_known() -> None:
    deal = a_deal(NewBusiness.won, contact=NAMELESS, owner=None, company="Chairs & Co")
    (mail,) = rehearse(acme, "thank-by-mail", deal).emails
    assert mail.subject == "Thank you, Chairs & Co"
    assert mail.text.startswith("Hello there,\n\nwe are glad to have you. Your contact at Acme will call you")
    (mail,) = rehearse(acme, "thank-by-mail", a_deal(NewBusiness.won, contact=NAMELESS)).emails
    assert mail.subject == "Thank you, and welcome"


def test_who_has_no_address_is_not_thanked_by_mail() -> None:
    told = rehearse(acme, "thank-by-mail", a_deal(NewBusiness.won, contact=UNREACHABLE))
    assert (told.acts, told.reason) == ([], "conditions")


@pytest.mark.parametrize(
    ("was", "now", "stood"),
    [
        (a_deal(NewBusiness.quoted), a_deal(NewBusiness.lost, amount=500, lost_reason="Price"), "Sent the quote"),
        (a_deal(Renewals.offered), a_deal(Renewals.lost, amount=500, lost_reason="Price"), "Sent the offer"),
    ],
)
def test_what_is_lost_is_tidied_up_and_told_with_its_reason(was: Deal, now: Deal, stood: str) -> None:
    told = rehearse(acme, "close-lost", now, event=moved(was, now))
    assert (told.acts, told.destinations) == (["tidy", "deal-lost"], {"erp"})
    assert told.requests[0].kind == "complete_tasks"
    ((name, body),) = told.events
    assert (name, body["reason"], body["from"], body["amount"]) == ("deal-lost", "Price", stood, "500.00")
    assert told.again == "every time"


def test_what_is_won_is_not_closed_as_lost() -> None:
    won = a_deal(NewBusiness.won)
    assert not rehearse(acme, "close-lost", won, event=moved(a_deal(NewBusiness.paid), won)).answers


@pytest.mark.parametrize(
    ("deal", "whom"),
    [
        (a_deal(NewBusiness.lost, lost_reason="Timing", contact=MARIA, company="Chairs & Co"), "Maria Silva"),
        (a_deal(NewBusiness.lost, lost_reason="Timing", company="Chairs & Co"), "Chairs & Co"),
        (a_deal(NewBusiness.lost, lost_reason="Timing"), "Forty chairs"),
    ],
)
def test_who_had_no_time_is_asked_again_after_a_quarter(deal: Deal, whom: str) -> None:
    told = rehearse(acme, "win-back", deal, at=MONDAY_MORNING)
    assert told.acts == ["mark", "ask"]
    tags = told.requests[0]
    assert isinstance(tags, ChangeTags)
    assert (tags.add, tags.remove) == (("ask-again",), ())
    assert told.tasks == [f"Ask {whom} again: the time was not right"]
    assert told.when("ask") == "Sun 09 Aug 10:00"
    assert told.due == ["Tue 11 Aug 09:00"]
    assert told.again == "once per stage visit"


def test_who_had_another_reason_is_not_asked_again() -> None:
    assert rehearse(acme, "win-back", a_deal(NewBusiness.lost, lost_reason="Price")).acts == []
    renewal = a_deal(Renewals.lost, lost_reason="Timing")
    assert not rehearse(acme, "win-back", renewal, event=moved(a_deal(Renewals.offered), renewal)).answers


def test_who_comes_back_meanwhile_is_not_asked_again() -> None:
    told = rehearse(acme, "win-back", a_deal(NewBusiness.lost, lost_reason="Timing"))
    assert told.automation.exit_on == (OnStageChanged(from_=(StageValue(pipeline="new-business", stage="lost"),)),)


def test_what_is_open_again_is_asked_about_and_no_longer_marked() -> None:
    was, now = a_deal(NewBusiness.lost, tags=["ask-again"]), a_deal(NewBusiness.qualified, tags=["ask-again"])
    told = rehearse(acme, "reopened", now, event=moved(was, now), at=SATURDAY_NIGHT)
    assert told.acts == ["unmark", "ask-why"]
    tags = told.requests[0]
    assert isinstance(tags, ChangeTags)
    assert (tags.add, tags.remove) == ((), ("ask-again",))
    assert told.tasks == ["Forty chairs is open again: ask what has changed"]
    assert told.due == ["Tue 12 May 09:00"]
    assert told.again == "once per stage visit"


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (a_deal(NewBusiness.lost), a_deal(NewBusiness.won)),
        (a_deal(NewBusiness.qualified), a_deal(NewBusiness.met)),
        (a_deal(Renewals.lost), a_deal(Renewals.reviewed)),
        (a_deal(NewBusiness.lost), a_deal(Renewals.reviewed)),
    ],
    ids=["won", "was not lost", "a renewal", "to the renewals"],
)
def test_other_moves_reopen_nothing(was: Deal, now: Deal) -> None:
    assert rehearse(acme, "reopened", now, event=moved(was, now)).acts == []
