"""A whole system for a benchmark: `dealwright up` as users start it, its simulators, and the load beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from decimal import Decimal
from math import ceil
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import httpx
import msgspec

from benchmarks.command import ROOT
from benchmarks.company import company
from benchmarks.databases import Raw, RawSqlite
from benchmarks.frame import Red
from benchmarks.kommo_account import HOOKS_SECRET, KommoAccount, Lead, kommo_account
from benchmarks.load import Answers, Plan, post
from benchmarks.site.project import SOURCES
from dealwright.clock import SystemClock
from dealwright.journal.payload import unseal
from dealwright.model.crm import Contact, Money
from dealwright.model.requests import CreateDeal
from dealwright.signature import signed
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.workplace import secret_file

PERSONS: Final = 200

_START: Final = 120.0
_STUCK: Final = 30.0
_END: Final = 60.0
_LONGEST_LOAD: Final = 300.0
_LOOK: Final = 0.25
_CHUNK: Final = 500


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One window beside its run in Prefect; times are seconds since 1970."""

    automation: str
    executions: int
    closed: float
    ended: float | None
    state: str
    steps: int
    task_runs: int


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    executions: dict[str, int] = {}
    steps: list[dict[str, Any]] = []


class World:
    """One running system in a data directory of its own."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self._prefect = httpx.Client(trust_env=False, timeout=30)

    @property
    def crm(self) -> Path:
        """Where the embedded CRM lies."""
        return self.data / "crm.db"

    @property
    def meta(self) -> Path:
        """The request log of the simulated Meta."""
        return self.data / "meta.jsonl"

    def journal(self) -> Raw:
        """Open the journal through its driver."""
        return RawSqlite(self.data / "journal.db")

    # --- the load -------------------------------------------------------------------------------------------------

    def hooks(self, told: Sequence[tuple[str, str]], *, first: int = 1) -> list[bytes]:
        """Render signed hooks, one for each event name and deal, of four senders by turns, numbered from `first`."""
        secret = (self.data / "hooks.secret").read_bytes().strip()
        stamp = int(SystemClock().wall().timestamp())
        rendered = []
        for n, (event, deal) in enumerate(told, start=first):
            body = json.dumps({"id": f"evt-{n}", "event": event, "deal": deal, "data": {"number": f"INV-{n}"}}).encode()
            path = f"/hooks/acme/{SOURCES[n % len(SOURCES)]}"
            rendered.append(post(path, self.port, signed(secret, f"evt-{n}", body, stamp), body))
        return rendered

    def kommo_hooks(self, leads: Sequence[Lead]) -> list[bytes]:
        """Render the hooks by which Kommo tells of these leads."""
        path = f"/hooks/acme/kommo/{(self.data / HOOKS_SECRET).read_text('utf-8')}"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "amoCRM-Webhooks/3.0"}
        return [post(path, self.port, headers, lead.form) for lead in leads]

    @contextmanager
    def load(self, requests: Sequence[bytes], *, connections: int, rate: float | None = None) -> Iterator[Load]:
        """Send requests from a process of its own; it is ended if we leave before it did."""
        started = Load(
            self.data, Plan(host=HOST, port=self.port, connections=connections, requests=[*requests], rate=rate)
        )
        try:
            yield started
        finally:
            started.end()

    # --- what came of it ------------------------------------------------------------------------------------------

    def ended(self) -> int:
        """Return how many executions have ended."""
        with closing(self.journal()) as journal:
            return int(journal.query("select count(*) from dw_executions where ended_at is not null")[0][0])

    def until_ended(self, executions: int) -> None:
        """Wait until so many executions have ended.

        Raises:
            Red: nothing has moved for a while.
        """
        ended, moved = -1, monotonic()
        while ended < executions:
            found = self.ended()
            if found != ended:
                ended, moved = found, monotonic()
            elif monotonic() - moved > _STUCK:
                raise Red(f"{ended:,} of {executions:,} executions ended, and no more in {_STUCK:.0f} s")
            sleep(2 * _LOOK)

    def windows(self) -> list[Shown]:
        """Wait until every window is closed and recorded, and ask Prefect for each of them.

        Raises:
            Red: some are not recorded.
        """
        query = "select automation, run_id, closed_wall, phase, summary from windows order by opened_wall"
        until = monotonic() + _END
        with closing(self.journal()) as journal:
            while True:
                rows = journal.query(query)
                left = sum(row[2] is None or row[3] in ("new", "opened") for row in rows)
                if not left:
                    break
                if monotonic() > until:
                    raise Red(f"{left} of {len(rows)} windows are not recorded in Prefect after {_END:.0f} s")
                sleep(_LOOK)
        runs = self._runs([str(row[1]) for row in rows])
        return [self._shown(row, runs) for row in rows]

    def _runs(self, ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(ids), 100):
            asked = {"flow_runs": {"id": {"any_": ids[start : start + 100]}}, "limit": 100}
            found |= {run["id"]: run for run in self.ask("/flow_runs/filter", asked)}
        return found

    def _shown(self, row: tuple[Any, ...], runs: dict[str, Any]) -> Shown:
        automation, run_id, closed, _, stored = row
        summary = unseal(stored, _Summary)
        run = runs.get(run_id, {})
        ended = run.get("end_time")
        return Shown(
            automation=automation,
            executions=sum(summary.executions.values()),
            closed=closed / 1e6,
            ended=None if ended is None else moment(ended),
            state=run.get("state_type") or "missing",
            steps=len(summary.steps),
            task_runs=int(self.ask("/task_runs/count", {"flow_runs": {"id": {"any_": [run_id]}}})),
        )

    def ask(self, path: str, body: object) -> Any:
        """Ask Prefect's API."""
        user, _, password = (self.data / "prefect" / "credentials").read_text("utf-8").strip().partition(":")
        answer = self._prefect.post(f"{prefect(self.data)}{path}", json=body, auth=(user, password))
        answer.raise_for_status()
        return answer.json()


class Load:
    """One run of the load generator."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan, self._answers = folder / "load.plan", folder / "load.answers"
        self._plan.write_bytes(msgspec.msgpack.encode(plan))
        command = [sys.executable, "-m", "benchmarks.load", str(self._plan), str(self._answers)]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def answers(self) -> Answers:
        """Wait until all is answered.

        Raises:
            Red: it failed, or not everything was taken.
        """
        try:
            _, said = self._process.communicate(timeout=_LONGEST_LOAD)
        except subprocess.TimeoutExpired:
            raise Red(f"not every request was answered within {_LONGEST_LOAD:.0f} s") from None
        if self._process.returncode:
            raise Red(f"the load generator failed: {said.decode().strip()[-300:]}")
        found = msgspec.msgpack.decode(self._answers.read_bytes(), type=Answers)
        refused = [each.status for each in found.all if each.status != 200]
        if refused:
            raise Red(f"{len(refused)} of {len(found.all)} requests were not taken, the first with {refused[0]}")
        return found

    def stopped(self) -> Answers:
        """Let it send no more, and return what was answered.

        Raises:
            Red: nothing was.
        """
        self._process.terminate()
        self._process.wait()
        found = msgspec.msgpack.decode(self._answers.read_bytes(), type=Answers)
        if not found.all:
            raise Red("no request was answered")
        return found

    def end(self) -> None:
        """End it if it runs still."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._plan.unlink(missing_ok=True)


@contextmanager
def running(
    folder: Path, *, site: str, deals: int, linger: float, command: Sequence[str] = ("dealwright", "up")
) -> Iterator[tuple[World, list[str]]]:
    """Run a system whose embedded CRM holds so many deals; yield it with the ids of the deals.

    Raises:
        Red: it did not start; the text holds the last line that it said.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    ids = stock(data / "crm.db", deals)
    with _serving(data, site, linger, command) as world:
        yield world, ids


@contextmanager
def running_kommo(
    folder: Path, *, leads: int, linger: float, per_second: float, batch: int, options: Sequence[str] = ()
) -> Iterator[tuple[World, KommoAccount, list[Lead]]]:
    """Run a system whose CRM is a simulated Kommo that holds so many leads.

    Raises:
        Red: it did not start.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    with kommo_account(data, per_second=per_second, batch=batch, options=options) as account:
        made = account.add(leads)
        with _serving(data, "kommo", linger, ("dealwright", "up")) as world:
            yield world, account, made


@contextmanager
def _serving(data: Path, site: str, linger: float, command: Sequence[str]) -> Iterator[World]:
    """Start `up` over a data directory and wait for all of it; end it when we leave."""
    secret_file(data / "hooks.secret")
    world = World(data, free_port())
    settings = {
        "DEALWRIGHT_PROJECT": str(ROOT / "benchmarks" / "site" / "project.py"),
        "DEALWRIGHT_BENCH_SITE": site,
        "DEALWRIGHT_DATA": str(data),
        "DEALWRIGHT_WEB": f"{HOST}:{world.port}",
        "DEALWRIGHT_LINGER": str(linger),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DEALWRIGHT_"))}
    log = data.parent / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=kept | settings, stdout=file, stderr=file
        )
    try:
        _until_ready(world, process, log)
        yield world
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stock(path: Path, deals: int) -> list[str]:
    """Fill a CRM with deals whose creation nobody hears of any more; return their ids."""
    with closing(EmbeddedCrm(f"sqlite:///{path}", SystemClock())) as crm:
        crm.shape(company().pipelines, apply=True)
        owner = crm.add_user("Ana Vogel")
        contacts = crm.create_contacts(
            [Contact(id="", name=f"Kim {n}", phone=f"+1212555{n:04}") for n in range(PERSONS)]
        )
        wanted = [
            CreateDeal(
                pipeline="sales",
                stage="incoming",
                title=f"Forty chairs {n}",
                amount=Money(Decimal(100 + n), "USD"),
                contacts=(contacts[n % PERSONS].id,),
                owner=owner.id,
            )
            for n in range(deals)
        ]
        made = [
            deal.id for start in range(0, deals, _CHUNK) for deal in crm.create_deals(wanted[start : start + _CHUNK])
        ]
        while items := crm.pull(_CHUNK):
            crm.taken([item.event.source_id for item in items])
    return made


def lines(log: Path) -> list[dict[str, Any]]:
    """Return the lines of a simulator's request log."""
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


def prefect(data: Path) -> str:
    """Return the address of Prefect's API."""
    return f"http://{HOST}:{(data / 'prefect' / 'port').read_text('utf-8')}/api"


def at(share: float, values: Sequence[float]) -> float:
    """Return the value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def moment(text: str) -> float:
    """Return an instant that was written down as ISO 8601 with its zone, in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def _until_ready(world: World, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until hooks are taken, an engine works, and Prefect answers."""
    until = monotonic() + _START
    while True:
        if process.poll() is not None or monotonic() > until:
            said = log.read_text("utf-8", "replace").strip().splitlines()
            raise Red(f"the system did not start: {said[-1] if said else 'nothing said'}")
        with suppress(httpx.HTTPError, FileNotFoundError):
            ready = httpx.get(f"http://{HOST}:{world.port}/readyz", trust_env=False, timeout=2)
            health = httpx.get(f"{prefect(world.data)}/health", trust_env=False, timeout=2)
            if ready.is_success and ready.json().get("engines") and health.is_success:
                return
        sleep(_LOOK)
