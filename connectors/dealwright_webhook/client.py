"""Posts one signed event and judges what came of it; at most one attempt per call."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import Rejected
from dealwright.model.requests import Call, Outcome, Refused, SendEvent, TryAgain, Unknown
from dealwright_http.classify import Verdict, of_failure
from dealwright_http.client import make_client
from dealwright_webhook import sansio
from dealwright_webhook.settings import Target

LARGEST_ANSWER: Final = 65_536
"""So much of an answer is read, so that its connection can be used again; nobody reads what it says."""


class TargetClient:
    """The connections to one target."""

    def __init__(self, name: str, target: Target, *, timeout: float, concurrency: int, clock: Clock) -> None:
        self._name = name
        self._target = target
        self._timeout = timeout
        self._clock = clock
        self._places = asyncio.Semaphore(concurrency)
        self._http = make_client(
            timeout=timeout, connections=concurrency, allow_private=target.allow_private, clock=clock
        )

    async def post(self, call: Call, request: SendEvent, deadline: float) -> Outcome:
        """Send one event, if there is time for a whole request before the deadline (monotonic)."""
        async with self._places:
            if self._clock.monotonic() + self._timeout > deadline:
                return TryAgain(reason=f"{self._name} is slow: no time was left to send this one", after=1.0)
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._attempt(call, request)
            except TimeoutError:
                return Unknown(reason=f"{self._name} did not answer within {self._timeout:g} s")
            except Rejected as refusal:
                return Refused(code=refusal.code, message=str(refusal))
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                reason = f"{self._name}: {type(error).__name__}"
                return TryAgain(reason=reason) if of_failure(error) is Verdict.LATER else Unknown(reason=reason)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, call: Call, request: SendEvent) -> Outcome:
        body = sansio.encode(call, request)
        headers = sansio.headers(self._target.secret.reveal(), call.key, body, self._clock.wall())
        async with self._http.stream("POST", self._target.url, content=body, headers=headers) as response:
            outcome = sansio.outcome(self._name, response.status_code, response.headers, self._clock.wall())
            # The status has said it: an answer that breaks off in its body changes nothing.
            with contextlib.suppress(httpx.HTTPError):
                await _drain(response)
            return outcome


async def _drain(response: httpx.Response) -> None:
    left = LARGEST_ANSWER
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left < 0:
            return
