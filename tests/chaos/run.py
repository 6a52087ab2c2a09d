"""One run: waves of deals, a strike in each round, everything started again; then it ends, and is recounted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from dealwright.clock import SystemClock
from dealwright.journal.store import Journal
from tests.chaos import site
from tests.chaos.company import company
from tests.chaos.places import Places
from tests.chaos.plan import ENGINE, Strike
from tests.chaos.processes import Prefect, Process, processes
from tests.chaos.recount import Recount, recount
from tests.chaos.sender import Sender
from tests.kill.world import read as query

SECOND: Final = "engine-2"

WAVE: Final = 8
"""Deals that people make in each round."""

PATIENCE: Final = 4.0
"""Seconds in which a victim must reach its fault point; else it is killed where it is."""

IDLE: Final = 120.0
"""Seconds in which everything must have ended after the last strike."""

LEFT: Final = """
    select (select count(*) from dw_executions where state in ('ready', 'running', 'retrying', 'waiting', 'held')),
        (select count(*) from events where routed_at is null), (select count(*) from dw_effects where state = 'sending')
"""

_LOOK: Final = 0.05


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did."""

    kills: int
    missed: int
    repeats: int
    recount: Recount


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes: `broken` switches a guarantee off; `pausing` stops the victim past its lease instead of killing
    it, beside a second engine; `automations` are those that are on (None: all)."""

    strikes: Sequence[Strike]
    broken: str | None = None
    pausing: bool = False
    automations: tuple[str, ...] | None = None
    prefect: bool = True
    idle: float = IDLE


async def run(places: Places, course: Course, *, say: Callable[[str], None] = lambda _: None) -> Ran:
    """Strike once in each round; recount when nothing is left to do."""
    Path(site.secret(places)).write_text(places.secret, "ascii")
    Path(site.token(places)).write_text(places.token, "ascii")
    definitions = company(course.automations)
    with closing(Journal(places.journal, SystemClock())) as journal:
        journal.record_release(definitions)
    engines = (ENGINE, SECOND) if course.pausing else (ENGINE,)
    named = processes(places, broken=course.broken, engines=engines, prefect=course.prefect)
    everybody: dict[str, Process | Prefect] = {**named, **({"prefect": Prefect(places)} if course.prefect else {})}
    sender = Sender(places)
    missed = 0
    try:
        for each in (began := [each for each in everybody.values() if each.name != SECOND]):
            each.start()
        for each in began:
            await each.ready()
        for number, strike in enumerate(course.strikes, start=1):
            victim = everybody.get(strike.victim) or named[ENGINE]
            if course.pausing:
                hit = await _pause(places, sender, named[ENGINE], named[SECOND], strike, course.idle)
            else:
                hit = await _strike(sender, victim, strike)
            missed += not hit
            say(f"round {number}: {strike}{'' if hit else ' (not reached: struck where it was)'}")
        await _idle(places, course.idle)
        for each in (named["web"], *(named[name] for name in named if name.startswith(ENGINE))):
            await each.end()
    finally:
        await sender.close()
        await asyncio.gather(*(each.end() for each in everybody.values() if each.alive))
    counted = recount(places, kills=len(course.strikes), automations=[each.key for each in definitions.automations])
    return Ran(kills=len(course.strikes), missed=missed, repeats=sender.repeats, recount=counted)


async def _strike(sender: Sender, victim: Process | Prefect, strike: Strike) -> bool:
    """Send a wave, kill the victim, start it again; say whether it died at the point that was meant."""
    deals = await sender.make(WAVE)
    if strike.point is not None and isinstance(victim, Process):
        victim.arm(f"{strike.point}:{strike.nth}")
    telling = asyncio.create_task(sender.tell(deals))
    hit = True
    if strike.point is None:
        await victim.died(strike.seconds)
    else:
        hit = await victim.died(PATIENCE)
    victim.kill()
    victim.start()
    await victim.ready()
    await telling
    return hit


async def _pause(
    places: Places, sender: Sender, victim: Process, second: Process, strike: Strike, patience: float
) -> bool:
    """Stop the victim past its lease, let a second engine do what is to be done, wake the victim."""
    deals = await sender.make(WAVE)
    victim.arm(f"{strike.point}:{strike.nth}:stop")
    telling = asyncio.create_task(sender.tell(deals))
    hit = await victim.stopped(PATIENCE)
    await telling
    second.start()  # not before: the victim must be the one that has the work
    await second.ready()
    await _idle(places, patience)
    victim.wake()
    await _idle(places, patience)
    await second.end()
    return hit


async def _idle(places: Places, patience: float) -> None:
    """Wait until nothing is ready, running, waiting, unrouted or under way; what is not by then is counted as lost."""
    deadline = time.monotonic() + patience
    while any(query(places.journal, LEFT)[0]) and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK)
