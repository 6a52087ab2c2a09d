"""Asks one system, within a time and a size, and stops asking one that does not answer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import InputError, Rejected
from dealwright.model.requests import Lookup, Outcome, Sent
from dealwright_http.addresses import Guard
from dealwright_http.client import make_client
from dealwright_lookup import sansio
from dealwright_lookup.settings import LONGEST_TIMEOUT, System

FAILURES: Final = 5
"""Questions in a row that a system does not answer before it is left alone."""

REST: Final = 30.0
"""Seconds for which it is left alone; then one question tries it again."""

_ATTEMPTS: Final = 2
_PAUSE: Final = 0.2


class Unanswered(Exception):
    """The system did not answer, or not with an answer; `away`: it may be that it answers nobody."""

    def __init__(self, why: str, *, away: bool = False, again: bool = False) -> None:
        super().__init__(why)
        self.away = away
        self.again = again


class Circuit:
    """Whether a system is worth a question: one that answers nobody must not cost every question its whole time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until = float("-inf")

    def closed(self) -> bool:
        """Say whether to ask; while it rests nobody does, and then one question at a time."""
        if self._failures < FAILURES:
            return True
        if self._clock.monotonic() < self._until:
            return False
        self._until = self._clock.monotonic() + REST
        return True

    def note(self, *, away: bool) -> None:
        """Hear how a question went."""
        self._failures = self._failures + 1 if away else 0
        if self._failures >= FAILURES:
            self._until = self._clock.monotonic() + REST


class SystemClient:
    """The connections to one system."""

    def __init__(self, name: str, system: System, *, concurrency: int, clock: Clock) -> None:
        self._name = name
        self._system = system
        self._places = asyncio.Semaphore(concurrency)
        self._circuit = Circuit(clock)
        self._guard = Guard(clock, allow_private=system.allow_private)
        self._http = make_client(self._guard, timeout=system.timeout, connections=concurrency)

    async def reachable(self) -> str:
        """Open a connection and close it, with nothing asked; return what is wrong, or nothing."""
        url = httpx.URL(self._system.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(self._system.timeout):
                address, *_ = await self._guard.addresses(url.host, port)
                _, writer = await asyncio.open_connection(str(address), port)
        except Rejected as error:
            return f"{self._name}: {error}"
        except (OSError, ValueError, httpx.ConnectError):  # a time that is over is an OSError, too
            return f"nobody answers at {url.host}:{port}, where {self._name} is asked: set its url, or start it"
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return ""

    async def ask(self, request: Lookup) -> Outcome:
        """Ask, and return what the system gives, or the error in words of ours; never later than the time allows."""
        if not self._circuit.closed():
            return _failed(f"{self._name} has not answered lately, and was not asked")
        timeout = min(request.timeout or self._system.timeout, LONGEST_TIMEOUT)
        # Whoever waits for one of our own places has not asked for the whole time: that says nothing of the system.
        waits = self._places.locked()
        try:
            async with asyncio.timeout(timeout), self._places:
                given = await self._asked(request)
        except TimeoutError:
            if not waits:
                self._circuit.note(away=True)
            return _failed(f"{self._name} did not answer within {timeout:g} s")
        except Unanswered as error:
            self._circuit.note(away=error.away)
            return _failed(str(error))
        self._circuit.note(away=False)
        return given

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _asked(self, request: Lookup) -> Outcome:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                data = await self._fetched(request)
                return Sent(receipt=dict(sansio.read(request, data)))
            except sansio.Wrong as error:
                raise Unanswered(f"{self._name}: {error}") from None
            except Unanswered as error:
                if not error.again or attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    async def _fetched(self, request: Lookup) -> bytes:
        """Return the body of the answer."""
        name = self._name
        try:
            method, url, headers, content = self._wire(request)
            async with self._http.stream(method, url, headers=headers, content=content) as response:
                if response.status_code != 200:
                    away = response.status_code >= 500
                    raise Unanswered(f"{name} answered {response.status_code}", away=away, again=away)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise Unanswered(f"{name} answered in an encoding that was not asked for")
                return await self._read(response)
        except Rejected as refusal:
            raise Unanswered(f"{name}: {refusal}") from None
        except InputError as missing:
            raise Unanswered(str(missing)) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
            raise Unanswered(f"{name}: {type(error).__name__}", away=True, again=True) from None

    def _wire(self, request: Lookup) -> tuple[str, str, dict[str, str], bytes | None]:
        system, url = self._system, f"{self._system.url}{request.path}"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if system.secret is not None:
            headers[system.secret_header] = f"{system.secret_prefix}{system.secret.reveal().decode()}"
        if system.method == "GET":
            asked = sansio.query(request)
            return "GET", f"{url}?{asked}" if asked else url, headers, None
        headers["Content-Type"] = "application/json"
        return "POST", url, headers, sansio.body(request)

    async def _read(self, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        left = self._system.largest
        with contextlib.suppress(ValueError):
            if int(response.headers.get("content-length", "0")) > left:
                raise Unanswered(f"{self._name} answered with more than {left} bytes")
        async for chunk in response.aiter_raw():
            left -= len(chunk)
            if left < 0:
                raise Unanswered(f"{self._name} answered with more than {self._system.largest} bytes")
            parts.append(chunk)
        return b"".join(parts)


def _failed(why: str) -> Sent:
    """A question that was asked and brought nothing: the definition says what then."""
    return Sent(receipt={"error": why})
