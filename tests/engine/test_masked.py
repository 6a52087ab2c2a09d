"""What a sensitive field holds is shown nowhere: not in what a step writes, and not in what an event tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from engine_world import Sales, World

from dealwright import (
    Account,
    Automation,
    CompanyFields,
    ContactFields,
    DealFields,
    Money,
    Record,
    Text,
    create_record,
    deal_updated,
    every_event,
    update_company,
    update_contact,
    update_deal,
)
from dealwright.engine.masked import HIDDEN, masked
from dealwright.engine.own import own_of
from dealwright.journal.browse import Browse, Filter
from dealwright.journal.browse_show import Shown
from dealwright.model.custom import Custom, TextHeld, held, held_in
from dealwright.model.requests import DealChanges, UpdateDeal
from dealwright.testing import a_contact, a_deal, compiled_account

SECRET = "caries"


class Firm(CompanyFields):
    debt = Text("Debt", sensitive=True)


class Patient(ContactFields):
    allergy = Text("Allergy", sensitive=True)


class Own(DealFields):
    company: Firm = Firm()
    contact: Patient = Patient()
    diagnosis = Text("Diagnosis", sensitive=True, renamed_from="finding")
    dentist = Text("Dentist")
    deposit = Money("Deposit")


class Finding(Record):
    what = Text("What", sensitive=True)


deal = Own()
RULE = Automation(
    key="rule",
    on=deal_updated(fields=[deal.dentist]),
    again=every_event(),
    do=[
        update_deal("write", diagnosis=SECRET, deposit=5),
        update_contact("person", deal.main_contact, allergy=SECRET),
        update_company("firm", debt=SECRET),
        create_record("more", Finding, what=SECRET),
    ],
)
ACME = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[RULE], deal_fields=Own,
    records=[Finding],
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, compiled_account(ACME))
    yield made
    made.close()


def test_neither_history_nor_what_is_shown_of_it_tells_what_a_sensitive_field_holds(world: World) -> None:
    contact = world.crm.create_contact(name="Maria Silva").id
    made = world.crm.create_deal(
        pipeline="sales", stage="quoted", title="Forty chairs", contacts=(contact,), company="Chairs & Co"
    )
    own = (Custom("diagnosis", held(SECRET)), Custom("dentist", held("Bo Ek")))
    world.crm.update_deal(made.id, DealChanges(custom=own))
    world.work()
    own_fields = own_of(world.company)
    stories = tuple(world.journal.timeline("acme", f"deal:{made.id}"))
    kept = msgspec.json.encode(stories).decode()
    told = msgspec.json.encode(masked(stories, own_fields)).decode()
    assert kept.count(SECRET) >= 4
    assert (told.count(SECRET), told.count(HIDDEN)) == (0, kept.count(SECRET))
    shown = Shown(world.journal, own_fields)
    browse = Browse(world.journal.database)
    for line in browse.events(Filter(account="acme"), 50).rows:
        event = shown.event("acme", line.id)
        assert event is not None
        assert SECRET not in msgspec.json.encode(event).decode()
        if line.kind == "deal_updated" and event.cause is None:
            assert [(each.field, each.before, each.after) for each in event.changed] == [
                ("dentist", None, "Bo Ek"),
                ("diagnosis", None, HIDDEN),
            ]
    for effect in browse.effects(Filter(account="acme"), 50).rows:
        assert SECRET not in msgspec.json.encode(shown.effect("acme", effect.key)).decode()
    (execution,) = {effect.execution for effect in browse.effects(Filter(account="acme"), 50).rows}
    assert SECRET not in msgspec.json.encode(shown.execution("acme", execution)).decode()


def test_what_is_cleared_is_cleared_and_what_is_not_sensitive_is_shown() -> None:
    own = own_of(compiled_account(ACME))
    changes = DealChanges(custom=(Custom("dentist", held("Bo Ek")), Custom("diagnosis", None)))
    request = UpdateDeal(deal_id="1", changes=changes, version=1)
    assert masked(request, own) == request
    stood = a_deal(
        Sales.quoted, contact=a_contact(custom={"allergy": SECRET}), custom={"finding": SECRET},
        company_custom={"debt": SECRET},
    )  # fmt: skip
    told = masked(stood, own)
    assert held_in(told.custom, "finding") == TextHeld(HIDDEN)  # under its old name too
    assert held_in(told.contacts[0].custom, "allergy") == TextHeld(HIDDEN)
    assert held_in(told.company_custom, "debt") == TextHeld(HIDDEN)
