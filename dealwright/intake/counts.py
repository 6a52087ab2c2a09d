"""Counts what came of requests; what was refused is also logged, seldom and without its content."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from dealwright.clock import Clock
from dealwright.language.characters import one_line

_log = logging.getLogger(__name__)

QUIET: Final = 60.0
"""Seconds between two log lines about the same thing: a flood of refused requests fills no disk."""


class Counts:
    """How often each thing happened, per address; the address of a source that is not there is `-`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}
        self.by_outcome: Counter[tuple[str, str]] = Counter()
        """Keys are (`account/source`, outcome): `accepted`, `duplicate`, or why it was refused."""

    def add(self, address: str, outcome: str, number: int = 1) -> None:
        """Count."""
        self.by_outcome[address, outcome] += number

    def refused(self, address: str, outcome: str, why: str) -> None:
        """Count a refused request, and tell of it unless that was done within the last minute."""
        self.told(address, outcome, f"refused: {why}")

    def told(self, address: str, outcome: str, why: str) -> None:
        """Count what somebody should look at, and tell of it unless that was done within the last minute."""
        key = (address, outcome)
        self.by_outcome[key] += 1
        now, total = self._clock.monotonic(), self.by_outcome[key]
        last, told = self._logged.get(key, (float("-inf"), 0))
        if now - last >= QUIET:
            self._logged[key] = (now, total)
            more = f" ({total - told} times since it was last told)" if total - told > 1 else ""
            _log.warning("hooks/%s %s%s", address, one_line(why), more)
