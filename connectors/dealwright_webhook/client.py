"""Posts one signed event and judges what came of it; at most one attempt per call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import InputError, Rejected
from dealwright.model.requests import Call, Outcome, Refused, SendEvent, TryAgain, Unknown
from dealwright_http.addresses import Guard
from dealwright_http.classify import Verdict, of_failure
from dealwright_http.client import make_client
from dealwright_webhook import sansio
from dealwright_webhook.settings import Target

MEND_SECONDS: Final = 30.0
"""When to look again for a secret that somebody has to put there first."""

LARGEST_ANSWER: Final = 65_536
"""So much of an answer is read, so that its connection can be used again; nobody reads what it says."""


class TargetClient:
    """The connections to one target: as many as requests are sent at once, each of a client of its own.

    (One client with many connections looks through all of them, twice for each request: a third of the speed.)
    """

    def __init__(self, name: str, target: Target, *, concurrency: int, clock: Clock) -> None:
        self._name = name
        self._target = target
        self._clock = clock
        self._guard = Guard(clock, allow_private=target.allow_private)
        self._places = asyncio.Semaphore(concurrency)
        self._idle: list[httpx.AsyncClient] = []

    async def post(self, call: Call, request: SendEvent, started: float) -> Outcome:
        """Send one event, if it gets its turn within one timeout after the bulk call started (monotonic)."""
        async with self._places:
            if self._clock.monotonic() - started > self._target.timeout:
                return TryAgain(reason=f"{self._name} is slow: no time was left to send this one", after=1.0)
            sending = _Sending()
            http = self._idle.pop() if self._idle else make_client(self._guard, timeout=self._target.timeout)
            try:
                async with asyncio.timeout(self._target.timeout):
                    return await self._attempt(http, call, request, sending)
            except TimeoutError:
                if not sending.began:
                    return TryAgain(reason=f"{self._name} let nothing be sent within {self._target.timeout:g} s")
                return Unknown(reason=f"{self._name} did not answer within {self._target.timeout:g} s")
            except InputError as missing:
                return TryAgain(reason=str(missing), after=MEND_SECONDS)
            except Rejected as refusal:
                return Refused(code=refusal.code, message=str(refusal))
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                reason = f"{self._name}: {type(error).__name__}"
                return TryAgain(reason=reason) if of_failure(error) is Verdict.LATER else Unknown(reason=reason)
            finally:
                self._idle.append(http)

    async def aclose(self) -> None:
        """Close the connections."""
        clients, self._idle = self._idle, []
        for client in clients:
            await client.aclose()

    async def _attempt(self, http: httpx.AsyncClient, call: Call, request: SendEvent, sending: _Sending) -> Outcome:
        body = sansio.encode(call, request)
        headers = sansio.headers(self._target.secret.reveal(), call.key, body, self._clock.wall())
        traced = {"trace": sending.trace}
        async with http.stream("POST", self._target.url, content=body, headers=headers, extensions=traced) as response:
            outcome = sansio.outcome(self._name, response.status_code, response.headers, self._clock.wall())
            # The status has said it: an answer that breaks off in its body changes nothing.
            with contextlib.suppress(httpx.HTTPError):
                await _drain(response)
            return outcome


class _Sending:
    """Whether a byte of one request may have left: connecting can take longer than the whole attempt has."""

    def __init__(self) -> None:
        self.began = False

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        """Hear what httpcore begins and ends, such as `http11.send_request_headers.started`."""
        self.began |= event.endswith(".send_request_headers.started")


async def _drain(response: httpx.Response) -> None:
    left = LARGEST_ANSWER
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left < 0:
            return
