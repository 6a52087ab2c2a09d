"""The e-mail connector as the engine sees it: carries out `send_email` and `notify` for one account."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias

from dealwright.clock import Clock
from dealwright.errors import Rejected, Unauthorized
from dealwright.model.delivery import AtMostOnce, Delivery
from dealwright.model.requests import Call, Notify, Outcome, Refused, Request, SendEmail, TryAgain
from dealwright_email.client import QUIT_SECONDS, Line
from dealwright_email.message import Letter, compose
from dealwright_email.settings import EmailSettings

ACTIONS: Final = frozenset({"notify", "send_email"})

AT_ONCE: Final = 20
"""Messages in one bulk call: no more of them are on their way when somebody says stop."""

CONNECTIONS: Final = 4
"""Connections of one bulk call; mail servers do not like many."""

_Waiting: TypeAlias = deque[tuple[int, Letter]]


class EmailConnector:
    """Sends messages over a few connections that last as long as one bulk call, one outcome for each message."""

    name = "email"
    at_once = AT_ONCE

    def __init__(self, settings: EmailSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls: ssl.SSLContext | None = None

    @property
    def call_timeout(self) -> float:
        """The longest one bulk call takes: what cannot start within one timeout comes back as `TryAgain`."""
        return 2 * self._settings.timeout + QUIT_SECONDS

    def actions(self) -> frozenset[str]:
        """Return `notify` and `send_email`."""
        return ACTIONS

    def destinations(self) -> frozenset[str]:
        """Return nothing: a message goes to a person, not to a named system."""
        return frozenset()

    def delivery(self, request: Request) -> Delivery:
        """Return AT_MOST_ONCE: no mail server knows a message again."""
        return AtMostOnce()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Send the messages, a few at once, one attempt each.

        Raises:
            Unauthorized: the server does not accept the credentials; nothing was sent.
        """
        deadline = self._clock.monotonic() + self._settings.timeout
        outcomes: dict[int, Outcome] = {}
        waiting: _Waiting = deque()
        for place, call in enumerate(calls):
            composed = self._compose(call)
            if isinstance(composed, Letter):
                waiting.append((place, composed))
            else:
                outcomes[place] = composed
        if waiting:
            left = await self._send(waiting, outcomes, deadline)
            outcomes.update({place: left for place, _ in waiting})
        return [outcomes[place] for place in range(len(calls))]

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Refuse: no mail server can be asked.

        Raises:
            Rejected: always.
        """
        raise Rejected("a mail server cannot be asked for a message", code="not_checkable")

    async def self_test(self) -> Sequence[str]:
        """Connect, secure and log in, send nothing; return what is wrong."""
        line = Line(self._settings, self._settings.tls_context() if self._settings.tls != "none" else None)
        try:
            failure = await line.open()
        except Unauthorized as refusal:
            return [str(refusal)]
        if failure is not None:
            return [failure.reason]
        await line.quit()
        return []

    async def aclose(self) -> None:
        """There is nothing to close: connections end with the bulk call they were made for."""

    def _compose(self, call: Call) -> Letter | Refused:
        if not isinstance(call.request, SendEmail | Notify):
            return Refused(code="unknown_action", message=f"the e-mail connector does not do {call.request.kind}")
        try:
            return compose(call.key, _as_email(call.request), self._settings.sender, self._clock.now())
        except Rejected as why:
            return Refused(code=why.code, message=str(why))

    async def _send(self, waiting: _Waiting, outcomes: dict[int, Outcome], deadline: float) -> TryAgain:
        """Send what waits until nothing does or the deadline is over; return what is to be said of the rest."""
        if self._tls is None and self._settings.tls != "none":
            self._tls = self._settings.tls_context()
        lines = [Line(self._settings, self._tls) for _ in range(min(CONNECTIONS, len(waiting)))]
        try:
            # The first one alone: twenty logins with a wrong password would lock the account.
            failure = await lines[0].open()
            if failure is None:
                ended = await asyncio.gather(*(self._serve(line, waiting, outcomes, deadline) for line in lines))
                failure = next((each for each in ended if each is not None), None)
                await asyncio.gather(*(line.quit() for line in lines))
        finally:
            for line in lines:
                line.abort()
        return failure or TryAgain(reason=f"{self._settings.host} is slow: no time was left to send this one")

    async def _serve(
        self, line: Line, waiting: _Waiting, outcomes: dict[int, Outcome], deadline: float
    ) -> TryAgain | None:
        """Send over one connection; when it cannot be had the others do the work, and why is returned."""
        while waiting and self._clock.monotonic() < deadline:
            if not line.is_open:
                try:
                    failure = await line.open()
                except Unauthorized as refusal:  # others may have sent by now: it no longer concerns the whole call
                    failure = TryAgain(reason=str(refusal))
                if failure is not None:
                    return failure
            if waiting and self._clock.monotonic() < deadline:
                place, letter = waiting.popleft()
                outcomes[place] = await line.send(letter)
        return None


def _as_email(request: SendEmail | Notify) -> SendEmail:
    """A colleague gets the same kind of letter as a customer does."""
    if isinstance(request, SendEmail):
        return request
    return SendEmail(
        deal_id=request.deal_id,
        contact_id="",
        to=request.to,
        to_name=request.to_name,
        subject=request.subject,
        text=request.text,
        bcc=request.also or (),
    )
