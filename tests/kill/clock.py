"""Business time in a file: it goes on where it stood when a worker was killed, and several workers share it."""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime
from pathlib import Path

from dealwright.clock import SystemClock


class FileClock(SystemClock):
    """Business time stands still until a worker moves it, for all workers; real time stays real."""

    def __init__(self, file: Path, start: datetime) -> None:
        self._file = file
        self._start = start.astimezone(UTC)

    def now(self) -> datetime:
        """Business time as last moved by anybody."""
        try:
            return datetime.fromisoformat(self._file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return self._start

    def move_to(self, when: datetime) -> None:
        """Move business time forward to `when`; never backwards."""
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = self._file.with_suffix(".new")
            new.write_text(max(self.now(), when.astimezone(UTC)).isoformat(), encoding="ascii")
            new.replace(self._file)
