"""What people set in the CRM starts automations by the company's own fields, and what steps set is checked there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from engine_world import Sales, World, account

from dealwright import (
    Automation,
    Choice,
    ContactFields,
    DealFields,
    Text,
    add_tags,
    contact_updated,
    deal_created,
    deal_updated,
    every_event,
    update_deal,
)
from dealwright.errors import Rejected
from dealwright.model.custom import FieldShapes
from dealwright.model.requests import DealChanges


class ClinicContact(ContactFields):
    """A clinic's own fields of contacts."""

    guardian_of = Text("Guardian of")


class ClinicDeal(DealFields):
    """A clinic's own fields of deals."""

    treatment = Choice("Treatment", ["cleaning", "implant"])
    dentist = Text("Doctor")
    contact: ClinicContact = ClinicContact()


deal = ClinicDeal()

CHOSEN = Automation(
    key="chosen",
    on=deal_updated(fields=[deal.treatment]),
    when=[deal.treatment == "implant"],
    again=every_event(),
    do=[add_tags("mark", "implant")],
)
GUARDIAN = Automation(
    key="guardian",
    on=contact_updated(fields=[deal.main_contact.guardian_of]),
    again=every_event(),
    do=[add_tags("mark", "child")],
)
DOCTOR = Automation(
    key="doctor",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[update_deal("doctor", dentist="Dr. No")],
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A clinic."""
    with closing(World(tmp_path, account(CHOSEN, GUARDIAN, DOCTOR))) as made:
        yield made


def test_a_field_that_a_person_sets_starts_what_waits_for_it(world: World) -> None:
    contact = world.crm.create_contact(name="Bo")
    made = world.new_deal(contacts=[contact.id])
    world.crm.update_deal(made.id, DealChanges(custom=world.crm.read_texts("deal", {"dentist": "Dr. Ñandú"})))
    world.work()
    found = world.crm.deal(made.id)
    assert found is not None
    assert found.tags == (), "another field than the one that is waited for"
    world.crm.update_deal(made.id, DealChanges(custom=world.crm.read_texts("deal", {"treatment": "implant"})))
    world.crm.update_contact(contact.id, custom=world.crm.read_texts("contact", {"guardian_of": "Kim"}))
    world.work()
    found = world.crm.deal(made.id)
    assert found is not None
    assert set(found.tags) == {"implant", "child"}
    with pytest.raises(Rejected, match="did you mean 'implant'"):
        world.crm.read_texts("deal", {"treatment": "implnt"})


def test_a_step_that_sets_what_the_crm_does_not_know_fails_with_the_reason(world: World) -> None:
    world.crm.shape([], fields=FieldShapes(), apply=True)
    world.crm.remove_field("deal", "dentist")
    made = world.new_deal()
    world.work()
    found = world.crm.deal(made.id)
    assert found is not None
    assert not found.custom
    history = world.journal.timeline("acme", f"deal:{made.id}")
    assert "unknown_field" in str(history)
