"""`drain` and `drain-pg`: a backlog in the journal through one automation, beside a bare loop with the same rows."""

from __future__ import annotations

from contextlib import closing
from statistics import median
from typing import Final

import msgspec

from benchmarks.bare_loop import BareLoop, see_the_same
from benchmarks.company import BATCH, CHUNK, Backlog, company
from benchmarks.databases import Journals, Kind, journals
from benchmarks.frame import Benchmark, Figures, Key, Setting, say, spread
from benchmarks.recount import recount

ROUNDS: Final = 3
PERSONS: Final = 200


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round: the engine, then the bare loop, on copies of one backlog."""

    engine: float
    bare: float
    bytes_each: float


def measure(setting: Setting, kind: Kind, suffix: str) -> Figures:
    """Drain warm, then several times; return events/s of engine and bare loop, and the median of their ratios."""
    events = setting.size(5_000, 300)
    with journals(kind, setting.folder) as place:
        say(f"drain on {place.database}: {events:,} events, {1 if setting.small else ROUNDS} rounds")
        if not setting.small:
            _round(_backlog(setting, place, "warm", events // 10), "warm-0", events // 10, setting)
        backlog = _backlog(setting, place, "backlog", events)
        rounds = [
            _round(backlog, f"drained-{n}", events, setting) for n in range(1, 2 if setting.small else ROUNDS + 1)
        ]
    say(f"  events/s {spread(r.engine for r in rounds)}; bare loop {spread(r.bare for r in rounds)}")
    figures = {
        f"drain{suffix}": median(r.engine for r in rounds),
        f"bare_loop_drain{suffix}": median(r.bare for r in rounds),
        f"drain{suffix}_ratio": median(r.engine / r.bare for r in rounds),
    }
    if kind == "sqlite":
        figures["journal_bytes_per_execution"] = median(r.bytes_each for r in rounds)
    return figures


def _backlog(setting: Setting, place: Journals, name: str, events: int) -> Backlog:
    return Backlog.make(place, setting.folder, name, deals=events, persons=PERSONS)


def _round(backlog: Backlog, name: str, events: int, setting: Setting) -> Round:
    place, bare = backlog.journals, f"{name}-bare"
    seconds, _ = backlog.drain(name, backlog.copy(name), company(), broken=setting.broken)
    with closing(place.raw(name)) as drained:
        recount(drained, backlog.crm_path(name), events=events, acted=events)
        loop = BareLoop(drained, backlog.crm_path(name), chunk=CHUNK, batch=BATCH)
        backlog.copy(bare)
        with closing(place.raw(bare)) as fresh:
            bare_seconds = loop.run(fresh, backlog.crm_path(bare))
            see_the_same(drained, fresh)
            recount(fresh, backlog.crm_path(bare), events=events, acted=events)
    grown = place.size(name) - place.size(backlog.name)
    return Round(engine=events / seconds, bare=events / bare_seconds, bytes_each=grown / events)


def _keys(suffix: str, database: str) -> tuple[Key, ...]:
    return (
        Key(f"drain{suffix}", "events/s", f"a backlog through one automation, {database}"),
        Key(f"bare_loop_drain{suffix}", "events/s", "the same rows in the same transactions, no engine"),
        Key(f"drain{suffix}_ratio", "", "engine / bare loop"),
    )


SQLITE: Final = Benchmark(
    name="drain",
    keys=(
        *_keys("", "SQLite"),
        Key("journal_bytes_per_execution", "bytes", "what an execution with one effect adds to journal.db"),
    ),
    run=lambda setting: measure(setting, "sqlite", ""),
)
POSTGRESQL: Final = Benchmark(
    name="drain-pg",
    keys=_keys("_pg", "PostgreSQL"),
    run=lambda setting: measure(setting, "postgresql", "_pg"),
)
