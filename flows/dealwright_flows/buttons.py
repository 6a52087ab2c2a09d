"""Owns the operator's buttons: what is pressed in Prefect's dashboard becomes rows in the journal within seconds.

Pause, cancel, quick run and scheduled run do nothing by themselves in a server that carries no work; here they do.
While Prefect is away the last known answer holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from dealwright.clock import Clock
from dealwright_flows import wire
from dealwright_flows.api import PrefectError, PrefectNotFound
from dealwright_flows.deployments import Deployments, Key
from dealwright_flows.ports import Api, RecorderJournal

ACTOR: Final = "prefect"
"""Prefect knows one password and no people: this is all that can be said about who pressed."""

_LIMIT = 200
_log = logging.getLogger(__name__)


class Buttons:
    """Reads the buttons every `period` seconds (at most 5, or people stop trusting them)."""

    def __init__(
        self, journal: RecorderJournal, api: Api, deployments: Deployments, *, clock: Clock, period: float = 2.0
    ) -> None:
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
        await self._read_runs(known, paused)
        await self._read_cancels(ids)

    async def _read_pauses(self, known: Mapping[str, Key]) -> set[Key]:
        found = await self._api.post("/deployments/filter", {**wire.ours(paused={"eq_": True}), "limit": _LIMIT})
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
        asked = {"deployment_ids": list(known), "scheduled_before": self._soon(), "limit": _LIMIT}
        for run in await self._api.post("/deployments/get_scheduled_flow_runs", asked):
            key = known.get(run["deployment_id"])
            if key is None or key in paused:
                continue
            with contextlib.suppress(PrefectNotFound):
                # The loser of a race for a run is told so in the body, under a status of success.
                answer = await self._api.post(f"/flow_runs/{run['id']}/set_state", wire.claiming())
                if answer["status"] == "ACCEPT":
                    self._journal.ask_run(*key, run["id"])

    async def _read_unanswered(self, known: Mapping[str, Key]) -> None:
        """Ask again for runs that were claimed by an engine that died before the journal knew."""
        pending = {"flow_runs": {"state": {"type": {"any_": ["PENDING"]}}, "deployment_id": {"any_": list(known)}}}
        for run in await self._api.post("/flow_runs/filter", {**pending, "limit": _LIMIT}):
            self._journal.ask_run(*known[run["deployment_id"]], run["id"])

    async def _read_cancels(self, ids: Mapping[Key, str]) -> None:
        windows = [window for window in self._journal.windows_to_record(_LIMIT) if window.phase == "opened"]
        running = {str(window.run_id): window for window in windows if not window.closed_at and not window.cancelled}
        if not running:
            return
        pressed: list[dict[str, Any]] = await self._api.post(
            "/flow_runs/filter",
            {
                "flow_runs": {
                    "id": {"any_": list(running)},
                    "state": {"type": {"any_": ["CANCELLING", "CANCELLED"]}},
                },
                "limit": _LIMIT,
            },
        )
        for run in pressed:
            window = running[run["id"]]
            if deployment := ids.get((window.account, window.automation)):
                # Prefect first: the next reading of pauses must not undo what this one wrote.
                await self._api.patch(f"/deployments/{deployment}", {"paused": True})
            self._journal.set_paused(window.account, window.automation, True, actor=ACTOR)
            self._journal.cancel_window(window.id, actor=ACTOR)

    def _soon(self) -> str:
        return (self._clock.wall() + timedelta(seconds=1)).isoformat()
