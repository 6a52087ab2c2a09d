"""The receiver as a process of its own: it remembers across restarts and kills, and can be told to fail."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from webhook_world import SECRET, event, lines, play

from dealwright.clock import SystemClock
from dealwright.model.requests import Outcome, Sent, Unknown
from dealwright_webhook import FOREVER, Target, WebhookConnector, WebhookSettings
from dealwright_webhook.receiver import Receiver


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the simulator; kill it at the end if nobody has."""
    secret = folder / "secret"
    secret.write_bytes(SECRET.reveal())
    command = [sys.executable, "-m", "dealwright_webhook.simulator", "--log", str(folder / "r.jsonl")]
    process = subprocess.Popen(
        [*command, "--secret-file", str(secret), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def send(port: int, *keys: str) -> list[Outcome]:
    async def go() -> list[Outcome]:
        url = f"http://127.0.0.1:{port}/hooks"
        target = Target(url=url, secret=SECRET, allow_private=True, dedupes_for=FOREVER)
        connector = WebhookConnector(WebhookSettings(targets={"erp": target}), SystemClock())
        outcomes = await connector.perform([event(key) for key in keys])
        await connector.aclose()
        return list(outcomes)

    return asyncio.run(go())


@pytest.mark.slow
def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    with simulator(tmp_path, "--name", "erp") as (process, port):
        assert send(port, "a", "b") == [Sent(receipt={"status": 200})] * 2
        process.send_signal(signal.SIGKILL)
        process.wait()
    with simulator(tmp_path, "--faults", '[{"status": 504, "commit": true}]') as (process, port):
        (after,) = send(port, "c")
        assert isinstance(after, Unknown)
        assert send(port, "a", "c") == [Sent(receipt={"status": 200}, repeated=True)] * 2
        control = f"http://127.0.0.1:{port}/_control"
        faults = msgspec.json.encode([{"times": 1, "status": 422}])
        assert httpx.post(f"{control}/faults", content=faults).status_code == 204
        assert httpx.get(f"{control}/state").json() == {
            "requests": 3,
            "statuses": {"504": 1, "200": 2},
            "keys": 3,
            "faults": 1,
        }
        assert httpx.post(f"{control}/faults", content=b"[{}, 1]").status_code == 422
        assert httpx.post(f"{control}/faults", headers={"Origin": "https://x"}, content=b"[]").status_code == 403
        with httpx.Client() as open_connection:
            assert open_connection.get(f"{control}/state").status_code == 200
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None and process.stderr.read() == ""
    record = lines(tmp_path / "r.jsonl")
    assert sorted(line["key"] for line in record if line["committed"]) == ["a", "b", "c"]
    assert record[0]["server"] == "erp"


def test_every_line_is_in_the_log_before_its_answer_comes(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"

    async def act(connector: WebhookConnector, receiver: Receiver) -> list[int]:
        found = []
        for number in range(20):
            await connector.perform([event(f"k{number}")])
            found.append(len(lines(log)))
        return found

    assert play(log, act) == list(range(1, 21))


def test_a_line_that_a_crash_cut_off_is_cut_away(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"

    async def one(connector: WebhookConnector, receiver: Receiver) -> None:
        await connector.perform([event("a")])

    play(log, one)
    with log.open("ab") as file:
        file.write(b'{"at": "2026')

    async def two(connector: WebhookConnector, receiver: Receiver) -> frozenset[str]:
        await connector.perform([event("b")])
        return receiver.keys

    assert play(log, two) == {"a", "b"}
    assert [line["key"] for line in lines(log)] == ["a", "b"]


@pytest.mark.slow
def test_faults_that_cannot_be_read_end_the_start_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dealwright_webhook.simulator", "--log", str(tmp_path / "r"), "--secret-file", "/none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2 and "No such file" in result.stderr
