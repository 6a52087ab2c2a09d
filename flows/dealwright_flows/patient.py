"""uvicorn's HTTP/1.1 protocol on httptools, with an end to its patience: who does not ask properly is cut off.

uvicorn itself waits for ever for the first request and for headers that trickle in; a few hundred such connections
would keep everybody else out. It also reads headers of any size, and takes requests that name no host.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dealwright.intake.bodies import WHOLE

HEADER_SECONDS: Final = 10.0
"""Seconds that the headers of one request may take."""

LARGEST_HEADERS: Final = 16 * 1024
"""Bytes of the address and the headers of one request."""


class PatientProtocol(HttpToolsProtocol):
    """Ends connections on which no whole request header arrives in time, or too large a one."""

    _cut: asyncio.TimerHandle | None = None
    _unread = 0
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while no request is complete, however often a byte comes."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._unread += len(data)
            if self._unread > LARGEST_HEADERS and not self.transport.is_closing():
                self.send_400_response("The headers are too large.")
            self._wait()
        else:
            self._unread = 0
            self._wait_no_more()

    def on_message_begin(self) -> None:
        """Begin to count the head of a request."""
        super().on_message_begin()
        self._head = 0

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse who names no host, or several: HTTP/1.1 asks for one, and whoever stands between us goes by it."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts != 1 and not (hosts == 0 and self.parser.get_http_version() == "1.0"):
            raise ValueError("one host is needed")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Say that the body has come, which most bodies do in one packet with their head."""
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key]  # what a server knows
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._unread = 0
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _count(self, size: int) -> None:
        """Raise, which the parser answers with 400, when a head is too large."""
        self._head += size
        if self._head > LARGEST_HEADERS:
            raise ValueError("the head is too large")

    def _wait(self) -> None:
        if self._cut is None and not self.transport.is_closing():
            self._cut = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _wait_no_more(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    def _give_up(self) -> None:
        self._cut = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
