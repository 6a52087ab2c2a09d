"""`intake`: how long a sender of hooks waits for its answer at 1,000 requests a second, with the engine at work."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say
from benchmarks.w1 import recount
from benchmarks.world import at, running

RATE: Final = 1_000.0
CONNECTIONS: Final = 64


def measure(setting: Setting) -> Figures:
    """Send hooks at a steady rate to a system that works them off; return milliseconds until the answer."""
    events = setting.events(10_000, 300)
    say(f"intake on SQLite: {events:,} hooks, {RATE:,.0f} a second, the engine works them off meanwhile")
    with running(setting.folder, site="w1", deals=events, linger=1.0) as (world, deals):
        hooks = world.hooks([("invoice-paid", deal) for deal in deals])
        with world.load(hooks[1:] if setting.broken else hooks, connections=CONNECTIONS, rate=RATE) as load:
            answers = load.answers()
        worked = world.ended()
        world.until_ended(len(answers.all))
        recount(world, events)
    seconds = answers.seconds
    sent = max(each.sent for each in answers.all) - answers.first_sent
    say(f"  {events / sent:,.0f} sent a second, {answers.put_off} put off, {worked:,} ended when the last was answered")
    expect("whether the engine was at work", worked > 0 or setting.small, True)
    return {"intake_p50_ms": median(seconds) * 1e3, "intake_p99_ms": at(0.99, seconds) * 1e3}


INTAKE: Final = Benchmark(
    name="intake",
    about=45,
    keys=(
        Key("intake_p50_ms", "ms", "until a hook is answered at 1,000 a second with the engine at work, SQLite"),
        Key("intake_p99_ms", "ms", "the same, 99 of 100"),
    ),
    run=measure,
)
