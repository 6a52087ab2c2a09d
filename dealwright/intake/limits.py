"""How much one request may carry and take, and how many may come: beyond it the sender is told, and nothing grows."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from dealwright.clock import Clock

LARGEST_BODY: Final = 4 * 1024 * 1024
"""Bytes of one body that a target file may allow."""

DEEPEST: Final = 16
"""Objects and lists within each other in a body."""

PAIRS: Final = 50
"""Values in `data`."""

LONGEST_NAME: Final = 64
"""Characters of a name in `data`."""

LONGEST_VALUE: Final = 2_000
"""Characters of a value in `data`."""

LONGEST_ID: Final = 200
"""Characters of an event's own id, of a deal's and of a reference."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the hooks' application allows all sources together; what one source may send is its quota.

    `drained` bytes of a refused body are read and thrown away, so that the sender hears the answer. `held` bytes of
    bodies are in memory at most, however many are sent at once.
    """

    drained: int = 1024 * 1024
    held: int = 64 * 1024 * 1024
    body_seconds: float = 10.0
    commit_seconds: float = 10.0
    at_once: int = 256
    waiting: int = 1_000


class Bucket:
    """A token bucket: so many at once, so many a second. It is filled by real time."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._tokens = self._burst
        self._filled = clock.monotonic()

    def take(self) -> int:
        """Take one token and return 0; if there is none, return after how many whole seconds there will be."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0
        return max(1, math.ceil((1.0 - self._tokens) / self._rate))
