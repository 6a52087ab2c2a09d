"""The base of simulators: its log and state outlive kills, its faults do what they say, its limits hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest

from dealwright.clock import SystemClock
from dealwright_http.faults import Fault
from dealwright_http.request_log import Lines
from dealwright_http.runner import parser_for
from dealwright_http.server import LARGEST_BODY, Answer, Received
from dealwright_http.simulation import Line, Simulation, Window, answer_json, keys_in

KEY = "dw-" + "0" * 29 + "a"
T = TypeVar("T")


class Shop(Simulation):
    """Keeps orders, each id once."""

    def __init__(self, log: Path, **options: Any) -> None:
        self.orders: dict[str, Any] = {}
        super().__init__("shop", log, SystemClock(), **options)

    def restore(self, change: Any) -> None:
        self.orders[change["id"]] = change

    def serve(self, request: Received, line: Line) -> Answer:
        if request.method == "GET":
            return answer_json(200, sorted(self.orders))
        order = msgspec.json.decode(request.body)
        if order["id"] not in self.orders:
            line.committed = True
            self.restore(order)
            self.keep(order)
        return answer_json(200, order)

    def control(self, what: str, request: Received) -> Answer | None:
        if what != "orders":
            return None
        for order in msgspec.json.decode(request.body):
            self.restore(order)
            self.keep(order)
        return Answer(status=204)


def play(log: Path, act: Callable[[httpx.AsyncClient, Shop], Awaitable[T]], **options: Any) -> T:
    """Run an act against a shop of its own."""

    async def go() -> T:
        shop = Shop(log, **options)
        port = await shop.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
                return await act(client, shop)
        finally:
            await shop.stop()

    return asyncio.run(go())


def lines(log: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


def again(log: Path) -> set[str]:
    """Start once more, and return the ids that are there."""
    with closing(Shop(log)) as shop:
        return set(shop.orders)


async def order(client: httpx.AsyncClient, id_: str = "1", note: str = KEY) -> httpx.Response | str:
    """Post an order; a connection that breaks is told by the name of its error."""
    try:
        return await client.post("/orders?x=1", json={"id": id_, "note": note})
    except httpx.TransportError as error:
        return type(error).__name__


def test_a_request_is_one_line_and_a_repeat_changes_nothing(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> None:
        await order(client)
        await order(client)
        assert len(lines(tmp_path / "log")) == 2

    play(tmp_path / "log", act)
    first, second = lines(tmp_path / "log")
    assert {"n", "came", "at", "server", "method", "path", "status", "committed", "keys"} == set(first)
    assert (first["n"], first["server"], first["method"], first["path"]) == (1, "shop", "POST", "/orders")
    assert [(line["status"], line["committed"], line["keys"]) for line in (first, second)] == [
        (200, True, [KEY]),
        (200, False, [KEY]),
    ]


@pytest.mark.parametrize(
    ("fault", "status", "committed"),
    [
        (Fault(status=504), 504, False),
        (Fault(status=504, commit=True), 504, True),
        (Fault(status=429, retry_after=3), 429, False),
        (Fault(drop=True), None, False),
        (Fault(drop=True, commit=True), None, True),
        (Fault(delay=0.01), 200, True),
        (Fault(trickle=0.02), 200, True),
        (Fault(content_type="text/html"), 200, True),
    ],
)
def test_every_fault_does_what_it_says_once(tmp_path: Path, fault: Fault, status: int | None, committed: bool) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> tuple[httpx.Response | str, httpx.Response | str]:
        return await order(client), await order(client)

    first, second = play(tmp_path / "log", act, faults=[fault])
    assert isinstance(second, httpx.Response) and second.status_code == 200
    if status is None:
        assert first == "ReadError"  # reset, not ended
    else:
        assert isinstance(first, httpx.Response) and first.status_code == status
        assert first.headers.get("Retry-After") == (None if fault.retry_after is None else "3")
        assert fault.content_type in (None, first.headers.get("Content-Type"))
        assert status != 200 or first.json() == second.json()
    assert [line["committed"] for line in lines(tmp_path / "log")] == [committed, not committed]
    assert lines(tmp_path / "log")[0]["status"] == status
    assert {tuple(line["keys"]) for line in lines(tmp_path / "log")} == {(KEY,)}


def test_a_body_that_is_cut_off_breaks_the_connection_after_the_commit(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> httpx.Response | str:
        return await order(client)

    assert play(tmp_path / "log", act, faults=[Fault(cut=True)]) == "RemoteProtocolError"
    assert [line["committed"] for line in lines(tmp_path / "log")] == [True]


def test_faults_fit_by_method_path_and_body_and_count_down(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> list[Any]:
        answers = [await client.get("/orders"), await order(client), await order(client, "2", "poison")]
        answers += [await order(client, "2", "poison"), await order(client, "2", "poison")]
        return [answer.status_code for answer in answers if isinstance(answer, httpx.Response)]

    faults = [Fault(times=2, method="POST", path="/orders", holds="poison", status=500), Fault(path="/no", status=1)]
    assert play(tmp_path / "log", act, faults=faults) == [200, 200, 500, 500, 200]


def test_faults_come_and_go_over_http_and_control_is_for_no_browser(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> None:
        assert (await client.post("/_control/faults", json=[{"status": 503, "body": {"no": 1}}])).status_code == 204
        answer = await order(client)
        assert isinstance(answer, httpx.Response) and answer.json() == {"no": 1}
        await client.post("/_control/faults", json=[{"times": 9, "status": 503}])
        assert (await client.get("/_control/state")).json() == {"requests": 1, "statuses": {"503": 1}, "faults": 1}
        assert (await client.delete("/_control/faults")).status_code == 204
        assert (await client.post("/_control/faults", json=[{"stauts": 503}])).status_code == 422
        assert (await client.post("/_control/faults", headers={"Origin": "x"}, json=[])).status_code == 403
        assert (await client.get("/_control/nothing")).status_code == 404
        answer = await order(client)
        assert isinstance(answer, httpx.Response) and answer.status_code == 200

    play(tmp_path / "log", act)
    assert len(lines(tmp_path / "log")) == 2


def test_what_was_kept_is_there_after_a_restart_also_what_a_control_route_made(tmp_path: Path) -> None:
    async def make(client: httpx.AsyncClient, shop: Shop) -> None:
        await order(client)
        await client.post("/_control/orders", json=[{"id": "7"}])

    async def look(client: httpx.AsyncClient, shop: Shop) -> Any:
        await order(client)
        return (await client.get("/orders")).json()

    play(tmp_path / "log", make)
    assert play(tmp_path / "log", look) == ["1", "7"]
    assert [(line["n"], line["committed"]) for line in lines(tmp_path / "log")] == [(1, True), (2, False), (3, False)]


def test_a_kill_between_the_commit_and_its_line_loses_neither(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> None:
        await order(client, "1")
        await order(client, "2")

    play(tmp_path / "log", act)
    whole = (tmp_path / "log").read_bytes()
    first = whole.index(b"\n") + 1
    (tmp_path / "log").write_bytes(whole[:first] + b'{"n": 2, "at')  # killed in the middle of the second line
    assert again(tmp_path / "log") == {"1", "2"}
    assert (tmp_path / "log").read_bytes() == whole


def test_a_commit_that_a_kill_cut_off_did_not_happen(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> None:
        await order(client, "1")

    play(tmp_path / "log", act)
    with (tmp_path / "log.state").open("ab") as file:
        file.write(b'{"line": {"n": 2')
    assert again(tmp_path / "log") == {"1"}


def test_more_than_the_limit_is_refused_and_written_down(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> list[int]:
        return [(await client.get("/orders")).status_code for _ in range(4)]

    assert play(tmp_path / "log", act, rate=3) == [200, 200, 200, 429]
    assert [line["status"] for line in lines(tmp_path / "log")] == [200, 200, 200, 429]

    async def later(client: httpx.AsyncClient, shop: Shop) -> list[int]:
        shop.window = Window(1)
        statuses = [(await client.get("/orders")).status_code]
        shop.fail(Fault(status=500))  # it waits for a request that is let in
        statuses.append((await client.get("/orders")).status_code)
        shop.window = None
        return [*statuses, (await client.get("/orders")).status_code]

    assert play(tmp_path / "log", later) == [200, 429, 500]


def test_the_window_slides() -> None:
    window = Window(2)
    assert [window.take(now) for now in (0.0, 0.4, 0.9, 1.0, 1.3, 1.5)] == [True, True, False, True, False, True]
    slow = Window(0.5)
    assert [slow.take(now) for now in (0.0, 1.9, 2.0)] == [True, False, True]


def test_latency_is_spread_over_its_range_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    def waits(seed: int) -> list[float]:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        async def act(client: httpx.AsyncClient, shop: Shop) -> None:
            for _ in range(20):
                await client.get("/orders")

        play(tmp_path / f"log{seed}{len(waited)}", act, latency=(0.15, 0.4), seed=seed, sleep=sleep)
        return waited

    once = waits(1)
    assert len(once) == 20 and min(once) >= 0.15 and max(once) <= 0.4 and max(once) - min(once) > 0.1
    assert waits(1) == once != waits(2)


def test_what_a_client_gave_up_on_is_carried_out_nevertheless(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await gate.wait()

    async def act(client: httpx.AsyncClient, shop: Shop) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/orders", json={"id": "1"}, timeout=0.05)
        assert not shop.orders
        gate.set()
        await client.get("/orders")
        assert set(shop.orders) == {"1"}

    play(tmp_path / "log", act, faults=[Fault(delay=9)], sleep=sleep)


def test_requests_of_one_connection_are_answered_in_their_order_and_nonsense_ends_it(tmp_path: Path) -> None:
    async def act(client: httpx.AsyncClient, shop: Shop) -> tuple[bytes, bytes, bytes]:
        async def raw(data: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
            writer.write(data)
            read = await reader.read()
            writer.close()
            return read

        post = b'POST /o HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"id":"12"'
        bad = await raw(post + b"GET /o HTTP/1.1\r\nConnection: close\r\n\r\n")
        piped = await raw(post[:-10] + b'{"id":"1"}GET /orders HTTP/1.1\r\nConnection: close\r\n\r\n')
        large = await raw(b"POST /o HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (LARGEST_BODY + 1))
        return bad, piped, large

    bad, piped, large = play(tmp_path / "log", act)
    assert bad.startswith(b"HTTP/1.1 500 ") and lines(tmp_path / "log")[0]["status"] == 500
    assert piped.index(b'{"id":"1"}') < piped.index(b'["1"]')
    assert large.startswith(b"HTTP/1.1 413 ")


def test_keys_are_found_wherever_they_stand_and_each_once() -> None:
    other = "dw-" + "f" * 30
    body = f"call [{KEY}] {other}, {KEY}; no keys: {KEY}b dw-12".encode()
    assert keys_in(body) == [KEY, other]


def test_the_last_line_is_found_however_long_it_is(tmp_path: Path) -> None:
    made = Lines(tmp_path / "lines")
    assert made.last() is None
    made.append({"n": 1})
    assert made.last() == {"n": 1}
    made.append({"n": 2, "long": "x" * 100_000})
    assert made.last()["n"] == 2
    made.close()


@pytest.mark.parametrize("words", [["--latency-ms", "x"], ["--latency-ms", "9-1"], ["--faults", "[{}"]])
def test_options_that_cannot_be_read_are_refused_with_a_reason(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser_for("shop", "A shop.").parse_args(["--log", "x", *words])
    assert words[0] in capsys.readouterr().err


def test_faults_may_stand_in_a_file_and_latency_is_said_in_milliseconds(tmp_path: Path) -> None:
    (tmp_path / "faults").write_text('[{"times": 3, "status": 504}]')
    words = ["--log", "x", "--faults", f"@{tmp_path / 'faults'}", "--latency-ms", "150-400"]
    options = parser_for("shop", "A shop.").parse_args(words)
    assert (options.faults, options.latency_ms) == ([Fault(times=3, status=504)], (0.15, 0.4))
