"""A PostgreSQL server of a test's own, which may be restarted and killed: made from the installed programs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from dealwright_flows.sockets import free_port

PROGRAMS: Final = Path("/usr/lib/postgresql")


class Server:
    """One cluster in a folder, on a port of its own."""

    def __init__(self, programs: Path, data: Path, port: int) -> None:
        self._programs = programs
        self._data = data
        self.port = port

    @property
    def url(self) -> str:
        """The address of its one database, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs as the user whom a server may run as (it refuses root)."""
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{program} ended with {done.returncode}: {done.stderr}{done.stdout}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=40"
        self.run("pg_ctl", "-w", "-l", str(self._data / "server.log"), "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop it: `fast` ends all sessions, `immediate` is a crash."""
        self.run("pg_ctl", "-w", "-m", mode, "stop")


@contextmanager
def own_server(folder: Path) -> Iterator[Server]:
    """Make a cluster and start it; take it down at the end. Skipped with one line where there are no programs."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"))
    try:
        user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    except KeyError:
        found = []
    if not found:
        if os.environ.get("CI") == "true":
            raise AssertionError(f"CI has no PostgreSQL programs under {PROGRAMS}, or no user postgres")
        pytest.skip(f"no PostgreSQL programs under {PROGRAMS}: no server was restarted")
    data = folder / "data"
    data.mkdir(parents=True)
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    server = Server(found[-1].parent, data, free_port())
    server.run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
    server.start()
    try:
        yield server
    finally:
        try:
            server.stop("immediate")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
