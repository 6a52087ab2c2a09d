"""Conversations: what was written to contacts, and what they answered."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright.model import messages
from dealwright.model.messages import MOST_MESSAGE
from dealwright_embedded_crm import conversations
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import ContactId, Paged, found, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.fields import KEPT, Given, Id, Line, Moment, Shown
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import ContactOut, Page

router: Final = APIRouter(tags=["conversations"])

Said = Annotated[str, Field(strict=True, min_length=1, max_length=MOST_MESSAGE, examples=["When can we talk?"]), KEPT]


class ButtonOut(Shown):
    """A button under a message: an answer names it by its id."""

    id: Annotated[str, Field(examples=["yes"])]
    text: Annotated[str, Field(examples=["Yes please"])]


class MessageOut(Shown):
    """One message of a conversation: `out` is what the company wrote, `in` what the contact did."""

    id: Id
    contact_id: Id
    direction: Literal["in", "out"]
    text: str
    at: Moment
    author: Annotated[str, Field(description="A user's name, an automation, or the contact's name.")]
    deal_id: Annotated[Id | None, Field(description="The deal that a message of ours is about.")]
    template: str | None
    language: str | None
    buttons: list[ButtonOut]
    button: Annotated[str | None, Field(description="The id of the button that the contact pressed.")]
    reply_to: Annotated[Id | None, Field(description="The message that it answers, if it says so.")]

    @classmethod
    def of(cls, message: messages.Message) -> MessageOut:
        """Return the message as shown."""
        return cls(
            id=message.id,
            contact_id=message.contact_id,
            direction=message.direction,
            text=message.text,
            at=message.at,
            author=message.author,
            deal_id=message.deal_id,
            template=message.template,
            language=message.language,
            buttons=[ButtonOut(id=each.id, text=each.text) for each in message.buttons],
            button=message.button,
            reply_to=message.reply_to,
        )


class ConversationOut(Shown):
    """What was said between the company and one contact."""

    contact: ContactOut
    messages: Annotated[int, Field(ge=1, description="How many messages it has.")]
    last: MessageOut

    @classmethod
    def of(cls, conversation: conversations.Conversation, eyes: Eyes) -> ConversationOut:
        """Return the conversation as shown to somebody."""
        return cls(
            contact=eyes.contact(conversation.contact),
            messages=conversation.messages,
            last=MessageOut.of(conversation.last),
        )


class MessagePage(Page[MessageOut]):
    """One page of messages."""


class ConversationPage(Page[ConversationOut]):
    """One page of conversations."""


class MessageNew(Given):
    """A message to write to a contact."""

    text: Said
    deal_id: Annotated[Id, Field(description="The deal it is about.")] | None = None


class ReplyNew(Given):
    """What a contact has written: a text, a button, or both."""

    text: Said | None = None
    button: (
        Annotated[
            Line, Field(description="The id of the button that was pressed; without a text, the button's is said.")
        ]
        | None
    ) = None
    reply_to: (
        Annotated[
            Id, Field(description="The message it answers; without it, a button is that of the newest that has it.")
        ]
        | None
    ) = None


@router.get(
    "/conversations",
    responses={**documented(), **succeeds(200, "One page of conversations.")},
    response_model=ConversationPage,
)
def list_conversations(caller: Asking, wanted: Annotated[Paged, Query()]) -> Response:
    """List conversations, the one that was active last first."""
    page, eyes = caller.crm.page_conversations(after=wanted.cursor, limit=wanted.limit), Eyes(caller)
    return shown(Answer(body=paged(ConversationPage, lambda each: ConversationOut.of(each, eyes), page)))


@router.get(
    "/contacts/{contact_id:id}/messages",
    responses={**documented(), **succeeds(200, "One page of messages.")},
    response_model=MessagePage,
)
def list_messages(caller: Asking, contact_id: ContactId, wanted: Annotated[Paged, Query()]) -> Response:
    """List a contact's conversation, oldest first."""
    page = caller.crm.page_messages(contact_id, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(MessagePage, MessageOut.of, page)))


@router.post(
    "/contacts/{contact_id:id}/messages",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The message.", write=True)},
    response_model=MessageOut,
)
def write_message(write: Writing, contact_id: ContactId, wanted: MessageNew) -> Response:
    """Write to a contact."""

    def act() -> Answer:
        found(write.crm.contact(contact_id), "contact", contact_id)
        with named_in_body("deal_id"):
            made = write.crm.write_message(contact_id, wanted.text, deal_id=wanted.deal_id, actor=write.actor)
        return Answer(status=201, body=MessageOut.of(made))

    return write.do("write_message", act)


@router.post(
    "/contacts/{contact_id:id}/replies",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The message.", write=True)},
    response_model=MessageOut,
)
def receive_message(write: Writing, contact_id: ContactId, wanted: ReplyNew) -> Response:
    """Take what a contact has written; the event `message_received` tells it."""

    def act() -> Answer:
        found(write.crm.contact(contact_id), "contact", contact_id)
        with named_in_body("reply_to"):
            made = write.crm.receive_message(
                contact_id, wanted.text, button=wanted.button, to=wanted.reply_to, actor=write.actor
            )
        return Answer(status=201, body=MessageOut.of(made))

    return write.do("receive_message", act)
