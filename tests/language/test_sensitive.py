"""Sensitive fields: they are asked, written and told to customers, and never told outside unless that is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    ContactFields,
    DealFields,
    Incoming,
    Lost,
    Money,
    Number,
    Pipeline,
    Text,
    Won,
    branch,
    case,
    create_contact,
    create_deal,
    deal_created,
    event,
    every_event,
    hours,
    lookup,
    notify,
    points,
    send_conversion,
    send_email,
    send_event,
    set_task,
    stop,
    update_contact,
    update_deal,
)
from dealwright.compile import ir
from dealwright.compile.lower import draft, lower
from dealwright.engine.facts import Facts, View
from dealwright.engine.records import Progress
from dealwright.engine.render import intent
from dealwright.engine.render_values import Unrenderable
from dealwright.errors import DefinitionError
from dealwright.model.crm import Contact
from dealwright.model.custom import Custom, held
from dealwright.testing import MONDAY, a_deal, compiled_account, created, rehearse

SECRET = "implant"


class Patient(ContactFields):
    allergy = Text("Allergy", sensitive=True)
    nickname = Text("Nickname")


class ClinicDeal(DealFields):
    contact: Patient = Patient()
    treatment = Choice("Treatment", ["cleaning", SECRET], sensitive=True)
    diagnosis = Text("Diagnosis", sensitive=True)
    dentist = Text("Doctor")
    risk = Number("Risk", sensitive=True)


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Bought")
    lost = Lost("Lost")


deal = ClinicDeal()


def account(*do, when=()):
    rule = Automation(key="rule", on=deal_created(), when=when, again=every_event(), do=list(do))
    return Account(
        "acme",
        zone="UTC",
        country="US",
        currency="USD",
        pipelines=[Sales],
        automations=[rule],
        deal_fields=ClinicDeal,
    )


LEAKS = [
    send_event("x", to="erp", with_={"what": deal.treatment}),
    send_event("x", to="erp", with_={"what": "{{ deal.treatment }}"}),
    send_event("x", to="erp", with_={"what": "{% if deal.dentist %}{{ deal.diagnosis | upper }}{% endif %}"}),
    send_event("x", to="erp", with_={"what": deal.main_contact.allergy}),
    send_event("x", to="erp", with_={"what": "{{ deal.main_contact.allergy or deal.title }}"}),
    send_event("x", to="erp", with_={"what": deal.contact_as("payer").allergy}),
    send_event("x", to="erp", with_={"what": deal.diagnosis}, reveals=[deal.treatment]),
    send_conversion("x", event="Lead", value=deal.risk * Money("1", "EUR")),
    send_conversion("x", event="Lead", lead_id=deal.diagnosis),
    send_conversion("x", event="Lead", with_={"what": "{{ deal.treatment }}"}),
    send_conversion("x", event="Lead", with_={"risky": points((1, deal.treatment == SECRET))}),
    lookup("x", at="erp:/x", ask={"what": deal.treatment}, gives={"ok": bool}, on_error=[stop()]),
    update_deal("x", dentist=deal.diagnosis),
    update_deal("x", title="{{ deal.title }} ({{ deal.treatment }})"),
    update_deal("x", reference=deal.diagnosis),
    create_deal("x", in_=Sales.incoming, title="{{ deal.treatment }}"),
    create_deal("x", in_=Sales.incoming, title="T", dentist=deal.diagnosis),
    update_contact("x", deal.main_contact, nickname=deal.diagnosis),
    create_contact("x", last_name="{{ deal.main_contact.allergy }}"),
]

FINE = [
    send_event("x", to="erp", with_={"who": deal.dentist, "contact": deal.main_contact.nickname}),
    send_event("x", to="erp", with_={"what": deal.treatment}, reveals=[deal.treatment]),
    send_event("x", to="erp", with_={"what": "{{ deal.treatment }}"}, reveals=[deal.treatment]),
    lookup(
        "x", at="erp:/x", ask={"w": deal.treatment}, gives={"ok": bool}, reveals=[deal.treatment], on_error=[stop()]
    ),
    branch("x", case(deal.treatment == SECRET, send_conversion("y", event="Lead", value=5))),
    set_task("x", text="Prepare for {{ deal.treatment }}", due=hours(1)),
    notify("x", who=deal.owner, text="{{ deal.diagnosis }}"),
    send_email("x", to=deal.main_contact, subject="Yours", text="About {{ deal.treatment }}, {{ contact.allergy }}"),
    update_deal("x", diagnosis="{{ deal.treatment }}", dentist="Ana"),
    create_deal("x", in_=Sales.incoming, title="T", treatment=deal.treatment),
    update_contact("x", deal.main_contact, allergy=deal.diagnosis),
]


def found(step):
    _, findings = lower(account(step), Path())
    return [each for each in findings if each.code == "DW231"]


@pytest.mark.parametrize("step", LEAKS, ids=lambda step: f"{step.kind}-{step.origin.line}")
def test_what_would_leave_is_told_at_its_line_and_is_not_compiled(step):
    (told,) = found(step)
    assert (Path(told.path).name, told.line) == ("test_sensitive.py", step.origin.line)
    assert told.hint
    with pytest.raises(DefinitionError, match="DW231"):
        compiled_account(account(step))


@pytest.mark.parametrize("step", FINE, ids=lambda step: f"{step.kind}-{step.origin.line}")
def test_inside_the_company_and_to_the_customer_nothing_stands_in_the_way(step):
    assert found(step) == []


def test_the_deal_before_and_the_contact_of_the_event_are_followed_too():
    before = ClinicDeal(event.before).treatment
    assert len(found(send_event("x", to="erp", with_={"a": before, "b": Patient(event.contact).allergy}))) == 2


def test_what_is_revealed_is_a_sensitive_field():
    with pytest.raises(DefinitionError, match="reveals"):
        send_event("x", to="erp", with_={}, reveals=["treatment"])
    with pytest.raises(DefinitionError, match="not sensitive"):
        send_event("x", to="erp", with_={}, reveals=[deal.dentist])


def sick():
    custom = {"treatment": SECRET, "diagnosis": "caries", "risk": Decimal(3)}
    patient = Contact(id="1", name="Eva", email="eva@example.com", custom=(Custom("allergy", held("latex")),))
    return a_deal(Sales.incoming, custom=custom, contact=patient)


OUTGOING = [step for step in LEAKS if step.kind in ("send_event", "send_conversion", "lookup")]


@pytest.mark.parametrize("step", OUTGOING, ids=lambda step: f"{step.kind}-{step.origin.line}")
def test_a_step_that_came_round_the_check_is_not_carried_out(step):
    """As one would be in which somebody has edited a release."""
    compiled, _ = draft(account(step), Path())
    (node,) = compiled.automations[0].do
    view = View(compiled, Facts(deal=sick(), event=created(sick()), as_of=MONDAY, since_turn=0), Progress())
    with pytest.raises(Unrenderable, match="sensitive") as told:
        intent(node, view, MONDAY)
    assert not any(secret in str(told.value) for secret in (SECRET, "caries", "latex"))


def test_the_trace_tells_that_they_are_set_and_not_what_they_hold():
    rules = account(
        set_task("x", text="Look", due=hours(1)),
        when=[deal.treatment == SECRET, deal.main_contact.allergy.is_set(), deal.dentist.is_unset()],
    )
    told = rehearse(rules, "rule", sick())
    assert told.tasks == ["Look"]
    lines = [line for part in told.rehearsal.parts for line in part.trace]
    assert [line.values["deal.treatment"] for line in lines if "deal.treatment" in line.values] == ["set, sensitive"]
    assert [line.values["deal.dentist"] for line in lines if "deal.dentist" in line.values] == ["unset"]
    shown = msgspec.json.encode([line.values for line in lines]).decode()
    assert "latex" not in shown and SECRET not in shown


def test_every_step_that_leaves_the_company_is_judged():
    """A step that is new must say whether it tells anything outside: then it is added here and in compile/sensitive."""
    inside = {
        "create_deal", "update_deal", "move_deal", "move_back", "set_task", "change_tags", "complete_tasks", "add_note",
        "notify",
        "create_contact", "update_contact", "update_company", "create_record", "update_record", "remove_record",
        "send_email", "send_message", "ask", "mute", "wait",
        "wait_for", "wait_until", "stop", "branch",
    }  # fmt: skip
    outside = {"send_event", "send_conversion", "lookup"}
    known = {kind.__struct_config__.tag for kind in ir.Step.__args__}
    assert known - inside == outside
