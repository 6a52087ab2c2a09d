"""What a mail server's answers mean, phase by phase, without any I/O.

Before the final dot is written a message was surely not sent. After it only an answer can tell: 2xx took it, 4xx and
5xx did not, and silence or nonsense leaves it unknown. Texts of answers echo addresses, so only codes are told.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from dealwright.model.requests import Outcome, Refused, TryAgain, Unknown

Phase: TypeAlias = Literal["greeting", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "message"]
"""What was answered; `message` is the answer to the final dot."""

GREYLISTED_SECONDS: Final = 300.0
"""When to come back to a server that does not take a recipient yet: greylists open after a few minutes."""

BUSY_SECONDS: Final = 60.0
"""When to come back to a server that is busy, or that somebody has to mend something at first."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_NOT_US = frozenset({530, 534, 535, 538})
"""The server wants to know us first, or better: that is not the message's fault."""


class Nonsense(Exception):
    """An answer that fits no question: the conversation cannot go on."""


def told(phase: Phase, code: int, text: str) -> str:
    """Return what may be told of an answer: `RCPT was answered 550 5.1.1`."""
    enhanced = _ENHANCED.match(text)
    what = "the message" if phase == "message" else phase
    return f"{what} was answered {code}" + (f" {enhanced[1]}" if enhanced else "")


def judge(server: str, phase: Phase, code: int, text: str) -> Outcome | None:
    """Judge an answer of a transaction; None: it is the one that lets the message go on.

    Raises:
        Nonsense: the answer fits no question, and the final dot was not written.
    """
    reason = f"{server}: {told(phase, code, text)}"
    if code // 100 == (3 if phase == "DATA" else 2):
        return None
    if code in _NOT_US and phase != "message":
        return TryAgain(reason=f"{reason}: check username, password and tls", after=BUSY_SECONDS)
    if 400 <= code < 500:
        return TryAgain(reason=reason, after=GREYLISTED_SECONDS if phase == "RCPT" and code != 421 else BUSY_SECONDS)
    if 500 <= code < 600:
        return Refused(code=f"smtp_{code}", message=reason)
    if phase == "message":
        return Unknown(reason=reason)
    raise Nonsense(reason)
