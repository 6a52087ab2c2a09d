"""Owns the one HTTP client to Prefect: one request at a time, retries in milliseconds, errors as our own."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Any, Final

import httpx

from dealwright.errors import DealwrightError

TIMEOUT: Final = 5.0
_FIRST_WAIT: Final = 0.005
_LONGEST_WAIT: Final = 0.5
_BUSY_BUDGET: Final = 10.0

# httpx logs every URL at INFO; ours carry nothing secret, but the operator's log is not the place for them.
logging.getLogger("httpx").setLevel(logging.WARNING)


class PrefectError(DealwrightError):
    """Prefect refused or failed."""


class PrefectAway(PrefectError):
    """Prefect was not reached, or is too busy to answer: nothing is wrong with the request."""


class PrefectNotFound(PrefectError):
    """What was asked for is not there."""


class PrefectClosed(PrefectError):
    """Prefect does not accept our credentials."""


class PrefectRefused(PrefectError):
    """Prefect understood the request and refuses it: sending it again would not help."""


class PrefectApi:
    """Prefect's API, for one owner. Requests never overlap: SQLite answers 503 to those that do."""

    def __init__(self, api_url: str, auth: tuple[str, str] | None) -> None:
        self._client = httpx.AsyncClient(
            base_url=api_url.rstrip("/"), auth=auth, timeout=TIMEOUT, trust_env=False, follow_redirects=False
        )
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> PrefectApi:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str) -> Any:
        """GET `path`; return the decoded answer."""
        return await self._send("GET", path, None)

    async def post(self, path: str, body: object) -> Any:
        """POST `body`; return the decoded answer, None when it is empty."""
        return await self._send("POST", path, body)

    async def patch(self, path: str, body: object) -> Any:
        """PATCH with `body`; return the decoded answer, None when it is empty."""
        return await self._send("PATCH", path, body)

    async def delete(self, path: str) -> None:
        """DELETE `path`; what is gone already is fine."""
        try:
            await self._send("DELETE", path, None)
        except PrefectNotFound:
            return

    async def _send(self, method: str, path: str, body: object) -> Any:
        async with self._one_at_a_time:
            wait, waited = _FIRST_WAIT, 0.0
            while True:
                try:
                    answer = await self._client.request(method, path, json=body)
                except httpx.TransportError as error:
                    raise PrefectAway(f"Prefect does not answer ({type(error).__name__})") from error
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return _judged(method, path, answer)
                if waited > _BUSY_BUDGET:
                    raise PrefectAway("Prefect is too busy: it answered 503 for ten seconds")
                await asyncio.sleep(wait)
                waited += wait
                wait = min(wait * 2, _LONGEST_WAIT)


def _judged(method: str, path: str, answer: httpx.Response) -> Any:
    """Return the answer's value, or raise what it means; bodies are in no text, they may be anything."""
    status = answer.status_code
    if answer.is_success:
        return answer.json() if answer.content else None
    said = f"Prefect answered {status} to {method} {path}"
    if status == httpx.codes.NOT_FOUND:
        raise PrefectNotFound(said)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise PrefectClosed(f"{said}: the credentials are not those it was started with")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in (
        httpx.codes.REQUEST_TIMEOUT,
        httpx.codes.TOO_MANY_REQUESTS,
    ):
        raise PrefectAway(said)
    raise PrefectRefused(said)
