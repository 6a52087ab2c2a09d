"""Writing into a contact's conversation, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dealwright.language.channels import Channel
from dealwright.language.contact_steps import ContactPath, contact_path, late_after
from dealwright.language.deal import ContactFields
from dealwright.language.durations import Length
from dealwright.language.fields import IdField
from dealwright.language.keys import checked_step
from dealwright.language.message_texts import Message, Template
from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean
from dealwright.language.steps import Step

CHANNELS: Final = ("crm",)
"""The channels that messages go by: `crm` is the conversation in the embedded CRM."""


@dataclass(frozen=True, kw_only=True)
class SendMessage(Step):
    """Writes to a contact in its conversation; later steps may name `message_id`, and what is answered."""

    kind = "send_message"
    to: ContactPath
    via: str
    message: Template | Message
    late: Length | None = None

    @property
    def message_id(self) -> IdField:
        """The id of the message; unset if the step was passed by."""
        return IdField(self._receipt("message_id"))


def send_message(
    name: str,
    *,
    via: Literal["crm"] | Channel,
    template: Template | Message,
    to: ContactFields,
    late: Length | None = None,
) -> SendMessage:
    """Write to a contact in its conversation; in the texts `contact` is the recipient.

    With `late` it is not sent at all if it could only be sent so long after it was due. Not yet: `up` refuses `late`,
    and so it does a Channel.
    """
    name = checked_step(name)
    if not isinstance(template, Template | Message):
        raise refused(
            f"template of {name!r} is a Template or a Message, not a {type(template).__name__}",
            hint='hello = Template("hello", body={"en": "..."}), then template=hello',
        )
    return SendMessage(
        name=name,
        to=contact_path(to, f"to of {name!r}"),
        via=_channel(via, name),
        message=template,
        late=late_after(late, name),
    )


def _channel(given: object, name: str) -> str:
    if isinstance(given, Channel):
        return given.key
    if not isinstance(given, str) or given not in CHANNELS:
        shown = repr(given)[:80] if isinstance(given, str) else f"a {type(given).__name__}"
        near = did_you_mean(given, CHANNELS) if isinstance(given, str) else ""
        raise refused(f"{name!r} goes by {shown}, which is no channel", hint=near or 'write via="crm", or via=chat')
    return given
