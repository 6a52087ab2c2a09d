"""Group commit: one thread writes what waits, as one transaction; each request hears of its own events after it.

While one transaction is on its way to the disk, the next one gathers. The queue is bounded: when the journal is slow
or away, senders are told to come again instead of the memory growing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from queue import Empty, Full, Queue
from typing import Final, Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from dealwright.errors import JournalError, Unavailable
from dealwright.journal.events import Arrival

_log = logging.getLogger(__name__)

_LARGEST_GROUP: Final = 500


class Appends(Protocol):
    """The journal, as far as intake writes it."""

    def append_all(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Append what several sources told, in this order, with one commit; return how many of each were new."""
        ...


class Writer:
    """The one writer of this process's hooks."""

    def __init__(self, journal: Appends, *, waiting: int, patience: float) -> None:
        self._journal = journal
        self._patience = patience
        self._queue: Queue[_Waiting | None] = Queue(waiting)
        self._thread: threading.Thread | None = None

    @property
    def full(self) -> bool:
        """Whether no more can wait."""
        return self._queue.full()

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name="hooks-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, and end the thread."""
        if self._thread is not None:
            await asyncio.to_thread(self._queue.put, None)
            await asyncio.to_thread(self._thread.join, self._patience)

    async def append(self, arrival: Arrival) -> int:
        """Return, after the commit, how many events were new.

        Raises:
            Unavailable: too many wait, or the journal did not take them in time. If it takes them later, the sender's
                repeat is known as a duplicate.
        """
        waiting = _Waiting(arrival)
        try:
            self._queue.put_nowait(waiting)
        except Full:
            raise Unavailable("too many requests wait for the journal") from None
        try:
            # Timing out cancels what was not begun: an event that nobody waits for need not be written.
            return await asyncio.wait_for(asyncio.wrap_future(waiting.new), self._patience)
        except TimeoutError:
            raise Unavailable("the journal did not take the event in time") from None

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = self._gather(first)
            begun = [waiting for waiting in group if waiting.new.set_running_or_notify_cancel()]
            if begun:
                self._write(begun)
            if last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        group = [first]
        while len(group) < _LARGEST_GROUP:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                return group, True
            group.append(waiting)
        return group, False

    def _write(self, group: Sequence[_Waiting]) -> None:
        try:
            counts = self._journal.append_all([waiting.arrival for waiting in group])
        except Exception as error:
            # Its text may hold a row; the type says enough.
            _log.error("the journal did not take %d hooks: %s; their senders repeat", len(group), type(error).__name__)
            if len(group) > 1 and not isinstance(error, OperationalError | InterfaceError | JournalError):
                for waiting in group:  # the journal is there: one of them is at fault, and costs only itself
                    self._write([waiting])
                return
            for waiting in group:
                waiting.new.set_exception(Unavailable("the journal cannot be written"))
        else:
            for waiting, new in zip(group, counts, strict=True):
                waiting.new.set_result(new)


class _Waiting:
    """One request's events, and where it hears of them."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.new: Future[int] = Future()
