"""The local mail server: what it took is in its log before it answers, and can be read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from email_world import WHEN, arrived, mail, sent, settings

from dealwright.clock import PlayedClock
from dealwright.model.requests import Sent, TryAgain
from dealwright_email import EmailConnector
from dealwright_email.simulator import listed, main


def test_what_arrived_is_listed_and_hostile_subjects_stay_inert(tmp_path: Path) -> None:
    log = tmp_path / "m"
    sent(
        log, mail("k1"), mail("k2", subject="\u009b31mred ‮x", to="jürg@example.com"), mail("k3", subject="[red]Ü[/red]")
    )
    *lines, total = listed(log)
    # They are sent at once, over connections of their own: either may arrive first.
    first, third = sorted(lines, key=lambda line: "<k3@" in line)
    assert "nora@example.com  Your offer" in first and "<k1@acme.example>" in first
    assert "[red]Ü[/red]" in third and "<k3@acme.example>" in third
    assert total == "2 messages"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_off_is_no_message(tmp_path: Path) -> None:
    log = tmp_path / "m"
    sent(log, mail("k1"))
    log.write_bytes(log.read_bytes() + b'{"at": "2026')
    assert [each.key for each in arrived(log)] == ["k1"]
    assert arrived(tmp_path / "none") == []


def test_faults_that_nobody_understands_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--log", str(tmp_path / "m"), "--faults", '[{"phase": "lunch"}]'])
    assert "lunch" in capsys.readouterr().err


@pytest.mark.slow
def test_it_runs_as_a_process_with_faults_and_ends_when_told(tmp_path: Path) -> None:
    log = tmp_path / "m"
    command = [sys.executable, "-m", "dealwright_email.simulator", "--log", str(log)]
    faults = '[{"phase": "RCPT", "reply": "450 4.2.0 later"}]'
    with subprocess.Popen([*command, "--faults", faults], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        connector = EmailConnector(settings(int(process.stdout.readline())), PlayedClock(WHEN))
        outcomes = [asyncio.run(connector.perform([mail("k")]))[0] for _ in range(2)]
        process.terminate()
    assert [type(outcome) for outcome in outcomes] == [TryAgain, Sent]
    assert process.returncode == 0
    assert "1 messages" in subprocess.check_output([*command, "--list"], text=True)
