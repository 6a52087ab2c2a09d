"""The load generator against a real server: everything is answered, a stall is charged, what is put off comes again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from benchmarks.load import Answers, Plan, post, send
from benchmarks.world import at

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Busy\r\nretry-after: 0.01\r\nContent-Length: 0\r\n\r\n"


class Told:
    """What a server heard, and how it answers the request of that number (None: it closes the connection)."""

    def __init__(self, answer: Callable[[int], bytes | None] = lambda _: OK, *, stall: float = 0.0) -> None:
        self.bodies: list[bytes] = []
        self._answer = answer
        self._stall = stall
        self._connections: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._connections.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(size)
                self.bodies.append(body)
                if len(self.bodies) == 1:
                    await asyncio.sleep(self._stall)
                answer = self._answer(len(self.bodies))
                if answer is None:
                    break
                writer.write(answer[:20])  # in two pieces, as networks cut them
                await writer.drain()
                writer.write(answer[20:])
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def answers(self, *, requests: int, connections: int, rate: float | None = None) -> Answers:
        """Listen, let the generator send, and return what it measured."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        async with server:
            port = int(server.sockets[0].getsockname()[1])
            bodies = [post("/hooks/a/b", port, {"X": "1"}, b"%d" % n) for n in range(requests)]
            found = await send(Plan(host="127.0.0.1", port=port, connections=connections, requests=bodies, rate=rate))
            for writer in self._connections:
                writer.close()
        return found


def test_every_request_is_sent_once_and_answered() -> None:
    told = Told()
    found = asyncio.run(told.answers(requests=200, connections=8))
    assert sorted(told.bodies) == sorted(b"%d" % n for n in range(200))
    assert [each.status for each in found.all] == [200] * 200
    assert all(each.tries == 1 and each.sent <= each.answered for each in found.all)


def test_an_open_load_charges_a_stall_to_those_who_wait_behind_it() -> None:
    found = asyncio.run(Told(stall=0.3).answers(requests=20, connections=1, rate=100.0))
    assert found.all[0].answered - found.all[0].meant >= 0.3
    assert found.seconds[10] >= 0.15  # it was meant to leave 0.1 s after the first, and could not
    assert found.all[10].answered - found.all[10].sent < 0.15


def test_a_closed_load_counts_from_sending() -> None:
    found = asyncio.run(Told(stall=0.2).answers(requests=20, connections=1))
    assert found.seconds[0] >= 0.2
    assert at(0.5, found.seconds) < 0.1


def test_what_is_put_off_or_loses_its_connection_comes_again() -> None:
    told = Told(lambda number: {3: BUSY, 5: None}.get(number, OK))
    found = asyncio.run(told.answers(requests=10, connections=2))
    assert [each.status for each in found.all] == [200] * 10
    assert found.put_off == 2
    assert len(told.bodies) == 12
    assert {*told.bodies} == {b"%d" % n for n in range(10)}


def test_told_to_end_it_returns_what_is_answered() -> None:
    def answer(number: int) -> bytes:
        if number == 8:
            signal.raise_signal(signal.SIGTERM)
        return OK

    found = asyncio.run(Told(answer).answers(requests=1_000, connections=2, rate=200.0))
    assert 0 < len(found.all) < 1_000
    assert {each.status for each in found.all} == {200}


def test_a_share_of_all_values_is_one_of_them() -> None:
    assert at(0.99, [float(n) for n in range(1, 101)]) == 99.0
    assert at(0.99, [7.0]) == 7.0
    assert at(0.5, [3.0, 1.0, 2.0]) == 2.0
