"""What stands before the routes: who asks, how much they send, how many at once, and a log without personal data."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.responses import Response

from dealwright.clock import Clock
from dealwright.errors import ConnectorError
from dealwright.ports import Asgi
from dealwright_embedded_crm.api.accounts import Accounts
from dealwright_embedded_crm.api.bodies import Receive, check_query, read_body
from dealwright_embedded_crm.api.caller import Caller
from dealwright_embedded_crm.api.problems import Problem, busy, failed, of_domain

AT_ONCE: Final = 10
"""Requests that are in the database at once, fewer than it has connections; the others wait for their turn."""

TURN_SECONDS: Final = 5.0
BODY_SECONDS: Final = 30.0

DOCUMENT_PATH: Final = "/openapi.json"

log = logging.getLogger("dealwright.crm.api")


class Front:
    """Admits requests to the routes behind it, and answers whatever goes wrong in one shape."""

    def __init__(self, inner: Asgi, document: bytes, accounts: Accounts, clock: Clock) -> None:
        self._inner = inner
        self._document = document
        self._accounts = accounts
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        began = self._clock.monotonic()
        watched = _Watched(send)
        try:
            await self._serve(scope, receive, watched)
        except Problem as problem:
            await watched.answer(problem, scope, receive)
        except ConnectorError as error:
            await watched.answer(of_domain(error), scope, receive)
        except PoolTimeoutError:
            await watched.answer(busy(), scope, receive)
        except Exception as error:
            _log_failure(error)
            await watched.answer(failed(), scope, receive)
        finally:
            self._log(scope, watched.status, self._clock.monotonic() - began)

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: _Watched) -> None:
        if _path(scope) == DOCUMENT_PATH and scope["method"] == "GET":
            await Response(self._document, media_type="application/json")(scope, receive, send)
            return
        headers = _headers(scope)
        header = headers.get(b"authorization", b"").decode("latin-1")
        async with self._turn():
            # Before the body: a stranger is not worth reading a megabyte for.
            caller = await asyncio.to_thread(self._accounts.admit, header)
        scope["state"] = {**scope.get("state", {}), "caller": caller}
        check_query(scope.get("query_string", b""))
        body = await _patiently(receive, headers)
        answer: list[MutableMapping[str, Any]] = []

        async def collect(message: MutableMapping[str, Any]) -> None:
            answer.append(message)

        async with self._turn():
            await self._inner(scope, _replay(body, receive), collect)
        for message in answer:  # a client that reads slowly keeps nobody's turn
            await send(message)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turns.acquire(), TURN_SECONDS)
        except TimeoutError:
            raise busy() from None
        try:
            yield
        finally:
            self._turns.release()

    def _log(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        # The route's template and never the path or the query: those name customers, and what was searched for.
        route = getattr(scope.get("route"), "path", "-")
        caller = scope.get("state", {}).get("caller")
        who = f"{caller.account} token {caller.token.id}" if isinstance(caller, Caller) else "-"
        log.info("%s %s %d %.0f ms %s", scope["method"], route, status, seconds * 1000, who)


class _Watched:
    """Sends, and remembers what was sent."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def answer(self, problem: Problem, scope: MutableMapping[str, Any], receive: Receive) -> None:
        if not self.status:  # else the answer has begun, and can only break off
            await problem.response()(scope, receive, self)


async def _patiently(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    try:
        return await asyncio.wait_for(read_body(receive, headers), BODY_SECONDS)
    except TimeoutError:
        raise Problem(400, "malformed", f"the body did not come within {BODY_SECONDS:g} seconds") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> MutableMapping[str, Any]:
        return parts.pop() if parts else await receive()

    return replayed


def _headers(scope: MutableMapping[str, Any]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        # Twice the same header could mean one thing to a proxy and another to us.
        if name in headers and name in (b"authorization", b"content-type", b"idempotency-key", b"if-match"):
            raise Problem(400, "malformed", f"the header {name.decode('latin-1')} is given twice")
        headers[name] = value
    return headers


def _path(scope: MutableMapping[str, Any]) -> str:
    """Return the path below where the API is mounted."""
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))


def _log_failure(error: Exception) -> None:
    """Log where it failed, without the error's text: that can hold what customers are called."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.error("the request failed with %s in %s", type(error).__name__, where)


async def _live(receive: Receive, send: Any) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
