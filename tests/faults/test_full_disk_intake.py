"""Intake on a full disk: senders are told to come again, nothing acknowledged is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from pathlib import Path
from typing import Final

import pytest

from dealwright.clock import SystemClock
from dealwright.journal.store import Journal
from dealwright.signature import sign
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.web import WebProcess
from dealwright_flows.workplace import WebAddress
from tests.faults.small_disk import fill

CLOCK: Final = SystemClock()
PROJECT: Final = Path(__file__).parents[1] / "intake" / "hook_project.py"
PATIENCE: Final = 20.0
WAVE: Final = 20


class Sender:
    """Sends hooks one after the other, and remembers which were acknowledged."""

    def __init__(self, port: int, secret: bytes) -> None:
        self._port = port
        self._secret = secret
        self._sent = 0
        self.acknowledged: list[str] = []
        self.refused: list[str] = []

    def send(self, id_: str | None = None) -> tuple[int, dict[str, str]]:
        """Send a hook, a new one or one again; return the status and the headers of its answer."""
        if id_ is None:
            self._sent += 1
            id_ = f"evt-{self._sent}"
        body = json.dumps({"id": id_, "event": "invoice-paid", "reference": "INV-12", "data": {"more": "x" * 2000}})
        raw, stamp = body.encode(), str(int(CLOCK.wall().timestamp()))
        headers = {"dealwright-timestamp": stamp, "dealwright-signature": sign(self._secret, stamp, raw)}
        connection = http.client.HTTPConnection(HOST, self._port, timeout=15)
        try:
            connection.request("POST", "/hooks/acme/billing", raw, headers | {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        (self.acknowledged if answer.status == 200 else self.refused).append(id_)
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.slow
def test_the_disk_is_full_while_hooks_come_in(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{small_disk / 'journal.db'}"
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(PROJECT))
    monkeypatch.setenv("DEALWRIGHT_JOURNAL", url)
    web = WebProcess(tmp_path, WebAddress(host=HOST, port=free_port()), receiver="http://x", clock=CLOCK)
    asyncio.run(web.start())
    try:
        sender = Sender(web._address.port, web.secret.read_bytes().strip())
        assert [sender.send()[0] for _ in range(WAVE)] == [200] * WAVE
        filler = small_disk / "other people's files"
        fill(filler)
        deadline = time.monotonic() + PATIENCE
        while len(sender.refused) < WAVE:  # the journal's files may have some room of their own left
            status, headers = sender.send()
            assert status in (200, 503), "no other answer makes a sender come again"
            if status == 503:
                assert int(headers["retry-after"]) >= 1
            assert time.monotonic() < deadline, f"nobody was refused: {len(sender.acknowledged)} acknowledged"
        assert web.child.alive, "intake must outlive a full disk"
        filler.unlink()
        while sender.send()[0] != 200:
            assert time.monotonic() < deadline + PATIENCE, "there is room, and nobody is taken in"
            time.sleep(0.1)
        for id_ in list(sender.refused):
            assert sender.send(id_)[0] == 200, "who comes again is taken in"
        assert "cannot be used: the disk is full. Make room" in web.child.log.read_text()
    finally:
        web.child.kill()
    journal = Journal(url, CLOCK)
    try:
        kept = [item.event.source_id for item in journal.unrouted("acme", 100_000)]
    finally:
        journal.close()
    assert sorted(kept) == sorted(sender.acknowledged), "each that was acknowledged is there, once"
