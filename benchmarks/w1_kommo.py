"""`w1-kommo`: W1 against a Kommo as it is: 7 requests a second, 150-400 ms each, 504 above 50 items of one write.

The ceiling is what these limits allow: every lead and every contact is read again before anything is decided, 250 in
one request, and every task is written, 50 in one request. That many requests at 7 a second cannot take less time.
"""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Final

from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say
from benchmarks.kommo_account import LOG
from benchmarks.w1 import recount_kommo, through
from benchmarks.world import lines, running_kommo

PER_SECOND: Final = 7.0
READ, WRITTEN = 250, 50
"""Entities of one request, at most."""

_OPTIONS: Final = ("--rate", "7", "--latency-ms", "150-400", "--largest-batch", "50")


def measure(setting: Setting) -> Figures:
    """Send hooks of new leads; return how much of the ceiling was reached, in entities a second."""
    events = setting.events(20_000, 300)
    say(f"w1-kommo on SQLite: {events:,} hooks to `dealwright up`, Kommo with its limits, Meta")
    with running_kommo(
        setting.folder, leads=events, linger=1.0, per_second=PER_SECOND, batch=WRITTEN, options=_OPTIONS
    ) as (world, kommo, leads):
        speed = through(world, world.kommo_hooks(leads), setting, lambda: recount_kommo(world, kommo, events))
        log = lines(world.data / LOG)
    refused = Counter(line["status"] for line in log)[429]
    expect("requests that Kommo refused as too many", 0 if setting.small else refused, 0)
    asked = Counter((line["method"], line["path"]) for line in log)
    say(f"  requests {dict(asked)}")
    needed = 2 * ceil(events / READ) + ceil(events / WRITTEN)
    ceiling = events / (needed / PER_SECOND)
    return {"kommo_events_per_s": speed, "kommo_ceiling_share": speed / ceiling}


W1_KOMMO: Final = Benchmark(
    name="w1-kommo",
    about=150,
    keys=(
        Key("kommo_events_per_s", "events/s", "W1 with Kommo's limits (7 requests/s, 504 above 50 items), SQLite"),
        Key("kommo_ceiling_share", "", "of what these limits allow: leads and contacts read again, tasks written"),
    ),
    run=measure,
)
