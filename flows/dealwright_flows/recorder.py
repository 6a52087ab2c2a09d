"""Owns the record of our windows in Prefect: one coroutine beside the work, whose every call may be sent again.

A window's run is opened running when the window opens. When it closes, one task run for each step, a table, a log
line and the end state follow. The queue is the journal; with Prefect away it waits, and the work does not notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dealwright import faults
from dealwright.clock import Clock
from dealwright.model.window import Window
from dealwright_flows import names, telling, wire
from dealwright_flows.api import PrefectAway, PrefectClosed, PrefectError, PrefectNotFound
from dealwright_flows.deployments import Deployments
from dealwright_flows.ports import Api, RecorderJournal

LATE_AFTER: Final = 10.0
"""A run that begins or ends this many seconds after its window did is called late, and says the true times."""

_BATCH = 200
_BULK = 50
_REFUSED_PAUSE = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})

_log = logging.getLogger(__name__)


class Stats(msgspec.Struct):
    """What this recorder did so far."""

    flow_runs: int = 0
    task_runs: int = 0
    dropped: int = 0


class Left(msgspec.Struct, frozen=True):
    """What is not recorded yet, and whether Prefect is away."""

    windows: int
    away: bool


class Recorder:
    """Writes windows to Prefect. It never raises into the work, and is never waited for by it.

    While `booting` says that the server was never up yet, its silence is no news.
    """

    def __init__(
        self,
        journal: RecorderJournal,
        api: Api,
        deployments: Deployments,
        *,
        clock: Clock,
        period: float = 0.5,
        booting: Callable[[], bool] = lambda: False,
    ) -> None:
        self._journal = journal
        self._api = api
        self._deployments = deployments
        self._clock = clock
        self._period = period
        self._booting = booting
        self._complained = False
        self._put_off: dict[str, float] = {}
        self._running: dict[str, str] = {}
        self._wake = asyncio.Event()
        self.stats = Stats()
        self.away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop` is set; an outage, or an error of ours, only means a pause."""
        pause = self._period
        while not stop.is_set():
            try:
                await self.once()
                if self.away:
                    await self._deployments.check()  # with nothing to record, nothing was asked of Prefect
                    self._relieve()
                pause = self._period
            except PrefectClosed as error:
                self._complain(f"{error}; nothing is recorded until they are right")
                pause = _LONGEST_PAUSE
            except PrefectAway as error:
                self._complain(f"{error}; the work goes on, the record follows")
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
            except Exception as error:
                # The record must never end the work. Only the kind is logged: a text may carry a row's values.
                _log.error("the recorder failed with %s and tries again", type(error).__name__)
                pause = _LONGEST_PAUSE
            await self._rest(stop, pause)

    async def once(self) -> None:
        """Record everything that can be recorded now.

        Raises:
            PrefectError: Prefect is away or closed; what was done stays done, and nothing is done twice.
        """
        todo = [window for window in self._due() if self._is_new(window) or window.closed_at]
        if not todo:
            return
        await self._deployments.check()
        closed = [window for window in await self._each(todo, self._open) if window.closed_at is not None]
        for start in range(0, len(closed), _BULK):
            await self._close(closed[start : start + _BULK])

    async def drain(self, timeout: float, *, tick: Callable[[int], None] | None = None) -> Left:
        """Wait until every closed window is recorded, at most `timeout` seconds; say what is left."""
        deadline = self._clock.monotonic() + timeout
        while True:
            left = sum(window.closed_at is not None for window in self._journal.windows_to_record(_BATCH))
            if tick:
                tick(left)
            if not left or self._clock.monotonic() > deadline:
                return Left(windows=left, away=self.away)
            self._wake.set()
            await asyncio.sleep(0.1)

    async def recorded(self) -> tuple[int, int]:
        """Ask Prefect how many flow runs and task runs of ours it holds."""
        tagged = wire.ours()
        return (
            int(await self._api.post("/flow_runs/count", tagged)),
            int(await self._api.post("/task_runs/count", tagged)),
        )

    # --- opening ----------------------------------------------------------------------------------------------------

    async def _open(self, window: Window) -> Window | None:
        """Return the window with its run, None if there is nothing more to do for it now."""
        if not self._is_new(window):
            return window
        run_id = await (self._adopt(window) if window.run_id else self._create(window))
        if run_id is None:
            return None
        faults.hit("record.after-open")
        if window.phase == "new":
            self._journal.note_run(window.id, run_id)
        self._running[window.id] = run_id
        self.stats.flow_runs += 1
        return msgspec.structs.replace(window, run_id=run_id, phase="opened")

    async def _create(self, window: Window) -> str | None:
        late = self._seconds_since(window.opened_at) > LATE_AFTER
        deployment = await self._deployments.id_of(window.account, window.automation, window.version)
        try:
            run = await self._api.post(f"/deployments/{deployment}/create_flow_run", wire.opening(window, late=late))
        except PrefectNotFound:
            await self._deployments.lost()
            return None
        return str(run["id"])

    async def _adopt(self, window: Window) -> str | None:
        """Go on with a run that Prefect has already: a quick run that was claimed is running from now on."""
        path = f"/flow_runs/{window.run_id}"
        try:
            if _kind(await self._api.get(path)) in ("PENDING", "SCHEDULED"):
                await self._api.post(f"{path}/set_state", wire.adopting(window))
        except PrefectNotFound:
            await self._missing(window)
            return None
        return window.run_id

    # --- closing ----------------------------------------------------------------------------------------------------

    async def _close(self, windows: Sequence[Window]) -> None:
        runs = await self._runs([str(window.run_id) for window in windows])
        there: list[Window] = []
        for window in windows:
            if window.run_id in runs:
                if _kind(runs[window.run_id]) == "PAUSED":  # suspended: it ends when somebody resumes it
                    self._put_off[window.id] = self._clock.monotonic() + _LONGEST_PAUSE
                else:
                    there.append(window)
            else:
                await self._missing(window)
        there = await self._not_yet_told(there, runs)
        # All are posted before any is waited for: the server writes task runs once a second, so the waits overlap.
        there = await self._each(await self._each(there, self._post_steps), self._see_steps)
        if not there:
            return
        told_of = await telling.told(self._api, [str(window.run_id) for window in there])

        async def tell(window: Window) -> Window:
            return await self._tell(window, runs[str(window.run_id)], *told_of)

        told = await self._each(there, tell)
        dead = [window for window in told if window.crashed]
        if dead:
            await self._api.post("/flow_runs/bulk_set_state", wire.crashing([str(window.run_id) for window in dead]))
        await self._each(told, self._end)

    async def _not_yet_told(self, windows: Sequence[Window], runs: Mapping[str, Any]) -> list[Window]:
        """Drop those whose runs have ended and told all: by themselves, or by a recorder that died right after."""
        ended = {str(window.run_id) for window in windows if _kind(runs[str(window.run_id)]) in _ENDED}
        if not ended:
            return list(windows)
        _, logs = await telling.told(self._api, sorted(ended))
        done = [window for window in windows if window.run_id in ended and telling.tells(logs, window)]
        for window in done:
            self._journal.note_recorded(window.id)
            self._running.pop(window.id, None)
        return [window for window in windows if window not in done]

    async def _post_steps(self, window: Window) -> Window:
        await telling.post_steps(self._api, window)
        return window

    async def _see_steps(self, window: Window) -> Window | None:
        if await telling.steps_seen(self._api, window, self._clock):
            return window
        self._put_off[window.id] = self._clock.monotonic() + _REFUSED_PAUSE
        _log.warning("Prefect took the steps of window %s but shows no task runs; trying again later", window.id)
        return None

    async def _tell(self, window: Window, run: Mapping[str, Any], tables: Sequence[str], logs: Sequence[str]) -> Window:
        closed_at = window.closed_at or window.opened_at
        late = self._seconds_since(closed_at) > LATE_AFTER or run["name"].endswith("(recorded late)")
        if late and run["name"] != (name := names.late_run_name(window)):
            await self._api.patch(f"/flow_runs/{window.run_id}", {"name": name})
        await telling.tell(self._api, window, tables, logs, late=late)
        return window

    async def _end(self, window: Window) -> Window | None:
        faults.hit("record.before-close")
        path = f"/flow_runs/{window.run_id}/set_state"
        try:
            if not window.crashed:  # those were ended together
                answer = await self._api.post(path, wire.closing(window))
                if _kind(answer) == "CANCELLING":  # the operator's word came between: it may only end cancelled
                    answer = await self._api.post(path, wire.closing(msgspec.structs.replace(window, cancelled=True)))
                if _kind(answer) not in _ENDED:
                    _log.warning("Prefect keeps the run of window %s %s; later again", window.id, _kind(answer))
                    self._put_off[window.id] = self._clock.monotonic() + _LONGEST_PAUSE
                    return None
        except PrefectNotFound:
            await self._missing(window)
            return None
        self._journal.note_recorded(window.id)
        self._running.pop(window.id, None)
        self.stats.task_runs += len(window.steps)
        return window

    # --- looking ----------------------------------------------------------------------------------------------------

    async def _runs(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found = await self._api.post("/flow_runs/filter", {"flow_runs": {"id": {"any_": list(ids)}}, "limit": _BATCH})
        return {run["id"]: run for run in found}

    async def _missing(self, window: Window) -> None:
        """The run is gone: with the whole database, then the journal forgot it too; or somebody deleted it."""
        if await self._deployments.lost():
            return
        if any(each.id == window.id and each.run_id == window.run_id for each in self._due()):
            self._journal.note_dropped(window.id)
            self._running.pop(window.id, None)
            self.stats.dropped += 1

    def _is_new(self, window: Window) -> bool:
        """Whether this process has not yet made sure that the window's run is running."""
        return window.run_id is None or self._running.get(window.id) != window.run_id

    def _due(self) -> list[Window]:
        now = self._clock.monotonic()
        self._put_off = {window: until for window, until in self._put_off.items() if until > now}
        return [window for window in self._journal.windows_to_record(_BATCH) if window.id not in self._put_off]

    async def _each(self, windows: Sequence[Window], act: Callable[[Window], Awaitable[Window | None]]) -> list[Window]:
        """Do one part for each window and return those that go on; a refusal puts off that window alone."""
        go_on: list[Window] = []
        for window in windows:
            try:
                if (done := await act(window)) is not None:
                    go_on.append(done)
            except (PrefectAway, PrefectClosed):
                raise
            except PrefectError as error:
                _log.error("%s for window %s; trying again in %.0f s", error, window.id, _REFUSED_PAUSE)
                self._put_off[window.id] = self._clock.monotonic() + _REFUSED_PAUSE
        return go_on

    def _seconds_since(self, when: datetime) -> float:
        return (self._clock.wall() - when).total_seconds()

    def _complain(self, text: str) -> None:
        self.away = True
        # A server that is still starting does not answer, and nothing is wrong with that.
        if not self._complained and not self._booting():
            _log.warning("%s", text)
            self._complained = True

    def _relieve(self) -> None:
        if self._complained:
            _log.warning("Prefect answers again")
        self.away = self._complained = False

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        """Sleep, but wake when told to stop or when somebody waits for the record."""
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._wake.clear()
            for wait in waits:
                wait.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await wait


def _kind(answer: Mapping[str, Any]) -> str:
    return str((answer.get("state") or {}).get("type"))
