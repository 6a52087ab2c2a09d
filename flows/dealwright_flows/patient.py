"""uvicorn's HTTP/1.1 protocol with an end to its patience: who opens a connection and does not ask is cut off.

uvicorn itself waits for ever for the first request and for headers that trickle in; a few hundred such connections
would keep everybody else out.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS: Final = 10.0
"""Seconds that the headers of one request may take."""


class PatientProtocol(H11Protocol):
    """Ends connections on which no whole request header arrives in time."""

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while no request is complete, however often a byte comes."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connection_lost(exc)

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
