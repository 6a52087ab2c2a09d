"""A small HTTP/1.1 server for simulators, over which a test has full control: it can also drop a connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import h11
import msgspec

LARGEST_BODY: Final = 4_000_000
_READ = 65_536


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whole; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


Handler: TypeAlias = Callable[[Received], Awaitable[Answer | None]]
"""Answers a request; None drops the connection without a byte."""


class Server:
    """Serves a handler on loopback."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen, and return the port."""
        self._server = await asyncio.start_server(self._serve, host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            for task, writer in list(self._open.items()):
                writer.transport.abort()
                task.cancel()
            await asyncio.gather(*self._open)
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._open[task] = writer
        try:
            # A cancelled connection ends quietly: asyncio's streams would print a traceback for each.
            with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
                await self._converse(h11.Connection(h11.SERVER), reader, writer)
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _converse(self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            received = await _receive(wire, reader)
            if received is None:
                return
            try:
                answer = await self._handler(received)
            except Exception:
                logging.getLogger(__name__).exception("the handler failed")
                answer = Answer(status=500)
            if answer is None:
                writer.transport.abort()
                return
            writer.write(_encoded(wire, answer))
            await writer.drain()
            if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
                return
            wire.start_next_cycle()


async def _receive(wire: h11.Connection, reader: asyncio.StreamReader) -> Received | None:
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(_READ))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                return None
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return Received(
                method=request.method.decode(),
                path=request.target.decode("latin-1"),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers},
                body=bytes(body),
            )
        else:
            return None


def _encoded(wire: h11.Connection, answer: Answer) -> bytes:
    headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
    parts = [
        wire.send(h11.Response(status_code=answer.status, headers=headers)),
        wire.send(h11.Data(data=answer.body)),
        wire.send(h11.EndOfMessage()),
    ]
    return b"".join(part for part in parts if part)
