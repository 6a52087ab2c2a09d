"""What the engine counts and times about itself, as plain numbers: adding one costs about a microsecond.

The numbers belong to the process, as fault points do. Who shows them to others is no concern of the engine
(intake/published.py): a reader in another thread copies them while they grow. Labels are names of ours, never anything
of a customer's.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.engine.records import EffectOutcome

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the buckets of what takes time."""

SIZES: Final = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)
"""Upper ends of the buckets of how many at once."""

Labels = tuple[str, ...]


class Histogram(msgspec.Struct, kw_only=True):
    """How often a value fell into each bucket (the last one has no upper end), and the sum of all."""

    ends: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect.bisect_left(self.ends, value)] += 1
        self.total += value


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A counter as it stands; `labels` are the values of the labels that docs/metrics.md names."""

    name: str
    labels: Labels
    value: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram as it stands."""

    name: str
    labels: Labels
    ends: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of a process at one moment."""

    counters: tuple[Counted, ...] = ()
    histograms: tuple[Spread, ...] = ()


class Meters:
    """Counters and histograms by name and labels."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Labels], int] = {}
        self._histograms: dict[tuple[str, Labels], Histogram] = {}

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        """Add to a counter."""
        key = (name, labels)
        self._counters[key] = self._counters.get(key, 0) + by

    def observe(self, name: str, value: float, *labels: str, ends: tuple[float, ...] = SECONDS) -> None:
        """Add a value to a histogram."""
        histogram = self._histograms.get((name, labels))
        if histogram is None:
            made = Histogram(ends=ends, counts=[0] * (len(ends) + 1))
            histogram = self._histograms.setdefault((name, labels), made)
        histogram.add(value)

    @contextmanager
    def timed(self, name: str, clock: Clock) -> Iterator[None]:
        """Add how long what is inside takes, also if it fails."""
        began = clock.monotonic()
        try:
            yield
        finally:
            self.observe(name, clock.monotonic() - began)

    def carried(self, connector: str, outcomes: Sequence[EffectOutcome], seconds: float) -> None:
        """Count what came of the effects of one bulk call, and how long it took."""
        names = [type(item.outcome).__name__ for item in outcomes]
        for item, name in zip(outcomes, names, strict=True):
            self.count("effects", item.effect.request.kind, _OUTCOMES.get(name, "unknown"))
        said = {_OUTCOMES.get(name, "unknown") for name in names}
        self.observe("connector_seconds", seconds, connector, said.pop() if len(said) == 1 else "mixed")

    def read(self) -> Reading:
        """Return all numbers as they stand."""
        return Reading(
            counters=tuple(
                Counted(name=name, labels=labels, value=n) for (name, labels), n in [*self._counters.items()]
            ),
            histograms=tuple(
                Spread(name=name, labels=labels, ends=each.ends, counts=tuple(each.counts), total=each.total)
                for (name, labels), each in [*self._histograms.items()]
            ),
        )


_OUTCOMES: Final = {"Sent": "sent", "Refused": "rejected", "TryAgain": "retrying", "Unknown": "unknown"}

METERS: Final = Meters()
"""Those of this process."""
