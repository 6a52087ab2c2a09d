"""Asks Kommo, one request at a time of one token each, and says what an answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec

from dealwright.clock import Clock
from dealwright.errors import OutcomeUnknown, RateLimited, Unavailable
from dealwright.ports import Limiter
from dealwright_http import Guard, Verdict, make_client, of_failure
from dealwright_kommo import sansio
from dealwright_kommo.settings import KommoSettings

CONNECTIONS: Final = 32
"""More than are ever under way while Kommo answers within seconds: a request that has left must not wait for one."""

MOST_PAGES: Final = 200
"""So many pages of one list are read; a list that is longer is not what was asked for."""

T = TypeVar("T")


class Budget:
    """What one call of the connector may send: a token for each request, and no request after its time.

    The first request of a `perform` has its token already. A request that did not get one in time has not left.
    """

    def __init__(self, limiter: Limiter | None, clock: Clock, *, paid: int = 0, seconds: float | None = None) -> None:
        self._limiter = limiter
        self._clock = clock
        self._paid = paid
        self._until = None if seconds is None else clock.monotonic() + seconds
        self._halted: RateLimited | None = None

    def halt(self, limited: RateLimited) -> None:
        """Let nothing more of this call leave: Kommo has asked to wait, and more requests lead to a block."""
        self._halted = limited

    async def take(self) -> None:
        """Wait until one more request may leave.

        Raises:
            Unavailable: no time is left for it.
            RateLimited: another request of this call was asked to wait.
        """
        if self._paid > 0:
            self._paid -= 1
        elif self._limiter is not None:
            await self._limiter.acquire()
        if self._halted is not None:
            raise RateLimited(str(self._halted), retry_after=self._halted.retry_after)
        if self._until is not None and self._clock.monotonic() > self._until:
            raise Unavailable("no time was left for this request")


class Client:
    """The connections to one account."""

    def __init__(self, settings: KommoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = Guard(clock, allow_private=settings.allow_private)
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.limiter: Limiter | None = None

    def budget(self, *, paid: int = 0, seconds: float | None = None) -> Budget:
        """Return what one call of the connector may send."""
        return Budget(self.limiter, self._clock, paid=paid, seconds=seconds)

    async def list(self, path: str, name: str, type_: type[T], budget: Budget) -> Sequence[T]:
        """Read a list to its end.

        Raises:
            ConnectorError: it could not be read.
        """
        found: list[T] = []
        following: str | None = path
        for _ in range(MOST_PAGES):
            if following is None:
                break
            page, following = sansio.items(await self.send("GET", following, None, budget), name, type_)
            found += page
        return found

    async def lists(self, paths: Iterable[str], name: str, type_: type[T], budget: Budget) -> Sequence[T]:
        """Read several lists side by side: an answer takes longer than the time between two tokens.

        Raises:
            ConnectorError: one of them could not be read.
        """
        reading = [asyncio.ensure_future(self.list(path, name, type_, budget)) for path in paths]
        try:
            return [each for found in await asyncio.gather(*reading) for each in found]
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def get(self, path: str, type_: type[T], budget: Budget) -> T:
        """Read one thing.

        Raises:
            ConnectorError: it could not be read.
        """
        body = await self.send("GET", path, None, budget)
        try:
            return msgspec.json.decode(body, type=type_)
        except msgspec.MsgspecError:
            raise OutcomeUnknown("Kommo's answer cannot be read") from None

    async def send(self, method: str, path: str, content: Any, budget: Budget) -> bytes:
        """Send one request and return the body of its answer.

        Raises:
            ConnectorError: it was not carried out, or nobody can say.
            InputError: there is no token.
        """
        token = self._settings.token.reveal()
        await budget.take()
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "dealwright"}
        body = None
        if content is not None:
            body = msgspec.json.encode(content)
            headers["Content-Type"] = "application/json"
        limiter, written = self.limiter, []

        async def on_the_wire(event: str, _: Mapping[str, Any]) -> None:
            """Hear from the HTTP client how far the request has come; when all of it is written, Kommo counts it."""
            if limiter is not None and event.endswith(".send_request_body.complete"):
                written.append(limiter.written())

        try:
            async with asyncio.timeout(self._settings.timeout):
                response = await self._client().request(
                    method,
                    self._settings.url + path,
                    content=body,
                    headers=headers,
                    extensions={"trace": on_the_wire},
                )
        except TimeoutError:
            raise OutcomeUnknown(f"Kommo did not answer within {self._settings.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            reason = f"Kommo: {type(error).__name__}"
            raise (Unavailable if of_failure(error) is Verdict.LATER else OutcomeUnknown)(reason) from None
        finally:
            for moment in written:
                assert limiter is not None
                limiter.answered(moment)
        try:
            sansio.check(response.status_code, response.headers, response.content, self._clock.wall())
        except RateLimited as limited:
            budget.halt(limited)
            if self.limiter is not None and limited.retry_after:
                await self.limiter.pause(limited.retry_after)
            raise
        return response.content

    async def aclose(self) -> None:
        """Close the connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def _client(self) -> httpx.AsyncClient:
        # Connections of another event loop can neither be used nor closed from this one.
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._loop = loop
            self._http = make_client(self._guard, timeout=self._settings.timeout, connections=CONNECTIONS)
        return self._http
