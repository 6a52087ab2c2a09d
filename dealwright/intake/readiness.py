"""Whether hooks can be taken: asked of the journal once a second at most, however often it is asked of us."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from dealwright.clock import Clock

_FRESH: Final = 1.0


class Workers(Protocol):
    """The journal, as far as it can be asked who works on it."""

    def living_workers(self) -> int:
        """Count the engines that are at work on this journal."""
        ...


class Readiness:
    """Asks one thread at a time: a journal that hangs must not collect threads."""

    def __init__(self, journal: Workers, clock: Clock, *, patience: float) -> None:
        self._journal = journal
        self._clock = clock
        self._patience = patience
        self._asked = float("-inf")
        self._answer: asyncio.Future[int] | None = None

    async def engines(self) -> int:
        """Return how many engines are at work.

        Raises:
            Exception: whatever the journal fails with.
            TimeoutError: it does not answer.
        """
        now = self._clock.monotonic()
        if self._answer is None or (self._answer.done() and now - self._asked >= _FRESH):
            self._asked = now
            self._answer = asyncio.ensure_future(asyncio.to_thread(self._journal.living_workers))
        async with asyncio.timeout(self._patience):
            return await asyncio.shield(self._answer)
