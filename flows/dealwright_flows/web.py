"""Owns the web process: the hooks, and what connectors serve over HTTP, on one address, in a process of its own.

In its own process because it must answer in milliseconds while the engine works, and go on when the engine does not:
what it appends waits in the journal. `python -m dealwright_flows.web` is that process, `WebProcess` its owner.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount

from dealwright.clock import Clock, SystemClock
from dealwright.errors import DealwrightError, InputError
from dealwright.intake.app import HooksApp
from dealwright.intake.depths import Watch
from dealwright.intake.metrics import TOKEN_SETTING, MetricsApp
from dealwright.intake.published import FOLDER
from dealwright.intake.secrets import FileSecret, SharedSecret
from dealwright.journal.store import Journal
from dealwright.ports import Asgi
from dealwright.project import Project, load_project
from dealwright_flows.children import Child
from dealwright_flows.patient import PatientProtocol
from dealwright_flows.sockets import can_listen
from dealwright_flows.workplace import WEB, WebAddress, secret_file

HOOKS_SECRET: Final = "hooks.secret"  # noqa: S105 - the name of its file
"""A secret in the data directory that target files may name, so that a first hook needs no preparation."""

CONNECTIONS: Final = 500
"""Connections at once; below the 1,024 files that a process may usually have open."""

_PATIENCE: Final = 30.0
_KEEP_ALIVE: Final = 5
_LAST_WORDS: Final = 5

_log = logging.getLogger(__name__)


class WebProcess:
    """The web process of one data directory."""

    def __init__(
        self,
        directory: Path,
        address: WebAddress,
        *,
        receiver: str,
        settings: Mapping[str, str] | None = None,
        clock: Clock,
    ) -> None:
        """`settings` are those of its environment that ours does not have."""
        self._directory = directory.absolute()
        self._address = address
        self._receiver = receiver
        self._settings = dict(settings or {})
        self._clock = clock
        self.secret = secret_file(self._directory / HOOKS_SECRET)
        self.child = Child("web", self._directory)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._address.url

    def launch(self) -> None:
        """Start the process and come back at once."""
        command = [sys.executable, "-m", "dealwright_flows.web", "--data", str(self._directory)]
        command += ["--host", self._address.host, "--port", str(self._address.port), "--receiver", self._receiver]
        # It loads the project as we did: from here, by the same settings.
        env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | self._settings
        self.child.start(command, env=env, cwd=Path.cwd())

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            InputError: somebody else listens at its address.
            DealwrightError: it ended or stayed silent.
        """
        await self.claim()
        self.launch()
        at = (self._address.reached_at, self._address.port)
        await self.child.until_listening("the web process", *at, clock=self._clock, patience=_PATIENCE)

    async def stop(self) -> None:
        """End it; what it has acknowledged is in the journal."""
        await self.child.stop(patience=2 * _LAST_WORDS)

    async def claim(self) -> None:
        """See that the address is free; one that a process left a moment ago is waited for.

        Raises:
            InputError: somebody else listens there.
        """
        self.child.end_stale()
        for _ in range(20):
            if can_listen(self._address.host, self._address.port):
                return
            await asyncio.sleep(0.1)
        raise InputError(
            f"hooks cannot be served at {self._address.host}:{self._address.port}: another program listens there, or"
            f" the address is not this machine's. End that program (another `dealwright up`?), or set {WEB} to another"
            " host:port (port 0 takes any free one)"
        )


def application(project: Project, journal: Journal, clock: Clock) -> Asgi:
    """Return what the process serves: hooks, health, readiness and metrics, and every app of the project at its path.

    Hooks are the many and the small: nothing stands between the socket and them. Starlette serves the rest.
    """
    hooks = HooksApp({account.key: account.hooks for account in project.accounts}, journal, clock)
    watch = Watch(journal, [account.key for account in project.accounts], clock)
    metrics = MetricsApp(hooks, watch, project.data_dir / FOLDER, _metrics_token())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        hooks.start()
        try:
            yield
        finally:
            await hooks.stop()
            await project.aclose()
            journal.close()

    routes: list[BaseRoute] = [Mount(path, app=_shielded(path, make())) for path, make in project.apps.items()]
    rest = Starlette(routes=[*routes, Mount("/", app=hooks)], lifespan=lifespan)

    async def front(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        path = scope.get("path", "")
        if path.startswith("/hooks/"):
            await hooks(scope, receive, send)
        elif path == "/metrics" and scope["type"] == "http":
            await metrics(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return front


def _metrics_token() -> SharedSecret | None:
    """Return the token that metrics ask for, if the setting names its file."""
    said = os.environ.get(TOKEN_SETTING)
    return FileSecret(TOKEN_SETTING, Path(said)) if said else None


def serve(app: Asgi, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        # Paths and peers are nobody's business; uvicorn's own warnings could be caused by any stranger, without end.
        access_log=False,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LAST_WORDS,
    )
    uvicorn.Server(config).run()


def _shielded(path: str, app: Asgi) -> Asgi:
    """Let nothing that an app fails with reach the log as text: it may hold what a request held."""

    async def shielded(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        begun = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception as error:
            places = "".join(traceback.format_tb(error.__traceback__))
            _log.error("%s failed with %s\n%s", path, type(error).__name__, places)
            if not begun:
                await JSONResponse({"error": "failed"}, status_code=500)(scope, receive, send)

    return shielded


def main(arguments: Sequence[str] | None = None) -> None:
    """Load the project and serve."""
    parser = argparse.ArgumentParser(prog="python -m dealwright_flows.web", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--receiver", required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    clock = SystemClock()
    try:
        project = load_project(data_dir=options.data, clock=clock, receiver=options.receiver)
        app = application(project, project.open_journal(clock), clock)
    except DealwrightError as error:
        sys.exit(str(error))
    serve(app, options.host, options.port)


if __name__ == "__main__":
    main()
