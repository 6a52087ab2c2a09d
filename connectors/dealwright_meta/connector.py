"""The connector as the engine sees it: carries out `send_conversion` for the dataset of one account."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dealwright.clock import Clock
from dealwright.errors import ConnectorError, OutcomeUnknown, RateLimited, Rejected, Unauthorized
from dealwright.model.delivery import Delivery, Keyed
from dealwright.model.requests import Call, Outcome, Refused, Request, SendConversion, Sent, TryAgain, Unknown
from dealwright.ports import Limiter, Pace
from dealwright_meta import sansio
from dealwright_meta.client import MetaClient
from dealwright_meta.settings import MetaSettings

ACTIONS: Final = frozenset({"send_conversion"})

_MEND_SECONDS: Final = 60.0


class MetaConnector:
    """Sends conversions in bulk. Meta refuses a whole request for one bad event: it is halved until that one is alone.

    What was refused took nothing, so the healthy halves leave in the same call. One call takes at most twice the
    timeout: what could not be sent by then comes back as `TryAgain`.
    """

    name = "meta"

    def __init__(self, settings: MetaSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client = MetaClient(settings, clock)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def call_timeout(self) -> float:
        """The longest one bulk call takes."""
        return 2 * self._settings.timeout

    @property
    def at_once(self) -> int:
        """As many as one request carries."""
        return self._settings.batch

    def actions(self) -> frozenset[str]:
        """Return `send_conversion`."""
        return ACTIONS

    def destinations(self) -> frozenset[str]:
        """Return none: a conversion names no destination."""
        return frozenset()

    def delivery(self, request: Request) -> Delivery:
        """Return KEYED: Meta counts an event's name and id once within 48 hours."""
        return Keyed(dedupes_for=sansio.DEDUPES_FOR)

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Refuse: Meta cannot be asked for an event.

        Raises:
            Rejected: always.
        """
        raise Rejected("Meta cannot be asked for an event", code="not_checkable")

    async def self_test(self) -> Sequence[str]:
        """Say whether the token may read the dataset, without sending anything."""
        self._follow_loop()
        try:
            await self._client.look()
        except (ConnectorError, sansio.BadBatch) as error:
            return [f"conversions to Meta: {error}"]
        return []

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Send the events; one outcome for each."""
        self._follow_loop()
        outcomes: dict[int, Outcome] = {}
        events: dict[int, Mapping[str, Any]] = {}
        for place, call in enumerate(calls):
            event = self._event(call)
            if isinstance(event, Refused):
                outcomes[place] = event
            else:
                events[place] = event
        await self._send(calls, events, outcomes)
        return [outcomes[place] for place in range(len(calls))]

    async def _send(
        self, calls: Sequence[Call], events: Mapping[int, Mapping[str, Any]], outcomes: dict[int, Outcome]
    ) -> None:
        """Send the events in as few requests as Meta lets, and write down what came of each."""
        places = list(events)
        most = self._settings.batch
        waiting = deque(places[start : start + most] for start in range(0, len(places), most))
        started = self._clock.monotonic()
        first = True
        while waiting:
            left = started + self._settings.timeout - self._clock.monotonic()
            try:
                if not first:
                    if left <= 0.0:  # a timeout that is over only ends what waits, and a token may be there at once
                        raise TimeoutError
                    async with asyncio.timeout(left):
                        await self._next_token()
            except TimeoutError:
                self._put_off(waiting, outcomes, TryAgain(reason="no time was left to send this one"))
                return
            first = False
            part = waiting.popleft()
            try:
                await self._client.post([events[place] for place in part])
            except sansio.BadBatch as refusal:
                if len(part) == 1:
                    outcomes[part[0]] = refusal.refused
                else:
                    half = len(part) // 2
                    waiting.extend((part[:half], part[half:]))
            except ConnectorError as error:
                outcomes |= dict.fromkeys(part, _meaning(error))
                if isinstance(error, RateLimited):
                    await self._pause(error.retry_after or 0.0)
                unsent = TryAgain(reason="not sent, for Meta failed before")
                self._put_off(waiting, outcomes, unsent if isinstance(error, OutcomeUnknown) else _meaning(error))
                return
            else:
                outcomes |= {place: Sent(receipt={"event_id": calls[place].key}) for place in part}

    def _put_off(self, waiting: deque[list[int]], outcomes: dict[int, Outcome], outcome: Outcome) -> None:
        for part in waiting:
            outcomes |= dict.fromkeys(part, outcome)

    def _event(self, call: Call) -> Mapping[str, Any] | Refused:
        request = call.request
        if not isinstance(request, SendConversion):
            return Refused(code="unknown_action", message=f"the Meta connector does not carry out {request.kind}")
        return sansio.too_old(request, self._clock.now()) or sansio.event(call, request, self._settings.crm)

    async def _next_token(self) -> None:
        """Wait until one more request may leave."""

    async def _pause(self, seconds: float) -> None:
        """Let nothing leave for so long."""

    def _follow_loop(self) -> None:
        """Forget connections of another event loop: they can neither be used nor closed from this one."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._client = MetaClient(self._settings, self._clock)


class PacedMetaConnector(MetaConnector):
    """One whose target file sets a pace; all engines on one journal share it."""

    def __init__(self, settings: MetaSettings, clock: Clock, pace: Pace) -> None:
        super().__init__(settings, clock)
        self._pace_of = pace
        self._limiter: Limiter | None = None

    @property
    def pace(self) -> Pace:
        """What the target file says."""
        return self._pace_of

    def pace_with(self, limiter: Limiter) -> None:
        """Take the tokens from this limiter from now on."""
        self._limiter = limiter

    async def _next_token(self) -> None:
        if self._limiter is not None:
            await self._limiter.acquire()

    async def _pause(self, seconds: float) -> None:
        if self._limiter is not None:
            await self._limiter.pause(seconds)


def _meaning(error: ConnectorError) -> Outcome:
    """What an error of one request means for each event in it."""
    match error:
        case RateLimited(retry_after=after):
            return TryAgain(reason=str(error), after=after or _MEND_SECONDS)
        case Unauthorized():
            return TryAgain(reason=str(error), after=_MEND_SECONDS)
        case Rejected(code=code):
            return Refused(code=code, message=str(error))
        case OutcomeUnknown():
            return Unknown(reason=str(error))
        case _:
            return TryAgain(reason=str(error))
