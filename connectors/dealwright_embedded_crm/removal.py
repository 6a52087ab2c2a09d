"""What is deleted, for ever: deals with what stands around them, and contacts that are on no deal."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from dealwright_embedded_crm import lookups, reads, schema
from dealwright_embedded_crm.change import Change
from dealwright_embedded_crm.values import Refusal


def delete_deals(change: Change, ids: Sequence[str]) -> int:
    """Delete loaded deals with their links, records, tasks, notes and activities; return how many.

    Their events stay in the outbox until they are taken. No event tells of the deletion: whoever reads the deal next
    finds it gone.

    Raises:
        Refusal: one of them is not there; nothing is deleted then.
    """
    for deal_id in ids:
        change.deal(deal_id)
    remove_deals(change, ids)
    return len(ids)


def remove_deals(change: Change, ids: Sequence[str]) -> None:
    """Delete deals that are there."""
    change.flush()
    for some in reads.chunks([int(each) for each in ids]):
        for table in (schema.deal_contacts, schema.records, schema.tasks, schema.notes, schema.activities):
            change.connection.execute(delete(table).where(table.c.deal_id.in_(some)))
        change.connection.execute(delete(schema.deals).where(schema.deals.c.id.in_(some)))
    lookups.forget_deals(change.connection, ids)


def delete_contact(change: Change, contact_id: str) -> None:
    """Delete a loaded contact with its conversation; activities with it stay, without it.

    Raises:
        Refusal: it is not there, or on a deal.
    """
    contact = change.contact(contact_id)
    number = int(contact.id)
    links = schema.deal_contacts.c
    query = select(func.count()).select_from(schema.deal_contacts).where(links.contact_id == number)
    deals = change.connection.execute(query).scalar_one()
    if deals:
        on = "1 deal" if deals == 1 else f"{deals:,} deals"
        raise Refusal("in_use", f"contact {contact.id} is on {on}; take it off, or merge it into another")
    activities = schema.activities
    change.connection.execute(update(activities).where(activities.c.contact_id == number).values(contact_id=None))
    change.connection.execute(delete(schema.messages).where(schema.messages.c.contact_id == number))
    change.connection.execute(delete(schema.contacts).where(schema.contacts.c.id == number))
    lookups.forget_contact(change.connection, number)
