"""Abreast: requests of one batch side by side, where an answer takes longer than the time between two tokens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

LANES: Final = 4
"""Requests of one batch under way where they are counted: 7 a second of 400 ms each are three at a time."""

T = TypeVar("T")


async def abreast(parts: Sequence[T], lanes: int, send: Callable[[T], Awaitable[None]]) -> None:
    """Send one part after the other, so many at a time. If one fails, those under way are ended and none is begun.

    Raises:
        Exception: what the first of them failed with.
    """
    waiting = deque(parts)

    async def lane() -> None:
        while waiting:
            try:
                await send(waiting.popleft())
            except Exception:
                waiting.clear()
                raise

    for end in await asyncio.gather(*(lane() for _ in range(min(lanes, len(parts)))), return_exceptions=True):
        if end is not None:
            raise end
