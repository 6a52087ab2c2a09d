"""Owns a window that a flow run carries, in the process that a Prefect worker starts for it (the `prefect` driver).

The process works with an engine of its own on the project's journal, listens to the operator, and tells Prefect what
the window did. If it dies, the engine of `up` sees that in the journal: leases are free again, another run is asked
for, and its recorder ends the run as Crashed.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from typing import Final

import msgspec
from prefect.settings import get_current_settings

from dealwright.clock import Clock, SystemClock
from dealwright.engine.meters import METERS
from dealwright.intake.published import FOLDER, Publisher
from dealwright.journal.store import Journal
from dealwright.model.window import Window
from dealwright.project import Project
from dealwright_flows import telling, wire
from dealwright_flows.api import PrefectApi, PrefectError
from dealwright_flows.workplace import linger

ACTOR: Final = "prefect"
_LISTEN: Final = 1.0
_PAUSED_AGAIN: Final = 60.0
"""Seconds after which a run that somebody started while its automation is paused is looked at again."""

_log = logging.getLogger(__name__)


class Carrier:
    """Carries windows of the project's automations, one at a time."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._clock: Clock = SystemClock()
        self._closed: dict[str, Window] = {}

    async def carry(self, account: str, automation: str, *, run_id: str, asked: str | None) -> Window | None:
        """Work until idle, tell Prefect, return the closed window; None if the run is to rest."""
        with closing(self._project.open_journal()) as journal:
            journal.start()
            async with prefect() as api:
                run = _Run(journal, api, account, automation, run_id)
                await run.begin()
                if run.paused():
                    await run.put_off(asked, self._clock)
                    return None
                window = await self._work(journal, run, asked)
                await self._project.aclose()
                return await self._ended(journal, run, window)

    def recorded(self, run_id: str) -> None:
        """Remember that the run has ended as its window did."""
        if window := self._closed.pop(run_id, None):
            with closing(self._project.open_journal()) as journal:
                journal.note_recorded(window.id)

    async def _work(self, journal: Journal, run: _Run, asked: str | None) -> Window:
        engine = self._project.engine(journal, clock=self._clock, linger=linger())
        stop = asyncio.Event()
        # A cancelled run and a worker that is told to end both send it: the request in flight is finished.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        listening = asyncio.create_task(run.listen(stop))
        publisher = Publisher(METERS, self._project.data_dir / FOLDER)
        publisher.start()
        try:
            return await engine.run_window(run.account, run.automation, run_id=run.id, asked=asked, stop=stop)
        finally:
            publisher.stop()
            listening.cancel()
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

    async def _ended(self, journal: Journal, run: _Run, window: Window) -> Window | None:
        """Tell Prefect; an outage leaves that to the recorder, as the death of this process would."""
        try:
            kind = await run.state()
            if kind in ("CANCELLING", "CANCELLED"):
                window = msgspec.structs.replace(window, cancelled=True)
                await run.pause(True)
            await telling.post_steps(run.api, window)
            seen = await telling.steps_seen(run.api, window, self._clock)
            await telling.tell(run.api, window, *await telling.told(run.api, [run.id]), late=False)
        except PrefectError as error:
            _log.warning("%s; the recorder tells it later", error)
            return window
        if kind == "PAUSED":
            journal.suspend_window(window.id, True)
            journal.note_recorded(window.id)
            await run.pause(True)
            return None
        if seen:
            self._closed[run.id] = window
        return window


class _Run:
    """One flow run and what its operator wants of it."""

    def __init__(self, journal: Journal, api: PrefectApi, account: str, automation: str, run_id: str) -> None:
        self._journal = journal
        self.api = api
        self.account = account
        self.automation = automation
        self.id = run_id

    async def begin(self) -> None:
        """Do what starting this very run again means: go on after a suspension, or retry what its windows left."""
        if not self._journal.run_has_windows(self.id):
            return
        states = await self.api.get(f"/flow_run_states/?flow_run_id={self.id}")
        asked = [state["name"] for state in states if state["type"] == "SCHEDULED"]
        if asked and asked[-1] == wire.RESUMING:
            if self._journal.resume_run(self.id):
                await self.pause(False)
        elif retried := self._journal.retry_run(self.id, actor=ACTOR):
            _log.info("retry of a run of %s.%s: %d failed executions go again", self.account, self.automation, retried)

    def paused(self) -> bool:
        """Say whether nothing of this automation may be claimed."""
        paused = self._journal.controls(self.account).paused
        return self.automation in paused or "" in paused

    async def put_off(self, asked: str | None, clock: Clock) -> None:
        """Let the run wait while its automation is paused; one that the engine asked for ends: it will ask again."""
        if asked and self._journal.withdraw_window(asked):
            state = wire.not_needed()
        else:
            state = wire.waiting((clock.wall() + timedelta(seconds=_PAUSED_AGAIN)).isoformat())
        await self.api.post(f"/flow_runs/{self.id}/set_state", state)

    async def state(self) -> str:
        """Ask Prefect for the kind of state that the run is in."""
        return str((await self.api.get(f"/flow_runs/{self.id}"))["state"]["type"])

    async def pause(self, paused: bool) -> None:
        """Pause the automation, or let it go on, in the journal and in Prefect."""
        self._journal.set_paused(self.account, self.automation, paused, actor=ACTOR)
        run = await self.api.get(f"/flow_runs/{self.id}")
        if deployment := run.get("deployment_id"):
            await self.api.patch(f"/deployments/{deployment}", {"paused": paused})

    async def listen(self, stop: asyncio.Event) -> None:
        """End the window when its run is suspended: it goes on in another process. Cancels the window sees itself."""
        while not self._journal.run_suspended(self.id):
            await asyncio.sleep(_LISTEN)
        stop.set()


@asynccontextmanager
async def prefect() -> AsyncIterator[PrefectApi]:
    """The server that the worker of this process works for."""
    settings = get_current_settings().api
    said = settings.auth_string.get_secret_value() if settings.auth_string else ""
    user, _, password = said.partition(":")
    async with PrefectApi(str(settings.url), (user, password) if said else None) as api:
        yield api
