"""Which contact: what conditions, texts and messages about contacts by role come to, and what very many cost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from engine_world import MONDAY, account, created, deal, some_deal
from test_conditions import judge

from dealwright import (
    Account,
    Automation,
    DealFields,
    Email,
    Incoming,
    Lost,
    Pipeline,
    Won,
    contact,
    create_contact,
    deal_created,
    every_event,
    hours,
    send_conversion,
    send_email,
    set_task,
    update_contact,
)
from dealwright.engine.facts import Facts, View
from dealwright.engine.records import Progress
from dealwright.engine.render import intent
from dealwright.engine.render_values import NobodyThere, NothingToDo
from dealwright.model.crm import Contact, ContactRole
from dealwright.model.requests import ContactChanges, CreateContact, SendConversion, SendEmail, SetTask, UpdateContact
from dealwright.testing import a_contact, a_deal, rehearse

BO = Contact(id="7", name="Bo Li", first_name="Bo", phone="+1 212 555 0142")
ANA = Contact(id="8", name="Ana Paz", email="ana@example.com")
EVA = Contact(id="9", name="Eva", email="EVA@example.com")
ROLES = (ContactRole("8", "Buyer"), ContactRole("9", "buyer"))


def asked(step: Any, **changes: Any) -> Any:
    """Return the request of a step on a deal of these three."""
    fields = {"contacts": (BO, ANA, EVA), "contact_roles": ROLES, **changes}
    company = account(Automation(key="one", why="", on=deal_created(), again=every_event(), do=[step]))
    facts = Facts(deal=some_deal(**fields), event=created(**fields), as_of=MONDAY, since_turn=1)
    (lowered,) = company.automations[0].do
    return intent(lowered, View(company, facts, Progress()), MONDAY).request


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (deal.contact_as("buyer").email == "ana@example.com", True),
        (deal.contact_as("BUYER").phone.is_set(), False),
        (deal.contact_as("payer").email.is_set(), False),
        (deal.contact_as("payer").email == "x", None),
        (deal.contacts.count >= 3, True),
        (deal.contacts.any(contact.email.is_set()), True),
        (deal.contacts.any(contact.email == "ana@example.com", contact.phone.is_set()), None),
        (deal.contacts.any((contact.email == "ana@example.com") & contact.phone.is_unset()), True),
        (deal.contacts.any(contact.phone == "1"), None),
        (~deal.contacts.any(contact.last_name.is_set()), True),
        (deal.contacts.any(contact.name == deal.title), False),
    ],
)
def test_conditions(condition: Any, wanted: bool | None) -> None:
    truth, trace = judge(condition, contacts=(BO, ANA, EVA), contact_roles=ROLES)
    assert truth is wanted
    assert len(trace) == 1


def test_a_deal_without_contacts_has_none_that_fits() -> None:
    assert judge(deal.contacts.any(contact.email.is_set()))[0] is False
    assert judge(deal.contacts.count == 0)[0] is True


def test_a_hundred_thousand_contacts_cost_a_hundred_and_the_trace_says_so() -> None:
    many = tuple(Contact(id=str(number), name="N") for number in range(100_000))
    began = time.perf_counter()
    truth, (line,) = judge(deal.contacts.any(contact.email.is_set()), contacts=many)
    took = time.perf_counter() - began
    assert truth is None
    assert line.values == {"deal.contacts": "100 of 100,000 looked at", "true of": "0"}
    assert judge(deal.contacts.any(contact.name == "N"), contacts=many)[0] is True
    assert took < 1
    truth, (line,) = judge(deal.contacts.count > 5, contacts=(BO,), contacts_beyond=99_999)
    assert (truth, line.values) == (True, {"deal.contacts.count": "100000"})


def test_texts_and_messages() -> None:
    task = asked(
        set_task(
            "t", text="{{ deal.contact_as.buyer.name }}/{{ deal.contact_as.payer.name or 'nobody' }}", due=hours(1)
        )
    )
    assert isinstance(task, SetTask)
    assert task.text == "Ana Paz/nobody"
    mail = send_email(
        "m", to=deal.contact_as("buyer"), subject="Hi {{ contact.name }}", text="{{ deal.contacts.count }}",
        cc=[deal.main_contact, deal.contact_as("buyer"), deal.contact_as("payer"), deal.owner.email, "x@acme.example"],
    )  # fmt: skip
    sent = asked(mail)
    assert isinstance(sent, SendEmail)
    assert (sent.to, sent.contact_id, sent.subject, sent.text) == ("ana@example.com", "8", "Hi Ana Paz", "3")
    assert sent.cc == tuple(filter(None, [some_deal().owner and some_deal().owner.email, "x@acme.example"]))
    written = asked(update_contact("u", deal.contact_as("buyer"), phone="1"))
    assert written == UpdateContact(contact_id="8", deal_id="1", changes=ContactChanges(phone="1"))
    told = asked(send_conversion("c", event="Lead", to=deal.contact_as("buyer")))
    assert isinstance(told, SendConversion)
    assert told.email == "ana@example.com"
    made = asked(create_contact("n", name="Zoe", role="Payer"))
    assert isinstance(made, CreateContact)
    assert made.role == "Payer"


def test_nobody_of_that_role() -> None:
    mail = send_email("m", to=deal.contact_as("payer"), subject="S", text="T")
    to_buyer = send_email("m", to=deal.contact_as("buyer"), subject="S", text="T")
    with pytest.raises(NobodyThere, match="the deal has no contact as payer"):
        asked(mail)
    with pytest.raises(NobodyThere, match="the deal's contact as buyer has no e-mail address"):
        asked(to_buyer, contact_roles=(ContactRole("7", "buyer"),))
    with pytest.raises(NothingToDo, match="nobody to match it with"):
        asked(send_conversion("c", event="Lead", to=deal.contact_as("payer")))


class Own(DealFields):
    billing = Email("Billing")


class Clinic(Pipeline, key="clinic"):
    """A pipeline whose deals have an address of their own."""

    incoming = Incoming()
    won = Won("Treated")
    lost = Lost("Gone", reasons=["Price"])


def test_an_own_field_that_is_an_address_is_copied_to_and_answered() -> None:
    """It was refused as no text; only `Text` fields were taken."""
    billing = Own().billing
    mail = send_email("m", to=Own().main_contact, subject="S", text="T", cc=[billing], reply_to=billing)
    rule = Automation(key="rule", on=deal_created(), again=every_event(), do=[mail])
    company = Account("acme", zone="UTC", country="US", pipelines=[Clinic], automations=[rule], deal_fields=Own)
    stands = a_deal(Clinic.incoming, contact=a_contact(email="ana@example.com"), custom={"billing": "pay@acme.example"})
    (sent,) = rehearse(company, "rule", stands).emails
    assert (sent.cc, sent.reply_to) == (("pay@acme.example",), "pay@acme.example")
