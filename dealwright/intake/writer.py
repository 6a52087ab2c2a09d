"""Group commit: one thread writes what waits, as one transaction; each request hears of its own events after it.

While one transaction is on its way to the disk, the next one gathers, and two of them begin a little apart: that makes
groups larger under load, and leaves the journal's one writer (SQLite) to the engine in between. The queue is bounded:
when the journal is slow or away, senders are told to come again instead of the memory growing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Protocol, cast

from sqlalchemy.exc import InterfaceError, OperationalError

from dealwright.clock import Clock
from dealwright.engine.meters import SIZES, Meters
from dealwright.errors import JournalError, Unavailable
from dealwright.journal.events import Arrival
from dealwright.journal.quarantine import Kept, Unread

_log = logging.getLogger(__name__)

_LARGEST_GROUP: Final = 500

_APART: Final = 0.01
"""Seconds from the beginning of one transaction to that of the next at least; who comes alone does not wait."""


class Appends(Protocol):
    """The journal, as far as intake writes it."""

    def append_all(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Append what several sources told, in this order, with one commit; return how many of each were new."""
        ...

    def quarantine(self, requests: Sequence[Unread]) -> Sequence[Kept]:
        """Keep what was not understood, with one commit; say what became of each."""
        ...


class Writer:
    """The one writer of this process's hooks."""

    def __init__(self, journal: Appends, clock: Clock, meters: Meters, *, waiting: int, patience: float) -> None:
        self._journal = journal
        self._clock = clock
        self._meters = meters
        self._most = waiting
        self._patience = patience
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._rest = threading.Event()
        self._line: deque[_Waiting] = deque()
        self._look: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._queue.qsize()

    @property
    def full(self) -> bool:
        """Whether no more can wait."""
        return self._queue.qsize() >= self._most

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="hooks-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._rest.set()
            await asyncio.to_thread(self._thread.join, self._patience)

    async def append(self, arrival: Arrival) -> int:
        """Return, after the commit, how many events were new.

        Raises:
            Unavailable: too many wait, or the journal did not take them in time. If it takes them later, the sender's
                repeat is known as a duplicate.
        """
        return cast(int, await self._written(arrival))

    async def quarantine(self, request: Unread) -> Kept:
        """Return, after the commit, whether the request is kept, was kept already, or found no room.

        Raises:
            Unavailable: as above.
        """
        return cast(Kept, await self._written(request))

    async def _written(self, item: Arrival | Unread) -> int | Kept:
        if self.full:
            raise Unavailable("too many requests wait for the journal")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(item, loop, loop.time() + self._patience)
        self._line.append(waiting)
        if self._look is None:
            self._look = loop.call_at(waiting.until, self._give_up)
        self._queue.put(waiting)
        try:
            return await waiting.answer
        finally:
            waiting.given_up = True  # who hung up meanwhile need not be written

    def _give_up(self) -> None:
        """Tell who has waited too long to repeat. One timer looks after all: they stand in line by their time."""
        self._look, line = None, self._line
        while line and (line[0].answer.done() or line[0].until <= line[0].loop.time()):
            line.popleft().give_up()
        if line:
            self._look = line[0].loop.call_at(line[0].until, self._give_up)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            began = self._clock.monotonic()
            group, last = self._gather(first)
            group = [waiting for waiting in group if not waiting.given_up]
            if group:
                self._write(group)
            if last:
                return
            self._rest.wait(max(0.0, _APART - (self._clock.monotonic() - began)))

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        group = [first]
        with suppress(Empty):
            while len(group) < _LARGEST_GROUP:
                waiting = self._queue.get_nowait()
                if waiting is None:
                    return group, True
                group.append(waiting)
        return group, False

    def _write(self, group: Sequence[_Waiting]) -> None:
        """Write a group; events and what was not understood are a transaction each, for the latter is rare."""
        events = [waiting for waiting in group if isinstance(waiting.item, Arrival)]
        unread = [waiting for waiting in group if isinstance(waiting.item, Unread)]
        if events:
            self._commit(events)
        if unread:
            self._commit(unread)

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            with self._meters.timed("append_seconds", self._clock):
                done = self._append([waiting.item for waiting in group])
        except Exception as error:
            # A text may hold a row, so the type is told; what the journal says of itself is in words of ours.
            said = error if isinstance(error, JournalError) else type(error).__name__
            _log.error("the journal did not take %d hooks: %s; their senders repeat", len(group), said)
            if len(group) > 1 and not isinstance(error, OperationalError | InterfaceError | JournalError):
                for waiting in group:  # the journal is there: one of them is at fault, and costs only itself
                    self._commit([waiting])
                return
            self._tell(group, [Unavailable("the journal cannot be written")] * len(group))
        else:
            self._meters.observe("append_group", len(group), ends=SIZES)
            self._tell(group, done)

    def _append(self, items: Sequence[Arrival | Unread]) -> Sequence[int | Kept]:
        if isinstance(items[0], Arrival):
            return self._journal.append_all(cast(Sequence[Arrival], items))
        return self._journal.quarantine(cast(Sequence[Unread], items))

    def _tell(self, group: Sequence[_Waiting], answers: Sequence[int | Kept | Unavailable]) -> None:
        """Tell every request of a group, waking the loop once for all of them."""
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            group[0].loop.call_soon_threadsafe(self._settle, group, answers)

    def _settle(self, group: Sequence[_Waiting], answers: Sequence[int | Kept | Unavailable]) -> None:
        for waiting, answer in zip(group, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Unavailable):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        while self._line and self._line[0].answer.done():
            self._line.popleft()


class _Waiting:
    """What one request asks to be written, and where it hears of it."""

    __slots__ = ("answer", "given_up", "item", "loop", "until")

    def __init__(self, item: Arrival | Unread, loop: asyncio.AbstractEventLoop, until: float) -> None:
        self.item = item
        self.loop = loop
        self.until = until
        self.answer: asyncio.Future[int | Kept] = loop.create_future()
        self.given_up = False

    def give_up(self) -> None:
        """Tell the sender to repeat; if it is being written at this moment, the repeat is known."""
        self.given_up = True
        if not self.answer.done():
            self.answer.set_exception(Unavailable("the journal did not take the event in time"))
