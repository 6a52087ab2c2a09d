"""A company's own fields of contacts: on the main one, on the event's, on whom a message goes to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    CompanyFields,
    ContactFields,
    DealFields,
    Incoming,
    Lost,
    Money,
    Number,
    Pipeline,
    Text,
    Won,
    contact_updated,
    create_contact,
    deal_created,
    deal_updated,
    event,
    hours,
    once,
    person,
    send_email,
    set_task,
    update_contact,
    update_deal,
)
from dealwright.errors import DefinitionError
from dealwright.model.crm import Contact
from dealwright.model.custom import Custom, TextHeld, held
from dealwright.model.requests import CreateContact, SendEmail, UpdateContact
from dealwright.testing import a_deal, changed, compiled_account, rehearse


class ClinicContact(ContactFields):
    guardian_of = Text("Tutor of")
    insured_by = Choice("Insurance", ["public", "private"])


class Firm(CompanyFields):
    vat_id, credit_limit = Text("VAT id"), Money("Credit limit")


class ClinicDeal(DealFields):
    contact: ClinicContact = ClinicContact()
    company: Firm = Firm()
    visits = Number("Visits")


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Bought")
    lost = Lost("Lost")


deal = ClinicDeal()
TASK = set_task("tell", text="{{ deal.main_contact.guardian_of or 'nobody' }}", due=hours(1))


def account(*do, on=None, when=(), fields=ClinicDeal):
    rule = Automation(key="rule", on=on or deal_created(), when=when, again=once(per=person), do=list(do))
    return Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule], deal_fields=fields
    )


def mother(**custom):
    customs = tuple(Custom(key, held(value)) for key, value in custom.items())
    return Contact(id="7", name="Eva", email="eva@example.com", **({"custom": customs} if customs else {}))


def told(*do, contact, **more):
    return rehearse(account(*do, **more), "rule", a_deal(Sales.incoming, contact=contact))


@pytest.mark.parametrize(
    ("when", "custom", "acts"),
    [
        (deal.main_contact.guardian_of == "Bo", {"guardian_of": "Bo"}, True),
        (deal.main_contact.guardian_of == "Bo", {}, False),
        (deal.main_contact.guardian_of.is_unset(), {}, True),
        (deal.main_contact.insured_by.is_in("public"), {"insured_by": "public"}, True),
        (deal.main_contact.insured_by != "public", {"insured_by": "private"}, True),
    ],
)
def test_conditions_see_them(when, custom, acts):
    assert bool(told(TASK, contact=mother(**custom), when=[when]).tasks) is acts


def test_texts_name_them_set_or_not():
    assert told(TASK, contact=mother(guardian_of="Bo")).tasks == ["Bo"]
    assert told(TASK, contact=mother()).tasks == ["nobody"]
    looped = set_task("tell", text="{% if deal.main_contact.guardian_of %}yes{% else %}no{% endif %}", due=hours(1))
    assert told(looped, contact=mother(guardian_of="Bo")).tasks == ["yes"]
    assert told(looped, contact=mother()).tasks == ["no"]


def test_a_message_names_those_of_whom_it_goes_to():
    mail = send_email("mail", to=deal.main_contact, subject="About {{ contact.guardian_of }}", text="Hello")
    (sent,) = told(mail, contact=mother(guardian_of="Bo")).requests
    assert isinstance(sent, SendEmail)
    assert sent.subject == "About Bo"


def test_steps_set_them_and_clear_them():
    update = update_contact("note", deal.main_contact, guardian_of="{{ deal.title }}", insured_by=None, name="Ewa")
    (sent,) = told(update, contact=mother()).requests
    assert isinstance(sent, UpdateContact)
    assert sent.changes.custom == (Custom("guardian_of", TextHeld("Forty chairs")), Custom("insured_by", None))
    assert sent.changes.name == "Ewa"
    (made,) = told(create_contact("new", guardian_of=deal.title), contact=mother()).requests
    assert isinstance(made, CreateContact)
    assert made.custom == (Custom("guardian_of", TextHeld("Forty chairs")),)


def test_a_field_that_is_unset_changes_nothing():
    update = update_contact("note", deal.main_contact, guardian_of=deal.reference)
    assert told(update, contact=mother(guardian_of="Bo")).requests == []
    assert told(create_contact("new", guardian_of=deal.reference), contact=mother()).requests == []


def test_the_contact_of_the_event_has_them_too():
    theirs = ClinicContact(event.contact)
    rules = account(
        set_task("tell", text="{{ event.contact.guardian_of }}", due=hours(1)),
        on=contact_updated(fields=[deal.main_contact.guardian_of]),
        when=[theirs.guardian_of.is_set()],
    )
    (rule,) = compiled_account(rules).automations
    assert rule.on.fields == ("guardian_of",)
    assert rule.when.field.path == "event.contact.guardian_of"


def test_the_deal_before_the_event_has_its_own_fields():
    before, after = (a_deal(Sales.incoming, custom={"visits": Decimal(n)}) for n in (1, 2))
    rules = account(
        set_task("tell", text="{{ event.before.visits }}", due=hours(1)),
        on=deal_updated(fields=[deal.visits]),
        when=[ClinicDeal(event.before).visits < 2],
    )
    assert rehearse(rules, "rule", after, event=changed(before, after)).tasks == ["1"]


@pytest.mark.parametrize(
    "step",
    [
        update_contact("a", deal.main_contact, guardian="Bo"),
        update_contact("a", deal.main_contact, insured_by="pulbic"),
        create_contact("a", insured_by=deal.visits),
        set_task("a", text="{{ deal.main_contact.guardian }}", due=hours(1)),
        set_task("a", text="{{ contact.guardian_of }}", due=hours(1)),
        update_deal("a", guardian_of="Bo"),
    ],
)
def test_slips_are_told(step):
    with pytest.raises(DefinitionError, match=r"DW203|DW302"):
        compiled_account(account(step))


def test_classes_say_what_contacts_and_companies_have():
    assert repr(deal.company) == "<text field deal.company>"
    assert repr(deal.company.credit_limit) == "<money field deal.company.credit_limit>"
    given = DealFields(contact=ClinicContact(), company=Firm())
    assert given.main_contact.guardian_of._path == "deal.main_contact.guardian_of"  # type: ignore[attr-defined]
    found = compiled_account(account(TASK, fields=given))
    assert [each.key for each in found.contact_fields] == ["guardian_of", "insured_by"]
    assert [each.key for each in found.company_fields] == ["vat_id", "credit_limit"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DealFields(contact=ClinicContact), "parentheses"),
        (lambda: DealFields(company=ClinicContact()), "company=CompanyFields()"),
        (lambda: type("D", (DealFields,), {"contact": ClinicContact}), "ClinicContact()"),
        (lambda: type("D", (ContactFields,), {"email": Text("E")}), "another name"),
        (lambda: ClinicDeal.visits, "deal = ClinicDeal()"),
        (lambda: ClinicContact(deal), "event.contact"),
    ],
)
def test_what_is_none_is_refused_with_advice(make, says):
    with pytest.raises(DefinitionError) as slip:
        make()
    assert says in slip.value.hint
