"""A field with a new name: what is held under an old one is read, compared, watched and written under the new one."""

from __future__ import annotations

import pytest

from dealwright import (
    Account,
    Automation,
    ContactFields,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Text,
    Won,
    contact_updated,
    deal_created,
    deal_updated,
    every_event,
    hours,
    set_task,
    update_contact,
    update_deal,
)
from dealwright.engine.records import ToRoute
from dealwright.engine.route import route
from dealwright.model.crm import Contact
from dealwright.model.custom import Custom, held
from dealwright.model.events import ContactUpdated
from dealwright.testing import MONDAY, a_deal, changed, compiled_account, rehearse


class Patient(ContactFields):
    guardian = Text("Guardian", renamed_from="tutor")


class ClinicDeal(DealFields):
    contact: Patient = Patient()
    dentist = Text("Doctor", renamed_from=["doctor", "physician"])
    room = Text("Room")


deal = ClinicDeal()


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Bought")
    lost = Lost("Lost")


TASK = set_task("tell", text="{{ deal.dentist or 'nobody' }}", due=hours(1))


def account(*do, on=None, when=()):
    rule = Automation(key="rule", on=on or deal_created(), when=when, again=every_event(), do=list(do))
    return Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[rule], deal_fields=ClinicDeal)


def told(*do, when=(), contact=None, **custom):
    return rehearse(account(*do, when=when), "rule", a_deal(Sales.incoming, custom=custom, contact=contact))


@pytest.mark.parametrize(
    ("custom", "text"),
    [
        ({"doctor": "Ana"}, "Ana"),
        ({"physician": "Bo"}, "Bo"),
        ({"doctor": "Ana", "physician": "Bo"}, "Ana"),
        ({"dentist": "Cy", "doctor": "Ana"}, "Cy"),
        ({"room": "Ana"}, "nobody"),
        ({}, "nobody"),
    ],
)
def test_it_is_read_under_the_new_name_the_latest_first(custom, text):
    assert told(TASK, **custom).tasks == [text]
    assert bool(told(TASK, when=[deal.dentist == text], **custom).tasks) is (text != "nobody")


def test_what_is_written_clears_the_old_ones():
    (sent,) = told(update_deal("set", dentist="Cy", room="3"), doctor="Ana", physician="Bo").requests
    assert sent.changes.custom == (
        Custom("dentist", held("Cy")),
        Custom("room", held("3")),
        Custom("doctor", None),
        Custom("physician", None),
    )
    (sent,) = told(update_deal("set", dentist=None), doctor="Ana").requests
    assert sent.changes.custom == (Custom("dentist", None), Custom("doctor", None))
    (sent,) = told(update_deal("set", room="3"), doctor="Ana").requests
    assert sent.changes.custom == (Custom("room", held("3")),)


def test_later_steps_see_what_was_written():
    assert told(update_deal("set", dentist="Cy"), TASK, doctor="Ana").tasks == ["Cy"]
    assert told(update_deal("set", dentist=None), TASK, doctor="Ana").tasks == ["nobody"]


def test_contacts_too():
    eva = Contact(id="7", name="Eva", custom=(Custom("tutor", held("Bo")),))
    step = set_task("tell", text="{{ deal.main_contact.guardian }}", due=hours(1))
    assert told(step, contact=eva).tasks == ["Bo"]
    (sent,) = told(update_contact("set", deal.main_contact, guardian="Cy"), contact=eva).requests
    assert sent.changes.custom == (Custom("guardian", held("Cy")), Custom("tutor", None))


def test_an_event_that_is_older_than_the_rename_answers_the_rule_that_watches_the_new_name():
    rules = compiled_account(account(TASK, on=deal_updated(fields=[deal.dentist])))
    before, after = a_deal(Sales.incoming, custom={"doctor": "Ana"}), a_deal(Sales.incoming, custom={"doctor": "Bo"})
    (routed,) = route(rules, [ToRoute(id=1, event=changed(before, after))])
    assert routed.automation == "rule"
    other = changed(before, a_deal(Sales.incoming, custom={"doctor": "Ana", "room": "3"}))
    assert route(rules, [ToRoute(id=2, event=other)]) == []


def test_of_contacts_as_well():
    rules = compiled_account(account(TASK, on=contact_updated(fields=[deal.main_contact.guardian])))
    eva = Contact(id="7", name="Eva")
    event = ContactUpdated(
        source_id="e",
        occurred_at=MONDAY,
        actor="user:1",
        contact=eva,
        changed=("tutor",),
        deals=(a_deal(Sales.incoming),),
    )
    assert len(route(rules, [ToRoute(id=1, event=event)])) == 1
