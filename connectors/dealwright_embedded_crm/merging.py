"""Two records that are one: what stood around the absorbed one moves to the kept one, and its id stays answerable."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import and_, delete, exists, insert, select, update

from dealwright.model.crm import Contact, Deal
from dealwright.model.custom import Custom, Customs, held_in, merged
from dealwright_embedded_crm import lookups, schema
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.removal import remove_deals
from dealwright_embedded_crm.values import MOST_CONTACTS, Refusal


def merge_contacts(change: Change, kept: str, absorbed: str, origin: Origin) -> Contact:
    """Make two loaded contacts one; blanks of the kept one are filled, and one event tells it.

    A deal that had both has the kept one, at the better place of the two. The deals' versions do not grow: what they
    say is the same, and a contact can be on very many of them.

    Raises:
        Refusal: one of them is not there, or they are one already.
    """
    before, other = change.contact(kept), change.contact(absorbed)
    if before.id == other.id:
        raise Refusal("same_contact", f"contact {before.id} cannot be merged with itself")
    _move_links(change, int(before.id), int(other.id))
    activities = schema.activities
    change.connection.execute(
        update(activities).where(activities.c.contact_id == int(other.id)).values(contact_id=int(before.id))
    )
    messages = schema.messages
    change.connection.execute(
        update(messages).where(messages.c.contact_id == int(other.id)).values(contact_id=int(before.id))
    )
    change.connection.execute(delete(schema.contacts).where(schema.contacts.c.id == int(other.id)))
    lookups.forget_contact(change.connection, int(other.id))
    remember(change, "contact", int(before.id), int(other.id))
    blank: dict[str, Any] = {
        name: value for name, value in asdict(other).items() if value and getattr(before, name) is None
    }
    own = _missing(before.custom, other.custom)
    after = replace(before, **blank, custom=merged(before.custom, own))
    change.renew(after)
    change.forget_open_deals()
    change.tell_contact(origin, before, after, (*blank, *(each.key for each in own)), absorbed=(other,))
    return after


def merge_deals(change: Change, kept: str, absorbed: str, origin: Origin) -> Deal:
    """Make two loaded deals one: contacts, records, tasks, notes and activities move, the absorbed one is gone.

    What the kept deal says stays as it is; only of the company's own fields it takes those that it has no value of.

    Raises:
        Refusal: one of them is not there, they are one already, or they have too many contacts together.
    """
    before, other = change.deal(kept), change.deal(absorbed)
    if before.id == other.id:
        raise Refusal("same_deal", f"deal {before.id} cannot be merged with itself")
    together = {contact.id for contact in (*before.contacts, *other.contacts)}
    if len(together) > MOST_CONTACTS:
        raise Refusal("bad_contacts", f"they have {len(together)} contacts together; {MOST_CONTACTS} are the most")
    change.load(contacts=[contact.id for contact in other.contacts])
    for contact in other.contacts:
        change.link(before.id, contact.id, origin, role=other.role_of(contact.id))
    change.fill(before.id, _missing(before.custom, other.custom), origin)
    change.move_records(before.id, other.id, origin)
    for table in (schema.tasks, schema.notes, schema.activities):
        change.connection.execute(update(table).where(table.c.deal_id == int(other.id)).values(deal_id=int(before.id)))
    messages = schema.messages
    change.connection.execute(
        update(messages).where(messages.c.deal_id == int(other.id)).values(deal_id=int(before.id))
    )
    remove_deals(change, [other.id])
    remember(change, "deal", int(before.id), int(other.id))
    return change.deal(before.id)


def _missing(kept: Customs, absorbed: Customs) -> tuple[Custom, ...]:
    return tuple(each for each in absorbed or () if held_in(kept, each.key) is None)


def _move_links(change: Change, kept: int, absorbed: int) -> None:
    links = schema.deal_contacts
    twin = links.alias()

    def has(contact: int, *more: Any) -> Any:
        return exists(select(1).where(and_(twin.c.deal_id == links.c.deal_id, twin.c.contact_id == contact, *more)))

    # What the one is on a deal the other is too, if it was nothing in particular.
    role = select(twin.c.role).where(
        twin.c.deal_id == links.c.deal_id,
        twin.c.contact_id.in_((kept, absorbed)),
        twin.c.contact_id != links.c.contact_id,
    )
    ours = links.c.contact_id.in_((kept, absorbed))
    change.connection.execute(update(links).where(ours, links.c.role.is_(None)).values(role=role.scalar_subquery()))
    # Of two links of one deal the better placed stays, so that a main contact stays the main contact.
    worse = delete(links).where(links.c.contact_id == kept, has(absorbed, twin.c.position < links.c.position))
    change.connection.execute(worse)
    change.connection.execute(delete(links).where(links.c.contact_id == absorbed, has(kept)))
    change.connection.execute(update(links).where(links.c.contact_id == absorbed).values(contact_id=kept))


def remember(change: Change, kind: str, kept: int, absorbed: int) -> None:
    """Keep what was merged into what; what was merged into the absorbed one is the kept one now too."""
    table = schema.merges
    change.connection.execute(update(table).where(table.c.kind == kind, table.c.kept == absorbed).values(kept=kept))
    row = {"kind": kind, "absorbed": absorbed, "kept": kept, "at": change.now}
    change.connection.execute(insert(table), [row])
