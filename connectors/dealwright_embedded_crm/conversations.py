"""Reads conversations: the messages of one contact, and whose conversation was active last."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select

from dealwright.model.crm import Contact
from dealwright.model.messages import Message, MessageButton
from dealwright_embedded_crm import reads, schema
from dealwright_embedded_crm.paging import Order, Page, one_page
from dealwright_embedded_crm.values import Refusal, shown

_SEARCHED: Final = 200
"""How many of a contact's newest messages are searched for a button that was pressed."""

_table = schema.messages.c
_decode_buttons = msgspec.json.Decoder(tuple[MessageButton, ...]).decode


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What was said between us and one contact: how many messages, and the last of them."""

    contact: Contact
    messages: int
    last: Message


def message_by_id(connection: Connection, message_id: str) -> Message | None:
    """Return a message, or None."""
    number = reads.number(message_id)
    row = None if number is None else connection.execute(select(schema.messages).where(_table.id == number)).first()
    return None if row is None else _message(row)


def newest_out(connection: Connection, contact_id: str) -> list[Message]:
    """Return what was last written to a contact, the newest first."""
    query = select(schema.messages).where(_table.contact_id == int(contact_id), _table.direction == "out")
    rows = connection.execute(query.order_by(_table.id.desc()).limit(_SEARCHED))
    return [_message(row) for row in rows]


def page_of_messages(connection: Connection, contact_id: str, after: str | None, limit: int) -> Page[Message]:
    """Return one page of a contact's conversation, oldest first.

    Raises:
        Refusal: there is no such contact, or the cursor cannot be used.
    """
    contact = reads.contacts_by_id(connection, [contact_id]).get(contact_id)
    if contact is None:
        raise Refusal("unknown_contact", f"there is no contact {shown(contact_id)}")
    query = select(schema.messages).where(_table.contact_id == int(contact.id))
    rows, further = one_page(connection, query, [Order(_table.id, int)], "messages", after, limit)
    return Page(items=tuple(_message(row) for row in rows), next=further)


def page_of_conversations(connection: Connection, after: str | None, limit: int) -> Page[Conversation]:
    """Return one page of conversations, the one that was active last first.

    Raises:
        Refusal: the cursor cannot be used.
    """
    of = (
        select(_table.contact_id, func.max(_table.id).label("newest"), func.count().label("many"))
        .group_by(_table.contact_id)
        .subquery()
    )
    query = select(schema.messages, of.c.many).join(of, of.c.newest == _table.id)
    rows, further = one_page(connection, query, [Order(_table.id, int, True)], "conversations", after, limit)
    contacts = reads.contacts_by_id(connection, [str(row.contact_id) for row in rows])
    return Page(
        items=tuple(
            Conversation(contact=contacts[str(row.contact_id)], messages=row.many, last=_message(row)) for row in rows
        ),
        next=further,
    )


def _message(row: Row[Any]) -> Message:
    return Message(
        id=str(row.id),
        contact_id=str(row.contact_id),
        direction=row.direction,
        text=row.text,
        at=row.at,
        author=row.author,
        deal_id=None if row.deal_id is None else str(row.deal_id),
        button=row.button,
        reply_to=None if row.reply_to is None else str(row.reply_to),
        template=row.template,
        language=row.language,
        buttons=_decode_buttons(row.buttons),
    )
