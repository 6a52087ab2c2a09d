"""Recorder, buttons, self-test and compiled flows against one real Prefect server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from dealwright.clock import SystemClock
from dealwright.model.window import Window
from dealwright_flows.api import PrefectApi, PrefectAway
from dealwright_flows.buttons import Buttons
from dealwright_flows.children import clean_environment
from dealwright_flows.deployments import Deployments
from dealwright_flows.recorder import Recorder
from dealwright_flows.selftest import self_test
from dealwright_flows.server import PrefectServer
from tests.flows.fakes import FakeJournal, account, window

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prefect")]


class Desk:
    """Everything beside the work, running, over a journal in memory."""

    def __init__(self, name: str, api: PrefectApi) -> None:
        self.name = name
        self.api = api
        self.journal = FakeJournal(account("greet", "nudge", name=name))
        clock = SystemClock()
        self.deployments = Deployments(self.journal, api, [name])
        self.recorder = Recorder(self.journal, api, self.deployments, clock=clock, period=0.1)
        self.buttons = Buttons(self.journal, api, self.deployments, clock=clock)

    def put(self, **values: Any) -> Window:
        made = window(account=self.name, **values)
        self.journal.put(made)
        return made

    def close(self, opened: Window, **changes: Any) -> None:
        done = window()
        values = {"closed_at": done.closed_at, "executions": done.executions, "steps": done.steps, "rows": done.rows}
        self.journal.change(opened.id, **{**values, **changes})

    def run_of(self, made: Window) -> str:
        return str(self.journal.windows[made.id].run_id)

    def phase(self, made: Window) -> str:
        return self.journal.windows[made.id].phase

    async def state(self, run_id: str) -> tuple[str, str]:
        state = (await self.api.get(f"/flow_runs/{run_id}"))["state"]
        return state["type"], state["name"]

    async def deployment(self, automation: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.api.get(
            f"/deployments/name/{self.name}.{automation}/{self.name}.{automation}"
        )
        return found


@asynccontextmanager
async def desk(server: PrefectServer, name: str) -> AsyncIterator[Desk]:
    async with PrefectApi(server.api_url, server.auth) as api:
        made = Desk(name, api)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as beside:
            beside.create_task(made.recorder.run(stop))
            beside.create_task(made.buttons.run(stop))
            try:
                yield made
            finally:
                stop.set()


async def within(seconds: float, true: Callable[[], bool | Awaitable[bool]]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while True:
        said = true()
        if said if isinstance(said, bool) else await said:
            return
        assert clock.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.05)


def test_a_window_is_recorded_live_with_its_steps_as_task_runs(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "live") as made:
            opened = made.put(closed=False)
            await within(10, lambda: made.phase(opened) == "opened")
            assert await made.state(made.run_of(opened)) == ("RUNNING", "Running")
            made.close(opened)
            await within(10, lambda: made.phase(opened) == "recorded")
            run = await made.api.get(f"/flow_runs/{made.run_of(opened)}")
            assert run["state"]["name"] == "Done, 1 needs attention"
            assert run["deployment_version"] == (await made.deployment("greet"))["version"]
            assert set(run["tags"]) == {"window", "managed-by:dealwright", "account:live"}
            of_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
            tasks = await made.api.post("/task_runs/filter", of_run)
            steps = {step.name: step for step in made.journal.windows[opened.id].steps}
            assert {task["name"] for task in tasks} == set(steps)
            assert {task["total_run_time"] for task in tasks} == {0.5}
            graph = await made.api.get(f"/flow_runs/{run['id']}/graph-v2")
            assert len(graph["nodes"]) == 2
            assert (await made.api.post("/artifacts/count", of_run | {"artifacts": {"type": {"any_": ["table"]}}})) == 1

    asyncio.run(play())


def test_a_recorder_that_lost_every_answer_records_once(server: PrefectServer) -> None:
    class Loses(PrefectApi):
        """Every request is carried out, and every second answer is lost."""

        lost: set[str]

        async def _send(self, method: str, path: str, body: object) -> Any:
            answer = await super()._send(method, path, body)
            if (said := f"{method} {path}") not in self.lost:
                self.lost.add(said)
                raise PrefectAway("the answer was lost")
            return answer

    async def play() -> None:
        async with Loses(server.api_url, server.auth) as losing:
            losing.lost = set()
            made = Desk("loses", losing)
            one = made.put()
            while made.phase(one) != "recorded":
                try:
                    await made.recorder.once()
                except PrefectAway:
                    continue
            assert len(losing.lost) > 10
        async with PrefectApi(server.api_url, server.auth) as api:
            run = made.run_of(one)
            of_run = {"flow_runs": {"id": {"any_": [run]}}}
            assert await api.post("/flow_runs/count", {"deployments": {"tags": {"all_": ["account:loses"]}}}) == 1
            assert await api.post("/task_runs/count", of_run) == 2
            assert len(await api.post("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})) == 1
            assert len(await api.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})) == 1
            assert len(await api.get(f"/flow_run_states/?flow_run_id={run}")) == 2

    asyncio.run(play())


def test_the_api_is_closed_to_strangers_and_to_foreign_origins(server: PrefectServer) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    with httpx.Client(base_url=server.api_url, trust_env=False) as stranger:
        assert stranger.post("/flow_runs/filter", json={}, headers=foreign).status_code == 401
        assert stranger.get("/block_documents/count", headers=foreign).status_code in (401, 405)
        asks = {**foreign, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        assert stranger.options("/flow_runs/filter", headers=asks).status_code == 400
        signed = stranger.post("/flow_runs/filter", json={}, headers=foreign, auth=server.auth)
        assert "access-control-allow-origin" not in signed.headers


def test_the_self_test_finds_nothing_on_a_sound_server_and_leaves_nothing_behind(server: PrefectServer) -> None:
    async def play() -> None:
        assert await self_test(server.api_url, server.auth, clock=SystemClock()) == []
        async with PrefectApi(server.api_url, server.auth) as api:
            assert await api.post("/deployments/count", {"deployments": {"tags": {"all_": ["self-test"]}}}) == 0

    asyncio.run(play())


def test_the_self_test_says_plainly_what_is_wrong(server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright_flows.selftest.SCHEDULER_PATIENCE", 0.0)
    clock = SystemClock()

    def said(url: str, auth: tuple[str, str]) -> str:
        return " ".join(asyncio.run(self_test(url, auth, clock=clock)))

    assert "scheduler is dead" in said(server.api_url, server.auth)
    assert "the credentials are not those" in said(server.api_url, ("dealwright", "wrong"))
    assert "cannot be used" in said("http://127.0.0.1:9/api", server.auth)


def test_pause_is_obeyed_within_five_seconds_both_ways(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "pauses") as made:
            await within(10, lambda: len(made.deployments.ids()) == 2)
            greet = await made.deployment("greet")
            await made.api.patch(f"/deployments/{greet['id']}", {"paused": True})
            await within(5, lambda: made.journal.pauses == {("pauses", "greet")})
            await made.api.patch(f"/deployments/{greet['id']}", {"paused": False})
            await within(5, lambda: made.journal.pauses == set())

    asyncio.run(play())


def test_cancel_ends_the_window_pauses_and_the_run_says_how_far_it_came(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "cancels") as made:
            opened = made.put(closed=False)
            await within(10, lambda: made.phase(opened) == "opened")
            run = made.run_of(opened)
            pressed = {"state": {"type": "CANCELLING", "name": "Cancelling"}, "force": True}
            await made.api.post(f"/flow_runs/{run}/set_state", pressed)
            await within(5, lambda: made.journal.cancelled == [opened.id])
            assert made.journal.pauses == {("cancels", "greet")}
            assert (await made.deployment("greet"))["paused"] is True
            made.close(opened, executions={"done": 17, "ready": 23}, steps=())
            await within(5, lambda: made.phase(opened) == "recorded")
            state = (await made.api.get(f"/flow_runs/{run}"))["state"]
            assert (state["type"], state["message"]) == ("CANCELLED", "17 of 40 done")

    asyncio.run(play())


def test_a_quick_run_is_taken_within_five_seconds_and_is_the_record(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "quick") as made:
            await within(10, lambda: len(made.deployments.ids()) == 2)
            nudge = await made.deployment("nudge")
            pressed = {"state": {"type": "SCHEDULED", "message": "Run from the Prefect UI"}, "parameters": {}}
            run = await made.api.post(f"/deployments/{nudge['id']}/create_flow_run", pressed)
            await within(5, lambda: made.journal.asked == {run["id"]: ("quick", "nudge")})
            opened = made.put(automation="nudge", closed=False, run_id=run["id"], phase="opened")
            await within(5, lambda: running(made, run["id"]))
            made.close(opened, executions={"done": 1})
            await within(5, lambda: made.phase(opened) == "recorded")
            assert await made.state(run["id"]) == ("COMPLETED", "Done")
            counted = {"deployments": {"id": {"any_": [nudge["id"]]}}}
            assert await made.api.post("/flow_runs/count", counted) == 1
            await within(5, lambda: ready(made))

    async def running(made: Desk, run: str) -> bool:
        return await made.state(run) == ("RUNNING", "Running")

    async def ready(made: Desk) -> bool:
        return bool((await made.deployment("nudge"))["status"] == "READY")

    asyncio.run(play())


def test_retry_of_a_run_is_taken_within_five_seconds_and_the_run_records_it_too(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "retries") as made:
            first = made.put(executions={"done": 1, "failed": 2})
            await within(10, lambda: made.phase(first) == "recorded")
            run = made.run_of(first)
            assert await made.state(run) == ("FAILED", "Failed")
            pressed = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry"}, "force": True}
            await made.api.post(f"/flow_runs/{run}/set_state", pressed)
            await within(5, lambda: made.journal.retried == [first.id])
            again = made.put(executions={"done": 2}, run_id=run, phase="opened")
            await within(10, lambda: made.phase(again) == "recorded")
            assert await made.state(run) == ("COMPLETED", "Done")
            assert made.journal.retried == [first.id]
            of_run = {"flow_runs": {"id": {"any_": [run]}}}
            assert await made.api.post("/task_runs/count", of_run) == 4
            tables = {"artifacts": {"flow_run_id": {"any_": [run]}, "type": {"any_": ["table"]}}}
            assert len(await made.api.post("/artifacts/filter", tables)) == 2
            logs = await made.api.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})
            assert len(logs) == 2
            kinds = [state["type"] for state in await made.api.get(f"/flow_run_states/?flow_run_id={run}")]
            assert kinds == ["RUNNING", "FAILED", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]

    asyncio.run(play())


def test_suspend_pauses_within_five_seconds_until_resume(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "suspends") as made:
            opened = made.put(closed=False)
            await within(10, lambda: made.phase(opened) == "opened")
            run = made.run_of(opened)
            pressed = {"state": {"type": "PAUSED", "name": "Suspended"}, "force": True}
            await made.api.post(f"/flow_runs/{run}/set_state", pressed)
            await within(5, lambda: made.journal.pauses == {("suspends", "greet")})
            assert (await made.deployment("greet"))["paused"] is True
            await made.api.post(f"/flow_runs/{run}/resume", {})
            await within(5, lambda: made.journal.pauses == set())
            assert (await made.deployment("greet"))["paused"] is False
            await within(5, lambda: running(made, run))
            made.close(opened, executions={"done": 1})
            await within(10, lambda: made.phase(opened) == "recorded")
            assert await made.state(run) == ("COMPLETED", "Done")

    async def running(made: Desk, run: str) -> bool:
        return (await made.state(run))[0] == "RUNNING"

    asyncio.run(play())


def test_dead_windows_are_marked_crashed_and_living_ones_are_not(server: PrefectServer) -> None:
    async def play() -> None:
        async with desk(server, "crashes") as made:
            dead, alive = made.put(closed=False), made.put(closed=False, worker="engine-2")
            await within(10, lambda: made.phase(dead) == made.phase(alive) == "opened")
            made.close(dead, crashed=True, steps=(), rows=())
            await within(5, lambda: made.phase(dead) == "recorded")
            assert await made.state(made.run_of(dead)) == ("CRASHED", "Crashed")
            assert await made.state(made.run_of(alive)) == ("RUNNING", "Running")

    asyncio.run(play())


def test_a_compiled_flow_called_as_a_prefect_flow_carries_one_window_and_records_itself(
    server: PrefectServer,
) -> None:
    # In a process of its own, as a worker would: Prefect's client leaves sockets to the garbage collector.
    environment = {"PREFECT_API_URL": server.api_url, "PREFECT_API_AUTH_STRING": ":".join(server.auth)}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.flows.compiled"],
        env=clean_environment({**environment, "PREFECT_LOGGING_LEVEL": "ERROR"}),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["state"] == ["COMPLETED", "Done, 1 needs attention"]
    assert said["entrypoint"] == "dealwright_flows.automations"

    async def play() -> None:
        async with PrefectApi(server.api_url, server.auth) as api:
            of_run = {"flow_runs": {"id": {"any_": [said["run_id"]]}}}

            async def shown() -> bool:
                return bool(await api.post("/task_runs/count", of_run) == 2)

            await within(10, shown)
            assert (await api.get(f"/flow_runs/{said['run_id']}"))["flow_version"] == said["version"]
            tables = {"artifacts": {"flow_run_id": {"any_": [said["run_id"]]}}}
            assert len(await api.post("/artifacts/filter", tables)) == 1

    asyncio.run(play())


def test_a_server_that_dies_and_one_whose_database_was_replaced_get_the_record_once(server: PrefectServer) -> None:
    """Last in this file: it takes the session's server down and up again, twice."""

    async def play() -> None:
        async with desk(server, "away") as made:
            opened = made.put(closed=False)
            await within(10, lambda: made.phase(opened) == "opened")
            greet = await made.deployment("greet")
            await made.api.patch(f"/deployments/{greet['id']}", {"paused": True})
            await within(5, lambda: made.journal.pauses == {("away", "greet")})

            server.child.kill()
            made.close(opened)
            missed = made.put(ago=60.0)
            left = await made.recorder.drain(0.5)
            assert left.windows == 2
            await server.start()
            await within(15, lambda: made.phase(opened) == made.phase(missed) == "recorded")
            assert made.journal.pauses == {("away", "greet")}
            tagged = {"deployments": {"tags": {"all_": ["account:away"]}}}
            assert await made.api.post("/flow_runs/count", tagged) == 2
            name = (await made.api.get(f"/flow_runs/{made.run_of(missed)}"))["name"]
            assert name.endswith("(recorded late)")

            reopened = made.put(closed=False)
            await within(10, lambda: made.phase(reopened) == "opened")
            await server.stop()
            for file in server.home.glob("prefect.db*"):
                file.unlink()
            await server.start()
            await within(15, lambda: made.journal.forgotten == 1 and made.phase(reopened) == "opened")
            assert (await made.deployment("greet"))["paused"] is True
            assert (await made.deployment("nudge"))["paused"] is False
            assert await made.api.post("/flow_runs/count", tagged) == 1
            assert made.journal.pauses == {("away", "greet")}

    asyncio.run(play())
