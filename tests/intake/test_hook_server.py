"""The web process over real sockets: what strangers do to it, what a kill leaves, what its log says."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from databases import postgresql
from hook_world import BODY, signed

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright.journal.store import Journal
from dealwright_flows import patient
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.web import WebProcess
from dealwright_flows.workplace import WebAddress

pytestmark = pytest.mark.slow
CLOCK = SystemClock()
DOCS = Path(__file__).resolve().parents[2] / "docs" / "hooks.md"


class Server:
    """The web process of a test."""

    def __init__(self, data: Path, journal_url: str) -> None:
        self.data = data
        self.journal_url = journal_url
        self.process = WebProcess(data, WebAddress(host=HOST, port=free_port()), receiver="http://x", clock=CLOCK)
        self.port = self.process._address.port
        self.secret = self.process.secret.read_bytes().strip()

    def start(self) -> None:
        while self.process.child.alive:  # it was killed a moment ago
            time.sleep(0.01)
        asyncio.run(self.process.start())

    def post(self, body: dict[str, Any] | bytes = BODY, **more: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=15)
        headers, raw = signed(body, secret=self.secret, at=CLOCK.wall(), **more)
        try:
            connection.request("POST", "/hooks/acme/billing", raw, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def raw(self, *parts: bytes, pause: float = 0.0, seconds: float = 20.0) -> bytes:
        """Send bytes as they are, and return all that comes back until the connection ends."""
        with socket.create_connection((HOST, self.port), timeout=seconds) as connection:
            for part in parts:
                try:
                    connection.sendall(part)
                except OSError:
                    break
                time.sleep(pause)
            answer = b""
            try:
                while data := connection.recv(65_536):
                    answer += data
            except (ConnectionResetError, TimeoutError):
                pass
            return answer

    def events(self) -> list[str]:
        journal = Journal(self.journal_url, CLOCK)
        try:
            return [each.event.source_id for each in journal.unrouted("acme", 10_000)]
        finally:
            journal.close()

    @property
    def log(self) -> str:
        return self.process.child.log.read_text()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
    else:
        with postgresql("hooks") as made:
            yield made


@pytest.fixture
def stopped(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(Path(__file__).with_name("hook_project.py")))
    monkeypatch.setenv("DEALWRIGHT_JOURNAL", url)
    made = Server(tmp_path, url)
    yield made
    made.process.child.kill()


@pytest.fixture
def server(stopped: Server) -> Server:
    stopped.start()
    return stopped


def head(server: Server, body: bytes, *lines: str, length: int | None = None) -> bytes:
    """Return the head of a signed request."""
    headers, _ = signed(body, secret=server.secret, at=CLOCK.wall())
    told = [f"{name}: {value}" for name, value in headers.items()]
    if length != -1:
        told.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(["POST /hooks/acme/billing HTTP/1.1", "Host: x", *told, *lines, "", ""]).encode()


def event(number: int | str) -> bytes:
    return json.dumps({**BODY, "id": f"evt-{number}"}).encode()


def test_hooks_apis_and_health_are_served_and_a_flood_of_senders_loses_nothing(server: Server) -> None:
    assert server.post() == (200, {"accepted": 1, "duplicates": 0})
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(server.post, [json.loads(event(f"f{number}")) for number in range(200)]))
    assert answers == [(200, {"accepted": 1, "duplicates": 0})] * 200
    assert len(server.events()) == 201
    assert b"HTTP/1.1 200" in server.raw(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    metrics = server.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode()
    assert 'dealwright_hook_events_total{outcome="accepted",source="acme/billing"} 201.0' in metrics
    assert 'dealwright_unrouted_events{account="acme"} 201.0' in metrics
    assert b"/api/test/fine" in server.raw(b"GET /api/test/fine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    failed = server.raw(b"GET /api/test/failing HTTP/1.1\r\nHost: x\r\nX-Told: hunter2\r\nConnection: close\r\n\r\n")
    assert b"HTTP/1.1 500" in failed
    assert "failed with RuntimeError" in server.log
    assert "hunter2" not in server.log
    assert server.secret.decode() not in server.log


def test_a_kill_between_commit_and_answer_makes_a_known_duplicate(
    stopped: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALWRIGHT_FAULT", "receive.after-append:2")
    stopped.start()
    assert stopped.post()[0] == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        stopped.post(json.loads(event("killed")))
    monkeypatch.delenv("DEALWRIGHT_FAULT")
    stopped.start()
    assert stopped.post(json.loads(event("killed"))) == (200, {"accepted": 0, "duplicates": 1})
    assert stopped.events() == ["evt-1", "evt-killed"]


def test_a_kill_before_the_commit_loses_nothing_either(stopped: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWRIGHT_FAULT", "receive.before-append")
    stopped.start()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        stopped.post()
    monkeypatch.delenv("DEALWRIGHT_FAULT")
    stopped.start()
    assert stopped.post() == (200, {"accepted": 1, "duplicates": 0})


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_bytes_that_strangers_send(server: Server) -> None:
    chunked = event("chunked")
    pieces = [chunked[start : start + 7] for start in range(0, len(chunked), 7)]
    parts = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    lines = ("Transfer-Encoding: chunked", "Connection: close")
    assert b'{"accepted":1' in server.raw(head(server, chunked, *lines, length=-1), parts + b"0\r\n\r\n")

    endless = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"
    assert b" 413 " in server.raw(head(server, chunked, lines[0], length=-1), *[endless] * 40)

    # It says that it has less than it sends: the rest would be the next request, and is none.
    short = event("short")
    answer = server.raw(head(server, short, length=len(short) - 5), short)
    assert (b" 401 " in answer or b" 400 " in answer) and b'"accepted"' not in answer
    assert b" 400 " in server.raw(head(server, short, "Content-Length: 3"), short)  # two lengths
    assert b" 413 " in server.raw(head(server, short, length=10**15), b"x" * 100_000, seconds=20)

    both = [event("pipe-1"), event("pipe-2")]
    first, last = head(server, both[0]), head(server, both[1], "Connection: close")
    piped = first + both[0] + last + both[1]
    assert server.raw(piped).count(b'{"accepted":1') == 2

    for large in (
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x",
    ):
        assert b" 400 " in server.raw(large + b"\r\n\r\n")
    assert b" 400 " in server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"X: " + b"x" * 3_000 + b"\r\n"] * 9)
    assert b" 400 " in server.raw(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
    assert b" 400 " in server.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n")
    assert b" 400 " in server.raw(b"POST /hooks/acme/billing HTTP/1.1\r\n\r\n")  # no host
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA"
    websocket = server.raw(f"GET /hooks/acme/billing HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n\r\n".encode())
    assert b" 405 " in websocket
    assert sorted(server.events()) == ["evt-chunked", "evt-pipe-1", "evt-pipe-2"]
    assert server.post()[0] == 200
    assert server.log == "" or "Traceback" not in server.log


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_does_not_go_on_is_cut_off_and_keeps_nobody_out(server: Server) -> None:
    began = time.monotonic()
    silent = [socket.create_connection((HOST, server.port)) for _ in range(100)]
    for connection in silent[:50]:
        connection.sendall(b"POST /hooks/acme/billing HTTP/1.1\r\nHost: x\r\nX-Half: ")
    assert server.post()[0] == 200
    slow_body = socket.create_connection((HOST, server.port))
    slow_body.sendall(head(server, event("slow")) + b"{")
    for _ in range(6):  # a byte now and then does not help
        time.sleep(1)
        for connection in silent[:10]:
            connection.sendall(b"x")
    for connection in silent:
        connection.settimeout(patient.HEADER_SECONDS)
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
        connection.close()
    assert time.monotonic() - began < patient.HEADER_SECONDS + 5
    slow_body.settimeout(15)
    assert b" 408 " in slow_body.recv(1000)
    slow_body.close()
    assert server.post(json.loads(event(2)))[0] == 200


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_shell_commands_of_the_docs_send_a_hook(server: Server) -> None:
    commands = DOCS.read_text().partition("```sh\n")[2].partition("```")[0]
    commands = commands.replace(".dealwright/up/hooks.secret", str(server.process.secret))
    commands = commands.replace("http://127.0.0.1:8656", server.process.url)
    said = subprocess.run(["bash", "-ceu", commands], check=True, capture_output=True, text=True).stdout
    assert json.loads(said) == {"accepted": 1, "duplicates": 0}
    assert server.events() == ["evt-7"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_sender_that_hangs_up_in_its_body_leaves_nothing(server: Server) -> None:
    body = event("gone")
    for _ in range(30):
        with socket.create_connection((HOST, server.port)) as connection:
            connection.sendall(head(server, body) + body[:-3])
    assert server.post()[0] == 200
    assert server.events() == ["evt-1"]
    assert "Traceback" not in server.log


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_address_that_is_taken_is_told_with_what_to_do(stopped: Server) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, stopped.port))
        taken.listen()
        with pytest.raises(InputError, match=f"{HOST}:{stopped.port}: another program listens there.*DEALWRIGHT_WEB"):
            stopped.start()
    stopped.start()
    assert stopped.post()[0] == 200


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_waits_when_it_is_told_to_end_is_answered(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(server.post, json.loads(event(number))) for number in range(60)]
        answers[10].result()
        asyncio.run(server.process.stop())
    taken = []
    for number, answer in enumerate(answers):
        try:
            status, _ = answer.result()
        except OSError:
            continue  # it came too late: its sender repeats
        if status == 200:
            taken.append(f"evt-{number}")
    assert set(taken) <= set(server.events())
    assert len(taken) >= 11
