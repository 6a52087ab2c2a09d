"""What a step asks for that tells of a conversion, and when it is passed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_world import MONDAY, account, created, deal, some_deal

from dealwright import Automation, Money, add_note, contact_added, deal_created, event, every_event, send_conversion
from dealwright.engine.advance import Act, Decision, End, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import Progress
from dealwright.model.crm import Contact
from dealwright.model.crm import Money as Amount
from dealwright.model.events import ContactAdded
from dealwright.model.requests import SendConversion

BUY = send_conversion("buy", event="Purchase", value=deal.amount)
NOTE = add_note("note", text="told")
MARIA = Contact(id="9", first_name="Maria", last_name="Rossi", phone="(212) 555-0142", email="Maria@example.com ")


def step(*steps: Any, late: timedelta = timedelta(0), about: Any = None, on: Any = None, **changes: Any) -> Decision:
    """Advance an automation of these steps once, `late` after its event."""
    company = account(Automation(key="one", on=on or deal_created(), again=every_event(), do=list(steps)))
    facts = Facts(deal=some_deal(**changes), event=about or created(**changes), as_of=MONDAY, since_turn=1)
    return advance(company, company.automations[0], Progress(), facts, MONDAY + late)


def asked(decision: Decision) -> Any:
    assert isinstance(decision.next, Act), decision
    return decision.next.intent.request


def test_a_conversion_carries_who_it_was_as_the_crm_holds_it() -> None:
    amount = Amount(Decimal("99.50"), "EUR")
    assert asked(step(BUY, contacts=(MARIA,), amount=amount)) == SendConversion(
        deal_id="1",
        contact_id="9",
        event="Purchase",
        occurred_at=MONDAY,
        value=amount,
        phone="(212) 555-0142",
        email="Maria@example.com",
        first_name="Maria",
        last_name="Rossi",
        country="US",
    )


def test_it_happened_when_the_event_did_and_never_in_the_future() -> None:
    amount = Amount(Decimal(1), "USD")
    later = asked(step(BUY, late=timedelta(hours=3), contacts=(MARIA,), amount=amount))
    assert later.occurred_at == MONDAY
    early = asked(step(BUY, late=timedelta(hours=-3), contacts=(MARIA,), amount=amount))
    assert early.occurred_at == MONDAY - timedelta(hours=3)


def test_more_values_and_a_lead_id_are_filled_in() -> None:
    lead = send_conversion(
        "lead",
        event="Lead",
        value=Money("5", "USD"),
        lead_id=" {{ deal.reference }} ",
        with_={"stage": deal.stage.name, "amount": deal.amount, "note": "{{ deal.title }}", "gone": deal.company},
    )
    request = asked(step(lead, reference="123456789012345", amount=Amount(Decimal("7.50"), "USD"), title="Chairs"))
    assert (request.lead_id, request.contact_id, request.value) == ("123456789012345", None, Amount(Decimal(5), "USD"))
    assert request.data == {"stage": "Incoming", "amount": "7.50", "note": "Chairs", "gone": None}


def test_the_events_contact_is_matched_if_it_is_named() -> None:
    other = Contact(id="10", email="bo@example.com")
    about = ContactAdded(
        source_id="e", occurred_at=MONDAY, actor="user:ana", contact=other, before=some_deal(), after=some_deal()
    )
    told = send_conversion("lead", event="Lead", to=event.contact)
    request = asked(step(told, on=contact_added(), about=about, contacts=(MARIA,)))
    assert (request.contact_id, request.email, request.phone) == ("10", "bo@example.com", None)


@pytest.mark.parametrize(
    ("contacts", "amount", "why"),
    [
        ((), 5, "nobody to match it with"),
        ((Contact(id="9", first_name="Maria"),), 5, "nobody to match it with"),
        ((Contact(id="9", phone="call me", email="at work"),), 5, "nobody to match it with"),
        ((MARIA,), None, "value unset"),
    ],
)
def test_a_conversion_of_nobody_or_of_nothing_is_passed_and_the_rest_goes_on(
    contacts: tuple[Contact, ...], amount: int | None, why: str
) -> None:
    held = None if amount is None else Amount(Decimal(amount), "USD")
    decision = step(BUY, NOTE, contacts=contacts, amount=held)
    assert asked(decision).kind == "add_note"
    assert any(why in line.what and line.at == "buy" for line in decision.trace)
    alone = step(BUY, contacts=contacts, amount=held)
    assert isinstance(alone.next, End)
    assert alone.next.state == "done"


def test_what_needs_no_amount_is_told_without_one() -> None:
    request = asked(step(send_conversion("lead", event="Lead", value=deal.amount), contacts=(MARIA,), amount=None))
    assert request.value is None
