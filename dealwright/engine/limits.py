"""Limits: hands the tokens of an outside system to the windows of one engine, in turn; engines share the journal's row.

A token is taken only for whoever is first in line, so that what waits behind can still be stopped, closed or overtaken
by another automation: those of different automations are let in by turns, those of one in the order they came.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

from dealwright.clock import Clock
from dealwright.engine.departures import Departures
from dealwright.engine.store import Store
from dealwright.errors import RateLimited
from dealwright.ports import Connector, Pace, Paced

PATIENCE: Final = 10.0
"""Seconds that a request waits for its token at its place in line; beyond, its executions are tried again later."""

SHARE: Final = 0.97
"""How much of the rate is handed out: a system counts when requests arrive, and the way there is not always as long.

Of 7 a second, the eighth leaves 31 ms later than the system would let it arrive: so much may ways differ."""

_AHEAD: Final = 0.02
"""Seconds before its moment that a token is handed out: the gate and its commit take some of them."""

_LOOK: Final = 0.5
"""Seconds between two looks at what may end the waiting."""

_FRESH: Final = 0.02
"""Seconds for which a token that was not used may go to the next in line: later it would crowd those after it."""


class _Token(NamedTuple):
    """The right to let one request leave: its moment by the journal's clock, and the same by ours."""

    moment: float
    at: float


class SharedLimiter:
    """One connector's tokens for one account, as this engine takes them."""

    def __init__(self, store: Store, clock: Clock, account: str, connector: str, pace: Pace) -> None:
        self._store = store
        self._clock = clock
        self._account = account
        self._connector = connector
        self._pace = pace
        self._span = pace.span / SHARE
        self._line = Line()
        # Tokens as the journal's moment and ours: those that nobody used, and those in use that have not left.
        self._spare: list[_Token] = []
        self._granted: deque[_Token] = deque()
        self._left = Departures(pace.most)

    async def acquire(self) -> None:
        """Wait until one request may leave; for what a connector sends beside the request that the engine began.

        Raises:
            RateLimited: the system has asked for a pause that is too long to wait for here.
        """
        if later := await self.turn(""):
            raise RateLimited(f"{self._connector} has asked for a pause", retry_after=later)
        await self.depart()

    async def pause(self, seconds: float) -> None:
        """Let nothing leave for so long, from any engine of the journal: the system has asked for it."""
        self._store.pause_tokens(self._account, self._connector, seconds)

    async def turn(self, name: str) -> float:
        """Stand in line as `name` and take a token: 0.0 as soon as it may be used.

        Anything else is the seconds of a pause too long to wait for; no token was taken.
        """
        async with self._line.place(name):
            mine = self._fresh()
            if mine is None:
                moment, wait = self._store.take_token(
                    self._account, self._connector, self._pace, self._span, patience=PATIENCE
                )
                if moment is None:
                    return wait
                mine = _Token(moment, self._clock.monotonic() + wait)
            try:
                while (left := mine.at - _AHEAD - self._clock.monotonic()) > 0:
                    await asyncio.sleep(left)
            except asyncio.CancelledError:
                self._spare.append(mine)
                raise
        self._granted.append(mine)
        return 0.0

    async def depart(self) -> None:
        """Call this directly before the request leaves; it waits for the token's moment, and seldom longer.

        Between token and socket stand the gate and its commit, which take now longer, now shorter: without this, a late
        request and those on time after it would be more than the system takes in a second.
        """
        mine = self._granted.popleft()
        while (wait := self._not_yet(mine)) > 0:
            await asyncio.sleep(wait)
        self._left.add(self._clock.monotonic())

    def written(self) -> float:
        """Count a request from now on: opening its connection, or whatever held us up, has taken until now."""
        return self._left.written(self._clock.monotonic())

    def answered(self, moment: float) -> None:
        """Learn from how long an answer took when its request may have come."""
        self._left.answered(moment, self._clock.monotonic())

    def give_back(self) -> None:
        """Let the next in line have the token that was just taken: the gate let nothing through."""
        self._spare.append(self._granted.popleft())

    def _not_yet(self, mine: _Token) -> float:
        """Return the seconds for which a request must not leave, by what left this engine and by what left any."""
        now = self._clock.monotonic()
        if (wait := max(mine.at, self._left.last_but(now) + self._span) - now) > 0:
            return wait
        return self._store.use_token(self._account, self._connector, self._pace, self._span, mine.moment)

    def _fresh(self) -> _Token | None:
        """Return a token that was taken and not used, if it is not stale; what is stale is spent."""
        now = self._clock.monotonic()
        self._spare = [each for each in self._spare if now - each.at <= _FRESH]
        return self._spare.pop(0) if self._spare else None


class Line:
    """Lets in one at a time: names by turns, and under one name in the order they came."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def place(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn of this place under `name`, and keep everybody else waiting meanwhile."""
        if self._taken:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(name, deque()).append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._let_in()  # it was let in, and has gone
                raise
        self._taken = True
        try:
            yield
        finally:
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            name = next(iter(self._waiting))
            queue = deque(turn for turn in self._waiting.pop(name) if not turn.done())
            if not queue:
                continue
            turn = queue.popleft()
            if queue:
                self._waiting[name] = queue  # behind all other names
            turn.set_result(None)
            return
        self._taken = False


class Ended(Exception):
    """Whoever waited for a token need not wait any more."""


async def token(limiter: SharedLimiter, name: str, still_wanted: Callable[[], bool]) -> float:
    """Take a token as `SharedLimiter.turn` does, and ask all the while whether it is still wanted.

    Raises:
        Ended: it is not; the place in line is given up.
    """
    taking = asyncio.ensure_future(limiter.turn(name))
    try:
        while True:
            await asyncio.wait({taking}, timeout=_LOOK)
            if not still_wanted():
                if taking.done() and taking.result() == 0.0:
                    limiter.give_back()
                raise Ended
            if taking.done():
                return taking.result()
    finally:
        taking.cancel()


def limit(store: Store, clock: Clock, account: str, connectors: Sequence[Connector]) -> dict[str, SharedLimiter]:
    """Return the limiter of each connector whose system takes so many requests and no more, and hand it over."""
    limiters: dict[str, SharedLimiter] = {}
    for connector in connectors:
        if isinstance(connector, Paced):
            limiter = SharedLimiter(store, clock, account, connector.name, connector.pace)
            connector.pace_with(limiter)
            limiters[connector.name] = limiter
    return limiters
