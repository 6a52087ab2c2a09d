"""`gate`: what it costs an effect to take its person's reservation, beside effects that take none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec

from benchmarks.company import Backlog, company
from benchmarks.databases import journals
from benchmarks.frame import Benchmark, Figures, Key, Setting, say, spread
from benchmarks.recount import recount
from dealwright.engine.records import GateRequest, GateResult
from dealwright.journal.store import Journal


class TimedGate(Journal):
    """A journal that adds up the seconds of what the gate asks of it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seconds = 0.0

    def persons(self, account: str, contacts: Sequence[str]) -> dict[str, str]:
        """Return who stands behind contacts."""
        start = perf_counter()
        try:
            return super().persons(account, contacts)
        finally:
            self.seconds += perf_counter() - start

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        """Carry out the gate's verdicts."""
        start = perf_counter()
        try:
            return super().pass_gate(account, epoch, automation, requests)
        finally:
            self.seconds += perf_counter() - start


class Cost(msgspec.Struct, frozen=True):
    """Seconds of one round for each effect that reached the gate: all of its road, and the gate alone."""

    road: float
    gate: float


def measure(setting: Setting) -> Figures:
    """Drain one backlog with and without `again=once(per=person)`, by turns.

    A tenth of the persons come a second time: with the limit they must be skipped, which is recounted.
    """
    persons = setting.size(1_500, 200)
    rounds = setting.size(3, 1)
    events = persons + persons // 10
    say(f"gate on SQLite: {events:,} events of {persons:,} persons, {rounds} rounds")
    with journals("sqlite", setting.folder) as place:
        backlog = Backlog.make(place, setting.folder, "backlog", deals=events, persons=persons)
        if not setting.small:
            _drain(setting, backlog, "warm", events=events, persons=persons, once=True)
        limited, free = [], []
        for n in range(1, rounds + 1):
            limited.append(_drain(setting, backlog, f"once-{n}", events=events, persons=persons, once=True))
            free.append(_drain(setting, backlog, f"every-{n}", events=events, persons=persons, once=False))
    say(f"  gate, us: once {spread(c.gate * 1e6 for c in limited)}; every event {spread(c.gate * 1e6 for c in free)}")
    pairs = list(zip(limited, free, strict=True))
    return {
        "gate_once_us": median(cost.gate for cost in limited) * 1e6,
        "gate_none_us": median(cost.gate for cost in free) * 1e6,
        "gate_ratio": median(a.gate / b.gate for a, b in pairs),
        "gate_road_ratio": median(a.road / b.road for a, b in pairs),
    }


def _drain(setting: Setting, backlog: Backlog, name: str, *, events: int, persons: int, once: bool) -> Cost:
    url = backlog.copy(name)
    definitions = company(once_per_person=once and not setting.broken)
    seconds, journal = backlog.drain(name, url, definitions, journal_class=TimedGate, broken=False)
    assert isinstance(journal, TimedGate)
    with closing(backlog.journals.raw(name)) as raw:
        recount(raw, backlog.crm_path(name), events=events, acted=persons if once else events)
    return Cost(road=seconds / events, gate=journal.seconds / events)


GATE: Final = Benchmark(
    name="gate",
    keys=(
        Key("gate_once_us", "us", "the gate's transaction for one effect with once(per=person), SQLite"),
        Key("gate_none_us", "us", "the same with every_event()"),
        Key("gate_ratio", "", "the gate with the reservation / without"),
        Key("gate_road_ratio", "", "the whole road of an event with the reservation / without"),
    ),
    run=measure,
)
