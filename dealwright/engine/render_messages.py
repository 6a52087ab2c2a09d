"""Turns a step that writes into a conversation into a request, in the recipient's language."""

from __future__ import annotations

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.languages import chosen
from dealwright.engine.render_contacts import somebody
from dealwright.engine.render_values import Unrenderable, text_of
from dealwright.model.crm import Contact
from dealwright.model.messages import MOST_MESSAGE, MessageButton
from dealwright.model.requests import SendMessage


def send_message(step: ir.SendMessageStep, view: View) -> SendMessage:
    """Return the request for a message, its text filled in for the recipient."""
    recipient = somebody(step.to, view)
    message = step.message
    body = chosen(message.bodies, view.account, recipient)
    text = text_of(body.text, view.for_recipient(recipient, body.language), "text")
    if not text or text.isspace():
        raise Unrenderable("the text of the message is empty")
    if len(text) > MOST_MESSAGE:
        raise Unrenderable(f"the text of the message has more than {MOST_MESSAGE:,} characters")
    template = message if isinstance(message, ir.TemplateMessage) else None
    return SendMessage(
        deal_id=view.deal.id,
        contact_id=recipient.id,
        via=step.via,
        text=text,
        template=None if template is None else template.name,
        language=body.language,
        buttons=() if template is None else tuple(_button(each, view, recipient) for each in template.buttons),
    )


def _button(given: ir.Button, view: View, recipient: Contact) -> MessageButton:
    """A button in the recipient's language."""
    text = chosen(given.by_language, view.account, recipient).text if given.by_language else given.text
    return MessageButton(given.id, text)
