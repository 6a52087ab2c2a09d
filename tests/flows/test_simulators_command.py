"""`dealwright simulators up`: all that are installed, each in its process, until it is told to end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from dealwright.cli.failures import Failure
from dealwright.cli.main import cli
from dealwright_flows.simulators import installed
from dealwright_http.runner import Simulator

COMMAND = [sys.executable, "-c", "from dealwright.cli.main import main; main()"]


@contextmanager
def up(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, tuple[str, str]]]]:
    """Start the command, and return where each simulator is, and its secret."""
    command = [*COMMAND, "simulators", "up", "--dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told: list[str] = []
            while not (told and told[-1].startswith("Ctrl-C")):
                line = process.stdout.readline()
                assert line, process.communicate()[1]
                told.append(line)
            found = re.findall(r"^(\w+) +(http://\S+) .*\n +secret (\S+)", "".join(told), re.MULTILINE)
            yield process, {name: (url, secret) for name, url, secret in found}
        finally:
            process.kill()


def test_every_connector_that_has_a_simulator_says_how_it_is_run() -> None:
    found = {name: entry.load() for name, entry in installed().items()}
    assert {"kommo", "meta", "webhook"} <= set(found)
    assert all(isinstance(simulator, Simulator) for simulator in found.values())


@pytest.mark.slow
def test_all_of_them_serve_until_they_are_told_to_end_and_know_the_rest_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "faults").write_text('{"kommo": [{"method": "POST", "status": 504, "commit": true}]}')
    with up(tmp_path / "d", "--faults", str(tmp_path / "faults"), "--rate", "50") as (process, found):
        assert set(found) == set(installed())
        url, token = found["kommo"]
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{url}/api/v4/leads", json=[{"name": "x"}], headers=headers).status_code == 504
        pids = [msgspec.json.decode(note.read_bytes())["pid"] for note in (tmp_path / "d").glob("*.pid")]
        assert len(pids) == len(found)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    with up(tmp_path / "d", "--only", "kommo") as (_, again):
        assert set(again) == {"kommo"} and again["kommo"][1] == token
        leads = httpx.get(f"{again['kommo'][0]}/api/v4/leads", headers=headers).json()["_embedded"]["leads"]
        assert [lead["name"] for lead in leads] == ["x"]
    assert (tmp_path / "d" / "kommo.secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--only", "hubspot"], "no simulator 'hubspot'"),
        (["--faults", "{file}"], "no simulator 'komo'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(tmp_path: Path, options: list[str], why: str) -> None:
    (tmp_path / "faults").write_text('{"komo": []}')
    words = [word.format(file=tmp_path / "faults") for word in options]
    context = cli.make_context("dealwright", ["simulators", "up", "--dir", str(tmp_path / "d"), *words])
    with pytest.raises(Failure, match=why):
        cli.invoke(context)
