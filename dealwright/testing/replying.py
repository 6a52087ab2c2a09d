"""What contacts write in a rehearsal."""

from __future__ import annotations

from datetime import datetime

from dealwright.model.messages import Message


def written_in(text: str | None, now: datetime) -> Message | None:
    """Return the message with which a contact sets an automation off."""
    if text is None:
        return None
    return Message(id="1", contact_id="1", direction="in", text=text, at=now, author="")
