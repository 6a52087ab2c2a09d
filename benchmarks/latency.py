"""`latency`: from the hook to the first action's arrival at Meta, idle and with fifty automations at work."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import closing
from statistics import median
from typing import Final

import msgspec

from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say
from benchmarks.load import Answered
from benchmarks.timed_up import TURNS
from benchmarks.w1 import arrivals, recount, see_windows
from benchmarks.world import Shown, World, at, lines, running

AUTOMATIONS: Final = 50
RATE: Final = 50.0
LINGER: Final = 5.0
"""Seconds: some windows close while others work, and at the end nearly all of them at once."""

_SEED: Final = 20260302


def measure(setting: Setting) -> Figures:
    """Send single hooks, then fifty a second for a minute, each to an automation by chance; return seconds."""
    single, busy = setting.size(30, 4), setting.events(3_000, 150)
    say(f"latency on SQLite: {single} single hooks, then {busy:,} at {RATE:.0f} a second to {AUTOMATIONS} automations")
    chance = random.Random(_SEED)
    with running(setting.folder, site="busy", deals=single + busy, linger=LINGER, command=("benchmarks.timed_up",)) as (
        world,
        deals,
    ):
        told = [(f"paid-{chance.randrange(AUTOMATIONS):02}", deal) for deal in deals]
        hooks = world.hooks(told)
        idle = _sent(world, hooks[:single], rate=1.0)
        hurried = _sent(world, hooks[single + 1 :] if setting.broken else hooks[single:], rate=RATE)
        world.until_ended(len(idle) + len(hurried))
        windows = world.windows()
        recount(world, single + busy)
        see_windows(windows, single + busy)
        first = _first_actions(world)
    waited = [first[deal] - answer.meant for deal, answer in zip(deals, [*idle, *hurried], strict=True)]
    turns = msgspec.msgpack.decode((world.data / TURNS).read_bytes(), type=list[tuple[float, float]])
    spans = [(answer.meant, first[deal]) for deal, answer in zip(deals[single:], hurried, strict=True)]
    added = within(turns, spans)
    say(f"  {len(windows)} windows, {len(turns):,} turns of the recorder, the longest {max(t[1] for t in turns):.3f} s")
    return {
        "latency_idle_p50_s": median(waited[:single]),
        "latency_busy_p50_s": median(waited[single:]),
        "latency_busy_p99_s": at(0.99, waited[single:]),
        "recorder_visible_max_s": max(visible(windows)),
        "recorder_overhead_p99_ms": at(0.99, added) * 1e3,
    }


def _sent(world: World, hooks: Sequence[bytes], *, rate: float) -> list[Answered]:
    with world.load(hooks, connections=16, rate=rate) as load:
        return load.answers().all


def _first_actions(world: World) -> Mapping[str, float]:
    """Return when Meta was told of each deal, by its id."""
    told = arrivals(lines(world.meta))
    with closing(world.journal()) as journal:
        query = (
            "select x.subject, e.key from dw_effects e join dw_executions x on x.id = e.execution_id"
            " where e.kind = 'send_conversion'"
        )
        return {subject.removeprefix("deal:"): told[key] for subject, key in journal.query(query)}


def visible(windows: Sequence[Shown]) -> list[float]:
    """Return how long after its closing each window was shown in Prefect as ended.

    Its task runs are there before it is ended: the recorder asks for them first.

    Raises:
        Red: some are not shown.
    """
    expect("windows that Prefect shows no end of", [w.automation for w in windows if w.ended is None], [])
    return [window.ended - window.closed for window in windows if window.ended is not None]


def within(turns: Sequence[tuple[float, float]], spans: Sequence[tuple[float, float]]) -> list[float]:
    """Return for each span how many of its seconds belonged to turns, which follow one another."""
    ordered = sorted(turns)
    begins = [begin for begin, _ in ordered]
    added = []
    for begin, end in spans:
        met = ordered[max(0, bisect_left(begins, begin) - 1) : bisect_left(begins, end)]
        added.append(sum(max(0.0, min(end, start + length) - max(begin, start)) for start, length in met))
    return added


LATENCY: Final = Benchmark(
    name="latency",
    about=125,
    keys=(
        Key("latency_idle_p50_s", "s", "hook until its first action arrives at Meta, nothing else to do, SQLite"),
        Key("latency_busy_p50_s", "s", "the same, 50 automations at 50 events a second for a minute"),
        Key("latency_busy_p99_s", "s", "the same, 99 of 100"),
        Key("recorder_visible_max_s", "s", "a window's closing until Prefect shows it with all its steps, the longest"),
        Key("recorder_overhead_p99_ms", "ms", "of an event's latency, what the recorder had of the engine's loop"),
    ),
    run=measure,
)
