"""Sends hooks as Kommo does: two seconds to acknowledge, four more attempts, and an end for who never answers well.

A hook that waits is part of the account's content, so a simulator that was killed sends it after its next start. The
script of retries runs on this simulator's clock: `scale` makes its minutes shorter. `duplicates` and `reorder` are the
shares of hooks that are sent twice, and that are held back behind a later one. Up to `batch` changes of one request
come in one hook.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec

from dealwright_http.poster import Poster
from dealwright_http.server import Sleep
from dealwright_kommo.simulator import forms
from dealwright_kommo.simulator.world import Item, World

ACKNOWLEDGE: Final = 2.0
RETRIES: Final = (5 * 60, 15 * 60, 15 * 60, 60 * 60)
"""Seconds before the second, third, fourth and fifth attempt."""

_ANY_FAILURE: Final = 2
"""So many of the retries follow any failure; the others only a 5xx and an answer that came too late."""

_MOST_INVALID: Final = 100
_INVALID_SPAN: Final = 2 * 60 * 60
_HELD_BACK: Final = 0.05


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How hooks are sent."""

    scale: float = 1.0
    duplicates: float = 0.0
    reorder: float = 0.0
    batch: int = 1
    senders: int = 8


class Emitter:
    """The hooks that wait, and those who send them."""

    def __init__(self, world: World, random: Random, habits: Habits, sleep: Sleep, save: Callable[[], None]) -> None:
        self._world = world
        self._random = random
        self._habits = habits
        self._sleep = sleep
        self._save = save
        self._poster = Poster()
        self._fresh: list[tuple[str, str, str, Item]] = []
        self._due: list[tuple[float, int]] = []
        self._invalid: dict[str, deque[float]] = {}
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.sent = 0

    def tell(self, kind: str, action: str, before: Item | None, after: Item) -> None:
        """Take note of a change."""
        if any(not hook["disabled"] for hook in self._world.all("webhooks").values()):
            self._fresh += forms.told(self._world, kind, action, before, after)

    def queue(self) -> None:
        """Make hooks of what was noted: at the end of each request, before it is answered."""
        fresh, self._fresh = self._fresh, []
        for hook in self._world.all("webhooks").values():
            if hook["disabled"]:
                continue
            wanted = [each for each in fresh if each[0] in hook["settings"]]
            for begin in range(0, len(wanted), self._habits.batch):
                self._put(hook["destination"], wanted[begin : begin + self._habits.batch])

    async def start(self) -> None:
        """Begin to send, first what was waiting when the simulator ended."""
        for id_ in self._world.all("outbox"):
            heapq.heappush(self._due, (0.0, id_))
        self._news.set()
        self._tasks = [asyncio.create_task(self._send_all()) for _ in range(self._habits.senders)]

    async def stop(self) -> None:
        """Send nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._poster.close()

    def _put(self, destination: str, told: list[tuple[str, str, str, Item]]) -> None:
        body: dict[str, Any] = {"account": forms.account(self._world)}
        for _, root, action, entry in told:
            body.setdefault(root, {}).setdefault(action, []).append(entry)
        form = forms.encoded(body).decode()
        copies = 1 + (self._random.random() < self._habits.duplicates)
        for _ in range(copies):
            id_ = self._world.new_id()
            request_id = str(UUID(int=self._random.getrandbits(128), version=4))
            hook = {"id": id_, "to": destination, "form": form, "attempt": 1, "request_id": request_id}
            self._world.put("outbox", hook)
            late = _HELD_BACK if self._random.random() < self._habits.reorder else 0.0
            heapq.heappush(self._due, (self._now() + late, id_))
        self._news.set()

    async def _send_all(self) -> None:
        while True:
            wait = self._due[0][0] - self._now() if self._due else None
            if wait is not None and wait <= 0:
                _, id_ = heapq.heappop(self._due)
                hook = self._world.get("outbox", id_)
                if hook is not None:
                    await self._send(hook)
                continue
            self._news.clear()
            waiting: list[Awaitable[Any]] = [self._news.wait()]
            if wait is not None:
                waiting.append(self._sleep(wait))
            await _first(waiting)

    async def _send(self, hook: Item) -> None:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "amoCRM-Webhooks/3.0",
            "Accept-Encoding": "gzip",
            "X-Amocrm-Requestid": hook["request_id"],
        }
        status = await self._poster.post(hook["to"], headers, hook["form"].encode(), patience=ACKNOWLEDGE)
        self.sent += 1
        good = 100 <= status < 300
        self._note(hook["to"], good)
        after = None if good else _wait(status, hook["attempt"])
        if after is None or self._is_off(hook["to"]):
            self._world.drop("outbox", hook["id"])
        else:
            self._world.put("outbox", hook | {"attempt": hook["attempt"] + 1})
            heapq.heappush(self._due, (self._now() + after * self._habits.scale, hook["id"]))
            self._news.set()
        self._save()

    def _note(self, destination: str, good: bool) -> None:
        """Switch off who has answered badly more than a hundred times in two hours, and does so now."""
        if good:
            return
        now = self._now()
        invalid = self._invalid.setdefault(destination, deque())
        invalid.append(now)
        while invalid[0] < now - _INVALID_SPAN * self._habits.scale:
            invalid.popleft()
        if len(invalid) > _MOST_INVALID:
            for hook in list(self._world.all("webhooks").values()):
                if hook["destination"] == destination:
                    self._world.put("webhooks", hook | {"disabled": True})

    def _is_off(self, destination: str) -> bool:
        hooks = self._world.all("webhooks").values()
        return not any(hook["destination"] == destination and not hook["disabled"] for hook in hooks)

    def _now(self) -> float:
        return self._world.clock.monotonic()


def _wait(status: int, attempt: int) -> float | None:
    """Return the seconds until the next attempt, None if there is none."""
    if attempt > len(RETRIES):
        return None
    if attempt > _ANY_FAILURE and not (status == 499 or 500 <= status < 600):
        return None
    return float(RETRIES[attempt - 1])


async def _first(waiting: list[Awaitable[Any]]) -> None:
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
