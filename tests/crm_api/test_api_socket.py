"""A second client: urllib and curl against a server in another process, over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "api.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


class Served:
    """A server process, and requests to it."""

    def __init__(self, database: Path) -> None:
        self.errors = database.with_suffix(".log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), f"sqlite:///{database}"],
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, database.with_suffix(".log").read_text()
        self.where = json.loads(line)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Send one request with urllib."""
        sent = {"Authorization": f"Bearer {self.where['token']}", "Content-Type": "application/json", **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.where["url"] + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                raw = reply.read()
                return reply.status, json.loads(raw) if raw else None, dict(reply.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read()), dict(error.headers)

    def stop(self, how: int = signal.SIGTERM) -> str:
        """End the server; return its log."""
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.seek(0)
        log = self.errors.read().decode()
        self.errors.close()
        return log


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server of the test's own."""
    server = Served(tmp_path / "crm.db")
    yield server
    if server.process.returncode is None:
        server.stop()


def test_a_second_client_works_with_it_and_the_log_names_nobody(served: Served) -> None:
    status, contact, _ = served.ask("POST", "/contacts", {"name": "Maria", "email": "maria@example.com"})
    assert status == 201
    new = {"title": "Chairs for Maria", "pipeline": "sales", "stage": "prospecting", "contacts": [contact["id"]]}
    status, deal, headers = served.ask("POST", "/deals", new)
    assert (status, headers["etag"]) == (201, '"1"')
    assert served.ask("GET", "/deals?name=maria")[1]["items"] == [deal]
    assert served.ask("POST", f"/deals/{deal['id']}/move", {"stage": "won"}, **{"If-Match": '"9"'})[0] == 412
    assert served.ask("PATCH", "/deals", {})[0] == 405
    assert served.ask("POST", "/deals", {"title": "x" * 2_000_000})[1]["error"]["code"] == "too_large"
    assert served.ask("DELETE", f"/deals/{deal['id']}")[0] == 204
    assert served.ask("GET", "/me", Authorization="Bearer nonsense")[0] == 401
    log = served.stop()
    assert "POST /deals 201" in log and "Traceback" not in log
    assert "aria" not in log and served.where["token"] not in log


def test_a_server_that_is_killed_while_it_writes_has_written_all_of_it_or_nothing(tmp_path: Path) -> None:
    database = tmp_path / "crm.db"
    served = Served(database)
    answers: dict[int, Any] = {}

    def write(number: int) -> None:
        body = {"title": f"Deal {number}", "pipeline": "sales", "stage": "prospecting"}
        try:
            answers[number] = served.ask("POST", "/deals", body, **{"Idempotency-Key": f"k{number}"})
        except (OSError, ValueError, http.client.HTTPException):  # it can be killed in the middle of an answer
            answers[number] = None

    threads = [threading.Thread(target=write, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    while sum(1 for answer in list(answers.values()) if answer) < 5:
        threads[0].join(0.005)
    served.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    token, first = served.where["token"], {number: answer for number, answer in answers.items() if answer}
    again = Served(database)
    again.where["token"] = token  # keys are the token's own
    served = again
    for number in range(24):
        write(number)
        assert answers[number][0] == 201
        if number in first:
            assert answers[number][1] == first[number][1]
            assert answers[number][2]["Idempotency-Replayed".lower()] == "true"
    titles = [deal["title"] for deal in served.ask("GET", "/deals?limit=200")[1]["items"]]
    assert sorted(titles) == sorted(f"Deal {number}" for number in range(24))
    assert served.ask("GET", "/events?limit=500")[1]["items"][-1]["id"] == "24"
    served.stop()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl: the page's examples were not typed")
def test_the_examples_of_the_page_can_be_typed(served: Served) -> None:
    examples = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if block.startswith("curl")]
    assert len(examples) == 6
    assert served.ask("POST", "/contacts", {"name": "Maria"})[1]["id"] == "1"
    environ = {**os.environ, "API": served.where["url"], "TOKEN": served.where["token"]}
    replies = [
        json.loads(subprocess.run(["sh", "-c", each], env=environ, check=True, capture_output=True).stdout)
        for each in examples
    ]
    assert [reply.get("stage") for reply in replies[:2]] == ["prospecting", "won"], replies
    assert [deal["title"] for deal in replies[2]["items"]] == ["Forty chairs"]
    assert (replies[3]["direction"], replies[3]["author"]) == ("in", "Maria")
    assert (replies[4]["kind"], replies[4]["fields"]["due_on"]) == ("instalment", "2026-12-01"), replies[4]
    assert replies[5]["secret"].startswith("dwhook_") and replies[5]["after"] == "4", replies[5]


def test_schemathesis_finds_nothing(served: Served, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("st")),
        "--config-file", str(HERE / "schemathesis.toml"), "run", str(HERE.parents[1] / "docs" / "openapi.json"),
        "--url", served.where["url"], "--header", f"Authorization: Bearer {served.where['token']}",
        "--checks", "all", "--seed", "1", "--max-time", "60", "--no-shrink", "--no-color",
    ]  # fmt: skip
    # It keeps a cache where it is started.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert "Traceback" not in served.stop()
