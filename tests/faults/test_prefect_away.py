"""Prefect's server is killed and gone for a while: the work does not notice, and its runs appear afterwards, each once.

The outage here lasts until the recorder has tried in vain several times, and the server has started again. That the
work itself goes on without any Prefect is in tests/flows/test_system.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from dealwright.clock import SystemClock
from dealwright_flows.api import PrefectApi, PrefectAway
from dealwright_flows.server import PrefectServer
from tests.flows.test_real_prefect import Desk, desk, within

pytestmark = pytest.mark.xdist_group("prefect")

WHILE_AWAY: Final = 12
STARTS: Final = 90.0
"""Seconds that a server may take to start on a machine that is busy."""


def recorded(made: Desk) -> bool:
    """Say whether every window is recorded."""
    return all(window.phase == "recorded" for window in made.journal.windows.values())


async def shown(made: Desk) -> list[str]:
    """Return the ids of the runs of this account that Prefect has."""
    tagged = {"flow_runs": {"tags": {"all_": [f"account:{made.name}"]}}, "limit": 200}
    return sorted(run["id"] for run in await made.api.post("/flow_runs/filter", tagged))


async def complete(made: Desk) -> None:
    """Compare what Prefect shows with the windows: each has its one run, which has ended, with its steps."""
    windows = made.journal.windows.values()
    runs = await shown(made)
    assert runs == sorted(str(window.run_id) for window in windows), "each window has one run, and none has two"
    for window in windows:
        assert (await made.state(str(window.run_id)))[0] == "COMPLETED"
        of_run = {"flow_runs": {"id": {"any_": [str(window.run_id)]}}}
        tasks = [task["name"] for task in await made.api.post("/task_runs/filter", of_run)]
        assert sorted(tasks) == sorted(step.name for step in window.steps)


@pytest.mark.slow
def test_prefect_is_killed_and_comes_back_while_windows_open_and_close(tmp_path: Path) -> None:
    async def play() -> None:
        server = PrefectServer(tmp_path / "prefect", clock=SystemClock())
        await server.start()
        try:
            async with desk(server, "gone") as made:
                whole = made.put()
                await within(STARTS, lambda: made.phase(whole) == "recorded")
                half = made.put(closed=False)
                await within(STARTS, lambda: made.phase(half) == "opened")
                server.child.kill()
                made.close(half)  # opened before the outage, closed in it
                for _ in range(WHILE_AWAY):
                    made.put()
                late = made.put(closed=False)  # opened in the outage, closed after it
                refused = await tries_in_vain(made, 4)
                assert refused == 4
                assert not recorded(made)
                await server.start()
                await within(STARTS, lambda: made.phase(late) == "opened")
                made.close(late)
                await within(STARTS, lambda: recorded(made))
                assert not made.recorder.away
                await complete(made)
        finally:
            await server.stop()

    asyncio.run(asyncio.wait_for(play(), 4 * STARTS))


async def tries_in_vain(made: Desk, times: int) -> int:
    """Wait until Prefect was asked so often without an answer."""
    refused = 0
    await within(STARTS, lambda: made.recorder.away)
    while refused < times:
        try:
            await made.recorder.once()
        except PrefectAway:
            refused += 1
    return refused


@pytest.mark.nightly
def test_a_run_is_not_made_twice_when_the_server_dies_in_the_middle_of_its_recording(tmp_path: Path) -> None:
    """It is killed at a request of each kind, after it was carried out and before anybody heard so."""

    class Deadly(PrefectApi):
        """Kills the server after the first request to each of these paths."""

        left: set[str]
        server: PrefectServer

        async def _send(self, method: str, path: str, body: object) -> object:
            answer = await super()._send(method, path, body)
            deadly = next((each for each in self.left if path.startswith(each)), None)
            if deadly is None or method != "POST":
                return answer
            self.left.discard(deadly)
            self.server.child.kill()
            await self.server.start()
            raise PrefectAway("the answer was lost with the server")

    async def play() -> None:
        server = PrefectServer(tmp_path / "prefect", clock=SystemClock())
        await server.start()
        try:
            async with Deadly(server.api_url, server.auth) as api:
                api.left, api.server = {"/flow_runs/", "/artifacts/"}, server
                made = Desk("dies", api)
                windows = [made.put() for _ in range(3)]
                while not recorded(made):
                    try:
                        await made.recorder.once()
                    except PrefectAway:
                        await asyncio.sleep(0.1)
                assert not api.left, "it was killed at each of them"
                assert len(windows) == len(await shown(made))
                await complete(made)
        finally:
            await server.stop()

    asyncio.run(asyncio.wait_for(play(), 4 * STARTS))
