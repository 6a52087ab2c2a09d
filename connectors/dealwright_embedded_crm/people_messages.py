"""Conversations as people have them: read, written, and what contacts answer."""

from __future__ import annotations

from dealwright.model.messages import Message
from dealwright.model.requests import SendMessage
from dealwright_embedded_crm import conversations
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.change_messages import CHANNEL
from dealwright_embedded_crm.conversations import Conversation
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals


class Conversations(Base):
    """What people do in conversations."""

    def write_message(
        self, contact_id: str, text: str, *, deal_id: str | None = None, actor: str = SOMEBODY
    ) -> Message:
        """Write to a contact; `deal_id` is the deal it is about."""
        wanted = SendMessage(deal_id=deal_id or "", contact_id=contact_id, via=CHANNEL, text=text)

        def act(change: Change) -> Message:
            if deal_id is not None:
                change.deal(deal_id)
            return change.write(wanted, Origin(actor=actor))

        return self._do(act, deals=[] if deal_id is None else [deal_id], contacts=[contact_id])

    def receive_message(
        self,
        contact_id: str,
        text: str | None = None,
        *,
        button: str | None = None,
        to: str | None = None,
        actor: str = SOMEBODY,
    ) -> Message:
        """Take what a contact has written: one event tells it, with the contact's open deals.

        `button` is the id of the button that was pressed, `to` the message that is answered; without `to` a button is
        that of the newest message that has it.
        """
        return self._do(
            lambda change: change.receive(contact_id, text, Origin(actor=actor), button=button, to=to),
            contacts=[contact_id],
        )

    def page_messages(self, contact_id: str, *, after: str | None = None, limit: int = 50) -> Page[Message]:
        """Return one page of a contact's conversation, oldest first."""
        with self._read() as connection, refusals():
            return conversations.page_of_messages(connection, contact_id, after, limit)

    def messages(self, contact_id: str) -> list[Message]:
        """Return a contact's conversation, its first 500 messages."""
        return list(self.page_messages(contact_id, limit=500).items)

    def page_conversations(self, *, after: str | None = None, limit: int = 50) -> Page[Conversation]:
        """Return one page of conversations, the one that was active last first."""
        with self._read() as connection, refusals():
            return conversations.page_of_conversations(connection, after, limit)
