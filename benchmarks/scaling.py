"""`scaling`: one routed backlog on PostgreSQL, carried by one, two and four worker processes on the same journal."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from statistics import median
from time import perf_counter
from typing import Final

import msgspec

from benchmarks.company import BATCH, CHUNK, MONDAY, Backlog, company
from benchmarks.databases import Raw, journals
from benchmarks.frame import Benchmark, Figures, Key, Setting, expect, say, spread
from benchmarks.recount import recount
from dealwright.clock import PlayedClock
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm

WORKERS: Final = (1, 2, 4)
ROUNDS: Final = 3
PERSONS: Final = 200
_WORDS: Final = {1: "one", 2: "two", 4: "four"}


def measure(setting: Setting) -> Figures:
    """Work copies of one backlog with so many workers, by turns; return executions/s and the ratios."""
    events = setting.size(5_000, 300)
    rounds = 1 if setting.small else ROUNDS
    rates: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    with journals("postgresql", setting.folder) as place:
        say(f"scaling on {place.database}: {events:,} executions, {rounds} rounds of {WORKERS} workers")
        backlog = _routed(Backlog.make(place, setting.folder, "backlog", deals=events, persons=PERSONS), events)
        for number in range(rounds):
            for workers in WORKERS:
                name = f"by-{workers}-{number}"
                rates[workers].append(events / _carried(setting, backlog, name, workers, events))
        for workers in WORKERS:
            say(f"  {workers} workers: executions/s {spread(rates[workers])}")
    figures = {f"scaling_{_WORDS[workers]}": median(rates[workers]) for workers in WORKERS}
    for workers in WORKERS[1:]:
        ratios = [many / one for many, one in zip(rates[workers], rates[1], strict=True)]
        figures[f"scaling_{_WORDS[workers]}_ratio"] = median(ratios)
    return figures


def _routed(backlog: Backlog, events: int) -> Backlog:
    """Make an execution of every event in a copy, as the engine of `up` does; nothing is carried yet."""
    clock, name = PlayedClock(MONDAY), "routed"
    url = backlog.copy(name)
    with closing(Journal(url, clock)) as journal, closing(EmbeddedCrm(_crm(backlog, name), clock)) as crm:
        journal.record_release(company())
        journal.start()
        site = AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm,))
        asyncio.run(_until_routed(Engine(journal, [site], clock, batch_limit=BATCH, carries=False), journal))
    with closing(backlog.journals.raw(name)) as raw:
        expect("executions to carry", raw.query("select count(*) from executions where head")[0][0], events)
    return msgspec.structs.replace(backlog, name=name)


async def _until_routed(engine: Engine, journal: Journal) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    while journal.unrouted("acme", CHUNK):
        await asyncio.sleep(0.01)
    stop.set()
    await running


def _carried(setting: Setting, backlog: Backlog, name: str, workers: int, events: int) -> float:
    """Carry a copy with so many processes that start at once; return the seconds until nothing is due."""
    place, url = backlog.journals, backlog.copy(name)
    command = [sys.executable, "-m", "benchmarks.scaling_worker", url, _crm(backlog, name)]
    command.append("broken" if setting.broken else "whole")
    with ExitStack() as stack:
        started = [stack.enter_context(_process(command)) for _ in range(workers)]
        for each in started:
            assert each.stdout is not None
            expect("a worker is ready", each.stdout.readline(), "ready\n")
        raw = stack.enter_context(closing(place.raw(name)))
        begun = perf_counter()
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        seconds = _until_done(raw, started, begun)
        for each in started:
            expect("a worker's end", each.wait(60), 0)
        recount(raw, backlog.crm_path(name), events=events, acted=events)
        carried = raw.query("select count(distinct window_id) from executions")[0][0]
        if not setting.small:
            expect("windows that carried something", carried, workers)
    return seconds


def _process(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _until_done(raw: Raw, started: Sequence[subprocess.Popen[str]], begun: float) -> float:
    while raw.query("select 1 from executions where head limit 1"):
        if all(each.poll() is not None for each in started):
            break  # the recount says what is left
        time.sleep(0.01)
    return perf_counter() - begun


def _crm(backlog: Backlog, name: str) -> str:
    return f"sqlite:///{backlog.crm_path(name)}"


SCALING: Final = Benchmark(
    name="scaling-pg",
    keys=(
        Key("scaling_one", "events/s", "a routed backlog carried by one worker process, PostgreSQL"),
        Key("scaling_two", "events/s", "by two workers on the same journal"),
        Key("scaling_four", "events/s", "by four"),
        Key("scaling_two_ratio", "", "two workers / one, on two cores that PostgreSQL shares"),
        Key("scaling_four_ratio", "", "four workers / one"),
    ),
    run=measure,
)
