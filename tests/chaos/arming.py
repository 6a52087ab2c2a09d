"""Lets a running process be told at which fault point to die: SIGUSR1, and a file that names the point."""

from __future__ import annotations

import signal
from pathlib import Path

from dealwright import faults


def listen(directory: Path, name: str) -> None:
    """Arm what `<name>.arm` names whenever SIGUSR1 comes. Call it before the process says that it is ready."""
    file = directory / f"{name}.arm"

    def arm(_signal: int, _frame: object) -> None:
        faults.arm(file.read_text("ascii").strip() or None)

    signal.signal(signal.SIGUSR1, arm)


def say_ready(directory: Path, name: str) -> None:
    """Say that the process serves."""
    (directory / f"{name}.ready").touch()
