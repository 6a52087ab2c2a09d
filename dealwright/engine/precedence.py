"""Precedence: work of priority bulk lets all other work of its engine go first, and is not left waiting for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from dealwright.clock import Clock

BULK: Final = 50
"""Executions of a bulk batch: whoever comes meanwhile waits for no more than that."""

PATIENCE: Final = 5.0
"""Seconds after which bulk work takes a batch though others have work without end."""

_GLANCE: Final = 0.01


class Precedence:
    """Who goes first among the windows of one engine."""

    def __init__(self, clock: Clock, *, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._patience = patience
        self._busy: set[object] = set()

    def note(self, window: object, *, busy: bool) -> None:
        """Remember whether a window has found work when it looked last: bulk work waits for it."""
        if busy:
            self._busy.add(window)
        else:
            self._busy.discard(window)

    async def wait(self, ended: Callable[[], bool]) -> None:
        """Wait until nobody else has work, for the patience at most."""
        until = self._clock.monotonic() + self._patience
        await asyncio.sleep(0)  # those that were opened at the same time look first
        while self._busy and self._clock.monotonic() < until and not ended():
            await asyncio.sleep(_GLANCE)
