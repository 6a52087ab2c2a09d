"""A small, fast HTTP/1.1 server for simulators, over which a test has full control.

It can drop a connection (a real reset), let a body trickle, and cut one off. What a handler has begun it ends, whether
or not the client is still there: as at a real vendor, a client that gave up does not know what was carried out.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import httptools
import msgspec

LARGEST_BODY: Final = 4_000_000
_RESET: Final = struct.pack("ii", 1, 0)
_PHRASES: Final = {status.value: status.phrase for status in http.HTTPStatus}


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whole; header names are in lower case, the path has its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered.

    `trickle` seconds are spread over the body, which comes in small pieces. With `cut`, the connection breaks after
    half of the body that the headers promise.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    trickle: float = 0.0
    cut: bool = False


Handler: TypeAlias = Callable[[Received], Awaitable[Answer | None]]
"""Answers a request; None drops the connection without a byte."""

Sleep: TypeAlias = Callable[[float], Awaitable[Any]]
"""Waits for so many seconds; tests with a clock of their own bring their own."""


class Server:
    """Serves a handler."""

    def __init__(self, handler: Handler, *, sleep: Sleep = asyncio.sleep) -> None:
        self.handler = handler
        self.sleep = sleep
        self.open: set[_Connection] = set()
        self.working: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen, and return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            for connection in list(self.open):
                connection.abort()
            for task in list(self.working):
                task.cancel()
            await asyncio.gather(*self.working, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None


class _Connection(asyncio.Protocol):
    """One connection: parses requests and answers them one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[Received, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._start()

    def _start(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; what was begun goes on."""
        self._transport = None
        self._server.open.discard(self)

    def abort(self) -> None:
        """Break the connection: the client sees a reset, not an end."""
        transport, self._transport = self._transport, None
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end(Answer(status=501))
        except httptools.HttpParserError:
            self._end(Answer(status=400))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._start()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.lower().decode("latin-1")] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Let a careful client go on."""
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, within reason."""
        self._size += len(body)
        if self._size > LARGEST_BODY:
            self._end(Answer(status=413))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Serve the request once those before it are answered."""
        received = Received(
            method=self._parser.get_method().decode("latin-1"),
            path=self._target.decode("latin-1"),
            headers=self._headers,
            body=b"".join(self._body),
        )
        self._waiting.append((received, self._parser.should_keep_alive()))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._server.working.add(self._task)
            self._task.add_done_callback(self._server.working.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                received, keep = self._waiting.popleft()
                try:
                    answer = await self._server.handler(received)
                except Exception:
                    logging.getLogger(__name__).exception("the handler failed")
                    answer = Answer(status=500)
                if answer is None:
                    self.abort()
                    return
                await self._write(received, answer, keep=keep)
        finally:
            self._task = None

    async def _write(self, received: Received, answer: Answer, *, keep: bool) -> None:
        body = b"" if received.method == "HEAD" else answer.body
        if not (answer.trickle or answer.cut):
            self._send(_head(answer, keep) + body)
        else:
            self._send(_head(answer, keep))
            size = max(1, len(body) // 10)
            pieces = [body[at : at + size] for at in range(0, len(body) // (2 if answer.cut else 1), size)]
            for piece in pieces:
                await self._server.sleep(answer.trickle / len(pieces))
                self._send(piece)
            if answer.cut:
                # Closed, not reset: a reset could overtake what is still on its way.
                keep = False
        if not keep and self._transport is not None:
            self._transport.close()

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _end(self, answer: Answer) -> None:
        if self._transport is not None:
            self._transport.write(_head(answer, False))
            self._transport.close()
            self._transport = None


def _head(answer: Answer, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status not in (204, 304):
        lines.append(f"Content-Length: {len(answer.body)}")
    if not keep:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
