"""The processes of a run: started, armed at a fault point, killed with SIGKILL, and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dealwright.clock import SystemClock
from dealwright_flows.server import PrefectServer
from tests.chaos import site
from tests.chaos.places import Places

ROOT: Final = Path(__file__).resolve().parents[2]

PATIENCE: Final = 60.0
"""Seconds for a process to be ready on a busy machine."""

SEARCH_LAG: Final = 0.3
"""Seconds until the simulated Kommo's search sees what was written: less than our look waits."""

_LOOK: Final = 0.01


class NotReady(RuntimeError):
    """A process of the run ended, or stayed silent, when it should have served."""


class Process:
    """One process that may die at any time. It is ready when it listens, or when it has said so in a file."""

    def __init__(self, name: str, places: Places, command: Sequence[str], *, port: int | None = None) -> None:
        self.name = name
        self._places = places
        self._command = list(command)
        self._port = port
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; only while it was started."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it runs (or is stopped, and so may run again)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def killed(self) -> bool:
        """Whether it died by SIGKILL."""
        return self._popen is not None and self._popen.poll() == -signal.SIGKILL

    def environment(self) -> dict[str, str]:
        """Return the environment without anything that steers us or Prefect."""
        return {name: value for name, value in os.environ.items() if not name.startswith(("DEALWRIGHT_", "PREFECT_"))}

    def start(self) -> None:
        """Start it and come back at once."""
        self._ready_file.unlink(missing_ok=True)
        with (self._places.path / f"{self.name}.out").open("ab") as out:
            self._popen = subprocess.Popen(
                [sys.executable, *self._command], cwd=ROOT, env=self.environment(), stdout=out, stderr=out
            )

    async def ready(self) -> None:
        """Wait until it serves.

        Raises:
            NotReady: it ended or stayed silent.
        """
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if not self.alive or time.monotonic() > deadline:
                raise NotReady(f"{self.name} did not start (exit {self._popen and self._popen.poll()}): {self.tail()}")
            await asyncio.sleep(_LOOK)

    def arm(self, fault: str) -> None:
        """Let it die at a fault point, from now on (tests/chaos/arming.py)."""
        self._arming.write_text(fault, "ascii")
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Kill it with SIGKILL, if it is alive, and wait until it is gone."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()

    async def died(self, seconds: float) -> bool:
        """Say whether it dies by itself within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK)
        return not self.alive

    async def stopped(self, seconds: float) -> bool:
        """Say whether it stops itself (SIGSTOP at a fault point) within so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
            if state == "T":
                return True
            await asyncio.sleep(_LOOK)
        return False

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def end(self, patience: float = 30.0) -> int | None:
        """Tell it to end, and kill it if it does not; return its exit code."""
        if self._popen is None:
            return None
        self._popen.terminate()
        if not await self.died(patience):
            self._popen.kill()
        return self._popen.wait()

    def tail(self) -> str:
        """Return the last lines that it printed."""
        out = self._places.path / f"{self.name}.out"
        return "\n".join(out.read_text("utf-8", "replace").splitlines()[-12:]) if out.exists() else ""

    @property
    def _arming(self) -> Path:
        return self._places.path / f"{self.name}.arm"

    @property
    def _ready_file(self) -> Path:
        return self._places.path / f"{self.name}.ready"

    def _is_ready(self) -> bool:
        if self._port is None:
            return self._ready_file.exists()
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


class Prefect:
    """The Prefect server of a run: nobody waits for it, for the work does not."""

    name = "prefect"

    def __init__(self, places: Places) -> None:
        self._server = PrefectServer(places.path / "prefect", clock=SystemClock())

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._server.child.alive

    def start(self) -> None:
        """Start it and come back at once."""
        self._server.launch()

    async def ready(self) -> None:
        """Nobody waits for it in a round."""

    async def healthy(self) -> None:
        """Wait until it answers."""
        await self._server.healthy()

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self._server.child.kill()

    async def died(self, seconds: float) -> bool:
        """It has no fault points, and dies only when it is killed."""
        await asyncio.sleep(seconds)
        return not self.alive

    async def end(self) -> None:
        """End it."""
        await self._server.stop()


def processes(
    places: Places, *, broken: str | None, engines: Sequence[str], prefect: bool = True
) -> Mapping[str, Process]:
    """Return the processes of a run by name, none of them started; `broken` switches a guarantee off."""
    sabotage = ["--break", broken] if broken else []
    alone = [] if prefect else ["--without-prefect"]

    def module(name: str, *arguments: str, port: int | None = None) -> Process:
        return Process(name, places, ["-m", *arguments], port=port)

    def receiver(name: str, port: int, *more: str) -> Process:
        arguments = ["--secret-file", site.secret(places), *_log(places, name), "--port", str(port), *more]
        return module(name, "dealwright_webhook.simulator", *arguments, port=port)

    def vendor(name: str, port: int, *more: str) -> Process:
        arguments = [
            "--token-file",
            site.token(places),
            "--log",
            str(places.path / f"{name}.jsonl"),
            "--port",
            str(port),
        ]
        return module(name, f"dealwright_{name}.simulator", *arguments, *more, port=port)

    found = [
        vendor("kommo", places.kommo, "--search-lag", str(SEARCH_LAG)),
        vendor("meta", places.meta),
        receiver("erp", places.erp),
        receiver("audit", places.audit, "--no-dedupe"),
        module("web", "tests.chaos.web", places.directory, *sabotage, port=places.web),
        *(
            module(name, "tests.chaos.engine", places.directory, "--name", name, *sabotage, *alone, port=None)
            for name in engines
        ),
    ]
    return {each.name: each for each in found}


def _log(places: Places, name: str) -> list[str]:
    return ["--name", name, "--log", str(places.path / f"{name}.jsonl")]
