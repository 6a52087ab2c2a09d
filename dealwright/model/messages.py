"""Messages of a conversation: what was written to a contact, and what a contact answered."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

MOST_BUTTONS: Final = 3
"""The most buttons under a message: more are shown as a list by the platforms that have them."""

MOST_BUTTON_TEXT: Final = 20
"""The longest text of a button, in characters."""

MOST_BODY: Final = 1_024
"""The longest body of a template, in characters, before anything is filled in."""

MOST_SUBJECT: Final = 250
"""The longest subject of an e-mail, in characters; a longer one is cut."""

MOST_MESSAGE: Final = 4_096
"""The longest text of a message in a conversation, in characters."""


class MessageButton(msgspec.Struct, frozen=True, gc=False):
    """A button under a message: `id` is what an answer says was pressed, `text` what stands on it."""

    id: str
    text: str


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One message of a contact's conversation: `out` is what we wrote, `in` what the contact did.

    `button` is what the contact pressed and `reply_to` the message that it stands under, or that is answered
    explicitly; `deal_id` is the deal that one of ours is about, `template` and `language` what it was made of.
    """

    id: str
    contact_id: str
    direction: Literal["in", "out"]
    text: str
    at: datetime
    author: str
    via: str = "crm"
    deal_id: str | None = None
    button: str | None = None
    reply_to: str | None = None
    template: str | None = None
    language: str | None = None
    buttons: tuple[MessageButton, ...] = ()
