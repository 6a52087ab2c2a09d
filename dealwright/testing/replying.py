"""What contacts answer in a rehearsal: `a_reply(button="yes", after=minutes(10))`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from dealwright.compile import ir
from dealwright.engine.rehearse_replies import Reply, buttons, listening
from dealwright.errors import DefinitionError
from dealwright.language.durations import RunningTime
from dealwright.model.messages import Message

_UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
_SHORTLY = RunningTime(1, "minutes")


def a_reply(text: str | None = None, *, button: str | None = None, after: RunningTime = _SHORTLY) -> Reply:
    """Return an answer in words, or a button that is pressed, so long after a step began to wait for it."""
    if text is None and button is None:
        raise DefinitionError('an answer says something: a_reply("When?"), or a_reply(button="yes")')
    passed = timedelta(minutes=after.amount * _UNITS[after.unit])
    return Reply(text=text or "", button=button, after=passed)


def replies_to(automation: ir.Automation, replies: Mapping[str, Reply]) -> dict[str, Reply]:
    """Return the answers with the texts of the buttons that are pressed.

    Raises:
        DefinitionError: no such step waits for an answer, or no message before has such a button.
    """
    waits, there = listening(automation), buttons(automation)
    found = {}
    for step, reply in replies.items():
        if step not in waits:
            known = ", ".join(sorted(waits)) or "none"
            raise DefinitionError(f"{step!r} of {automation.key!r} waits for no answer; those that do: {known}")
        if reply.button is not None and reply.button not in there:
            known = ", ".join(map(repr, there)) or "none"
            raise DefinitionError(f"no message of {automation.key!r} has the button {reply.button!r}; it has {known}")
        found[step] = msgspec.structs.replace(reply, text=reply.text or there[str(reply.button)])
    return found


def written_in(text: str | None, now: datetime) -> Message | None:
    """Return the message with which a contact sets an automation off."""
    if text is None:
        return None
    return Message(id="1", contact_id="1", direction="in", text=text, at=now, author="")
