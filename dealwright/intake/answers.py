"""Answers of the hooks' application: a status, and JSON that says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


_encode: Final = msgspec.json.Encoder().encode
_PAIRS: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class Answer(Exception):
    """What a request is answered; raised from wherever it is decided.

    `close` ends the connection: the rest of the request was not read, and must not be taken for the next one.
    """

    def __init__(
        self,
        status: HTTPStatus,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers) if headers else {}
        if close:
            self.headers["connection"] = "close"

    async def send(self, send: Send, *, head: bool = False) -> None:
        """Send it, without the body if it answers a HEAD."""
        encoded = _encode(self.body)
        pairs = [*_PAIRS, (b"content-length", b"%d" % len(encoded))]
        pairs += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": int(self.status), "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if head else encoded})


def refusal(
    status: HTTPStatus, code: str, message: str, *, headers: Mapping[str, str] | None = None, close: bool = False
) -> Answer:
    """Return an answer that says why a request was not taken; it never repeats anything of the request."""
    return Answer(status, {"error": code, "message": message}, headers=headers, close=close)


def come_again(status: HTTPStatus, code: str, message: str, seconds: int) -> Answer:
    """Return an answer that asks the sender to repeat the request after so many seconds."""
    return refusal(status, code, message, headers={"retry-after": str(seconds)})


def only(methods: str) -> Answer:
    """Return the answer to another method than those that an address takes."""
    return refusal(
        HTTPStatus.METHOD_NOT_ALLOWED, "method", f"this address takes {methods}", headers={"allow": methods}, close=True
    )
