"""Runs the peers: the same load, the same simulators, the same two cores, as long as a time box lasts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import httpx
import psycopg
from psycopg import sql

from benchmarks.command import ROOT
from benchmarks.databases import SERVER
from benchmarks.frame import Missing, Red, Setting, expect, say
from benchmarks.kommo_account import LOG, KommoAccount, Lead, kommo_account, simulator
from benchmarks.load import Plan, post
from benchmarks.site.project import DATASET
from benchmarks.world import Load, lines, moment
from dealwright.clock import SystemClock
from dealwright_flows.server import PrefectServer
from dealwright_flows.sockets import HOST, free_port

VENV: Final = ROOT / ".venv-peers"
LOCK: Final = ROOT / "benchmarks" / "peers" / "requirements.lock"

BOX: Final = 60.0
"""Seconds that a peer has; what it has done by then is its figure."""

CONNECTIONS: Final = 32
_START: Final = 60.0
_LOOK: Final = 0.25


def prefect(setting: Setting) -> float:
    """A hand-written Prefect flow for each hook, against a Prefect server as ours is set; events/s."""
    folder = _folder(setting, "prefect")
    server = PrefectServer(folder / "prefect", clock=SystemClock())
    asyncio.run(server.start())
    try:
        settings = {
            "PREFECT_API_URL": server.api_url,
            "PREFECT_API_AUTH_STRING": ":".join(server.auth),
            "PREFECT_HOME": str(folder / "client"),
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
        }
        return _measured(folder, Path(sys.executable), "by_prefect", settings, setting.size(80, 4))
    finally:
        asyncio.run(server.stop())


def dbos_sqlite(setting: Setting) -> float:
    """DBOS with its state in a SQLite file; events/s."""
    folder = _folder(setting, "dbos-sqlite")
    database = {"PEER_DATABASE": f"sqlite:///{folder / 'dbos.db'}"}
    return _measured(folder, environment(), "by_dbos", database, setting.size(400, 10))


def dbos_postgresql(setting: Setting) -> float:
    """DBOS with its state on PostgreSQL; events/s.

    Raises:
        Missing: there is no PostgreSQL server.
    """
    folder = _folder(setting, "dbos-postgresql")
    with _database() as address:
        database = {"PEER_DATABASE": address}
        return _measured(folder, environment(), "by_dbos", database, setting.size(600, 10))


def environment() -> Path:
    """Make the peers' virtual environment once, from their own lock file; return its Python.

    Raises:
        Missing: it cannot be made.
    """
    python = VENV / "bin" / "python"
    wanted = f"{sys.version} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"
    note = VENV / ".installed"
    if note.is_file() and note.read_text("utf-8") == wanted:
        return python
    say(f"  making {VENV.name} for the peers (once)")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        [*install, "--require-hashes", "-r", str(LOCK)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Missing(f"the peers' environment cannot be made: {said[-1] if said else 'nothing said'}")
    note.write_text(wanted, "utf-8")
    return python


def _measured(folder: Path, python: Path, module: str, settings: Mapping[str, str], events: int) -> float:
    with ExitStack() as stack:
        kommo = stack.enter_context(kommo_account(folder))
        leads = kommo.add(events)
        token = str(folder / "kommo.secret")
        told = simulator("dealwright_meta.simulator", folder / "meta.jsonl", "--token-file", token)
        meta = stack.enter_context(told)
        port = free_port()
        more = {
            "PEER_CRM": kommo.url,
            "PEER_META": f"http://{HOST}:{meta}/v25.0/{DATASET}/events",
            "PEER_TOKEN": Path(token).read_text("utf-8"),
        }
        stack.enter_context(_serving(folder, python, module, port, {**settings, **more}))
        plan = Plan(host=HOST, port=port, connections=CONNECTIONS, requests=_hooks(leads, port))
        load = Load(folder, plan)
        try:
            _until_done(folder / "meta.jsonl", events)
            first = load.stopped().first_sent
        finally:
            load.end()
    return _recounted(folder, kommo, first, events)


def _recounted(folder: Path, kommo: KommoAccount, first: float, events: int) -> float:
    """See that no event was done twice, in Kommo's and Meta's own records; return events/s.

    Raises:
        Red: one was, or none was done.
    """
    purchases = [moment(line["at"]) for line in lines(folder / "meta.jsonl") if line["committed"]]
    tasks = kommo.tasks()
    expect("tasks of one lead", max(tasks.values(), default=0), 1)
    expect("tasks and requests that set one", sum(line["committed"] for line in _tasks(folder)), sum(tasks.values()))
    if not len(purchases) <= sum(tasks.values()) <= events:
        raise Red(f"{len(purchases)} Purchases and {sum(tasks.values())} tasks for {events} events")
    if len(purchases) < events:
        say(f"  {folder.name}: {len(purchases):,} of {events:,} events were done when its time was over")
    return len(purchases) / (max(purchases) - first)


def _tasks(folder: Path) -> list[dict[str, Any]]:
    return [line for line in lines(folder / LOG) if line["method"] == "POST" and line["path"] == "/api/v4/tasks"]


def _hooks(leads: Sequence[Lead], port: int) -> list[bytes]:
    """Render hooks that tell everything a peer decides on, so that it reads nothing."""
    now = int(SystemClock().wall().timestamp())
    rendered = []
    for n, lead in enumerate(leads):
        data = {
            "number": f"INV-{n}",
            "amount": str(100 + n),
            "phone": f"+1212{5550000 + n:07}",
            "tags": "",
            "contact": f"Kim {n}",
            "title": f"Forty chairs {n}",
        }
        body = json.dumps(
            {"id": f"evt-{n}", "event": "invoice-paid", "deal": lead.id, "at": now, "data": data}
        ).encode()
        rendered.append(post("/hooks/acme/billing", port, {"Content-Type": "application/json"}, body))
    return rendered


def _until_done(log: Path, events: int) -> None:
    """Wait until so many Purchases have arrived, or the box is over."""
    until = monotonic() + BOX
    while monotonic() < until:
        if log.is_file() and sum(line["committed"] for line in lines(log)) >= events:
            return
        sleep(_LOOK)


@contextmanager
def _serving(folder: Path, python: Path, module: str, port: int, settings: Mapping[str, str]) -> Iterator[None]:
    """Run a peer's program until we leave; it listens before we are in.

    Raises:
        Red: it did not start.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DEALWRIGHT_"))}
    log = folder / "peer.log"
    with log.open("wb") as file:
        command = [str(python), "-m", f"benchmarks.peers.{module}", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env={**kept, **settings}, stdout=file, stderr=file)
    try:
        until = monotonic() + _START
        while True:
            if process.poll() is not None or monotonic() > until:
                said = log.read_text("utf-8", "replace").strip().splitlines()
                raise Red(f"{module} did not start: {said[-1] if said else 'nothing said'}")
            try:
                httpx.get(f"http://{HOST}:{port}/", trust_env=False, timeout=2)
                break
            except httpx.HTTPError:
                sleep(_LOOK)
        yield
    finally:
        process.kill()  # what is left of its work is not ours
        process.wait()


@contextmanager
def _database() -> Iterator[str]:
    """Make a database for a peer, and drop it at the end."""
    name = sql.Identifier(f"bench_peer_{uuid.uuid4().hex[:8]}")
    try:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(name))
    except psycopg.OperationalError as error:
        raise Missing("no PostgreSQL server at DEALWRIGHT_TEST_POSTGRESQL or 127.0.0.1:5432") from error
    try:
        yield f"{SERVER.rpartition('/')[0]}/{name.as_string().strip(chr(34))}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))


def _folder(setting: Setting, name: str) -> Path:
    folder = setting.folder / name
    folder.mkdir(parents=True)
    return folder
