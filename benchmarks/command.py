"""Runs `dealwright` as a user types it, and says how long that took."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.frame import Red

ROOT: Final = Path(__file__).resolve().parents[1]
"""The repository: where the reference company and its composition root are."""


def dealwright(*arguments: str | Path, data: Path | None = None) -> tuple[float, str]:
    """Run one command in a process of its own; return its seconds and what it printed.

    Raises:
        Red: it failed.
    """
    environment = dict(os.environ) | ({"DEALWRIGHT_DATA": str(data)} if data is not None else {})
    start = perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dealwright")), *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    seconds = perf_counter() - start
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise Red(f"`dealwright {arguments[0]}` ended with {done.returncode}: {said[-1] if said else 'nothing said'}")
    return seconds, done.stdout
