"""What a contact is on a deal: kept, told by the feed, carried along, and refused if it could not be named."""

from __future__ import annotations

import pytest
from crm_world import call, drain, perform

from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import Deal
from dealwright.model.events import ContactAdded, DealUpdated
from dealwright.model.requests import CreateContact, CreateDeal, Sent
from dealwright_embedded_crm import EmbeddedCrm


def deal_of(crm: EmbeddedCrm, *roles: str | None) -> Deal:
    made = crm.create_deal(pipeline="sales", stage="incoming", title="Forty chairs")
    for number, role in enumerate(roles):
        made = crm.add_contact(made.id, crm.create_contact(name=f"C{number}").id, role=role)
    return made


def roles(deal: Deal | None) -> dict[str, str]:
    assert deal is not None
    return {contact.name or "": role for contact in deal.contacts if (role := deal.role_of(contact.id))}


def test_a_role_is_kept_told_and_changed(crm: EmbeddedCrm) -> None:
    deal = deal_of(crm, None, "Buyer")
    assert roles(crm.deal(deal.id)) == {"C1": "Buyer"}
    added = [event for event in drain(crm) if isinstance(event, ContactAdded)][-1]
    assert added.after.contact_as("buyer") == deal.contacts[1]
    first, second = (contact.id for contact in deal.contacts)
    changed = crm.set_contact_role(deal.id, first, " accounts\tpayable ")
    assert roles(crm.deal(deal.id)) == {"C0": "accounts payable", "C1": "Buyer"}
    assert changed.version == deal.version + 1
    assert crm.set_contact_role(deal.id, first, "accounts payable").version == changed.version
    (told,) = drain(crm)
    assert isinstance(told, DealUpdated)
    assert told.changed == ("contact_roles",)
    assert told.before is not None
    assert (told.before.role_of(first), told.after.role_of(first)) == (None, "accounts payable")
    crm.add_contact(deal.id, second, role="payer")
    assert roles(crm.deal(deal.id))["C1"] == "payer"
    crm.set_contact_role(deal.id, second, None)
    crm.remove_contact(deal.id, first)
    after = crm.deal(deal.id)
    assert roles(after) == {}
    crm.add_contact(deal.id, first)
    assert roles(crm.deal(deal.id)) == {}


def test_clones_merges_and_renewals_carry_it_along(crm: EmbeddedCrm) -> None:
    deal = deal_of(crm, "buyer", "payer")
    assert roles(crm.clone_deal(deal.id)) == {"C0": "buyer", "C1": "payer"}
    other = deal_of(crm, "engineer")
    merged = crm.merge_deals(deal.id, other.id)
    assert sorted(each.role for each in merged.contact_roles or ()) == ["buyer", "engineer", "payer"]
    crm.update_contact(deal.contacts[0].id, name="Bo")
    assert roles(crm.deal(deal.id))["Bo"] == "buyer"
    outcome = perform(crm, call("1", CreateContact(deal_id=deal.id, name="New", role="Lawyer")))
    assert isinstance(outcome[0], Sent)
    assert roles(crm.deal(deal.id))["New"] == "Lawyer"
    now = crm.deal(deal.id)
    assert now is not None
    wanted = CreateDeal(
        pipeline="sales", stage="incoming", title="Next", contacts=tuple(each.id for each in now.contacts),
        contact_roles=now.contact_roles,
    )  # fmt: skip
    (made,) = perform(crm, call("2", wanted))
    assert isinstance(made, Sent)
    assert roles(crm.deal(str(made.receipt["deal_id"]))) == roles(now)


@pytest.mark.parametrize("kept", [0, 1])
def test_of_two_contacts_that_are_one_the_role_stays(crm: EmbeddedCrm, kept: int) -> None:
    deal = deal_of(crm, None, "payer")
    ids = [contact.id for contact in deal.contacts]
    crm.merge_contacts(ids[kept], ids[1 - kept])
    after = crm.deal(deal.id)
    assert after is not None
    assert [after.role_of(contact.id) for contact in after.contacts] == ["payer"]


def test_what_cannot_be_named_is_refused(crm: EmbeddedCrm) -> None:
    deal = deal_of(crm, None)
    contact = deal.contacts[0].id
    for bad in ("2nd", "x" * 61, "\u202e", "***"):
        with pytest.raises(Rejected, match="begins with a letter"):
            crm.set_contact_role(deal.id, contact, bad)
    with pytest.raises(NotFound, match="is not on deal"):
        crm.set_contact_role(deal.id, crm.create_contact(name="X").id, "payer")
    assert crm.deal(deal.id) == deal
