"""Owns a Prefect server: its settings, its port, its credentials, its life as a child process."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import DealwrightError, InputError
from dealwright.project import Project
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port, is_free

RETENTION_SECONDS: Final = 30 * 24 * 3600
START_PATIENCE: Final = 120.0
"""A cold start takes 12-20 s on a small machine, migrations included."""

_USER = "dealwright"


class ServerFailed(DealwrightError):
    """The Prefect server did not come up."""


class PrefectElsewhere:
    """A Prefect server that somebody else runs, at an address with credentials of its own."""

    def __init__(self, api_url: str, auth: str | None) -> None:
        self.api_url = api_url.rstrip("/")
        user, _, password = (auth or "").partition(":")
        self.auth = (user, password) if auth else None
        self.log = "where it runs"
        self.login = "as it was set up there"
        self._answered = False

    @property
    def url(self) -> str:
        """The address of the dashboard."""
        return self.api_url.removesuffix("/api")

    @property
    def alive(self) -> bool:
        """Whether it has answered since we asked first; later outages are the recorder's to notice."""
        return self._answered

    async def start(self, _progress: Callable[[float], None] | None = None) -> None:
        """See that it answers.

        Raises:
            ServerFailed: it does not.
        """
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                status = (await client.get(f"{self.api_url}/health")).status_code
        except httpx.HTTPError as error:
            raise ServerFailed(f"Prefect at {self.api_url} does not answer ({type(error).__name__})") from error
        if status != httpx.codes.OK:
            raise ServerFailed(f"Prefect at {self.api_url} answers its health check with status {status}")
        self._answered = True

    async def stop(self) -> None:
        """Leave it as it is."""


class PrefectServer:
    """A Prefect server on loopback, closed by a generated password; its data are SQLite in its home by default."""

    def __init__(self, home: Path, *, clock: Clock, database: str | None = None) -> None:
        self._database = database
        self.home = home.absolute()
        self._clock = clock
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.child = Child("server", self.home)
        self.credentials_file = self.home / "credentials"
        self.auth = _credentials(self.credentials_file)
        self.port = _port(self.home / "port")

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.child.alive

    @property
    def login(self) -> str:
        """Where the dashboard's login stands."""
        return f"user:password as they stand in {self.credentials_file}"

    @property
    def url(self) -> str:
        """The address of the dashboard."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return f"{self.url}/api"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.child.log

    async def start(self, progress: Callable[[float], None] | None = None) -> None:
        """Start the server and wait until it answers; `progress` hears the seconds waited.

        Raises:
            ServerFailed: it ended or stayed silent; the text names the log and carries its last lines.
        """
        self.launch()
        try:
            await self.healthy(progress)
        except BaseException:
            await self.child.stop()
            raise

    def launch(self) -> None:
        """Start the process and come back at once: `healthy` waits for it."""
        self.child.end_stale()
        command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        command += ["--host", HOST, "--port", str(self.port), "--no-access-log", "--log-level", "warning"]
        command += ["--timeout-keep-alive", "30", "--timeout-graceful-shutdown", "2"]
        # The home is the working directory: a prefect.toml or a calendar.py of the user's must not be found first.
        self.child.start(command, env=clean_environment(self.settings()), cwd=self.home)

    async def healthy(self, progress: Callable[[float], None] | None = None) -> None:
        """Wait until the server answers.

        Raises:
            ServerFailed: it ended or stayed silent.
        """
        began = self._clock.monotonic()
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while True:
                waited = self._clock.monotonic() - began
                if progress:
                    progress(waited)
                if not self.child.alive:
                    raise ServerFailed(self._why("ended while it was starting"))
                if waited > START_PATIENCE:
                    raise ServerFailed(self._why(f"did not answer within {START_PATIENCE:.0f} s"))
                try:
                    if (await client.get(f"{self.api_url}/health")).status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        """End the server."""
        await self.child.stop()

    def settings(self) -> dict[str, str]:
        """Return every setting the server runs with; the reasons are in docs/prefect.md."""
        return {
            "PREFECT_HOME": str(self.home),
            "PREFECT__SERVER_FINAL": "1",
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_API_AUTH_STRING": ":".join(self.auth),
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": self.url,
            "PREFECT_SERVER_UI_API_URL": "/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(RETENTION_SECONDS),
        } | ({} if self._database is None else {"PREFECT_SERVER_DATABASE_CONNECTION_URL": self._database})

    def _why(self, what: str) -> str:
        return (
            f"the Prefect server {what} (log: {self.log}).\n{self.child.tail()}\n"
            "If the log names a missing or changed package, reinstall from requirements.lock; if the database is "
            "damaged, move prefect.db away: only the dashboard's history is in it."
        )


def prefect_of(project: Project, clock: Clock) -> PrefectServer | PrefectElsewhere:
    """Return the Prefect that a project names, or the one of its data directory."""
    place = project.prefect
    if place.api_url is not None:
        return PrefectElsewhere(place.api_url, place.auth)
    return PrefectServer(project.data_dir / "prefect", clock=clock, database=place.database)


def reached_at(project: Project) -> tuple[str, str | None]:
    """Return the address of a project's Prefect and its `user:password`, for who does not run it.

    Raises:
        InputError: no address is given, and none has run in the data directory.
    """
    place, home = project.prefect, project.data_dir / "prefect"
    if place.api_url is not None:
        return place.api_url, place.auth
    try:
        port = (home / "port").read_text("utf-8").strip()
        auth = (home / "credentials").read_text("utf-8").strip()
    except OSError as error:
        raise InputError(
            f"no Prefect server has run in {project.data_dir}: start `dealwright up` first, or name another server's"
            " api_url under [prefect] in the target file"
        ) from error
    return f"http://{HOST}:{port}/api", auth


def _credentials(file: Path) -> tuple[str, str]:
    """Read user and password, or make them once; the file is for its owner only."""
    try:
        user, _, password = file.read_text("utf-8").strip().partition(":")
    except FileNotFoundError:
        user, password = "", ""
    if user and password:
        file.chmod(0o600)
        return user, password
    password = secrets.token_urlsafe(24)
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
        made.write(f"{_USER}:{password}\n")
    return _USER, password


def _port(file: Path) -> int:
    """The port used last time if it is free, so that bookmarks live on; else any free one."""
    try:
        wanted = int(file.read_text("utf-8"))
    except (OSError, ValueError):
        wanted = 0
    port = wanted if wanted and is_free(wanted) else free_port()
    file.write_text(str(port), "utf-8")
    return port
