"""`memory`: 100,000 executions through one automation: what the process holds, and what the journal keeps of each."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from math import ceil
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks.command import ROOT
from benchmarks.company import BATCH, CHUNK, MONDAY, Backlog, Losing, company
from benchmarks.databases import Journals, RawSqlite, journals
from benchmarks.frame import Benchmark, Figures, Key, Red, Setting, say
from benchmarks.recount import recount
from dealwright.clock import PlayedClock
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.events import DealCreated
from dealwright.ports import FeedItem
from dealwright_embedded_crm import EmbeddedCrm

PERSONS: Final = 200


def measure(setting: Setting) -> Figures:
    """Let a process of its own work off events of a few deals; return what it held early and late, in megabytes."""
    events, deals = setting.events(100_000, 2_000), setting.size(2_000, 200)
    with journals("sqlite", setting.folder) as place:
        say(f"memory on {place.database}: {events:,} executions of one automation on {deals:,} deals")
        backlog = Backlog.make(place, setting.folder, "journal", deals=deals, persons=PERSONS)
        events = deals + _more(place, backlog, max(0, events // deals - 1))
        held = _worked(setting.folder, broken=setting.broken)
        with closing(place.raw("journal")) as journal:
            recount(journal, backlog.crm_path("journal"), events=events, acted=events)
    early, late = _between(held, 0.2, 0.4), _between(held, 0.8, 1.0)
    say(f"  {early:.1f} MB early, {late:.1f} MB late, {max(held):.1f} MB at most")
    return {"memory_mb": late, "memory_growth_ratio": late / early}


def _more(place: Journals, backlog: Backlog, times: int) -> int:
    """Append so many further events about each deal of the backlog; return how many they are."""
    clock = PlayedClock(MONDAY)
    crm_url = f"sqlite:///{backlog.crm_path(backlog.name)}"
    with closing(EmbeddedCrm(crm_url, clock)) as crm:
        with closing(RawSqlite(backlog.crm_path(backlog.name))) as raw:
            ids = [str(number) for (number,) in raw.query("select id from deals order by id")]
        deals = list(asyncio.run(crm.read_deals(ids)).values())
    with closing(Journal(place.new(backlog.name), clock)) as journal:
        for time in range(times):
            items = [
                FeedItem(
                    event=DealCreated(
                        source_id=f"again:{time}:{deal.id}", occurred_at=MONDAY, actor="bench", after=deal
                    ),
                    raw=b"{}",
                )
                for deal in deals
            ]
            for start in range(0, len(items), CHUNK):
                journal.append("acme", "bench", items[start : start + CHUNK])
    return times * len(deals)


def _worked(folder: Path, *, broken: bool) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.memory", str(folder), *(["--break"] if broken else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise Red(f"the engine's process ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return msgspec.json.decode(done.stdout, type=list[float])


def _between(held: Sequence[float], low: float, high: float) -> float:
    """Return what the process held in the median in that part of its time."""
    return median(held[int(low * len(held)) : max(1, ceil(high * len(held)))])


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _work(engine: Engine) -> list[float]:
    """Let the engine work until nothing is left, and look at the process meanwhile."""
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    held = []
    while not engine.idle():
        held.append(_megabytes())
        await asyncio.sleep(0.1)
    stop.set()
    await running
    return held


def main(folder: Path, *, broken: bool) -> None:
    """Work off the journal of a folder; print what this process held."""
    clock = PlayedClock(MONDAY)
    url, crm_url = f"sqlite:///{folder / 'journal.db'}", f"sqlite:///{folder / 'journal.crm.db'}"
    crm = (Losing if broken else EmbeddedCrm)(crm_url, clock)
    with closing(Journal(url, clock)) as journal, closing(crm):
        journal.record_release(company())
        journal.start()
        site = AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm,))
        held = asyncio.run(_work(Engine(journal, [site], clock, linger=0.1, batch_limit=BATCH)))
    print(msgspec.json.encode(held).decode())


MEMORY: Final = Benchmark(
    name="memory",
    about=90,
    keys=(
        Key("memory_mb", "MB", "what the engine's process holds late in 100,000 executions of one automation, SQLite"),
        Key("memory_growth_ratio", "", "held in the last fifth of the time / in the second fifth"),
    ),
    run=measure,
)

if __name__ == "__main__":
    main(Path(sys.argv[1]), broken="--break" in sys.argv)
