"""`drain` and `drain-pg`: a backlog of W1 in the journal, beside a bare loop with the same rows and requests."""

from __future__ import annotations

from contextlib import closing
from statistics import median
from typing import Final

import msgspec

from benchmarks.bare_loop import BareLoop, see_the_same
from benchmarks.company import BATCH, CHUNK, Backlog, company
from benchmarks.conversions import Meta, see_conversions, simulated_meta
from benchmarks.databases import Journals, Kind, journals
from benchmarks.frame import Benchmark, Figures, Key, Setting, say, spread
from benchmarks.recount import recount

ROUNDS: Final = 3
PERSONS: Final = 200
DATASET: Final = 1_000_000_000_000_000


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round: the engine, then the bare loop, on copies of one backlog."""

    engine: float
    bare: float
    bytes_each: float


def measure(setting: Setting, kind: Kind, suffix: str) -> Figures:
    """Drain warm, then several times; return events/s of engine and bare loop, and the median of their ratios."""
    events = setting.size(5_000, 300)
    with journals(kind, setting.folder) as place, simulated_meta(setting.folder) as meta:
        say(f"drain on {place.database}: {events:,} events, {1 if setting.small else ROUNDS} rounds")
        if not setting.small:
            _round(_backlog(setting, place, "warm", events // 10), 0, events // 10, meta, setting)
        backlog = _backlog(setting, place, "backlog", events)
        rounds = [_round(backlog, n, events, meta, setting) for n in range(1, 2 if setting.small else ROUNDS + 1)]
    say(f"  events/s {spread(r.engine for r in rounds)}; bare loop {spread(r.bare for r in rounds)}")
    figures = {
        f"w1_drain{suffix}": median(r.engine for r in rounds),
        f"bare_loop_drain{suffix}": median(r.bare for r in rounds),
        f"w1_drain{suffix}_ratio": median(r.engine / r.bare for r in rounds),
    }
    if kind == "sqlite":
        figures["journal_bytes_per_execution"] = median(r.bytes_each for r in rounds)
    return figures


def _backlog(setting: Setting, place: Journals, name: str, events: int) -> Backlog:
    return Backlog.make(place, setting.folder, name, deals=events, persons=PERSONS)


def _round(backlog: Backlog, n: int, events: int, meta: Meta, setting: Setting) -> Round:
    place, name, bare = backlog.journals, f"drained-{n}", f"drained-{n}-bare"
    datasets = f"{DATASET + 2 * n}", f"{DATASET + 2 * n + 1}"
    seconds, _ = backlog.drain(
        name,
        backlog.copy(name),
        company(converts=True),
        connectors=lambda clock: (meta.connector(datasets[0], clock),),
        broken=setting.broken,
    )
    with closing(place.raw(name)) as drained:
        see_conversions(
            meta, datasets[0], recount(drained, backlog.crm_path(name), events=events, acted=events), events
        )
        loop = BareLoop(drained, backlog.crm_path(name), meta, chunk=CHUNK, batch=BATCH)
        backlog.copy(bare)
        with closing(place.raw(bare)) as fresh:
            bare_seconds = loop.run(fresh, backlog.crm_path(bare), meta.settings(datasets[1]))
            see_the_same(drained, fresh)
            see_conversions(
                meta, datasets[1], recount(fresh, backlog.crm_path(bare), events=events, acted=events), events
            )
    grown = place.size(name) - place.size(backlog.name)
    return Round(engine=events / seconds, bare=events / bare_seconds, bytes_each=grown / events)


def _keys(suffix: str, database: str) -> tuple[Key, ...]:
    return (
        Key(f"w1_drain{suffix}", "events/s", f"a backlog of W1 (two effects each), {database}"),
        Key(f"bare_loop_drain{suffix}", "events/s", "the same rows and requests in the same order, no engine"),
        Key(f"w1_drain{suffix}_ratio", "", "engine / bare loop"),
    )


SQLITE: Final = Benchmark(
    name="drain",
    keys=(
        *_keys("", "SQLite"),
        Key("journal_bytes_per_execution", "bytes", "what an execution with two effects adds to journal.db"),
    ),
    run=lambda setting: measure(setting, "sqlite", ""),
)
POSTGRESQL: Final = Benchmark(
    name="drain-pg",
    keys=_keys("_pg", "PostgreSQL"),
    run=lambda setting: measure(setting, "postgresql", "_pg"),
)
