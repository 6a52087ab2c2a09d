"""The simulated Kommo as a process: what it answered survives kill -9, and so do the hooks that wait."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

TOKEN = "a-long-lived-token"


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    (folder / "token").write_text(TOKEN)
    command = [sys.executable, "-m", "dealwright_kommo.simulator", "--log", str(folder / "kommo.jsonl")]
    command += ["--token-file", str(folder / "token"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = f"http://127.0.0.1:{int(process.stdout.readline())}"
        try:
            with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
                yield process, client
        finally:
            process.kill()


@pytest.mark.slow
def test_what_was_answered_survives_kill_9_and_sigterm_ends_it_quietly(tmp_path: Path) -> None:
    faults = '[{"method": "POST", "path": "/api/v4/leads", "status": 504, "commit": true}]'
    with simulator(tmp_path, "--faults", faults, "--hook", "http://127.0.0.1:9/nobody") as (process, client):
        assert client.post("/api/v4/leads", json=[{"name": "Désk"}]).status_code == 504
        assert client.get("/_control/state").json()["outbox"] == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    with simulator(tmp_path) as (process, client):
        (lead,) = client.get("/api/v4/leads").json()["_embedded"]["leads"]
        assert lead["name"] == "Désk"
        assert client.get("/_control/state").json()["outbox"] == 1
        (made,) = client.post("/api/v4/leads", json=[{}]).json()["_embedded"]["leads"]
        assert made["id"] > lead["id"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None and process.stderr.read() == ""
    lines = [msgspec.json.decode(line) for line in (tmp_path / "kommo.jsonl").read_bytes().splitlines()]
    assert [(line["status"], line["committed"]) for line in lines] == [(504, True), (200, False), (200, True)]
    assert TOKEN not in (tmp_path / "kommo.jsonl").read_text()
    assert "Désk" not in (tmp_path / "kommo.jsonl").read_text()
