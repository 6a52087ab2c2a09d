"""Changes of conversations: what is written to contacts, and what they answer, which is told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from dealwright.model.events import MessageReceived
from dealwright.model.messages import MOST_BUTTONS, MOST_MESSAGE, Message, MessageButton
from dealwright.model.requests import SendMessage
from dealwright_embedded_crm import conversations, values
from dealwright_embedded_crm.change_base import Origin
from dealwright_embedded_crm.change_contacts import ContactChange
from dealwright_embedded_crm.values import Refusal

CHANNEL: Final = "crm"
"""The one channel there is: the CRM's own conversations."""


class MessageChange(ContactChange):
    """What happens in conversations."""

    def write(self, wanted: SendMessage, origin: Origin) -> Message:
        """Write to a loaded contact.

        Raises:
            Refusal: there is no such contact, or the message cannot be kept.
        """
        if wanted.via != CHANNEL:
            raise Refusal("unknown_channel", f"the embedded CRM has no channel {values.shown(wanted.via)}")
        contact = self.contact(wanted.contact_id)
        acting = self.acting(origin)
        message = Message(
            id="",
            contact_id=contact.id,
            direction="out",
            text=_said(wanted.text),
            at=self.now,
            author=acting.name if acting is not None else values.line("author", origin.actor) or "somebody",
            deal_id=wanted.deal_id or None,
            template=values.line("template", wanted.template),
            language=values.line("language", wanted.language, 10),
            buttons=_buttons(wanted.buttons),
        )
        return self._keep_message(message)

    def receive(
        self, contact_id: str, text: str | None, origin: Origin, *, button: str | None = None, to: str | None = None
    ) -> Message:
        """Take what a loaded contact has written: the text, the button that was pressed, the message it answers.

        Without `to`, a button is that of the newest message that has it; without a text, the button's text is said.

        Raises:
            Refusal: there is no such contact, message or button, nothing was said, or it cannot be kept.
        """
        contact = self.contact(contact_id)
        answered = None if to is None else conversations.message_by_id(self.connection, to)
        if to is not None and (answered is None or answered.contact_id != contact.id or answered.direction != "out"):
            raise Refusal("unknown_message", f"contact {contact.id} was written no message {values.shown(to)}")
        if button is not None:
            answered, pressed = self._pressed(contact.id, button, answered)
            text = pressed.text if text is None else text
        message = Message(
            id="",
            contact_id=contact.id,
            direction="in",
            text=_said(text or ""),
            at=self.now,
            author=contact.name or contact.phone or contact.email or f"contact {contact.id}",
            button=button,
            reply_to=None if answered is None else answered.id,
        )
        message = self._keep_message(message)
        deals, more = self.open_deals_of(contact.id)
        self._emit(MessageReceived, origin, None, contact=contact, message=message, deals=deals, more=more)
        return message

    def _pressed(self, contact_id: str, button: str, answered: Message | None) -> tuple[Message, MessageButton]:
        """The message under which the button stands, and the button."""
        asked = [answered] if answered is not None else conversations.newest_out(self.connection, contact_id)
        for message in asked:
            for each in message.buttons:
                if each.id == button:
                    return message, each
        where = "was written no message" if answered is None else f"message {answered.id} is none"
        raise Refusal("unknown_button", f"contact {contact_id} {where} with the button {values.shown(button)}")

    def _keep_message(self, message: Message) -> Message:
        message = msgspec.structs.replace(message, id=self._next("message"))
        row: dict[str, Any] = {
            "id": int(message.id),
            "contact_id": int(message.contact_id),
            "direction": message.direction,
            "text": message.text,
            "at": message.at,
            "author": message.author,
            "deal_id": None if message.deal_id is None else int(message.deal_id),
            "button": message.button,
            "reply_to": None if message.reply_to is None else int(message.reply_to),
            "template": message.template,
            "language": message.language,
            "buttons": msgspec.json.encode(message.buttons).decode(),
        }
        self._rows["messages"].append(row)
        return message


def _said(text: str) -> str:
    said = values.paragraph("text", text)
    if len(said) > MOST_MESSAGE:
        raise Refusal("bad_text", f"a message has at most {MOST_MESSAGE:,} characters, not {len(said):,}")
    return said


def _buttons(given: Sequence[MessageButton]) -> tuple[MessageButton, ...]:
    if len(given) > MOST_BUTTONS or len({each.id for each in given}) < len(given):
        raise Refusal("bad_buttons", f"a message has at most {MOST_BUTTONS} buttons, each with an id of its own")
    kept = []
    for each in given:
        id_, text = values.line("buttons", each.id), values.line("buttons", each.text)
        if id_ is None or text is None:
            raise Refusal("bad_buttons", "a button has an id and a text")
        kept.append(MessageButton(id_, text))
    return tuple(kept)
