"""What happens to new inquiries. Run: pytest pipeline_defs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.roles import inside_sales
from acme.tests.people import ANA, BY_MAIL, BY_PHONE, MARIA, MONDAY_MORNING, NAMELESS, SATURDAY_NIGHT, UNREACHABLE

from dealwright.compile.ir import OnStageChanged, StageValue
from dealwright.model.calendar import Duration
from dealwright.model.crm import CompanyDeals, Contact, Deal
from dealwright.model.custom import held, held_in
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_contact, a_deal, an_activity, created, moved, rehearse


def test_a_new_inquiry_is_called_within_fifteen_working_minutes() -> None:
    deal = a_deal(NewBusiness.incoming, contact=BY_PHONE)
    told = rehearse(acme, "greet-inbound", deal, event=created(deal), at=SATURDAY_NIGHT)
    assert told.acts == ["call"]
    assert told.tasks == ["Call Maria Silva about Forty chairs"]
    assert told.due == ["Mon 11 May 09:15"]


def test_a_new_inquiry_is_confirmed_by_mail_and_answers_reach_its_owner() -> None:
    deal = a_deal(NewBusiness.incoming, contact=BY_MAIL, owner=ANA)
    told = rehearse(acme, "confirm-inquiry", deal, event=created(deal))
    assert told.acts == ["confirm"]
    (mail,) = told.emails
    assert (mail.to, mail.subject, mail.reply_to) == ("maria@example.com", "We have your inquiry", "ana@acme.example")
    assert mail.text == (
        "Hello Maria,\n\nthank you for your inquiry. Ana Lima will be in touch within one working day; an answer to"
        " this message reaches them.\n\nAcme Tools\n"
    )


def test_a_confirmation_waits_for_the_contact_that_a_form_makes_a_moment_later() -> None:
    told = rehearse(acme, "confirm-inquiry", a_deal(NewBusiness.incoming))
    assert (told.automation.when_within, told.acts) == (Duration(amount=5, unit="minutes"), [])


def test_a_confirmation_reads_well_when_nothing_is_known() -> None:
    (mail,) = rehearse(acme, "confirm-inquiry", a_deal(NewBusiness.incoming, contact=NAMELESS, owner=None)).emails
    assert mail.text.startswith("Hello there,\n\nthank you for your inquiry. One of us will be in touch")


@pytest.mark.parametrize("automation", ["greet-inbound", "confirm-inquiry"])
def test_nobody_is_greeted_twice_within_a_month(automation: str) -> None:
    told = rehearse(acme, automation, a_deal(NewBusiness.incoming, contact=MARIA))
    assert told.again == "once per person within 30 days"


@pytest.mark.parametrize("automation", ["greet-inbound", "confirm-inquiry"])
@pytest.mark.parametrize(
    "deal",
    [
        a_deal(NewBusiness.incoming, contact=MARIA, tags=["spam"]),
        a_deal(NewBusiness.incoming, contact=UNREACHABLE),
        a_deal(NewBusiness.incoming),
    ],
    ids=["spam", "unreachable", "nobody"],
)
def test_spam_and_who_cannot_be_reached_is_not_greeted(automation: str, deal: Deal) -> None:
    told = rehearse(acme, automation, deal)
    assert (told.state, told.reason, told.acts) == ("skipped", "conditions", [])


@pytest.mark.parametrize("automation", ["greet-inbound", "confirm-inquiry"])
@pytest.mark.parametrize("stage", [NewBusiness.quoted, Renewals.incoming])
def test_what_is_no_new_inquiry_is_not_greeted(automation: str, stage: object) -> None:
    deal = a_deal(stage, contact=MARIA)  # type: ignore[arg-type]
    assert not rehearse(acme, automation, deal, event=created(deal)).answers


@pytest.mark.parametrize(
    ("amount", "contact", "won", "size", "score", "first"),
    [
        (25_000, BY_PHONE, 0, None, 50, True),
        (24_999, BY_PHONE, 1, None, 40, False),
        (None, UNREACHABLE, 2, "chain", 50, True),
        (25_000, BY_PHONE, 1, "chain", 100, True),
        (None, None, None, "workshop", 0, False),
    ],
)
def test_an_inquiry_is_scored_and_who_promises_much_is_called_first(
    amount: int | None, contact: Contact | None, won: int | None, size: str | None, score: int, first: bool
) -> None:
    deal = a_deal(
        NewBusiness.incoming,
        amount=amount,
        contact=contact,
        company="Chairs & Co",
        company_deals=None if won is None else CompanyDeals(won=won),
        company_custom={} if size is None else {"size": size},
    )
    told = rehearse(acme, "score-inquiry", deal, at=MONDAY_MORNING)
    assert told.acts == ["score", "first"][: 1 + first]
    (update, *_) = told.requests
    assert isinstance(update, UpdateDeal)
    assert held_in(update.changes.custom, "score") == held(Decimal(score))
    assert told.tasks == ["Call Chairs & Co before the others"][:first]
    assert told.due == ["Mon 11 May 11:00"][:first]
    assert told.again == "once per deal"


@pytest.mark.parametrize(
    ("email", "score"),
    [("maria@chairs.example", 10), ("Maria.Silva@GMail.com", 0), (None, 0)],
    ids=["of a company", "of anybody", "not known"],
)
def test_who_writes_from_a_companys_address_promises_more(email: str | None, score: int) -> None:
    deal = a_deal(NewBusiness.incoming, contact=a_contact("Maria Silva", email=email))
    (update,) = rehearse(acme, "score-inquiry", deal).requests
    assert isinstance(update, UpdateDeal)
    assert held_in(update.changes.custom, "score") == held(Decimal(score))


def test_what_belongs_to_nobody_goes_to_inside_sales() -> None:
    deal = a_deal(NewBusiness.incoming, owner=None)
    told = rehearse(acme, "share-inquiries", deal, people={inside_sales: ["Ana Lima", "Ben Ota"]})
    (update,) = told.requests
    assert isinstance(update, UpdateDeal)
    assert (told.acts, told.again) == (["owner"], "once per deal")
    assert rehearse(acme, "share-inquiries", deal).state == "held", "nobody stands behind the role"


@pytest.mark.parametrize("automation", ["greet-inbound", "find-phone"])
def test_no_task_is_set_before_the_inquiry_is_somebodys(automation: str) -> None:
    contact = BY_PHONE if automation == "greet-inbound" else UNREACHABLE
    told = rehearse(acme, automation, a_deal(NewBusiness.incoming, contact=contact, owner=None))
    assert (told.automation.when_within, told.acts) == (Duration(amount=1, unit="hours"), [])
    assert len(rehearse(acme, automation, a_deal(NewBusiness.incoming, contact=contact)).acts) == 1


def test_what_belongs_to_somebody_stays_theirs_and_spam_is_nobodys() -> None:
    assert rehearse(acme, "share-inquiries", a_deal(NewBusiness.incoming)).acts == []
    assert rehearse(acme, "share-inquiries", a_deal(NewBusiness.incoming, owner=None, tags=["spam"])).acts == []


def test_spam_and_what_is_no_inquiry_is_not_scored() -> None:
    assert rehearse(acme, "score-inquiry", a_deal(NewBusiness.incoming, tags=["spam"])).acts == []
    deal = a_deal(NewBusiness.qualified)
    assert not rehearse(acme, "score-inquiry", deal, event=created(deal)).answers


@pytest.mark.parametrize(
    ("deal", "whose"),
    [
        (a_deal(NewBusiness.incoming, contact=BY_MAIL, company="Chairs & Co"), "Maria Silva"),
        (a_deal(NewBusiness.quoted, company="Chairs & Co"), "Chairs & Co"),
        (a_deal(NewBusiness.incoming), "Forty chairs"),
    ],
)
def test_without_a_number_somebody_looks_for_one(deal: Deal, whose: str) -> None:
    told = rehearse(acme, "find-phone", deal, at=MONDAY_MORNING)
    assert told.acts == ["find"]
    assert told.tasks == [f"Find a number for {whose}"]
    assert told.due == ["Mon 11 May 14:00"]
    assert told.again == "every time"


def test_nobody_looks_for_a_number_that_is_there_or_for_spam_or_for_a_renewal() -> None:
    assert rehearse(acme, "find-phone", a_deal(NewBusiness.incoming, contact=BY_PHONE)).acts == []
    assert rehearse(acme, "find-phone", a_deal(NewBusiness.incoming, tags=["spam"])).acts == []
    renewal = a_deal(Renewals.incoming)
    assert not rehearse(acme, "find-phone", renewal, event=created(renewal)).answers


@pytest.mark.parametrize("contact", [BY_PHONE, BY_MAIL])
def test_an_inquiry_with_somebody_to_talk_to_is_qualified(contact: object) -> None:
    deal = a_deal(NewBusiness.incoming, contact=UNREACHABLE)
    told = rehearse(acme, "qualify-with-contact", deal, contact=contact)  # type: ignore[arg-type]
    assert told.acts == ["qualify", "say-why"]
    assert told.moves == ["new-business.qualified"]
    assert told.notes == ["Qualified: Maria Silva can be reached"]
    assert told.again == "once per deal"


def test_a_contact_without_a_name_can_be_reached_as_well() -> None:
    told = rehearse(acme, "qualify-with-contact", a_deal(NewBusiness.incoming), contact=NAMELESS)
    assert told.notes == ["Qualified: a new contact can be reached"]


def test_a_contact_that_nobody_can_reach_qualifies_nothing() -> None:
    deal = a_deal(NewBusiness.incoming, contact=MARIA)
    assert rehearse(acme, "qualify-with-contact", deal, contact=UNREACHABLE).acts == []


def test_what_is_qualified_already_or_a_renewal_is_not_moved() -> None:
    deal = a_deal(NewBusiness.quoted, contact=MARIA)
    assert rehearse(acme, "qualify-with-contact", deal, contact=MARIA).acts == []
    assert not rehearse(acme, "qualify-with-contact", a_deal(Renewals.incoming), contact=MARIA).answers


def test_a_call_that_reached_somebody_qualifies_and_tidies_up() -> None:
    deal = a_deal(NewBusiness.incoming, contact=MARIA)
    told = rehearse(acme, "reached-by-phone", deal, activity=an_activity("call", "reached"))
    assert told.acts == ["called", "qualify"]
    assert told.requests[0].kind == "complete_tasks"
    assert told.moves == ["new-business.qualified"]
    assert told.again == "every time"


def test_other_calls_and_other_activities_qualify_nothing() -> None:
    deal, called = a_deal(NewBusiness.incoming, contact=MARIA), an_activity("call", "reached")
    assert rehearse(acme, "reached-by-phone", deal, activity=an_activity("call", "no answer")).acts == []
    assert rehearse(acme, "reached-by-phone", deal, activity=an_activity("call")).acts == []
    assert not rehearse(acme, "reached-by-phone", deal, activity=an_activity("meeting", "reached")).answers
    assert rehearse(acme, "reached-by-phone", a_deal(NewBusiness.met, contact=MARIA), activity=called).acts == []
    assert not rehearse(acme, "reached-by-phone", a_deal(Renewals.incoming), activity=called).answers


def test_the_erp_hears_once_which_inquiries_were_good() -> None:
    deal = a_deal(NewBusiness.qualified, contact=MARIA, company="Chairs & Co")
    told = rehearse(acme, "qualified-to-erp", deal, event=moved(a_deal(NewBusiness.incoming), deal))
    assert [(name, body["company"], body["contact"]) for name, body in told.events] == [
        ("deal-qualified", "Chairs & Co", "Maria Silva")
    ]
    assert told.destinations == {"erp"}
    assert told.again == "once per deal"
    met = a_deal(NewBusiness.met)
    assert not rehearse(acme, "qualified-to-erp", met, event=moved(a_deal(NewBusiness.incoming), met)).answers


def test_an_inquiry_that_nobody_reaches_in_a_week_would_be_closed_and_for_now_it_is_only_written_down() -> None:
    deal = a_deal(NewBusiness.incoming, contact=MARIA)
    told = rehearse(acme, "close-silent", deal, at=MONDAY_MORNING)
    assert (told.moves, told.when("close")) == (["new-business.lost"], "Mon 18 May 10:00")
    assert told.automation.mode == "shadow"
    assert told.automation.exit_on == (OnStageChanged(from_=(StageValue(pipeline="new-business", stage="incoming"),)),)
