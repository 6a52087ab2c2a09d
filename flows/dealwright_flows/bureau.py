"""Owns the local credit bureau: a process of its own that `up` and `demo` ask about companies."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from dealwright.clock import Clock
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.story import LATE_PAYERS

_PATIENCE = 20.0
_ON_TIME: Final = {"pays_late": False}


class LocalBureau:
    """The bureau, its answers and its log in one directory: it knows whom the story lets pay late, and nobody else."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._directory = directory.absolute()
        self._answers = self._directory / "bureau.answers.json"
        self.log = self._directory / "bureau.jsonl"
        self.child = Child("bureau", self._directory)
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            DealwrightError: it ended or stayed silent.
        """
        known: dict[str, Any] = {name: {"pays_late": True, "days_late": late} for name, late in LATE_PAYERS.items()}
        self._answers.write_text(json.dumps({"/companies": {**known, "*": _ON_TIME}}), "utf-8")
        command = [sys.executable, "-m", "dealwright_lookup.simulator", "--port", str(self.port)]
        command += ["--log", str(self.log), "--answers", str(self._answers), "--name", "bureau"]
        self.child.start(command, env=clean_environment({}), cwd=self._directory)
        at = (HOST, self.port)
        await self.child.until_listening("the local credit bureau", *at, clock=self._clock, patience=_PATIENCE)

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()
