"""Owns the demo: the whole system on a fresh directory, the story played to its end, the figures of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from dealwright.clock import PlayedClock
from dealwright.errors import InputError
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.asked import Asked
from dealwright_flows.billing import Billing
from dealwright_flows.hearing import Hearing
from dealwright_flows.kommo import HOOK
from dealwright_flows.kommo_people import KommoPeople
from dealwright_flows.people import EmbeddedPeople, People
from dealwright_flows.player import Player
from dealwright_flows.sockets import HOST
from dealwright_flows.story import HERO, STAFF, USERS, ZONE, Story, tell
from dealwright_flows.summary import CrmFigures, Figures, Told, deals_by_stage
from dealwright_flows.system import CrmChoice, System
from dealwright_flows.web import HOOKS_SECRET
from dealwright_kommo import Kommo

LINGER: Final = 2.5
"""Seconds without work after which a window closes; real ones, so that a short demo shows more than one run each."""

MAILED: Final = ("send_email", "notify", "ask")
"""The kinds of effects that are an e-mail each: to a customer, or to a colleague. One person is the head of sales."""

_PATIENCE: Final = 60.0


class Progress(Protocol):
    """Hears how far the demo is."""

    def say(self, text: str) -> None:
        """Tell something an operator must know."""
        ...

    def stage(self, text: str) -> None:
        """Something new begins."""
        ...

    def played(self, now: datetime, number: int, of: int) -> None:
        """So many of the story's moments are played."""
        ...


async def run_demo(
    data_dir: Path, stop: asyncio.Event, progress: Progress, *, crm: CrmChoice = "embedded"
) -> tuple[Figures, Told] | None:
    """Play the demo in an empty directory; return its figures, None if `stop` was set before the end.

    Raises:
        DealwrightError: the project or the demo itself failed. Prefect's failing is no error: it is told.
    """
    story = tell()
    clock = PlayedClock(story.moments[0].at)
    began = clock.monotonic()
    system = System(data_dir, clock=clock, linger=LINGER, say=progress.say, crm=crm)
    beside = AsyncExitStack()
    try:
        binding = system.project.account()
        progress.stage("Recording the release, shaping the CRM")
        await system.start_outside()
        people = await _people(system, beside)
        await staff(system.journal, binding.key, people)
        for line in system.prepare():
            progress.stage(line)
        progress.stage("Starting Prefect")
        await _first(stop, system.start_prefect())
        if stop.is_set():
            return None
        billing = Billing(binding.key, binding.hooks, system.journal, secret=data_dir / HOOKS_SECRET, clock=clock)
        asked = Asked(binding.key, system.journal)
        player = Player(story, people, system.engine, clock, billing, asked)
        progress.stage("Playing the fortnight")
        await _play(system, player, story, stop, progress)
        if stop.is_set():
            return None
        return await _figures(system, player, people, story, clock.monotonic() - began)
    finally:
        await beside.aclose()
        await system.close()


async def staff(journal: Journal, account: str, people: People) -> None:
    """Get the users of the story to work, and put them behind the roles of the definitions, as `people set` does."""
    users = await people.employ(USERS)
    journal.start()
    for role, numbers in STAFF.items():
        journal.set_role(account, role, [users[number] for number in numbers], actor="demo")


async def _people(system: System, beside: AsyncExitStack) -> People:
    """Return the people at the account's CRM; what must be closed after them is put `beside`."""
    binding = system.project.account()
    if isinstance(binding.crm, EmbeddedCrm):
        return EmbeddedPeople(binding.crm)
    if system.kommo is None or not isinstance(binding.crm, Kommo):
        raise InputError(
            "the demo plays in the embedded CRM, or with --crm kommo in a simulated account of Kommo; this project's"
            " account uses neither"
        )
    source = next((source for source in binding.hooks if source.name == HOOK), None)
    if source is None:
        raise InputError(f"the demo needs [account.{binding.key}.hooks.{HOOK}] in the target file, for Kommo's hooks")
    hearing = Hearing(binding.key, source, system.journal)
    port = await hearing.start()
    beside.push_async_callback(hearing.stop)
    await system.kommo.tell(f"http://{HOST}:{port}/{{}}")
    people = KommoPeople(binding.crm, system.project.definitions(binding.key).pipelines, system.clock)
    beside.push_async_callback(people.aclose)
    return people


async def _play(system: System, player: Player, story: Story, stop: asyncio.Event, progress: Progress) -> None:
    ended = asyncio.Event()
    left: list[int] = []

    def recording(windows: int) -> None:
        if not left:
            progress.stage("Waiting for the recorder")
        left.append(windows)

    def played(now: datetime, number: int) -> None:
        progress.played(now, number, len(story.moments))

    async def play() -> None:
        try:
            await player.play(stop, played)
        finally:
            ended.set()

    playing = asyncio.create_task(play())
    try:
        await system.serve(ended, patience=_PATIENCE, tick=recording)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    if not playing.cancelled() and (error := playing.exception()) is not None:
        raise error


async def _first(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> None:
    """Wait for `work`, but no longer than until `stop` is set."""
    working = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopped):
        task.cancel()
    await asyncio.gather(working, stopped, return_exceptions=True)


async def _figures(
    system: System, player: Player, people: People, story: Story, seconds: float
) -> tuple[Figures, Told]:
    binding = system.project.account()
    account = binding.key
    release = system.journal.active_release(account)
    stages = await people.counted()
    hero = await people.deal(player.deals[HERO])
    if release is None:
        raise InputError("the demo's journal or CRM was changed by somebody else while it was played")
    effects = system.journal.counts("effects")
    figures = Figures(
        crm=CrmFigures(name=binding.crm.name, says=dict(await people.acted())),
        left_out={each.automation: each.why for each in system.project.left_out(account)},
        deals=deals_by_stage(stages),
        events=system.journal.counts("events"),
        executions=system.journal.counts("executions"),
        effects=effects,
        mails={"sent": sum(effects.get(kind, {}).get("sent", 0) for kind in MAILED), "arrived": system.mail.arrived()},
        conversions={"sent": effects.get("send_conversion", {}).get("sent", 0), "counted": system.meta.counted()},
        flow_runs=system.recorded.flow_runs,
        task_runs=system.recorded.task_runs,
        seconds=round(seconds, 1),
        data_dir=str(system.data_dir.resolve()),
    )
    told = Told(
        company=release.account.name,
        zone=ZONE,
        began=story.moments[0].at,
        ended=story.ends,
        stages=stages,
        hero=hero,
        timeline=system.journal.timeline(account, f"deal:{hero.id}"),
        wrong=tuple(system.wrong),
        unrecorded=system.recorded.left,
    )
    return figures, told
