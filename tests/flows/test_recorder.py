"""The recorder against a Prefect in memory: killed between any two calls, away, replaced, pressed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from dealwright import faults
from dealwright.clock import SystemClock
from dealwright_flows.api import PrefectAway, PrefectRefused
from dealwright_flows.deployments import Deployments
from dealwright_flows.recorder import Recorder
from tests.flows.fake_prefect import FakePrefect
from tests.flows.fakes import FakeJournal, account, window


def recorder(journal: FakeJournal, prefect: FakePrefect) -> Recorder:
    """A recorder as a process that just started has it."""
    deployments = Deployments(journal, prefect, ["acme"])
    return Recorder(journal, prefect, deployments, clock=SystemClock())


def once(journal: FakeJournal, prefect: FakePrefect) -> None:
    asyncio.run(recorder(journal, prefect).once())


def recorded_once(journal: FakeJournal, prefect: FakePrefect, expected: int) -> None:
    """Every window has one run in its end state, with one table, one log line and one task run for each step."""
    assert {each.phase for each in journal.windows.values()} == {"recorded"}
    assert len(prefect.runs) == expected
    assert Counter(each["flow_run_id"] for each in prefect.artifacts) == dict.fromkeys(prefect.runs, 1)
    assert Counter(each["flow_run_id"] for each in prefect.logs) == dict.fromkeys(prefect.runs, 1)
    assert Counter(each["flow_run_id"] for each in prefect.task_runs.values()) == dict.fromkeys(prefect.runs, 2)
    for states in prefect.states.values():
        assert [state["type"] for state in states] == ["RUNNING", "COMPLETED"]


def test_a_window_is_opened_running_and_ends_with_its_steps_table_and_log() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    made = window(closed=False)
    journal.put(made)
    once(journal, prefect)
    assert journal.windows[made.id].phase == "opened"
    assert [run["state"]["type"] for run in prefect.runs.values()] == ["RUNNING"]
    assert [run["name"] for run in prefect.runs.values()] == [f"greet {made.opened_at:%H:%M:%S}"]
    done = window()
    journal.change(made.id, closed_at=done.closed_at, executions=done.executions, steps=done.steps, rows=done.rows)
    once(journal, prefect)
    recorded_once(journal, prefect, 1)
    assert next(iter(prefect.runs.values()))["state"]["name"] == "Done, 1 needs attention"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_a_window_is_still_recorded_once(when: str) -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window(), window())
    once(journal, prefect)
    requests = prefect.requests
    assert requests > 12
    for killed_at in range(1, requests + 1):
        journal, prefect = FakeJournal(account("greet")), FakePrefect()
        journal.put(window(), window())
        (prefect.fail_before if when == "before" else prefect.fail_after).add(killed_at)
        with pytest.raises(PrefectAway):
            once(journal, prefect)
        once(journal, prefect)
        recorded_once(journal, prefect, 2)


@pytest.mark.parametrize("point", ["record.after-open", "record.before-close"])
def test_killed_at_a_fault_point_a_window_is_still_recorded_once(point: str) -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window())
    faults.arm(f"{point}:1:raise")
    try:
        with pytest.raises(faults.FaultInjected):
            once(journal, prefect)
    finally:
        faults.arm(None)
    once(journal, prefect)
    recorded_once(journal, prefect, 1)


def test_prefects_receipt_for_events_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright_flows.telling._VISIBLE_PATIENCE", 0.05)
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window())
    prefect.swallow_events = 2
    once(journal, prefect)
    recorded_once(journal, prefect, 1)


def test_a_window_whose_task_runs_never_show_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright_flows.telling._VISIBLE_PATIENCE", 0.01)
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    stuck, other = window(), window(steps=())
    journal.put(stuck, other)
    prefect.swallow_events = 99
    once(journal, prefect)
    assert journal.windows[stuck.id].phase == "opened"
    assert journal.windows[other.id].phase == "recorded"


def test_a_window_that_prefect_refuses_holds_up_no_other() -> None:
    class Refuses(FakePrefect):
        async def post(self, path: str, body: object) -> object:
            if path.endswith("create_flow_run") and bad.id in str(body):
                raise PrefectRefused("422")
            return await super().post(path, body)

    journal, prefect = FakeJournal(account("greet")), Refuses()
    bad, good = window(), window()
    journal.put(bad, good)
    once(journal, prefect)
    assert journal.windows[bad.id].phase == "new"
    assert journal.windows[good.id].phase == "recorded"


def test_away_at_first_the_recorder_waits_and_nothing_is_raised_into_the_work() -> None:
    async def play() -> None:
        stop = asyncio.Event()
        working = recorder(journal, prefect)
        task = asyncio.create_task(working.run(stop))
        left = await working.drain(0.3)
        assert (left.windows, left.away) == (1, True)
        prefect.away = False
        assert (await working.drain(10)).windows == 0
        stop.set()
        await task

    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window())
    prefect.away = True
    asyncio.run(play())
    recorded_once(journal, prefect, 1)


def test_a_window_recorded_late_is_named_by_its_true_times() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    never_opened, opened = window(ago=3600), window(ago=3600, closed=False)
    journal.put(never_opened, opened)
    once(journal, prefect)
    done = window(ago=3600)
    journal.change(opened.id, closed_at=done.closed_at, executions={"done": 1}, steps=done.steps, rows=done.rows)
    once(journal, prefect)
    names = [run["name"] for run in prefect.runs.values()]
    assert all(name.endswith("UTC (recorded late)") and name.count(":") == 4 for name in names)
    recorded_once(journal, prefect, 2)


def test_a_replaced_database_gets_everything_again_with_the_last_known_pause_once() -> None:
    async def play() -> None:
        working = recorder(journal, prefect)
        await working.once()
        journal.set_paused("acme", "nudge", True, actor="prefect")
        prefect.wipe()
        done = window()
        journal.change(made.id, closed_at=done.closed_at, executions=done.executions, steps=done.steps, rows=done.rows)
        await working.once()
        await working.once()

    journal, prefect = FakeJournal(account("greet", "nudge")), FakePrefect()
    made = window(closed=False)
    journal.put(made)
    asyncio.run(play())
    assert journal.forgotten == 1
    recorded_once(journal, prefect, 1)
    assert {each["name"]: each["paused"] for each in prefect.deployments.values()} == {
        "acme.greet": False,
        "acme.nudge": True,
    }


def test_a_database_replaced_while_we_were_not_running_gets_the_pause_too() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window(closed=False))
    once(journal, prefect)
    journal.set_paused("acme", "greet", True, actor="prefect")
    prefect.wipe()
    journal.put(window())
    once(journal, prefect)
    assert [each["paused"] for each in prefect.deployments.values()] == [True]


def test_a_deployment_is_upserted_only_when_its_digest_changed() -> None:
    journal, prefect = FakeJournal(account("greet", "nudge")), FakePrefect()
    for _ in range(3):
        journal.put(window())
        once(journal, prefect)
    assert prefect.log.count("POST /deployments/") == 2


def test_a_window_of_an_automation_that_no_release_names_is_recorded_all_the_same() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window("gone"))
    once(journal, prefect)
    recorded_once(journal, prefect, 1)


def test_a_run_that_somebody_deleted_is_dropped_and_not_made_again() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    made = window(closed=False)
    journal.put(made)
    once(journal, prefect)
    prefect.runs.clear()
    journal.change(made.id, closed_at=made.opened_at)
    once(journal, prefect)
    assert journal.windows[made.id].phase == "dropped"
    assert (prefect.runs, prefect.artifacts, prefect.logs) == ({}, [], [])


def test_runs_of_dead_windows_are_marked_crashed_also_if_never_noted_and_no_others_are() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    alive, dead, unnoted = window(closed=False), window(closed=False), window(closed=False)
    journal.put(alive, dead, unnoted)
    once(journal, prefect)
    journal.change(unnoted.id, phase="new", run_id=None, crashed=True, closed_at=unnoted.opened_at)
    journal.change(dead.id, crashed=True, closed_at=dead.opened_at)
    prefect.press_cancel(str(journal.windows[dead.id].run_id))
    once(journal, prefect)
    kinds = Counter(run["state"]["type"] for run in prefect.runs.values())
    assert kinds == {"CRASHED": 2, "RUNNING": 1}


def test_a_cancel_that_came_between_ends_the_run_cancelled() -> None:
    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    made = window(closed=False)
    journal.put(made)
    once(journal, prefect)
    prefect.press_cancel(str(journal.windows[made.id].run_id))
    journal.change(made.id, closed_at=made.opened_at, executions={"done": 17, "ready": 23})
    once(journal, prefect)
    run = prefect.runs[str(journal.windows[made.id].run_id)]
    assert (run["state"]["type"], run["state"]["message"]) == ("CANCELLED", "17 of 40 done")


def test_nothing_is_asked_of_prefect_while_nothing_changes() -> None:
    async def play() -> None:
        working = recorder(journal, prefect)
        await working.once()
        before = prefect.requests
        await working.once()
        assert prefect.requests == before

    journal, prefect = FakeJournal(account("greet")), FakePrefect()
    journal.put(window(closed=False))
    asyncio.run(play())


def test_a_server_that_still_starts_is_no_outage_and_an_outage_is_said_with_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal, prefect, booting, stop = FakeJournal(account("greet")), FakePrefect(), [True], asyncio.Event()
    deployments = Deployments(journal, prefect, ["acme"])
    tells = Recorder(journal, prefect, deployments, clock=SystemClock(), period=0.01, booting=lambda: booting[0])
    prefect.away = True
    journal.put(window())

    async def go() -> None:
        running = asyncio.create_task(tells.run(stop))
        async with asyncio.timeout(10):
            await seen(lambda: prefect.requests > 1)
            assert tells.away and not caplog.messages
            booting[0] = False
            await seen(lambda: bool(caplog.messages))
            assert "the work goes on" in caplog.messages[0]
            for each in journal.windows.values():  # with nothing left to record it is still noticed
                journal.note_dropped(each.id)
            prefect.away = False
            await seen(lambda: not tells.away)
            stop.set()
            await running

    async def seen(true: Callable[[], bool]) -> None:
        while not true():
            tells._wake.set()
            await asyncio.sleep(0)

    asyncio.run(go())
    assert len(caplog.messages) == 2
    assert caplog.messages[1] == "Prefect answers again"
