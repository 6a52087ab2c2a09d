"""One company at work in real processes, whoever carries the work: `up`, workers, and what can be seen from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from dealwright.clock import SystemClock
from dealwright.journal.store import Journal
from dealwright.model.crm import Money
from dealwright.model.requests import CreateDeal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.children import clean_environment
from dealwright_flows.server import PrefectServer

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]


def until(what: str, true: Callable[[], Any], *, seconds: float = 60.0) -> None:
    """Wait for something that other processes do."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while not true():
        assert clock.monotonic() < deadline, f"not within {seconds} s: {what}"
        threading.Event().wait(0.1)


class Process:
    """A `dealwright` command at work; its output lies in a file."""

    def __init__(self, log: Path, env: dict[str, str], *words: str) -> None:
        self.log = log
        command = [sys.executable, "-c", "from dealwright.cli.main import main; main()", *words]
        with log.open("a") as out:
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=out, cwd=ROOT)

    def says(self, text: str, *, seconds: float = 60.0) -> None:
        """Wait until it has said something."""

        def said() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return text in self.log.read_text()

        until(text, said, seconds=seconds)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


class World:
    """The company under one driver, its journal and CRM in PostgreSQL databases of their own."""

    def __init__(self, driver: str, folder: Path, journal: str, crm: str, prefect: PrefectServer) -> None:
        self.driver = driver
        self.folder = folder
        self.prefect = prefect
        (folder / "data").mkdir()
        definitions = folder / "company"
        definitions.mkdir()
        text = (HERE / "company" / "account.py").read_text()
        (definitions / "account.py").write_text(text.replace('"shop"', f'"{driver}"'))
        self._env = clean_environment(
            {
                "DEALWRIGHT_PROJECT": str(HERE / "driver_project.py"),
                "DEALWRIGHT_DATA": str(folder / "data"),
                "DEALWRIGHT_WEB": "127.0.0.1:0",
                "DEALWRIGHT_LINGER": "3",
                "DEALWRIGHT_JOURNAL": journal,
                "DEALWRIGHT_TEST_DRIVER": driver,
                "DEALWRIGHT_TEST_CRM": crm,
                "DEALWRIGHT_TEST_API_URL": prefect.api_url,
                "DEALWRIGHT_TEST_AUTH": ":".join(prefect.auth),
                "DEALWRIGHT_TEST_DEFINITIONS": str(definitions),
            }
        )
        self.journal = Journal(journal, SystemClock())
        self.crm = EmbeddedCrm(crm, SystemClock())
        self._rows = psycopg.connect(journal.replace("+psycopg", ""), autocommit=True)
        self._http = httpx.Client(base_url=prefect.api_url, auth=prefect.auth, timeout=10, trust_env=False)
        self.up = self._started("up")
        self.up.says("The engine is working")
        self.worker = self._started("worker") if driver == "prefect" else None

    def _started(self, command: str) -> Process:
        return Process(self.folder / f"{command}.log", self._env, command)

    def close(self) -> None:
        """End everything."""
        for process in (self.up, self.worker):
            if process is not None and process.process.poll() is None:
                process.end()
        self._http.close()
        self._rows.close()
        self.journal.close()
        self.crm.close()

    # --- what is done -------------------------------------------------------------------------------------------------

    def restart_up(self) -> None:
        """Kill the engine and start it again."""
        self.up.kill()
        self.up.log.write_text("")
        self.up = self._started("up")
        self.up.says("The engine is working")

    def start_worker(self) -> None:
        """Start a worker again."""
        self.worker = self._started("worker")

    def typed(self, *words: str) -> str:
        """Type one command; return what it prints."""
        command = [sys.executable, "-c", "from dealwright.cli.main import main; main()", *words]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, cwd=ROOT, check=False).stdout

    def deals(self, pipeline: str, number: int) -> list[str]:
        """Create deals; return their ids."""
        wanted = [
            CreateDeal(pipeline=pipeline, stage="incoming", title=f"{pipeline} {n}", amount=Money(Decimal(1), "USD"))
            for n in range(number)
        ]
        return [deal.id for deal in self.crm.create_deals(wanted)]

    def refuse(self, refused: bool) -> None:
        """Let the CRM refuse what says "Refused", or not."""
        file = self.folder / "data" / "refuse"
        file.touch() if refused else file.unlink()

    # --- what is seen -------------------------------------------------------------------------------------------------

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the journal's database."""
        return self._rows.execute(sql.encode(), values).fetchall()

    def states(self, automation: str) -> dict[str, int]:
        """Count the executions of an automation by state."""
        sql = "select state, count(*) from dw_executions where automation = %s group by state"
        return dict(self.query(sql, automation))

    def sent(self, automation: str) -> int:
        """Count what an automation has sent."""
        sql = "select count(*) from dw_effects where automation = %s and state = 'sent'"
        return int(self.query(sql, automation)[0][0])

    def tasks(self, deals: Sequence[str]) -> Counter[str]:
        """Count the tasks of deals."""
        wanted = set(deals)
        return Counter(task.deal_id for task in self.crm.tasks() if task.deal_id in wanted)

    def windows(self, automation: str) -> list[tuple[str, str, bool, str | None]]:
        """Return id, phase, whether it is closed, and run of the windows of an automation, oldest first."""
        sql = (
            "select id, phase, closed_wall is not null, run_id from windows where automation = %s order by opened_wall"
        )
        return [(row[0], row[1], row[2], row[3]) for row in self.query(sql, automation)]

    def open_run(self, automation: str) -> str:
        """Wait until a window of the automation is open and has its run; return the run."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [run for _, phase, closed, run in self.windows(automation) if run and not closed]
            return bool(found)

        until(f"a window of {automation} is open", there)
        return found[-1]

    def all_recorded(self, automation: str) -> None:
        """Wait until every window of the automation is closed and recorded."""

        def recorded() -> bool:
            return all(phase == "recorded" and closed for _, phase, closed, _ in self.windows(automation))

        until(f"the windows of {automation} are recorded", recorded, seconds=90)

    # --- Prefect ------------------------------------------------------------------------------------------------------

    def asks(self, method: str, path: str, body: object = None) -> Any:
        """Ask Prefect as the dashboard does."""
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def deployment(self, automation: str) -> dict[str, Any]:
        """Return the automation's deployment; wait for it, as what is new is written to Prefect beside the work."""
        path = f"/deployments/name/{self.driver}.{automation}/{self.driver}.{automation}"
        until(f"{automation} is deployed", lambda: self._http.get(path).is_success)
        found: dict[str, Any] = self.asks("GET", path)
        return found

    def pause(self, automation: str, paused: bool) -> None:
        """Press pause or unpause, and wait until it is known."""
        self.asks("PATCH", f"/deployments/{self.deployment(automation)['id']}", {"paused": paused})
        until(f"{automation} paused: {paused}", lambda: self.is_paused(automation) == paused, seconds=10)

    def is_paused(self, automation: str) -> bool:
        """Say whether the journal has it paused."""
        return automation in self.journal.paused(self.driver)

    def press(self, run: str, kind: str, name: str) -> None:
        """Set a run's state as a button does."""
        self.asks("POST", f"/flow_runs/{run}/set_state", {"state": {"type": kind, "name": name}, "force": True})

    def state(self, run: str) -> tuple[str, str]:
        """Return kind and name of a run's state."""
        state = self.asks("GET", f"/flow_runs/{run}")["state"]
        return state["type"], state["name"]

    def ends(self, run: str, *states: tuple[str, str], seconds: float = 60.0) -> None:
        """Wait until a run is in one of these states."""
        until(f"run {run} is one of {states}", lambda: self.state(run) in states, seconds=seconds)
