"""Owns the local server of Meta's Conversions API: a process of its own, told what `up` and `demo` tell of sales."""

from __future__ import annotations

import sys
from pathlib import Path

from dealwright.clock import Clock, PlayedClock
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.workplace import secret_file
from dealwright_meta.simulator import counted

_PATIENCE = 20.0


class LocalMeta:
    """The server, its log and its token in one directory."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._directory = directory.absolute()
        self.log = self._directory / "meta.jsonl"
        self.token = secret_file(self._directory / "meta.secret")
        self.child = Child("meta", self._directory)
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def counted(self) -> int:
        """Count the events that its own log says it counts."""
        return counted(self.log)

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            DealwrightError: it ended or stayed silent.
        """
        command = [sys.executable, "-m", "dealwright_meta.simulator", "--port", str(self.port), "--log", str(self.log)]
        command += ["--token-file", str(self.token)]
        if isinstance(self._clock, PlayedClock):
            command.append("--any-age")  # the days of a demo are not those of the server
        self.child.start(command, env=clean_environment({}), cwd=self._directory)
        at = (HOST, self.port)
        await self.child.until_listening("the local server of Meta", *at, clock=self._clock, patience=_PATIENCE)

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()
