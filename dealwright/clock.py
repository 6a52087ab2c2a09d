"""The only place that reads a clock. Business time and real time are two clocks (engine-contract §3).

Business time (due dates, waits, working time, texts) is injected and may be virtual. Real monotonic time (leases,
linger, back-off) and real wall time (ages of signatures, of first attempts) are always the machine's.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells business time and real time."""

    def now(self) -> datetime:
        """Business time, aware, in UTC."""
        ...

    def wall(self) -> datetime:
        """Real wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Real monotonic time in seconds."""
        ...


class SystemClock:
    """Business time is real time."""

    def now(self) -> datetime:
        """Business time: the wall clock."""
        return datetime.now(UTC)

    def wall(self) -> datetime:
        """Real wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Real monotonic time in seconds."""
        return time.monotonic()


class PlayedClock(SystemClock):
    """Business time stands still until it is moved; real time stays real. For the demo and for tests."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"a played clock starts at an aware instant, not {start!r}")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Business time as last moved."""
        return self._now

    def move_to(self, when: datetime) -> None:
        """Move business time forward to `when`; never backwards."""
        self._now = max(self._now, when.astimezone(UTC))

    def move(self, by: timedelta) -> None:
        """Move business time forward."""
        self._now += by
