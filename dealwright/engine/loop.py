"""The engine's loop: receive, route, timers, and in the `local` driver a window for every automation that has work.

In the `prefect` driver the loop opens none: flow runs on a work pool call `run_window`.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest
from dealwright.engine.act import PAUSE, Connectors
from dealwright.engine.bench import LEASE, Site
from dealwright.engine.enrol import Enroller
from dealwright.engine.garbage import Sweep, seldom_collected
from dealwright.engine.limits import limit
from dealwright.engine.observe import Observer, must_be_observed
from dealwright.engine.precedence import Precedence
from dealwright.engine.questions import Questions
from dealwright.engine.route import route
from dealwright.engine.store import Store
from dealwright.engine.window import LONGEST_WINDOW, Work
from dealwright.errors import JournalError
from dealwright.model.window import Window
from dealwright.ports import Connector, Crm, Feed

_log = logging.getLogger(__name__)

_CHUNK: Final = 500
"""Events, or due executions, in one transaction."""

_READ: Final = 1_000
"""Hook events that are read again in one go: four full requests of the vendors that take 250 ids, side by side."""

_IDLE: Final = 0.1
"""Seconds between two looks at the feeds when nothing happens."""

_PULL_AGAIN: Final = 0.02
"""Seconds until a feed that had nothing is asked again while other work goes on: asking costs it a transaction."""

REST: Final = 1.0
"""Seconds between two looks for work that another process may have made, and after a failure."""

_OTHERS_PATIENCE: Final = 2.0
"""Seconds that a window of another automation may wait for a worker before those that carry one make room."""

_HOUR: Final = 3600.0

WINDOWS_PER_HOUR: Final = 12
"""How many windows of an automation an hour may have before its linger grows."""


class AccountSite(msgspec.Struct, frozen=True, kw_only=True):
    """One account as the engine is given it."""

    key: str
    crm: Crm
    feeds: Sequence[Feed]
    connectors: Sequence[Connector]


class Engine:
    """Carries events to their ends. One instance is one worker; several may share a journal."""

    def __init__(
        self,
        store: Store,
        accounts: Sequence[AccountSite],
        clock: Clock,
        *,
        linger: float = 30.0,
        batch_limit: int = 500,
        carries: bool = True,
        lease: float = LEASE,
        pause: float = PAUSE,
        rest: float = REST,
    ) -> None:
        """Make an engine; one that does not carry opens no windows by itself.

        `pause` is what the first repetition of a request waits, `rest` what passes between two looks for work that
        nobody told of, and after a failure; both in seconds.
        """
        self._carries = carries
        self._store = store
        self._accounts = {account.key: account for account in accounts}
        self._sites = {
            account.key: Site(
                account.key,
                account.crm,
                Connectors([*account.connectors, Questions(store, account.key, account.connectors)]),
                limiters=limit(store, clock, account.key, account.connectors),
                lease=lease,
                pause=pause,
            )
            for account in accounts
        }
        self._news = asyncio.Event()
        self._observers = {
            key: Observer(store, site, clock, news=lambda: self._news.set()) for key, site in self._sites.items()
        }
        self._clock = clock
        self._precedence = Precedence(clock)
        self._enrollers = {
            key: Enroller(store, site, clock, self._precedence, news=lambda: self._news.set())
            for key, site in self._sites.items()
        }
        self._linger = linger
        self._limit = batch_limit
        self._rest = rest
        self._windows: dict[tuple[str, str], tuple[Work, asyncio.Task[None]]] = {}
        self._opened: dict[tuple[str, str], list[float]] = {}
        self._asked_again: dict[tuple[str, str], float] = {}
        self._looked = float("-inf")
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish requests in flight, give leases back and close windows.

        A failure of the journal or of a feed is logged and tried again: the engine ends only when it is told to.
        """
        with seldom_collected() as sweep:
            await self._run(stop, sweep)

    async def _run(self, stop: asyncio.Event, sweep: Sweep) -> None:
        self._stopping = False
        self._news = asyncio.Event()  # of the loop that runs now
        while not stop.is_set():
            sweep(self._clock.monotonic())
            try:
                moved = self._pump()
            except Exception as error:
                _complain("the engine's loop", error)
                await _until(stop, self._rest)
                continue
            if moved:
                await asyncio.sleep(max((site.breath for site in self._sites.values()), default=0.0))
            else:
                await _until(stop, _IDLE, self._news)
        self._stopping = True
        for observer in self._observers.values():
            await observer.close()
        for enroller in self._enrollers.values():
            await enroller.close()
        await self.close_windows()

    def _pump(self) -> bool:
        """Take every account one round further; say whether anything moved."""
        moved = False
        for account in self._accounts.values():
            for feed in account.feeds:
                moved |= self._receive(account.key, feed)
            moved |= self._route(account.key)
        for key, automation in self._store.release_due(_CHUNK):
            moved = True
            self._wake(key, automation)
        now = self._clock.monotonic()
        if now - self._looked >= self._rest:
            self._looked = now
            self._store.take_over()
            for key in self._accounts:
                release = self._store.active_release(key)
                if release is not None:
                    self._observers[key].look_again(release.account)
                    self._enrollers[key].look(release.account)
                for automation in self._store.wake_unstopped(key):
                    self._wake(key, automation)
                if self._carries:
                    self._look_for_work(key)
        return moved

    def _receive(self, key: str, feed: Feed) -> bool:
        """Pull a feed: append first, then tell the feed; a crash in between only makes known duplicates.

        A source that is away costs the others nothing: it is asked again a little later.
        """
        if self._clock.monotonic() < self._asked_again.get((key, feed.source), 0.0):
            return False
        try:
            items = feed.pull(_CHUNK)
        except Exception as error:
            _complain(f"the feed {feed.source} of {key}", error)
            self._asked_again[key, feed.source] = self._clock.monotonic() + self._rest
            return False
        if not items:
            self._asked_again[key, feed.source] = self._clock.monotonic() + _PULL_AGAIN
            return False
        self._store.append(key, feed.source, items)
        try:
            feed.taken([item.event.source_id for item in items])
        except Exception as error:
            # They are safe in the journal; until the source can be told they come again, and are known.
            _complain(f"the feed {feed.source} of {key}", error)
            self._asked_again[key, feed.source] = self._clock.monotonic() + self._rest
        return True

    def _route(self, key: str) -> bool:
        if self._observers[key].waits:
            return False
        unrouted = self._store.unrouted(key, self._sites[key].batch(_CHUNK))
        release = self._store.active_release(key) if unrouted else None
        if release is None:
            return False
        if must_be_observed(unrouted[0], release.account):
            unrouted = self._store.unrouted(key, _READ)  # reads are full, however little is routed in one go
        events = self._observers[key].ready(unrouted, release.account)
        if not events:
            return False
        routed = route(release.account, events)
        if self._store.route(release.account, release.digest, events, routed):
            for automation in {item.automation for item in routed if not item.skipped}:
                self._wake(key, automation)
        return True

    def _look_for_work(self, key: str) -> None:
        """Find work that nobody told us of: another process's, a dead worker's, a retry whose time has come."""
        asked = self._store.run_asked(key)
        for automation in asked:
            window = self._windows.get((key, automation))
            if window is None:
                self._open(key, automation)
            else:
                window[0].close()  # the run that was asked for becomes the next window's record
        # Not those as well: the window that was just opened for a run has not taken it yet, and would be closed again.
        for automation in self._store.automations_with_work(key) - asked:
            if (key, automation) in self._windows or self._store.has_due(key, automation):
                self._wake(key, automation)

    def _wake(self, key: str, automation: str) -> None:
        if not self._carries:
            return
        window = self._windows.get((key, automation))
        if window is not None:
            window[0].wake()
            return
        paused = self._store.controls(key).paused
        if automation not in paused and "" not in paused:
            self._open(key, automation)

    def _open(self, key: str, automation: str) -> None:
        work = self._new_work(key, automation, self._grown_linger(key, automation))
        task = asyncio.create_task(self._run_to_end(key, automation, work), name=f"window {key}.{automation}")
        self._windows[key, automation] = (work, task)

    def _new_work(self, key: str, automation: str, linger: float) -> Work:
        defined = self._defined(key, automation)
        return Work(
            self._store,
            self._sites[key],
            automation,
            self._clock,
            linger=linger,
            batch_limit=self._limit,
            precedence=self._precedence,
            bulk=defined is not None and defined.priority == "bulk",
        )

    async def _run_to_end(self, key: str, automation: str, work: Work) -> None:
        try:
            await work.run(self._version(key, automation))
        except Exception as error:
            _complain(f"a window of {key}.{automation}", error)
            await asyncio.sleep(self._rest)
        finally:
            del self._windows[key, automation]
        self._looked = float("-inf")

    def _version(self, key: str, automation: str) -> str:
        found = self._defined(key, automation)
        return behaviour_digest(found) if found is not None else "retired"

    def _defined(self, key: str, automation: str) -> ir.Automation | None:
        release = self._store.active_release(key)
        return release.account.automation(automation) if release is not None else None

    def _grown_linger(self, key: str, automation: str) -> float:
        """Sparse traffic must not make a run for each event: beyond so many windows an hour the linger doubles."""
        now = self._clock.monotonic()
        opened = [at for at in self._opened.get((key, automation), ()) if now - at < _HOUR]
        self._opened[key, automation] = [*opened, now]
        return _grown(self._linger, len(opened) + 1)

    # --- for drivers and players -------------------------------------------------------------------------------------

    async def run_window(
        self,
        account: str,
        automation: str,
        *,
        run_id: str | None = None,
        asked: str | None = None,
        stop: asyncio.Event | None = None,
    ) -> Window:
        """Work one window of one automation in this task, until idle for the linger or until `stop` is set.

        `run_id` is the flow run that carries the window and records it itself, `asked` the id under which the window
        was asked of Prefect. The window gives way to those of other automations that wait for a worker.
        """
        lately = self._store.recent_windows(account, automation, _HOUR)
        work = self._new_work(account, automation, _grown(self._linger, lately + 1))
        with seldom_collected() as sweep:
            beside = asyncio.create_task(self._beside(account, automation, work, stop or asyncio.Event(), sweep))
            try:
                return await work.run(self._version(account, automation), recorded_by=run_id, asked=asked)
            finally:
                beside.cancel()

    async def _beside(self, account: str, automation: str, work: Work, stop: asyncio.Event, sweep: Sweep) -> None:
        """Keep this worker alive in the journal's eyes while its window is open, and end the window when it is time."""
        while not stop.is_set():
            sweep(self._clock.monotonic())
            try:
                self._store.take_over()
                if self._store.others_wait(account, automation, _OTHERS_PATIENCE):
                    work.give_way()
            except Exception as error:
                _complain(f"what runs beside a window of {account}.{automation}", error)
            await _until(stop, self._rest)
        work.close()

    async def close_windows(self) -> None:
        """Close all open windows without waiting for their linger, and wait until they are closed."""
        open_windows = list(self._windows.values())
        for work, _ in open_windows:
            work.close()
        await asyncio.gather(*(task for _, task in open_windows))
        try:
            self._store.take_over()  # windows that failed are closed, even if no other is ever opened
        except Exception as error:
            _complain("the closing of windows", error)

    def idle(self) -> bool:
        """Say whether nothing is untaken in the feeds, to be enrolled, unrouted, due or in flight."""
        if self._store.busy():
            return False  # as most who ask are told: then no feed need be read, which takes longer
        if any(feed.pull(1) for account in self._accounts.values() for feed in account.feeds):
            return False
        if self._store.busy():  # again: another worker may have taken from a feed in between
            return False
        releases = {key: self._store.active_release(key) for key in self._accounts}
        return all(self._enrollers[key].idle(found.account) for key, found in releases.items() if found is not None)

    def next_due(self) -> datetime | None:
        """Return the earliest business time at which something falls due."""
        return self._store.next_due()

    async def quiet(self) -> None:
        """Return as soon as the engine is idle."""
        while not self.idle():
            await asyncio.sleep(0.005)


def _grown(linger: float, windows: int) -> float:
    """Return the linger after so many windows of an automation in an hour."""
    return min(LONGEST_WINDOW, linger * float(2 ** min(max(0, windows - WINDOWS_PER_HOUR), 10)))


def _complain(what: str, error: Exception) -> None:
    """Log a failure with the places it came through, and without its text, which may hold what a row held.

    A journal that cannot be used says why in words of ours, and the places are no news.
    """
    if isinstance(error, JournalError):
        _log.error("%s waits: %s", what, error)
        return
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s failed with %s; it goes on\n%s", what, type(error).__name__, places)


async def _until(stop: asyncio.Event, seconds: float, news: asyncio.Event | None = None) -> None:
    """Rest for so long, until `stop` is set, or until there are news."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, news) if event is not None]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    if news is not None:
        news.clear()
