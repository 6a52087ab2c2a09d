"""Owns the local receiver of webhook events: a process of its own, as the outside system of `up` and `demo`."""

from __future__ import annotations

import sys
from pathlib import Path

from dealwright.clock import Clock
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.workplace import secret_file

_PATIENCE = 20.0


class LocalReceiver:
    """The receiver, its log and its secret in one directory."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._directory = directory.absolute()
        self.log = self._directory / "receiver.jsonl"
        self.secret = secret_file(self._directory / "receiver.secret")
        self.child = Child("receiver", self._directory)
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def launch(self) -> None:
        """Start the process; what it has seen before it reads from its log."""
        command = [sys.executable, "-m", "dealwright_webhook.simulator", "--port", str(self.port)]
        command += ["--log", str(self.log), "--secret-file", str(self.secret), "--name", "erp"]
        self.child.start(command, env=clean_environment({}), cwd=self._directory)

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            DealwrightError: it ended or stayed silent.
        """
        self.launch()
        await self.child.until_listening("the local receiver", HOST, self.port, clock=self._clock, patience=_PATIENCE)

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()
