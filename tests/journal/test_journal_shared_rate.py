"""Two engines' limiters on one journal, on each database: no second holds more requests than the system takes."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from dealwright.clock import SystemClock
from dealwright.engine.limits import SharedLimiter
from dealwright.journal.store import Journal
from dealwright.ports import Pace

RATE = 12
REQUESTS = 40


@pytest.mark.slow
def test_two_engines_together_never_send_more_in_any_second_however_late_each_request_is(migrated_url: str) -> None:
    """Each engine has three requests under way, and between token and socket each is held up for its own time."""
    clock = SystemClock()
    chance = Random(5)
    journals = [Journal(migrated_url, clock) for _ in range(2)]
    left: list[float] = []

    async def lane(limiter: SharedLimiter) -> None:
        while len(left) < REQUESTS:
            assert await limiter.turn("tell") == 0.0
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.15)))  # a gate whose commit takes its time
            await limiter.depart()
            left.append(clock.monotonic())
            await asyncio.sleep(0.02)
            limiter.written()

    async def main() -> None:
        for journal in journals:
            journal.start()
        limiters = [SharedLimiter(journal, clock, "acme", "kommo", Pace(rate=RATE)) for journal in journals]
        await asyncio.gather(*(lane(limiter) for limiter in limiters for _ in range(3)))

    asyncio.run(main())
    for journal in journals:
        journal.close()
    spans = [after - before for before, after in zip(left, left[RATE:], strict=False)]
    assert len(spans) >= REQUESTS - RATE
    assert min(spans) > 1.0
