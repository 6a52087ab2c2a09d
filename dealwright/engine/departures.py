"""Departures: when the last requests of one engine came to where they are counted, as far as can be known here.

A request counts from when its last byte was written. A system that was held up itself has counted it later, and the
next ones on time: an answer that took longer than is usual may be that of a request that came so much later, and one
that is overdue may be counted only now.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from typing import Final

USUAL: Final = 0.9
"""The share of answers that take as long as is usual."""

_REMEMBERED: Final = 50
_ENOUGH: Final = 10
_TOLERATED: Final = 0.02
"""Seconds by which an answer may be late and say nothing: latencies differ."""

_GIVEN_UP: Final = 5.0
"""Seconds after which a request without an answer has come long ago, or never will."""


class Departures:
    """The last requests, as many as a system takes in its span."""

    def __init__(self, most: int) -> None:
        self._most = most
        # In order; of these, what left us and is not written yet, and what is written and not answered.
        self._moments: list[float] = []
        self._leaving: deque[float] = deque(maxlen=most)
        self._open: list[float] = []
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._usual: float | None = None

    def add(self, now: float) -> None:
        """Count a request that leaves now."""
        self._leaving.append(now)
        self._count(now)

    def written(self, now: float) -> float:
        """Count one of those that left from now on; which of them makes no difference to how many are in a span."""
        if self._leaving and (left := self._leaving.popleft()) in self._moments:
            self._moments.remove(left)
        self._open.append(now)
        self._count(now)
        return now

    def answered(self, moment: float, now: float) -> None:
        """Count the request that was written at a moment later, if its answer is late, and what was written meanwhile.

        While a system is held up it counts nothing: what came in that time is counted when it goes on.
        """
        if moment in self._open:
            self._open.remove(moment)
        late = 0.0 if self._usual is None else now - moment - self._usual
        if late > _TOLERATED:
            came = {each: now for each in self._moments if now - late < each < now} | {moment: moment + late}
            self._moments = sorted(came.get(each, each) for each in self._moments)
        self._took.append(now - moment)
        if len(self._took) >= _ENOUGH:
            self._usual = sorted(self._took)[int(len(self._took) * USUAL)]

    def last_but(self, now: float) -> float:
        """Return when the first of the last `most` requests came; the beginning of time if there were fewer."""
        moments = self._moments
        if self._usual is not None:
            since = now - self._usual - _TOLERATED
            overdue = [each for each in self._open if now - _GIVEN_UP < each < since]
            if overdue:
                moments = sorted([each for each in moments if each not in overdue] + [since] * len(overdue))
        return moments[-self._most] if len(moments) >= self._most else float("-inf")

    def _count(self, moment: float) -> None:
        insort(self._moments, moment)
        del self._moments[: -self._most]
