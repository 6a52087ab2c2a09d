"""The one load generator: rendered requests over sockets that stay open, each answer timed, in a process of its own.

    python -m benchmarks.load PLAN ANSWERS

With a rate the load is open: request number n is meant to leave at n / rate, whatever the answers do, and its latency
counts from that moment, so that a server that stalls is charged for those who wait in front of it. Without a rate
every connection sends its next request as soon as it has its answer. A request that is put off (429, 503) comes again
when its sender was told to, as a sender of hooks does, and keeps the moment at which it was meant to leave.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from dealwright.clock import SystemClock

_TICK: Final = 0.001
_MOST_TRIES: Final = 60
_END_OF_HEAD: Final = b"\r\n\r\n"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent where: whole requests, `connections` at once, `rate` a second (None: as fast as answers come)."""

    host: str
    port: int
    connections: int
    requests: list[bytes]
    rate: float | None = None


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """One request: when it was meant to leave, left first, and was answered last (seconds since 1970), and how."""

    meant: float
    sent: float
    answered: float
    status: int
    tries: int


class Answers(msgspec.Struct, frozen=True):
    """All requests in the order of the plan."""

    all: list[Answered]

    @property
    def first_sent(self) -> float:
        """When the first request left."""
        return min(each.sent for each in self.all)

    @property
    def seconds(self) -> list[float]:
        """How long each was waited for, from the moment at which it was meant to leave."""
        return [each.answered - each.meant for each in self.all]

    @property
    def put_off(self) -> int:
        """How many were told to come again."""
        return sum(each.tries > 1 for each in self.all)


class _Shot:
    """A request on its way."""

    __slots__ = ("meant", "number", "sent", "status", "tries")

    def __init__(self, number: int, meant: float) -> None:
        self.number = number
        self.meant = meant
        self.sent = 0.0
        self.status = 0
        self.tries = 0


class _Connection(asyncio.Protocol):
    """One socket that stays open and carries one request at a time."""

    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self.shot: _Shot | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, shot: _Shot, request: bytes) -> None:
        self.shot = shot
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        size = int(_header(head, b"content-length") or 0)
        if len(self._buffer) < end + len(_END_OF_HEAD) + size:
            return
        self._buffer = self._buffer[end + len(_END_OF_HEAD) + size :]
        shot, self.shot = self.shot, None
        if shot is not None:
            shot.status = int(head[9:12])
            again = float(_header(head, b"retry-after") or 1) if shot.status in (429, 503) else None
            self._generator.answered(shot, self if _header(head, b"connection") != b"close" else None, again)

    def connection_lost(self, error: Exception | None) -> None:
        shot, self.shot = self.shot, None
        self._generator.lost(self, shot)


class _Generator:
    """Sends a plan and keeps the answers."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._loop = asyncio.get_running_loop()
        self._free: list[_Connection] = []
        self._opening = 0
        self._open = 0
        self._waiting: deque[_Shot] = deque()
        self._answers: list[Answered | None] = [None] * len(plan.requests)
        self._left = len(plan.requests)
        self._done = asyncio.Event()
        self._wall = SystemClock().wall().timestamp() - self._loop.time()
        self._kept: set[asyncio.Task[None]] = set()

    async def run(self) -> Answers:
        """Send everything; return when all is answered, or with what is answered when SIGTERM tells to end."""
        self._loop.add_signal_handler(signal.SIGTERM, self._done.set)
        self._opening = self._plan.connections
        await asyncio.gather(*(self._connect() for _ in range(self._plan.connections)))
        started = self._loop.time()
        if self._plan.rate is None:
            self._waiting.extend(_Shot(number, started) for number in range(len(self._plan.requests)))
            self._pump()
            await self._done.wait()
        else:
            await self._at_rate(started, self._plan.rate)
        return Answers([each for each in self._answers if each is not None])

    async def _at_rate(self, started: float, rate: float) -> None:
        number = 0
        while number < len(self._plan.requests) and not self._done.is_set():
            while number < len(self._plan.requests) and started + number / rate <= self._loop.time():
                self._waiting.append(_Shot(number, started + number / rate))
                number += 1
            self._pump()
            if number < len(self._plan.requests):
                await asyncio.sleep(max(_TICK, started + number / rate - self._loop.time()))
        await self._done.wait()

    def _pump(self) -> None:
        while self._waiting and self._free:
            shot, connection = self._waiting.popleft(), self._free.pop()
            now = self._loop.time()
            if not shot.tries:
                shot.sent = now
                shot.meant = shot.meant if self._plan.rate is not None else now
            shot.tries += 1
            connection.send(shot, self._plan.requests[shot.number])
        while self._waiting and self._open + self._opening < self._plan.connections:
            self._opening += 1
            task = self._loop.create_task(self._connect_and_pump())
            self._kept.add(task)
            task.add_done_callback(self._kept.discard)

    async def _connect_and_pump(self) -> None:
        await self._connect()
        self._pump()

    async def _connect(self) -> None:
        try:
            _, connection = await self._loop.create_connection(
                lambda: _Connection(self), self._plan.host, self._plan.port
            )
        except OSError as error:
            sys.exit(f"the load generator cannot reach {self._plan.host}:{self._plan.port}: {error.strerror}")
        finally:
            self._opening -= 1
        self._open += 1
        self._free.append(connection)

    def answered(self, shot: _Shot, connection: _Connection | None, again: float | None) -> None:
        """Keep an answer; a request that was put off goes to the end, in time."""
        if connection is not None:
            self._free.append(connection)
        if again is not None and shot.tries < _MOST_TRIES:
            self._loop.call_later(again, self._again, shot)
        else:
            self._finish(shot)
        self._pump()

    def lost(self, connection: _Connection, shot: _Shot | None) -> None:
        """A connection ended: what it carried goes again, as after any broken answer."""
        self._open -= 1
        if connection in self._free:
            self._free.remove(connection)
        if shot is not None:
            if shot.tries < _MOST_TRIES:
                self._loop.call_later(_TICK, self._again, shot)
            else:
                self._finish(shot)
        self._pump()

    def _again(self, shot: _Shot) -> None:
        self._waiting.append(shot)
        self._pump()

    def _finish(self, shot: _Shot) -> None:
        self._answers[shot.number] = Answered(
            meant=self._wall + shot.meant,
            sent=self._wall + shot.sent,
            answered=self._wall + self._loop.time(),
            status=shot.status,
            tries=shot.tries,
        )
        self._left -= 1
        if not self._left:
            self._done.set()


def post(path: str, port: int, headers: dict[str, str], body: bytes) -> bytes:
    """Render one request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body


def _header(head: bytes, name: bytes) -> bytes | None:
    """Return a header of an answer whose head is in lower case."""
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else None


async def send(plan: Plan) -> Answers:
    """Send a plan from this process."""
    return await _Generator(plan).run()


def main(plan: Path, answers: Path) -> None:
    """Send what the plan's file holds, and write what was answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(send(msgspec.msgpack.decode(plan.read_bytes(), type=Plan)))
    answers.write_bytes(msgspec.msgpack.encode(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
