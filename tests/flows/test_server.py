"""The server's settings and credentials, and children that never outlive us. No Prefect is started here."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dealwright.clock import SystemClock
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.server import PrefectServer, ServerFailed, _port
from tests.flows.fakes import until

FOREVER = [sys.executable, "-c", "import signal; signal.pause()"]


def test_the_server_is_closed_local_quiet_and_forgets_old_runs(tmp_path: Path) -> None:
    server = PrefectServer(tmp_path / "home", clock=SystemClock())
    server.port = 4999
    settings = server.settings()
    assert settings["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert settings["PREFECT_SERVER_API_AUTH_STRING"] == server.credentials_file.read_text().strip()
    assert settings["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:4999"
    assert settings["PREFECT_SERVER_UI_API_URL"] == "/api"
    assert (settings["PREFECT_SERVER_ANALYTICS_ENABLED"], settings["DO_NOT_TRACK"]) == ("false", "1")
    assert settings["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"] == "events,flow_runs"
    assert int(settings["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL"]) >= 1


def test_credentials_are_made_once_for_the_owner_only(tmp_path: Path) -> None:
    first = PrefectServer(tmp_path, clock=SystemClock())
    assert first.credentials_file.stat().st_mode & 0o777 == 0o600
    assert len(first.auth[1]) >= 24
    first.credentials_file.chmod(0o644)
    second = PrefectServer(tmp_path, clock=SystemClock())
    assert second.auth == first.auth
    assert second.credentials_file.stat().st_mode & 0o777 == 0o600
    assert PrefectServer(tmp_path / "other", clock=SystemClock()).auth != first.auth


def test_inherited_prefect_settings_do_not_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://elsewhere.example/api")
    monkeypatch.setenv("DEALWRIGHT_FAULT", "claim.after-commit")
    made = clean_environment({"PREFECT_HOME": "/here"})
    assert [name for name in made if name.startswith(("PREFECT_", "DEALWRIGHT_"))] == ["PREFECT_HOME"]


@pytest.mark.slow
def test_a_server_that_ends_while_starting_is_told_with_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = PrefectServer(tmp_path, clock=SystemClock())
    monkeypatch.setattr(
        server, "settings", lambda: {"PREFECT_SERVER_API_AUTH_STRING": "", "PREFECT_HOME": "/dev/null/x"}
    )
    with pytest.raises(ServerFailed, match=r"(?s)ended while it was starting \(log: .*server\.log\)"):
        asyncio.run(server.start())
    assert not server.child.alive


def test_a_port_in_use_is_left_to_its_user(tmp_path: Path) -> None:
    first = _port(tmp_path / "port")
    assert _port(tmp_path / "port") == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert _port(tmp_path / "port") != first


def test_a_child_is_ended_with_its_group_and_its_note(tmp_path: Path) -> None:
    child = Child("one", tmp_path)
    child.start(FOREVER, env=clean_environment({}), cwd=tmp_path)
    pid = child.pid
    assert child.alive
    asyncio.run(child.stop())
    assert not alive(pid)
    assert not (tmp_path / "one.pid").exists()


def test_a_child_left_by_an_earlier_run_is_ended_but_a_stranger_with_its_pid_is_not(tmp_path: Path) -> None:
    left = Child("one", tmp_path)
    left.start(FOREVER, env=clean_environment({}), cwd=tmp_path)
    process = left._process
    assert process is not None
    note = tmp_path / "one.pid"
    told = note.read_text()
    note.write_text(json.dumps({**json.loads(told), "born": "another time"}))
    Child("one", tmp_path).end_stale()
    assert process.poll() is None
    note.write_text(told)
    Child("one", tmp_path).end_stale()
    assert process.wait(5) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked for this on Linux only")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, signal, pathlib; from dealwright_flows.children import Child, clean_environment;"
        f"child = Child('one', pathlib.Path({str(tmp_path)!r}));"
        f"child.start({FOREVER!r}, env=clean_environment({{}}), cwd=pathlib.Path({str(tmp_path)!r}));"
        "print(child.pid, flush=True); signal.pause()"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as said:
        pid = int(said.readline())
    command = Path(f"/proc/{pid}/cmdline")
    until(lambda: b"-c\0" in command.read_bytes() and b"dealwright_flows.children" not in command.read_bytes())
    parent.kill()
    parent.wait()
    until(lambda: not alive(pid))


def alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
