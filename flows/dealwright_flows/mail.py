"""Owns the local mail server: a process of its own that takes what `up` and `demo` send, and delivers nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from dealwright.clock import Clock
from dealwright_email.simulator import arrived
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port

_PATIENCE = 20.0


class LocalMail:
    """The mail server and its log in one directory."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._directory = directory.absolute()
        self.log = self._directory / "mail.jsonl"
        self.child = Child("mail-server", self._directory)
        self.port = free_port()

    def arrived(self) -> int:
        """Count the messages that its own log holds."""
        return len(arrived(self.log))

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            DealwrightError: it ended or stayed silent.
        """
        command = [sys.executable, "-m", "dealwright_email.simulator", "--port", str(self.port), "--log", str(self.log)]
        self.child.start(command, env=clean_environment({}), cwd=self._directory)
        at = (HOST, self.port)
        await self.child.until_listening("the local mail server", *at, clock=self._clock, patience=_PATIENCE)

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()
