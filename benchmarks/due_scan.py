"""`due-scan`: finding and claiming what has fallen due among few and among many waiting executions."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Final

import msgspec

from benchmarks.company import MONDAY, company
from benchmarks.databases import Journals, Kind, Raw, journals
from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say, spread
from dealwright.clock import PlayedClock
from dealwright.journal.database import micros
from dealwright.journal.store import Journal
from dealwright.model.crm import Deal
from dealwright.model.events import DealCreated
from dealwright.ports import FeedItem

DUE: Final = 100
"""Executions that fall due at each hour of the measured ones."""

RETRYING: Final = 200_000
"""Executions that a CRM which is away has left to be tried again later, beside those that fall due."""

_LOOKS: Final = 100
"""Looks, each hour, that find nothing due."""

_COUNT: Final = "with recursive n (i) as (select 1 union all select i + 1 from n where i < {size})"
_FILL: Final = (
    f"insert into lanes (key, next_pos) {_COUNT} select 'acme|greet|deal:' || i, 1 from n",
    f"""
    insert into executions (id, account, automation, subject, event_id, release, lane, state, due_at, turn, seen_event,
        started_at)
    {_COUNT}
    select 'x' || i, 'acme', 'greet', 'deal:' || i, 1, 'bench', 'acme|greet|deal:' || i, 'waiting',
        case when i % {{stride}} = 0 and i / {{stride}} <= {{due}}
            then {{now}} + ((i / {{stride}} - 1) / {{each}} + 1) * 3600000000
            else {{now}} + 30 * 86400000000 + i * 1000 end, 1, 1, {{now}}
    from n
    """,
    "update events set routed_at = received_at",
)
"""Waiting executions as routing and settling leave them; those that fall due soon stand `stride` rows apart."""


_FILL_RETRYING: Final = (
    f"insert into lanes (key, next_pos) {_COUNT} select 'acme|greet|deal:r' || i, 1 from n",
    f"""
    insert into executions (id, account, automation, subject, event_id, release, lane, state, pos, head, lease_boot,
        lease_until, turn, seen_event, started_at)
    {_COUNT}
    select 'r' || i, 'acme', 'greet', 'deal:r' || i, 1, 'bench', 'acme|greet|deal:r' || i, 'retrying', 0, true,
        '{{boot}}', {{until}} + i, 1, 1, {{now}}
    from n
    """,
)


class _World(msgspec.Struct, frozen=True, kw_only=True):
    """One journal with so many waiting and retrying executions, opened, and the window that claims what falls due."""

    name: str
    size: int
    retrying: int
    journal: Journal
    window: str
    clock: PlayedClock


class _Costs(msgspec.Struct, frozen=True):
    """Seconds, hour by hour: to wake and claim what is due, and to see that nothing is."""

    due: list[float] = []
    nothing: list[float] = []


def measure(setting: Setting, kind: Kind, suffix: str) -> Figures:
    """Let hours pass in three journals by turns; return milliseconds and ratios."""
    few, many, some = setting.size(10_000, 1_000), setting.size(1_000_000, 4_000), setting.size(200_000, 4_000)
    retrying = setting.size(RETRYING, 2_000)
    hours = setting.size(9, 2)
    near, far = few // (DUE * hours), some // (DUE * hours)
    costs = {"few": _Costs(), "many": _Costs(), "scattered": _Costs(), "retrying": _Costs()}
    with journals(kind, setting.folder) as place:
        say(f"due-scan on {place.database}: {few:,} and {many:,} waiting, {DUE} due an hour, {hours} hours")
        worlds = [
            _world(setting, place, kind, name, size, hours, stride, retries)
            for name, size, stride, retries in (
                ("few", few, near, 0),
                ("many", many, near, 0),
                ("scattered", some, far, 0),
                ("retrying", few, near, retrying),
            )
        ]
        for hour in range(hours):
            for world in worlds:
                _hour(world, costs[world.name] if hour or setting.small else _Costs())  # the first one warms caches
        for world in worlds:
            world.journal.close()
            with closing(place.raw(world.name)) as raw:
                _recount(raw, world, hours)
    for name, cost in costs.items():
        say(f"  {name}: due, ms {spread(each * 1e3 for each in cost.due)}")
    due = {name: median(cost.due) for name, cost in costs.items()}
    nothing = {name: median(cost.nothing) for name, cost in costs.items()}
    return {
        f"due_scan_few_ms{suffix}": due["few"] * 1e3,
        f"due_scan_many_ms{suffix}": due["many"] * 1e3,
        f"due_scan{suffix}_ratio": due["many"] / due["few"],
        f"due_scattered{suffix}_ratio": due["scattered"] / due["few"],
        f"due_retrying{suffix}_ratio": due["retrying"] / due["few"],
        f"due_none{suffix}_ratio": nothing["many"] / nothing["few"],
    }


def _world(
    setting: Setting, place: Journals, kind: Kind, name: str, size: int, hours: int, stride: int, retrying: int
) -> _World:
    clock = PlayedClock(MONDAY)
    journal = Journal(place.new(name), clock)
    journal.record_release(company())
    journal.start()
    told = Deal(
        id="1",
        title="Forty chairs",
        pipeline="sales",
        stage="incoming",
        created_at=MONDAY,
        updated_at=MONDAY,
        stage_since=MONDAY,
        version=1,
    )
    event = DealCreated(source_id="bench:1", occurred_at=MONDAY, actor="user:bench", after=told)
    journal.append("acme", "bench", [FeedItem(event=event, raw=b"{}")])
    due = DUE * hours - (1 if setting.broken else 0)
    with closing(place.raw(name)) as raw:
        raw.run(*(each.format(size=size, stride=stride, due=due, each=DUE, now=micros(MONDAY)) for each in _FILL))
        if retrying:
            with journal.database.read() as connection:
                later = journal.database.lease(connection)
            until = later.now + 86_400
            values = {"size": retrying, "boot": later.boot, "until": until, "now": micros(MONDAY)}
            raw.run(*(each.format(**values) for each in _FILL_RETRYING))
        if kind == "postgresql":
            raw.run("analyze")  # as its autovacuum does after a while; nothing does it on SQLite
    window = journal.open_window("acme", "greet", "bench").id
    return _World(name=name, size=size, retrying=retrying, journal=journal, window=window, clock=clock)


def _hour(world: _World, costs: _Costs) -> None:
    journal = world.journal
    nothing = []
    for _ in range(_LOOKS):
        start = perf_counter()
        journal.release_due(500)
        nothing.append(perf_counter() - start)
    world.clock.move(timedelta(hours=1))
    start = perf_counter()
    journal.release_due(500)
    journal.automations_with_work("acme")
    journal.claim("acme", "greet", world.window, 500, 3600.0)
    costs.due.append(perf_counter() - start)
    costs.nothing.append(median(nothing))


def _recount(journal: Raw, world: _World, hours: int) -> None:
    states = Counter(dict(journal.query("select state, count(*) from dw_executions group by state")))
    due = DUE * hours
    expect("executions", states, Counter({"running": due, "waiting": world.size - due, "retrying": world.retrying}))


def _keys(suffix: str, database: str) -> tuple[Key, ...]:
    return (
        Key(f"due_scan_few_ms{suffix}", "ms", f"waking and claiming {DUE} due among 10,000 waiting, {database}"),
        Key(f"due_scan_many_ms{suffix}", "ms", "the same among 1,000,000"),
        Key(f"due_scan{suffix}_ratio", "", "among 1,000,000 / among 10,000"),
        Key(f"due_scattered{suffix}_ratio", "", "among 200,000, each on a page of its own / among 10,000"),
        Key(f"due_retrying{suffix}_ratio", "", f"beside {RETRYING:,} that are tried again later / beside none"),
        Key(f"due_none{suffix}_ratio", "", "seeing that nothing is due, among 1,000,000 / among 10,000"),
    )


SQLITE: Final = Benchmark(name="due-scan", keys=_keys("", "SQLite"), run=lambda setting: measure(setting, "sqlite", ""))
POSTGRESQL: Final = Benchmark(
    name="due-scan-pg", keys=_keys("_pg", "PostgreSQL"), run=lambda setting: measure(setting, "postgresql", "_pg")
)
