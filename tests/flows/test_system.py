"""`demo` and `up` as a user has them: real processes over a copy of the reference project."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from dealwright.clock import PlayedClock, SystemClock
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.asked import Asked
from dealwright_flows.billing import Billing
from dealwright_flows.children import clean_environment
from dealwright_flows.demo import staff
from dealwright_flows.people import EmbeddedPeople
from dealwright_flows.player import Player
from dealwright_flows.server import PrefectServer
from dealwright_flows.story import tell
from dealwright_flows.system import System
from tests.flows.fakes import until

ROOT = Path(__file__).parents[2]
slow = pytest.mark.slow


def environment(project: Path) -> dict[str, str]:
    root = str(project / "deployments" / "project.py")
    return clean_environment({"DEALWRIGHT_PROJECT": root, "DEALWRIGHT_WEB": "127.0.0.1:0"})


def dealwright(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from dealwright.cli.main import main; main()", *arguments]


def counted(figure: Mapping[str, Any] | int) -> int:
    return figure if isinstance(figure, int) else sum(counted(each) for each in figure.values())


def one(connection: sqlite3.Connection, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


# --- demo -----------------------------------------------------------------------------------------------------------


@slow
def test_the_demo_prints_one_object_that_the_databases_and_the_receiver_bear_out(project: Path) -> None:
    ran = subprocess.run(dealwright("demo", "--json"), env=environment(project), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["crm"] == {"name": "embedded_crm", "says": {}}
    assert figures["left_out"] == {}
    assert set(figures) == {
        "crm",
        "left_out",
        "deals",
        "events",
        "executions",
        "effects",
        "mails",
        "conversions",
        "flow_runs",
        "task_runs",
        "seconds",
        "data_dir",
    }
    data = Path(figures["data_dir"])
    assert data == project / ".dealwright" / "demo"
    assert counted(figures["deals"]) >= 200
    assert figures["seconds"] < 180

    requests = [json.loads(line) for line in (data / "receiver.jsonl").read_text().splitlines()]
    committed = [line["key"] for line in requests if line["committed"]]
    assert len(committed) == len(set(committed))
    mails = [json.loads(line) for line in (data / "mail.jsonl").read_text().splitlines()]
    assert figures["mails"] == {"sent": len(mails), "arrived": len(mails)}
    posts = [json.loads(line) for line in (data / "meta.jsonl").read_text().splitlines()]
    counted_by_meta = [key for line in posts if line["committed"] for key in line["keys"]]
    assert figures["conversions"] == {"sent": len(counted_by_meta), "counted": len(counted_by_meta)}
    questions = (data / "bureau.jsonl").read_text().splitlines()
    assert 0 < len(questions) < figures["effects"]["lookup"]["sent"], "what is known already is not asked again"
    colleagues = [mail for mail in mails if all(address.endswith("@acme.example") for address in mail["to"])]
    customers = [mail for mail in mails if all(address.lower().endswith("@example.com") for address in mail["to"])]
    assert len(colleagues) + len(customers) == len(mails), "whom the mails are to, cannot exist"
    with closing(sqlite3.connect(data / "journal.db")) as journal:
        for kinds, arrived in (("kind = 'send_email'", customers), ("kind in ('notify', 'ask')", colleagues)):
            written = journal.execute(f"select key from dw_effects where {kinds} and state = 'sent'")
            of = ["-".join(mail["key"].split("-")[:2]) for mail in arrived]  # a question's has behind it who is asked
            assert sorted(key for (key,) in written) == sorted(of) != []
        asked = journal.execute("select choice, count(*) from questions group by choice").fetchall()
        assert {"yes", "no"} <= {choice for choice, _ in asked}, "both ways were taken"
        undone = "select count(*) from dw_effects where kind = 'move_back' and state = 'sent'"
        assert one(journal, undone) >= 1
        told = journal.execute("select key from dw_effects where kind = 'send_conversion' and state = 'sent'")
        assert sorted(key for (key,) in told) == sorted(counted_by_meta) != []
        for what in ("events", "executions", "effects"):
            assert one(journal, f"select count(*) from dw_{what}") == counted(figures[what])
        sent = journal.execute("select key from dw_effects where kind = 'send_event' and state = 'sent'")
        assert {key for (key,) in sent} == set(committed)
        assert one(journal, "select count(*) from windows where phase <> 'recorded'") == 0
        assert one(journal, "select count(*) from windows") == figures["flow_runs"]
        account = json.loads(subprocess.check_output(dealwright("compile", "--json"), env=environment(project)))
        automations = {row for (row,) in journal.execute("select distinct automation from dw_executions")}
        assert automations == keys(account)
        resumed = "select count(*) from transitions where to_state = 'waiting'"
        assert one(journal, resumed) > 50
        answered = "select count(*) from dw_effects where step in ('agree', 'haggle', 'read') and state = 'sent'"
        assert one(journal, answered) > 5
        halves = "select count(*) from dw_executions where automation = 'instalment-paid' and state = 'done'"
        assert one(journal, halves) >= 2
        shared = "select count(*) from dw_effects where automation = 'share-inquiries' and state = 'sent'"
        assert one(journal, shared) > 20
        ended = "select count(*) from dw_executions where automation = 'quote-follow-up' and reason like 'exit:%'"
        assert one(journal, ended) > 5
    assert set(figures["effects"]) == {
        "create_deal",
        "update_deal",
        "move_deal",
        "set_task",
        "send_event",
        "send_email",
        "send_conversion",
        "change_tags",
        "complete_tasks",
        "add_note",
        "create_record",
        "send_message",
        "lookup",
        "notify",
        "ask",
        "move_back",
    }
    assert set(figures["events"]) == {
        "deal_created",
        "deal_updated",
        "stage_changed",
        "contact_added",
        "contact_removed",
        "contact_updated",
        "task_completed",
        "activity_logged",
        "event_received",
        "message_received",
        "record_added",
        "record_updated",
    }
    assert any("again" in state or state == "skipped" for state in figures["executions"]["greet-inbound"])

    with closing(sqlite3.connect(data / "crm.db")) as crm:
        assert one(crm, "select count(*) from deals") == counted(figures["deals"])
        people = crm.execute("select last_name, phone, email from contacts").fetchall()
        titles = [title for (title,) in crm.execute("select title from deals")]
    prefect = dump(data / "prefect" / "prefect.db") + (data / "prefect" / "server.log").read_text()
    personal = {value for row in people for value in row if value} | set(titles)
    assert [value for value in personal if value in prefect] == [], "Prefect knows somebody"
    with closing(sqlite3.connect(data / "prefect" / "prefect.db")) as recorded:
        assert one(recorded, "select count(*) from flow_run") == figures["flow_runs"] > 10
        assert one(recorded, "select count(*) from task_run") == figures["task_runs"] > 20
        assert one(recorded, "select count(*) from flow_run where state_type <> 'COMPLETED'") == 0


def keys(compiled: Any) -> set[str]:
    return {automation["key"] for account in compiled["accounts"] for automation in account["ir"]["automations"]}


def dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


@slow
def test_a_killed_demo_leaves_no_process_and_the_next_one_starts_clean(project: Path) -> None:
    log = project / "demo.log"

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as said:
            return subprocess.Popen(dealwright("demo", "--json"), env=environment(project), stdout=said, stderr=said)

    def working(demo: subprocess.Popen[bytes]) -> bool:
        assert demo.poll() is None, log.read_text()
        received = data / "receiver.jsonl"
        return received.exists() and received.stat().st_size > 0

    data = project / ".dealwright" / "demo"
    local = ("receiver", "mail-server", "meta", "bureau")
    notes = [*(data / f"{name}.pid" for name in local), data / "prefect" / "server.pid"]
    killed = start()
    until(lambda: all(note.exists() and note.read_text() for note in notes), seconds=30)
    pids = [json.loads(note.read_text())["pid"] for note in notes]
    killed.kill()
    killed.wait()
    until(lambda: not any(running(pid) for pid in pids))
    told = start()
    try:
        until(lambda: working(told), seconds=90)
        told.send_signal(signal.SIGINT)
        assert told.wait(30) == 130
    except AssertionError as error:
        places = sorted(str(file.relative_to(project)) for file in (project / ".dealwright").glob("*/*"))
        raise AssertionError(f"{error}\n{places}\n{log.read_text()}") from error
    finally:
        told.kill()
        told.wait()
    assert not any(note.exists() for note in notes)


def running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


# --- up -------------------------------------------------------------------------------------------------------------


@contextmanager
def up(project: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    log = project / "up.log"
    with log.open("a") as out:
        process = subprocess.Popen(
            dealwright("up", *options), env=environment(project), stdout=out, stderr=out, text=True
        )
    try:
        until(lambda: "The engine is working" in log.read_text() or process.poll() is not None, seconds=60)
        assert process.poll() is None, log.read_text()
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


@slow
def test_up_serves_obeys_the_buttons_and_goes_on_after_a_restart(project: Path) -> None:
    data = project / ".dealwright" / "up"
    with up(project):
        crm = EmbeddedCrm(f"sqlite:///{data}/crm.db", SystemClock())
        with closing(crm), prefect(data) as api:
            contact = crm.create_contact(name="Somebody", phone="(212) 555-0101")
            ana = crm.add_user("Ana Lima")
            deal = {"pipeline": "new-business", "stage": "incoming", "owner": ana.id}
            crm.create_deal(title="First", contacts=[contact.id], **deal)
            until(lambda: states(data, "greet-inbound") == {"done": 1}, seconds=20)
            until(lambda: opened(api, "acme.greet-inbound") == 1, seconds=10)

            paused = deployment(api, "acme.find-phone")
            until(lambda: patched(api, f"/deployments/{paused}", {"paused": True}))
            until(lambda: bool(switches(data)), seconds=5)
            crm.create_deal(title="Nobody to call", **deal)
            until(lambda: states(data, "find-phone").get("ready") == 1, seconds=20)
            until(lambda: patched(api, f"/deployments/{paused}", {"paused": False}))
            until(lambda: states(data, "find-phone").get("ready", 0) == 0, seconds=10)

            idle = deployment(api, "acme.reopened")
            pressed = quick_run(api, idle)
            until(lambda: state_of(api, pressed) == "RUNNING", seconds=8)
        port = (data / "prefect" / "port").read_text()
        with pytest.raises(subprocess.CalledProcessError) as refused:
            subprocess.run(dealwright("up"), env=environment(project), check=True, capture_output=True)
        assert re.search(rb"another `dealwright up` \(process \d+, since [^)]+\) works in", refused.value.stderr)
    with up(project):
        assert (data / "prefect" / "port").read_text() == port
        with prefect(data) as api:
            until(lambda: state_of(api, pressed) == "COMPLETED", seconds=20)
        assert states(data, "greet-inbound") == {"done": 1, "waiting": 1}, "a number may still come"
        with closing(sqlite3.connect(data / "journal.db")) as journal:
            assert one(journal, "select count(*) from releases") == 1


@contextmanager
def prefect(data: Path) -> Iterator[httpx.Client]:
    home = data / "prefect"
    user, _, password = (home / "credentials").read_text().strip().partition(":")
    url = f"http://127.0.0.1:{(home / 'port').read_text()}/api"
    with httpx.Client(base_url=url, auth=(user, password), trust_env=False) as api:
        until(lambda: healthy(api), seconds=60)
        yield api


def healthy(api: httpx.Client) -> bool:
    try:
        return api.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def patched(api: httpx.Client, path: str, body: dict[str, Any]) -> bool:
    """PATCH as a person would: SQLite answers 503 now and then, and they press again."""
    return api.patch(path, json=body).is_success


def quick_run(api: httpx.Client, deployment_id: str) -> str:
    answers: list[httpx.Response] = []

    def created() -> bool:
        answers.append(api.post(f"/deployments/{deployment_id}/create_flow_run", json={"state": {"type": "SCHEDULED"}}))
        return answers[-1].is_success

    until(created)
    return str(answers[-1].json()["id"])


def deployment(api: httpx.Client, name: str) -> str:
    return str(api.get(f"/deployments/name/{name}/{name}").json()["id"])


def opened(api: httpx.Client, name: str) -> int:
    asked = {"deployments": {"name": {"any_": [name]}}}
    return int(api.post("/flow_runs/count", json=asked).json())


def state_of(api: httpx.Client, run: str) -> str:
    return str(api.get(f"/flow_runs/{run}").json()["state"]["type"])


def states(data: Path, automation: str) -> dict[str, int]:
    with closing(sqlite3.connect(data / "journal.db")) as journal:
        query = "select state, count(*) from dw_executions where automation = ? group by state"
        return dict(journal.execute(query, (automation,)).fetchall())


def switches(data: Path) -> list[Any]:
    with closing(sqlite3.connect(data / "journal.db")) as journal:
        return journal.execute("select automation from switches where name = 'pause' and value <> ''").fetchall()


# --- the system in this process ---------------------------------------------------------------------------------------


@slow
def test_with_a_prefect_that_never_starts_the_work_is_done_and_it_is_said_plainly(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        clock = PlayedClock(story.moments[0].at)
        system = System(data, clock=clock, linger=0.5, say=said.append)
        try:
            crm = system.project.account().crm
            assert isinstance(crm, EmbeddedCrm)
            for local in (system.receiver, system.mail, system.meta, system.bureau):
                await local.start()
            system.prepare()
            stop = asyncio.Event()
            serving = asyncio.create_task(system.serve(stop, patience=1))
            billing = Billing("acme", (), system.journal, secret=data / "hooks.secret", clock=clock)
            people = EmbeddedPeople(crm)
            await staff(system.journal, "acme", people)
            player = Player(story, people, system.engine, clock, billing, Asked("acme", system.journal))
            await player.play(asyncio.Event(), lambda now, number: None)
            while not said:
                await asyncio.sleep(0.1)
            stop.set()
            await serving
            executions = system.journal.counts("executions")
            assert counted(executions) > 10
            assert {state for states in executions.values() for state in states} <= {"done", "skipped", "waiting"}
            assert system.recorded.away
            assert system.recorded.left == len(system.journal.windows_to_record(500)) > 0
        finally:
            await system.close()

    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(project / "deployments" / "project.py"))
    monkeypatch.setattr(PrefectServer, "settings", lambda self: {"PREFECT_HOME": "/dev/null/nowhere"})
    whole = tell()
    story = msgspec.structs.replace(whole, moments=whole.moments[:12], ends=whole.moments[12].at)
    data = project / "data"
    data.mkdir()
    said: list[str] = []
    asyncio.run(play())
    assert any("The work goes on without Prefect" in line for line in said)


@slow
def test_an_entrypoint_that_prefect_loads_runs_the_projects_own_window(
    project: Path, server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave_work() -> None:
        """A deal comes in while the automation that would answer it is paused."""
        system = System(data, clock=SystemClock(), linger=0.5, say=print)
        try:
            crm = system.project.account().crm
            assert isinstance(crm, EmbeddedCrm)
            system.prepare()
            system.journal.set_paused("acme", "greet-inbound", True, actor="test")
            contact = crm.create_contact(name="Somebody", phone="(212) 555-0101")
            ana, place = crm.add_user("Ana Lima"), {"pipeline": "new-business", "stage": "incoming"}
            crm.create_deal(**place, title="First", contacts=[contact.id], owner=ana.id)
            stop = asyncio.Event()
            working = asyncio.create_task(system.engine.run(stop))
            while states(data, "greet-inbound") != {"ready": 1}:
                await asyncio.sleep(0.05)
            stop.set()
            await working
            system.journal.set_paused("acme", "greet-inbound", False, actor="test")
        finally:
            await system.close()

    data = project / "data"
    data.mkdir()
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(project / "deployments" / "project.py"))
    asyncio.run(leave_work())
    script = """if True:
        import asyncio, json
        from prefect.flows import load_flow_from_entrypoint
        flow = load_flow_from_entrypoint("dealwright_flows.automations.acme__greet_inbound")
        state = asyncio.run(flow(return_state=True))
        print(json.dumps([flow.name, flow.version, state.type.value, state.name]))
    """
    settings = {
        "PREFECT_API_URL": server.api_url,
        "PREFECT_API_AUTH_STRING": ":".join(server.auth),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "DEALWRIGHT_DATA": str(data),
        "DEALWRIGHT_LINGER": "0.5",
    }
    ran = subprocess.run(
        [sys.executable, "-c", script], env={**environment(project), **settings}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    name, version, kind, said = json.loads(ran.stdout)
    assert (name, kind, said) == ("acme.greet-inbound", "COMPLETED", "Done")
    assert states(data, "greet-inbound") == {"done": 1}
    with closing(sqlite3.connect(data / "journal.db")) as journal:
        query = "select version, phase from windows where run_id is not null"
        assert journal.execute(query).fetchall() == [(version, "recorded")]
