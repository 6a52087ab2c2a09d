"""A window: the work of one automation on one worker, from its first claim until it has been idle for the linger."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import msgspec

from dealwright import faults
from dealwright.clock import Clock
from dealwright.engine.batch import Batch
from dealwright.engine.bench import Site
from dealwright.engine.culprit import for_all
from dealwright.engine.meters import METERS, SIZES
from dealwright.engine.precedence import BULK, Precedence
from dealwright.engine.records import Claimed
from dealwright.engine.store import Store
from dealwright.engine.tally import Tally
from dealwright.model.window import Window

LONGEST_WINDOW: Final = 600.0
"""Seconds after which a window closes in any case, and the next one opens."""

FAIR_SHARE: Final = 30.0
"""Seconds after which a window ends in any case once others wait for its place."""

_LOOK_AGAIN: Final = 0.5
"""Seconds between two looks for work that another process may have made."""

_ROWS: Final = 200


class Work:
    """Runs one window. `wake` tells it that there may be work; `close` makes it finish its request and end."""

    def __init__(
        self,
        store: Store,
        site: Site,
        automation: str,
        clock: Clock,
        *,
        linger: float,
        batch_limit: int,
        precedence: Precedence | None = None,
        bulk: bool = False,
    ) -> None:
        """Make a window; one that is `bulk` lets those that share its precedence go first, and takes small batches."""
        self._store = store
        self._site = site
        self._automation = automation
        self._clock = clock
        self._linger = linger
        self._limit = min(site.batch(batch_limit), BULK) if bulk else site.batch(batch_limit)
        self._precedence = precedence or Precedence(clock)
        self._bulk = bulk
        self._longest = LONGEST_WINDOW
        self._woken = asyncio.Event()
        self._closing = False
        self._window: Window | None = None
        self._tally = Tally(clock)

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def close(self) -> None:
        """Finish the request in flight, give leases back and end."""
        self._closing = True
        self._woken.set()

    def give_way(self) -> None:
        """End as soon as there is no work, and after a fair share of time in any case: others wait for this place."""
        self._linger = 0.0
        self._longest = FAIR_SHARE

    async def run(self, version: str, *, recorded_by: str | None = None, asked: str | None = None) -> Window:
        """Open the window, work until idle for the linger, close it; return it with what it did.

        `recorded_by` and `asked` name the flow run that carries it and the id under which it was asked of Prefect.

        Raises:
            Exception: whatever made the journal or the engine fail; the window is then closed as failed if it can be,
                and else as crashed as soon as the journal is there again.
        """
        window = self._store.open_window(
            self._site.account, self._automation, version, recorded_by=recorded_by, asked=asked
        )
        self._window = window
        try:
            await self._work(window)
        except Exception as error:
            self._store.abandon_window(window.id)
            self._close(window, failed=type(error).__name__)
            raise
        try:
            return self._close(window)
        except Exception:
            self._store.abandon_window(window.id)
            raise

    async def _work(self, window: Window) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            await self._work_batches(window, running)
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        except Exception:
            self._closing = True  # the other batches finish the request they have under way, and give back what is left
            raise
        finally:
            self._precedence.note(self, busy=False)
            ends = await asyncio.gather(*running, return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def _work_batches(self, window: Window, running: set[asyncio.Task[None]]) -> None:
        """Claim and work batches, one at a time, or as many as the site says: `running` are those under way."""
        opened = idle_since = self._clock.monotonic()
        while not self._asked_to_end():
            self._woken.clear()
            if self._bulk:
                await self._precedence.wait(self._asked_to_end)
            now = self._clock.monotonic()
            claimed = () if self._paused() else self._claim(window)
            if not self._bulk:
                self._precedence.note(self, busy=bool(claimed or running))
            if claimed:
                running.add(asyncio.create_task(self._work_batch(claimed, claimed_at=now)))
            if running:
                await self._until_one_ends(running, looking=len(running) < self._site.overlap, claimed=bool(claimed))
                idle_since = self._clock.monotonic()
            elif now - idle_since >= self._linger:
                return
            else:
                await self._pause_for(min(_LOOK_AGAIN, self._linger - (now - idle_since)))
            if now - opened >= self._longest:
                return
            await asyncio.sleep(0)

    async def _work_batch(self, claimed: Sequence[Claimed], *, claimed_at: float) -> None:
        """Work one batch; if it fails of something in it, give back what it still has, to be worked in smaller ones."""
        batch = Batch(self._store, self._site, self._clock, self._tally, closing=self._asked_to_end)
        try:
            await batch.run(claimed, claimed_at=claimed_at)
        except Exception as error:
            if for_all(error):
                raise
            settlements = self._site.culprits.failed(self._automation, batch.left, error)
            self._store.settle(settlements)
            for item in settlements:
                self._tally.left(item.execution_id, item.state)
        else:
            self._site.culprits.worked(self._automation, self._limit)

    async def _until_one_ends(self, running: set[asyncio.Task[None]], *, looking: bool, claimed: bool) -> None:
        """Wait for a batch to end; while there is room for one more and none was found just now, also for work."""
        if looking and claimed:
            return
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait(
                {*running, woken} if looking else running,
                timeout=_LOOK_AGAIN if looking else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            woken.cancel()
        for task in [task for task in running if task.done()]:
            running.discard(task)
            task.result()

    def _claim(self, window: Window) -> Sequence[Claimed]:
        with METERS.timed("claim_seconds", self._clock):
            limit = self._site.culprits.limit(self._automation, self._limit)
            claimed = self._store.claim(self._site.account, self._automation, window.id, limit, self._site.lease)
        if claimed:
            METERS.observe("batch_size", len(claimed), ends=SIZES)
        return claimed

    def _paused(self) -> bool:
        paused = self._store.controls(self._site.account).paused
        return self._automation in paused or "" in paused

    def _asked_to_end(self) -> bool:
        return self._closing or (self._window is not None and self._store.window_cancelled(self._window.id))

    async def _pause_for(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    def _close(self, window: Window, *, failed: str | None = None) -> Window:
        faults.hit("window.before-close")
        worked = msgspec.structs.replace(
            window,
            failed=failed,
            cancelled=self._store.window_cancelled(window.id),
            executions=self._tally.executions(),
            steps=self._tally.steps(),
            rows=tuple(self._store.window_rows(window.id, _ROWS)),
        )
        return self._store.close_window(worked)
