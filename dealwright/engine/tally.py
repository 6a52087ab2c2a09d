"""The tally of one window: what each step did and how executions were left, for its record in Prefect."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Final

from dealwright.clock import Clock
from dealwright.model.window import StepSummary

_OVER: Final = frozenset({"done", "skipped", "cancelled"})
"""States in which nobody takes an execution up again: only their number is kept, for a window may see a million."""


class Tally:
    """Counts, by step and by execution, with the real times of the first and the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._times: dict[str, tuple[datetime, datetime]] = {}
        self._left: dict[str, str] = {}
        self._over: Counter[str] = Counter()

    def step(self, name: str, outcome: str, *, since: datetime | None = None) -> None:
        """Count one outcome of a step; `since` is when its request began."""
        now = self._clock.wall()
        first, _ = self._times.get(name, (since or now, now))
        self._times[name] = (min(first, since or now), now)
        self._counts[name][outcome] += 1

    def left(self, execution_id: str, state: str) -> None:
        """Note how a turn left an execution; the last one counts."""
        if state in _OVER:
            self._left.pop(execution_id, None)
            self._over[state] += 1
        else:
            self._left[execution_id] = state

    def executions(self) -> dict[str, int]:
        """Return how many executions were left in which state."""
        return dict(sorted((self._over + Counter(self._left.values())).items()))

    def steps(self) -> tuple[StepSummary, ...]:
        """Return the steps in the order in which they began."""
        return tuple(
            StepSummary(
                name=name,
                started_at=self._times[name][0],
                ended_at=self._times[name][1],
                counts=dict(sorted(counts.items())),
            )
            for name, counts in sorted(self._counts.items(), key=lambda item: self._times[item[0]][0])
        )
