"""What happens when people change, and when a renewal comes up. Run: pytest pipeline_defs."""

from __future__ import annotations

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.tests.people import MARIA, MONDAY_MORNING, NAMELESS, SATURDAY_NIGHT, UNREACHABLE

from dealwright import Stage
from dealwright.model.events import ContactUpdated
from dealwright.testing import MONDAY, a_contact, a_deal, changed, created, rehearse


def test_when_the_last_contact_leaves_somebody_looks_for_another() -> None:
    deal = a_deal(NewBusiness.met, contact=MARIA)
    told = rehearse(acme, "contact-left", deal, contact=MARIA, at=SATURDAY_NIGHT)
    assert told.acts == ["find-another"]
    assert told.tasks == ["Maria Silva is off Forty chairs: find somebody else"]
    assert told.due == ["Tue 12 May 09:00"]
    assert told.again == "every time"


def test_a_contact_without_a_name_leaves_as_well_and_a_renewal_too() -> None:
    told = rehearse(acme, "contact-left", a_deal(Renewals.offered, contact=NAMELESS), contact=NAMELESS)
    assert told.tasks == ["The contact is off Forty chairs: find somebody else"]


def test_when_another_contact_stays_nobody_is_looked_for() -> None:
    deal = a_deal(NewBusiness.met, contacts=[MARIA, a_contact("Joao", phone="1", id="2")])
    assert rehearse(acme, "contact-left", deal, contact=MARIA).acts == []


def test_a_closed_deal_needs_no_contact() -> None:
    assert rehearse(acme, "contact-left", a_deal(NewBusiness.won, contact=MARIA), contact=MARIA).acts == []


@pytest.mark.parametrize("stage", [NewBusiness.quoted, NewBusiness.agreed, Renewals.offered])
def test_papers_that_went_to_an_old_address_are_looked_after(stage: Stage) -> None:
    told = rehearse(acme, "address-changed", a_deal(stage, contact=MARIA), contact=MARIA, at=MONDAY_MORNING)
    assert told.acts == ["make-sure"]
    assert told.tasks == ["Maria Silva has another number or address: make sure that Forty chairs has arrived"]
    assert told.due == ["Mon 11 May 14:00"]
    assert told.again == "every time"


@pytest.mark.parametrize(
    ("contact", "note"),
    [
        (MARIA, "Maria Silva is now reached at (212) 555-0142, maria@example.com"),
        (UNREACHABLE, "Maria Silva is now reached at no number, no e-mail"),
        (NAMELESS, "A contact is now reached at (212) 555-0142, maria@example.com"),
    ],
)
def test_before_there_are_papers_a_new_address_is_noted(contact: object, note: str) -> None:
    told = rehearse(acme, "address-changed", a_deal(NewBusiness.met), contact=contact)  # type: ignore[arg-type]
    assert (told.acts, told.notes) == (["log"], [note])


def test_a_task_about_a_contact_without_a_name_reads_well() -> None:
    told = rehearse(acme, "address-changed", a_deal(NewBusiness.quoted), contact=NAMELESS)
    assert told.tasks == ["A contact has another number or address: make sure that Forty chairs has arrived"]


@pytest.mark.parametrize(("field", "answers"), [("phone", True), ("email", True), ("name", False)])
def test_only_numbers_and_addresses_count(field: str, answers: bool) -> None:
    deal = a_deal(NewBusiness.met, contact=MARIA)
    event = ContactUpdated(
        source_id="test", occurred_at=MONDAY, actor="user:test", contact=MARIA, changed=(field,), deals=(deal,)
    )
    assert rehearse(acme, "address-changed", deal, event=event).answers is answers


def test_a_new_owner_reads_up_and_the_deal_remembers() -> None:
    was, now = a_deal(NewBusiness.met, owner="Ben Ota"), a_deal(NewBusiness.met, owner="Ana Lima")
    told = rehearse(acme, "handed-over", now, event=changed(was, now), at=MONDAY_MORNING)
    assert told.acts == ["read-up", "log"]
    assert told.tasks == ["Read up on Forty chairs; Ben Ota knows it"]
    assert told.due == ["Mon 11 May 14:00"]
    assert told.notes == ["Handed over from Ben Ota to Ana Lima"]
    assert (told.again, told.automation.priority) == ("every time", "bulk")


@pytest.mark.parametrize(
    ("stage", "before", "after"),
    [
        (NewBusiness.met, None, "Ana Lima"),
        (NewBusiness.incoming, "Ben Ota", None),
        (NewBusiness.won, "Ben Ota", "Ana Lima"),
        (Renewals.offered, "Ben Ota", "Ana Lima"),
    ],
    ids=["nobody before", "nobody after", "closed", "a renewal"],
)
def test_other_changes_of_owner_are_no_hand_over(stage: Stage, before: str | None, after: str | None) -> None:
    was, now = a_deal(stage, owner=before), a_deal(stage, owner=after)
    assert rehearse(acme, "handed-over", now, event=changed(was, now)).acts == []


def test_a_renewal_is_planned_on_the_next_working_day() -> None:
    told = rehearse(acme, "plan-renewal", a_deal(Renewals.incoming), at="2026-05-13 10:00")
    assert told.acts == ["plan"]
    assert told.tasks == ["Plan Forty chairs with Ana"]
    assert told.when("plan") == "Thu 14 May 10:00"
    assert told.due == ["Sun 17 May 10:00"]
    assert told.again == "every time"


def test_a_renewal_that_comes_up_on_saturday_waits_for_monday() -> None:
    told = rehearse(acme, "plan-renewal", a_deal(Renewals.incoming), at=SATURDAY_NIGHT)
    assert told.when("plan") == "Tue 12 May 09:00"


def test_a_renewal_without_an_owner_is_planned_as_well() -> None:
    told = rehearse(acme, "plan-renewal", a_deal(Renewals.incoming, owner=None))
    assert told.tasks == ["Plan Forty chairs with its owner"]


def test_a_renewal_that_somebody_works_on_or_new_business_is_not_planned() -> None:
    reviewed = a_deal(Renewals.reviewed)
    assert rehearse(acme, "plan-renewal", reviewed, event=created(reviewed)).acts == []
    deal = a_deal(NewBusiness.incoming)
    assert not rehearse(acme, "plan-renewal", deal, event=created(deal)).answers
