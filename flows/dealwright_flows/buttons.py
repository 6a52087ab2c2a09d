"""Owns the operator's buttons: what is pressed in Prefect's dashboard becomes rows in the journal within seconds.

Pause, cancel, quick run, scheduled run, retry and suspend do nothing by themselves in a server that carries no work;
here they do.
While Prefect is away the last known answer holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from dealwright.clock import Clock
from dealwright.model.window import Window
from dealwright_flows import wire
from dealwright_flows.api import PrefectError, PrefectNotFound
from dealwright_flows.deployments import Deployments, Key
from dealwright_flows.ports import Api, RecorderJournal

ACTOR: Final = "prefect"
"""Prefect knows one password and no people: this is all that can be said about who pressed."""

_PAGE: Final = 200
"""As many as Prefect gives at once; it says nothing of those beyond."""

_log = logging.getLogger(__name__)


class Buttons:
    """Reads the buttons every `period` seconds (at most 5, or people stop trusting them)."""

    def __init__(
        self,
        journal: RecorderJournal,
        api: Api,
        deployments: Deployments,
        *,
        clock: Clock,
        period: float = 2.0,
        claims: bool = True,
    ) -> None:
        """Without `claims` quick, scheduled and resumed runs and retries are left to the workers of a pool."""
        self._claims = claims
        if not 0 < period <= 5:
            raise ValueError(f"buttons are read at least every 5 seconds, not every {period}")
        self._journal = journal
        self._api = api
        self._deployments = deployments
        self._clock = clock
        self._period = period
        self._claims_checked = False

    async def run(self, stop: asyncio.Event) -> None:
        """Read the buttons until `stop` is set."""
        while not stop.is_set():
            try:
                await self.once()
            except PrefectError:
                self._claims_checked = False  # the recorder says that Prefect is away
            except Exception as error:
                # A run may have been claimed that the journal has not heard of: Prefect is asked for those again.
                self._claims_checked = False
                _log.error("reading Prefect's buttons failed with %s; trying again", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._period)

    async def once(self) -> None:
        """Read every button once.

        Raises:
            PrefectError: Prefect is away or closed.
        """
        await self._deployments.check()  # first: a replaced database would say that nothing is paused
        ids = self._deployments.ids()
        if not ids:
            return
        known = {deployment: key for key, deployment in ids.items()}
        paused = await self._read_pauses(known)
        if self._claims:
            await self._read_runs(known, paused)
        await self._read_cancels(ids)
        await self._read_resumes(ids)

    async def _read_pauses(self, known: Mapping[str, Key]) -> set[Key]:
        found = await self._all("/deployments/filter", wire.ours(paused={"eq_": True}), sort="NAME_ASC")
        paused = {known[each["id"]] for each in found if each["id"] in known}
        for account in {account for account, _ in known.values()}:
            before = {(account, automation) for automation in self._journal.paused(account)}
            now = {key for key in paused if key[0] == account}
            for key in now ^ (before & set(known.values())):
                self._journal.set_paused(*key, key in now, actor=ACTOR)
        return paused

    async def _read_runs(self, known: Mapping[str, Key], paused: set[Key]) -> None:
        """Claim what is due of quick and scheduled runs; asking also keeps the deployments READY."""
        if not self._claims_checked:
            await self._read_unanswered(known)
            self._claims_checked = True
        resting = [deployment for deployment, key in known.items() if key in paused]
        if resting:  # asked for by themselves: what waits there must not crowd out what is due elsewhere
            await self._scheduled(resting, limit=1)
        working = [deployment for deployment in known if deployment not in resting]
        more = bool(working)
        while more:
            due = await self._scheduled(working, limit=_PAGE)
            claimed = [await self._claim(known[run["deployment_id"]], run["id"]) for run in due]
            more = len(due) == _PAGE and any(claimed)  # what is claimed makes room for those beyond the page

    async def _scheduled(self, deployments: Sequence[str], *, limit: int) -> list[dict[str, Any]]:
        asked = {"deployment_ids": list(deployments), "scheduled_before": self._soon(), "limit": limit}
        due: list[dict[str, Any]] = await self._api.post("/deployments/get_scheduled_flow_runs", asked)
        return due

    async def _claim(self, key: Key, run_id: str) -> bool:
        with contextlib.suppress(PrefectNotFound):
            # The loser of a race for a run is told so in the body, under a status of success.
            answer = await self._api.post(f"/flow_runs/{run_id}/set_state", wire.claiming())
            if answer["status"] == "ACCEPT":
                if retried := self._journal.ask_run(*key, run_id, actor=ACTOR):
                    _log.info("retry of a run of %s.%s: %d failed executions go again", *key, retried)
                return True
        return False

    async def _read_unanswered(self, known: Mapping[str, Key]) -> None:
        """Ask again for runs that were claimed by an engine that died before the journal knew."""
        pending = {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}, "deployment_id": {"any_": list(known)}}}
        for run in await self._all("/flow_runs/filter", pending, sort="ID_DESC"):
            self._journal.ask_run(*known[run["deployment_id"]], run["id"], actor=ACTOR)

    async def _read_cancels(self, ids: Mapping[Key, str]) -> None:
        """Read cancels and suspends of open runs. Prefect is paused first: what the next reading of pauses finds."""
        windows = [window for window in (*self._unrecorded(), *self._journal.carried_windows()) if window.run_id]
        running = {
            str(window.run_id): window
            for window in windows
            if not window.closed_at and not window.cancelled and not window.suspended
        }
        if not running:
            return
        pressed = {"type": {"any_": ["CANCELLING", "CANCELLED", "PAUSED"]}}
        asked = {"flow_runs": {"id": {"any_": list(running)}, "state": pressed}}
        for run in await self._all("/flow_runs/filter", asked, sort="ID_DESC"):
            window = running[run["id"]]
            await self._pause(ids, window, True)
            if run["state"]["type"] == "PAUSED":
                self._journal.suspend_window(window.id, True)
            else:
                self._journal.cancel_window(window.id, actor=ACTOR)

    async def _read_resumes(self, ids: Mapping[Key, str]) -> None:
        """Read which suspended runs go on: in whatever state they are by now, they are running again."""
        windows = (*self._unrecorded(), *self._journal.carried_windows())
        suspended = {str(window.run_id): window for window in windows if window.suspended}
        if not suspended:
            return
        asked = {"flow_runs": {"id": {"any_": list(suspended)}}}
        for run in await self._all("/flow_runs/filter", asked, sort="ID_DESC"):
            window, state = suspended[run["id"]], run["state"]["type"]
            if state == "PAUSED":
                continue
            if self._claims and state in ("SCHEDULED", "PENDING"):
                await self._api.post(f"/flow_runs/{window.run_id}/set_state", wire.resuming())
            if not self._claims and state == "RUNNING" and window.closed_at is not None:
                # Its process has ended: a worker must start the run again.
                await self._api.post(f"/flow_runs/{window.run_id}/set_state", wire.resuming_elsewhere())
            if state not in ("CANCELLING", "CANCELLED"):  # those stay paused, as the cancel of a running one does
                await self._pause(ids, window, False)
            self._journal.suspend_window(window.id, False)

    async def _pause(self, ids: Mapping[Key, str], window: Window, paused: bool) -> None:
        if deployment := ids.get((window.account, window.automation)):
            await self._api.patch(f"/deployments/{deployment}", {"paused": paused})
        self._journal.set_paused(window.account, window.automation, paused, actor=ACTOR)

    def _unrecorded(self) -> Sequence[Window]:
        """Return all of them: the open ones are the youngest, and an outage leaves many before them."""
        limit = _PAGE
        while len(windows := self._journal.windows_to_record(limit)) == limit:
            limit *= 4
        return windows

    async def _all(self, path: str, asked: Mapping[str, Any], *, sort: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self._api.post(path, {**asked, "sort": sort, "limit": _PAGE, "offset": len(found)})
            found += page
            if len(page) < _PAGE:
                return found

    def _soon(self) -> str:
        return (self._clock.wall() + timedelta(seconds=1)).isoformat()
