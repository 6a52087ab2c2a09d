"""Owns `dealwright worker`: a Prefect worker of the project's work pool, with what its runs need to know."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Final

import click

from dealwright.errors import InputError
from dealwright.project import DEFAULT, SETTING, Project
from dealwright_flows import workplace
from dealwright_flows.children import Child
from dealwright_flows.ending import until_told
from dealwright_flows.server import reached_at

_POLL: Final = "2"
"""Seconds between two looks of a worker for runs; Prefect's own default of ten makes every window start later."""

_WATCH: Final = 0.5
_FIRST_RESTART: Final = 1.0
_LONGEST_RESTART: Final = 60.0

_GRACE: Final = 40.0
"""Seconds that windows have to end when their worker is told to."""


@click.command()
@click.option("--limit", type=click.IntRange(1, 100), default=4, show_default=True, help="Most windows at a time.")
@click.option("--name", default=None, metavar="NAME", help="The worker's name in Prefect (default: host and process).")
def worker(limit: int, name: str | None) -> None:
    """Carry windows of work that Prefect hands out, until Ctrl-C (driver "prefect"; docs/scaling.md)."""
    project = workplace.project_of_worker()
    if project.driver != "prefect":
        raise InputError(
            'the target file says driver = "local": the engine of `dealwright up` carries the work by itself. Write'
            ' driver = "prefect" there (docs/scaling.md) for workers to carry it'
        )
    if project.prefect.pool_type != "process":
        raise InputError(
            f"the work pool {project.prefect.work_pool!r} is of type {project.prefect.pool_type!r}: start its workers"
            " as Prefect says for that type; `dealwright worker` is for pools of type process (docs/scaling.md)"
        )
    name = name or f"{socket.gethostname()}-{os.getpid()}"
    until_told(lambda stop: _work(project, limit, name, stop))


async def _work(project: Project, limit: int, name: str, stop: asyncio.Event) -> None:
    folder = project.data_dir / "workers" / name
    folder.mkdir(parents=True, exist_ok=True)
    child = Child("worker", folder)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", project.prefect.work_pool]
    command += ["--type", "process", "--name", name, "--limit", str(limit)]
    env = environment(project, folder)
    child.start(command, env=env, cwd=folder)
    click.echo(f"Worker {name} of the pool {project.prefect.work_pool}, at most {limit} windows; its log: {child.log}")
    pause = _FIRST_RESTART
    try:
        while not stop.is_set():
            await _until(stop, _WATCH)
            if child.alive or stop.is_set():
                continue
            # Prefect 3.8.8's worker ends when a run is started again before the worker has let go of it.
            click.echo(f"the Prefect worker ended; starting it again (log: {child.log})", err=True)
            await _until(stop, pause)
            pause = min(pause * 2, _LONGEST_RESTART)
            child.start(command, env=env, cwd=folder)
    finally:
        await child.stop(patience=_GRACE)
    click.echo("Ended: windows are closed and leases given back.")


async def _until(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def environment(project: Project, folder: Path) -> dict[str, str]:
    """Return what a worker, and so every flow run it starts, is told: where Prefect is, and which project."""
    api_url, auth = reached_at(project)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **ours,
        **({} if auth is None else {"PREFECT_API_AUTH_STRING": auth}),
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": _POLL,
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Runs are started by the name of `python`: it must be this one, which has the project's packages.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        # Their working directory is a fresh one, so nothing may be told by a relative path.
        SETTING: str(Path(os.environ.get(SETTING) or DEFAULT).resolve()),
        "DEALWRIGHT_DATA": str(project.data_dir.resolve()),
    }
