"""Posts events to Meta: one request, and what it came to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import OutcomeUnknown, Unavailable
from dealwright_http.addresses import Guard
from dealwright_http.classify import Verdict, of_failure
from dealwright_http.client import make_client
from dealwright_meta import sansio
from dealwright_meta.settings import MetaSettings

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class MetaClient:
    """Kept connections to one dataset; each has one request at a time."""

    def __init__(self, settings: MetaSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = Guard(clock, allow_private=settings.allow_private)
        self._idle: list[httpx.AsyncClient] = []

    async def post(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Send the events in one request; it returns if Meta has taken all of them.

        Raises:
            BadBatch: one of them is refused at least, and none was taken.
            ConnectorError: what concerns the whole request.
        """
        token = self._settings.token.reveal().decode()
        content = sansio.body(events, token, self._settings.test_code)
        answer = await self._ask("POST", self._settings.endpoint, content, _HEADERS)
        sansio.judge(answer.status_code, answer.headers, answer.content, events=len(events), now=self._clock.wall())

    async def look(self) -> None:
        """Ask for the dataset, which changes nothing; it returns if the token may read it.

        Raises:
            ConnectorError: it may not, or nobody answers.
        """
        bearer = {"Authorization": f"Bearer {self._settings.token.reveal().decode()}"}
        address = self._settings.endpoint.removesuffix("/events")
        answer = await self._ask("GET", f"{address}?fields=id", None, _HEADERS | bearer)
        sansio.judge(answer.status_code, answer.headers, answer.content, events=None, now=self._clock.wall())

    async def _ask(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> httpx.Response:
        http = self._idle.pop() if self._idle else make_client(self._guard, timeout=self._settings.timeout)
        began = False

        async def trace(event: str, _info: Mapping[str, object]) -> None:
            nonlocal began
            began = began or event.endswith(".send_request_headers.started")

        try:
            async with asyncio.timeout(self._settings.timeout):
                return await http.request(
                    method, url, content=content, headers=dict(headers), extensions={"trace": trace}
                )
        except TimeoutError:
            if not began:
                raise Unavailable(f"Meta let nothing be sent within {self._settings.timeout:g} s") from None
            raise OutcomeUnknown(f"Meta did not answer within {self._settings.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            # The type only: the text of some carries the address.
            reason = f"Meta: {type(error).__name__}"
            raise (Unavailable if of_failure(error) is Verdict.LATER else OutcomeUnknown)(reason) from None
        finally:
            self._idle.append(http)

    async def aclose(self) -> None:
        """Close the connections."""
        clients, self._idle = self._idle, []
        for client in clients:
            await client.aclose()
