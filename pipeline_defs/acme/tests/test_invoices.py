"""What happens between the agreement and the money. Run: pytest pipeline_defs."""

from __future__ import annotations

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.tests.people import ANA, MARIA, MONDAY_MORNING

from dealwright import Stage
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_contact, a_deal, a_task, compiled_account, moved, rehearse

BOOKS = a_contact("Kim Bauer", email="books@example.com", id="2")
PAID = {"number": "INV-1", "amount": "1200.00"}


def test_what_is_agreed_gets_a_number_unless_it_has_one() -> None:
    deal = a_deal(NewBusiness.agreed, id="77")
    told = rehearse(acme, "invoice-number", deal, event=moved(a_deal(NewBusiness.quoted), deal))
    (request,) = told.requests
    assert (told.acts, told.again) == (["number"], "every time")
    assert isinstance(request, UpdateDeal)
    assert request.changes.given() == {"reference": "INV-77"}
    assert rehearse(acme, "invoice-number", a_deal(NewBusiness.agreed, reference="A-1")).acts == []


def test_what_is_only_quoted_gets_no_number() -> None:
    deal = a_deal(NewBusiness.quoted)
    assert not rehearse(acme, "invoice-number", deal, event=moved(a_deal(NewBusiness.met), deal)).answers


def test_billing_hears_of_an_invoice_when_it_is_sent() -> None:
    deal = a_deal(NewBusiness.agreed, amount=1_200, company="Chairs & Co", reference="INV-1")
    told = rehearse(acme, "invoice-sent", deal, task=a_task("Send the invoice"))
    assert [(name, body["number"], body["amount"], body["company"]) for name, body in told.events] == [
        ("invoice-sent", "INV-1", "1200.00", "Chairs & Co")
    ]
    assert told.destinations == {"erp"}
    assert told.again == "every time"


def test_other_tasks_and_other_stages_are_no_invoice() -> None:
    invoice = a_task("Send the invoice")
    assert rehearse(acme, "invoice-sent", a_deal(NewBusiness.agreed), task=a_task("Call back")).acts == []
    assert rehearse(acme, "invoice-sent", a_deal(NewBusiness.paid), task=invoice).acts == []
    assert not rehearse(acme, "invoice-sent", a_deal(Renewals.confirmed), task=invoice).answers


def test_bookkeeping_hears_of_the_invoice_and_the_buyer_gets_a_copy() -> None:
    deal = a_deal(
        NewBusiness.agreed,
        amount=1_200,
        reference="INV-1",
        owner=ANA,
        contacts=[MARIA, BOOKS],
        roles={BOOKS.id: "Accounts payable"},
    )
    told = rehearse(acme, "invoice-to-payer", deal, task=a_task("Send the invoice"))
    (mail,) = told.emails
    assert (mail.to, mail.cc, mail.subject) == ("books@example.com", ("maria@example.com",), "Invoice INV-1")
    assert mail.text == (
        "Hello Kim,\n\nour invoice for Forty chairs is on its way: 1,200.00 USD. Please name INV-1 when you pay; an"
        " answer to this message reaches Ana Lima.\n\nAcme Tools\n"
    )
    assert (mail.reply_to, told.again) == ("ana@acme.example", "once per deal")


def test_where_nobody_pays_but_the_buyer_no_mail_is_sent() -> None:
    deal = a_deal(NewBusiness.agreed, contact=MARIA)
    assert rehearse(acme, "invoice-to-payer", deal, task=a_task("Send the invoice")).acts == []
    paying = a_deal(NewBusiness.agreed, contacts=[MARIA, BOOKS], roles={BOOKS.id: "accounts payable"})
    assert rehearse(acme, "invoice-to-payer", paying, task=a_task("Call back")).acts == []


@pytest.mark.parametrize("stage", [NewBusiness.agreed, NewBusiness.quoted])
def test_what_billing_calls_paid_is_paid(stage: Stage) -> None:
    told = rehearse(acme, "invoice-paid", a_deal(stage, reference="INV-1"), data=PAID)
    assert told.acts == ["log", "paid"]
    assert told.notes == ["Invoice INV-1 is paid: 1,200.00 USD"]
    assert told.moves == ["new-business.paid"]
    assert told.again == "every time"


def test_a_payment_without_number_or_amount_is_noted_as_well() -> None:
    told = rehearse(acme, "invoice-paid", a_deal(NewBusiness.agreed, reference="INV-1"), data={})
    assert told.notes == ["Invoice INV-1 is paid: how much is not told"]


def test_a_payment_for_what_is_lost_needs_somebody() -> None:
    told = rehearse(acme, "invoice-paid", a_deal(NewBusiness.lost), data=PAID, at=MONDAY_MORNING)
    assert told.acts == ["log", "look"]
    assert told.tasks == ["Forty chairs is lost, and was paid: see to it"]
    assert told.due == ["Mon 11 May 12:00"]


def test_a_payment_for_what_is_won_is_noted_only() -> None:
    assert rehearse(acme, "invoice-paid", a_deal(NewBusiness.won), data=PAID).acts == ["log"]


def test_a_payment_finds_its_deal_by_the_invoices_number_and_waits_if_nobody_knows_it() -> None:
    event = compiled_account(acme).outside_event("invoice-paid")
    assert event is not None and event.match is not None
    assert [(pair.field, pair.path) for pair in event.match.by] == [("number", "deal.reference")]
    assert (event.match.pipelines, event.match.if_many, event.match.if_none) == (("new-business",), "ask", "hold")


def test_only_billing_says_what_is_paid_and_only_of_new_business() -> None:
    told = rehearse(acme, "invoice-paid", a_deal(NewBusiness.agreed), data=PAID)
    assert (told.automation.on.name, told.automation.on.source) == ("invoice-paid", "billing")  # type: ignore[union-attr]
    assert not rehearse(acme, "invoice-paid", a_deal(Renewals.confirmed), data=PAID).answers
