"""Owns asking Prefect for windows (the `prefect` driver): one run for an automation that has work and no window.

What is asked for is a row in the journal before Prefect hears of it, with the window's id as idempotency key: asked
twice, it is one run. A run that no worker starts stays asked for and is not piled up; one that ended without opening
its window, is gone, or was begun long ago by a worker that nobody hears of, is asked for again under another id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from dealwright.clock import Clock
from dealwright.journal.asks import AskedWindow
from dealwright_flows import wire
from dealwright_flows.api import PrefectAway, PrefectClosed, PrefectError, PrefectNotFound
from dealwright_flows.deployments import Deployments
from dealwright_flows.ports import Api

_LOOK: Final = 5.0
"""Seconds between two looks at the runs that were asked for."""

_PAGE: Final = 200
_LONGEST_START: Final = 600.0
"""Seconds that a run may be pending or running without its window; longer, its machine has died under it."""

_BEGUN: Final = frozenset({"PENDING", "RUNNING"})
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})

_log = logging.getLogger(__name__)


class AskingJournal(Protocol):
    """What asking needs of the journal."""

    def automations_with_work(self, account: str) -> frozenset[str]:
        """Return the automations that have anything ready, running or retrying."""
        ...

    def has_due(self, account: str, automation: str) -> bool:
        """Say whether a claim would find anything."""
        ...

    def paused(self, account: str) -> Collection[str]:
        """Return the automations of the account that are paused."""
        ...

    def ask_windows(self, account: str, automation: str, most: int) -> int:
        """Ask for as many windows as the load deserves, at most so many open and asked together."""
        ...

    def asked_windows(self) -> Sequence[AskedWindow]:
        """Return the windows that were asked for and that nobody has opened."""
        ...

    def note_asked_run(self, window_id: str, run_id: str) -> None:
        """Remember the flow run that is to open the window."""
        ...

    def withdraw_window(self, window_id: str) -> bool:
        """Do not wait for this window any more."""
        ...


class Asker:
    """Asks for windows as long as there is work that no window carries; at most `most` for one automation."""

    def __init__(
        self,
        journal: AskingJournal,
        api: Api,
        deployments: Deployments,
        accounts: Sequence[str],
        *,
        most: int,
        clock: Clock,
        period: float = 0.5,
    ) -> None:
        self._journal = journal
        self._api = api
        self._deployments = deployments
        self._accounts = tuple(accounts)
        self._most = most
        self._clock = clock
        self._period = period
        self._looked = float("-inf")
        self._complained = False
        self._begun: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop` is set. Prefect away: what is asked for waits in the journal, and so does the work."""
        while not stop.is_set():
            try:
                await self.once()
                self._complained = False
            except (PrefectAway, PrefectClosed) as error:
                if not self._complained:
                    _log.warning("%s; the work of the `prefect` driver waits for it", error)
                self._complained = True
            except Exception as error:
                _log.error("asking Prefect for windows failed with %s; trying again", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._period)

    async def once(self) -> None:
        """Ask for what is wanted now.

        Raises:
            PrefectError: Prefect is away or closed; what is asked for stays asked for.
        """
        for account in self._accounts:
            paused = self._journal.paused(account)
            for automation in self._journal.automations_with_work(account):
                resting = automation in paused or "" in paused
                if not resting and self._journal.has_due(account, automation):
                    self._journal.ask_windows(account, automation, self._most)
        if self._clock.monotonic() - self._looked >= _LOOK and self._journal.asked_windows():
            await self._deployments.check()  # first: a replaced database would say that all of them are gone
            self._looked = self._clock.monotonic()
            await self._look([window for window in self._journal.asked_windows() if window.run_id is not None])
        for window in self._journal.asked_windows():
            if window.run_id is None:
                await self._ask(window)

    async def _ask(self, window: AskedWindow) -> None:
        try:
            deployment = await self._deployments.id_of(window.account, window.automation, "retired")
            run = await self._api.post(f"/deployments/{deployment}/create_flow_run", wire.asking(window))
        except PrefectNotFound:
            await self._deployments.lost()
            return
        except (PrefectAway, PrefectClosed):
            raise
        except PrefectError as error:
            _log.error("%s: no window of %s.%s is asked for now", error, window.account, window.automation)
            return
        self._journal.note_asked_run(window.id, str(run["id"]))

    async def _look(self, asked: Sequence[AskedWindow]) -> None:
        """Withdraw what will never be opened: its run has ended, somebody deleted it, or its machine died under it."""
        now = self._clock.monotonic()
        begun: dict[str, float] = {}
        for start in range(0, len(asked), _PAGE):
            page = {str(window.run_id): window for window in asked[start : start + _PAGE]}
            found = await self._api.post(
                "/flow_runs/filter", {"flow_runs": {"id": {"any_": list(page)}}, "limit": _PAGE}
            )
            kinds = {run["id"]: run["state"]["type"] for run in found}
            begun |= {run: self._begun.get(run, now) for run in page if kinds.get(run) in _BEGUN}
            lost = [run for run in page if now - begun.get(run, now) >= _LONGEST_START]
            gone = [run for run in page if kinds.get(run) is None or kinds[run] in _ENDED or run in lost]
            withdrawn = [run for run in gone if self._journal.withdraw_window(page[run].id)]
            for run in withdrawn:
                _log.warning(
                    "the run asked for a window of %s.%s ended without opening it; another one is asked for",
                    page[run].account,
                    page[run].automation,
                )
            if dead := [run for run in withdrawn if run in lost]:  # not one that has opened its window just now
                await self._api.post("/flow_runs/bulk_set_state", wire.crashing(dead))
        self._begun = begun
