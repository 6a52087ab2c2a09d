"""What contacts answer in an example or a rehearsal: `a_reply(button="yes", after=minutes(10))`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from dealwright.language.durations import RunningTime
from dealwright.language.origin import refused

_UNITS: Final = {"minutes": 1, "hours": 60, "days": 24 * 60}
_SHORTLY: Final = RunningTime(1, "minutes")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a contact answers while a step waits for it, so long after the waiting began."""

    text: str
    button: str | None = None
    after: timedelta = timedelta(minutes=1)


def a_reply(text: str | None = None, *, button: str | None = None, after: RunningTime = _SHORTLY) -> Reply:
    """Return an answer in words, or a button that is pressed, so long after a step began to wait for it."""
    if text is None and button is None:
        raise refused("an answer says something", hint='a_reply("When?"), or a_reply(button="yes")')
    for given in (text, button):
        if given is not None and not isinstance(given, str):
            raise refused(f"an answer is a text, not {type(given).__name__}", hint='a_reply(button="yes")')
    if not isinstance(after, RunningTime):
        raise refused("after of an answer is a length of time that runs on", hint="after=minutes(10)")
    return Reply(text=text or "", button=button, after=timedelta(minutes=after.amount * _UNITS[after.unit]))
