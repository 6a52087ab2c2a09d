"""What an operator presses in Prefect's dashboard becomes rows in the journal."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from dealwright.clock import SystemClock
from dealwright.errors import JournalError
from dealwright_flows.api import PrefectAway
from dealwright_flows.buttons import Buttons
from dealwright_flows.deployments import Deployments
from dealwright_flows.recorder import Recorder
from tests.flows.fake_prefect import FakePrefect
from tests.flows.fakes import FakeJournal, account, window


class Desk:
    """A recorder and buttons over one journal and one Prefect."""

    def __init__(self, *automations: str) -> None:
        self.journal = FakeJournal(account(*(automations or ("greet", "nudge"))))
        self.prefect = FakePrefect()
        self.restart()

    def restart(self, *, period: float = 2.0) -> None:
        deployments = Deployments(self.journal, self.prefect, ["acme"])
        self.recorder = Recorder(self.journal, self.prefect, deployments, clock=SystemClock())
        self.buttons = Buttons(self.journal, self.prefect, deployments, clock=SystemClock(), period=period)

    def read(self) -> None:
        asyncio.run(self.buttons.once())

    def record(self) -> None:
        asyncio.run(self.recorder.once())


def test_pause_and_unpause_reach_the_journal_both_ways() -> None:
    desk = Desk()
    desk.read()
    desk.prefect.pause("acme.greet")
    desk.read()
    assert desk.journal.pauses == {("acme", "greet")}
    desk.prefect.pause("acme.greet", paused=False)
    desk.read()
    assert desk.journal.pauses == set()


def test_the_last_known_pause_holds_while_prefect_is_away_or_was_replaced() -> None:
    desk = Desk()
    desk.read()
    desk.prefect.pause("acme.greet")
    desk.read()
    desk.prefect.away = True
    with pytest.raises(PrefectAway):
        desk.read()
    assert desk.journal.pauses == {("acme", "greet")}
    desk.prefect.away = False
    desk.prefect.wipe()
    desk.read()
    assert desk.journal.pauses == {("acme", "greet")}


def test_cancel_ends_the_window_and_pauses_the_automation_once() -> None:
    desk = Desk()
    made = window(closed=False)
    desk.journal.put(made)
    desk.record()
    desk.prefect.press_cancel(str(desk.journal.windows[made.id].run_id))
    desk.read()
    assert desk.journal.cancelled == [made.id]
    assert desk.journal.pauses == {("acme", "greet")}
    desk.prefect.pause("acme.greet", paused=False)
    desk.read()
    assert desk.journal.pauses == set(), "an operator who unpauses is not paused again by the same cancel"
    assert desk.journal.cancelled == [made.id]


def test_a_quick_run_is_claimed_once_and_becomes_the_record() -> None:
    desk = Desk()
    desk.read()
    run_id = desk.prefect.quick_run("acme.nudge")
    desk.read()
    desk.read()
    assert desk.journal.asked == {run_id: ("acme", "nudge")}
    assert [state["type"] for state in desk.prefect.states[run_id]] == ["SCHEDULED", "PENDING"]
    made = window("nudge", run_id=run_id, phase="opened")
    desk.journal.put(made)
    desk.record()
    assert list(desk.prefect.runs) == [run_id]
    kinds = [state["type"] for state in desk.prefect.states[run_id]]
    assert kinds == ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]


def test_a_quick_run_of_a_paused_automation_stays_scheduled_until_it_goes_on() -> None:
    desk = Desk()
    desk.read()
    desk.prefect.pause("acme.nudge")
    run_id = desk.prefect.quick_run("acme.nudge")
    desk.read()
    assert desk.journal.asked == {}
    assert desk.prefect.runs[run_id]["state"]["type"] == "SCHEDULED"
    desk.prefect.pause("acme.nudge", paused=False)
    desk.read()
    assert desk.journal.asked == {run_id: ("acme", "nudge")}


def test_a_run_claimed_by_an_engine_that_died_is_not_lost() -> None:
    desk = Desk()
    desk.read()
    run_id = desk.prefect.quick_run("acme.nudge")
    desk.prefect._set(run_id, {"type": "PENDING"}, force=False)
    desk.restart()
    desk.read()
    assert desk.journal.asked == {run_id: ("acme", "nudge")}


def test_a_run_that_was_claimed_while_the_journal_failed_is_asked_for_again() -> None:
    """The claim stands in Prefect; without asking for claimed runs again nobody would ever hear of it."""
    desk = Desk()

    class Failing(FakeJournal):
        broken = True

        def ask_run(self, account: str, automation: str, run_id: str, *, actor: str) -> int:
            if self.broken:
                self.broken = False
                raise JournalError("the journal cannot be used: another process has written to it for 30 seconds")
            return super().ask_run(account, automation, run_id, actor=actor)

    desk.journal = Failing(account("greet", "nudge"))
    desk.restart(period=0.01)
    desk.read()
    run_id = desk.prefect.quick_run("acme.nudge")

    async def pressed() -> None:
        stop = asyncio.Event()
        reading = asyncio.create_task(desk.buttons.run(stop))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while not desk.journal.asked:
                    await asyncio.sleep(0.01)
        stop.set()
        await reading

    asyncio.run(pressed())
    assert not desk.journal.broken
    assert desk.journal.asked == {run_id: ("acme", "nudge")}


def test_the_loser_of_a_race_for_a_run_leaves_it_to_the_winner() -> None:
    class Raced(FakePrefect):
        async def post(self, path: str, body: object) -> object:
            if path.endswith("set_state"):
                self._set(path.split("/")[2], {"type": "PENDING"}, force=False)
            return await super().post(path, body)

    desk = Desk()
    desk.prefect = Raced()
    desk.restart()
    desk.read()
    desk.prefect.quick_run("acme.nudge")
    desk.read()
    assert desk.journal.asked == {}


MANY = tuple(f"rule-{number:03}" for number in range(250))
"""More than Prefect gives in one answer."""


def test_more_paused_automations_than_one_answer_holds_all_stay_paused() -> None:
    desk = Desk(*MANY)
    desk.read()
    for key in MANY:
        desk.prefect.pause(f"acme.{key}")
    desk.read()
    desk.read()
    assert desk.journal.paused("acme") == set(MANY)


def test_more_runs_than_one_answer_holds_are_all_claimed_whatever_waits_paused() -> None:
    desk = Desk(*MANY, "idle")
    desk.read()
    desk.prefect.pause("acme.idle")
    waiting = [desk.prefect.quick_run("acme.idle") for _ in range(250)]
    asked = {desk.prefect.quick_run(f"acme.{key}"): ("acme", key) for key in MANY}
    desk.read()
    assert desk.journal.asked == asked
    assert {desk.prefect.runs[run]["state"]["type"] for run in waiting} == {"SCHEDULED"}


def test_more_claimed_runs_than_one_answer_holds_are_all_asked_again() -> None:
    desk = Desk(*MANY)
    desk.read()
    claimed = {desk.prefect.quick_run(f"acme.{key}"): ("acme", key) for key in MANY}
    for run_id in claimed:
        desk.prefect._set(run_id, {"type": "PENDING"}, force=False)
    desk.restart()
    desk.read()
    assert desk.journal.asked == claimed


def test_a_cancel_is_seen_behind_a_long_backlog_of_closed_windows() -> None:
    desk = Desk()
    open_one = window(closed=False)
    desk.journal.put(open_one)
    desk.record()
    desk.journal.put(*(window("nudge", ago=100.0) for _ in range(250)))
    desk.prefect.press_cancel(str(desk.journal.windows[open_one.id].run_id))
    desk.read()
    assert desk.journal.cancelled == [open_one.id]


def test_retry_of_an_ended_run_retries_its_window_and_the_run_records_it_whole() -> None:
    desk = Desk()
    made = window(executions={"done": 1, "failed": 2})
    desk.journal.put(made)
    desk.record()
    run_id = str(desk.journal.windows[made.id].run_id)
    desk.prefect.press_retry(run_id)
    desk.read()
    desk.read()
    assert desk.journal.retried == [made.id], "once, however often the buttons are read"
    assert desk.journal.asked == {run_id: ("acme", "greet")}
    again = window(run_id=run_id, phase="opened", executions={"done": 2})
    desk.journal.put(again)
    desk.record()
    assert list(desk.prefect.runs) == [run_id]
    assert desk.prefect.runs[run_id]["state"]["name"] == "Done"
    kinds = [state["type"] for state in desk.prefect.states[run_id]]
    assert kinds == ["RUNNING", "FAILED", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]
    assert len(desk.prefect.task_runs) == 4, "the steps of both windows"
    assert len(desk.prefect.artifacts) == len(desk.prefect.logs) == 2


def test_suspend_pauses_until_resume_and_the_run_goes_on() -> None:
    desk = Desk()
    made = window(closed=False)
    desk.journal.put(made)
    desk.record()
    run_id = str(desk.journal.windows[made.id].run_id)
    desk.prefect.press_suspend(run_id)
    desk.read()
    desk.read()
    assert desk.journal.pauses == {("acme", "greet")}
    assert desk.journal.cancelled == []
    desk.restart()
    desk.prefect.press_resume(run_id)
    desk.read()
    desk.read()
    assert desk.journal.pauses == set()
    assert desk.prefect.runs[run_id]["state"]["type"] == "RUNNING"
    assert desk.journal.asked == {}, "it has its window still"


def test_a_window_that_closed_while_its_run_is_suspended_is_recorded_when_it_is_resumed() -> None:
    desk = Desk()
    made = window(closed=False)
    desk.journal.put(made)
    desk.record()
    run_id = str(desk.journal.windows[made.id].run_id)
    desk.prefect.press_suspend(run_id)
    desk.read()
    done = window()
    desk.journal.change(made.id, closed_at=done.closed_at, executions={"done": 1}, steps=done.steps, rows=done.rows)
    desk.record()
    assert desk.prefect.runs[run_id]["state"]["type"] == "PAUSED"
    desk.prefect.press_resume(run_id)
    desk.read()
    desk.restart()
    desk.record()
    assert desk.prefect.runs[run_id]["state"]["type"] == "COMPLETED"
    assert desk.journal.windows[made.id].phase == "recorded"


def test_an_operator_who_unpauses_a_suspended_automation_is_not_paused_again() -> None:
    desk = Desk()
    made = window(closed=False)
    desk.journal.put(made)
    desk.record()
    desk.prefect.press_suspend(str(desk.journal.windows[made.id].run_id))
    desk.read()
    desk.prefect.pause("acme.greet", paused=False)
    desk.read()
    assert desk.journal.pauses == set()


def test_buttons_are_never_read_more_rarely_than_every_five_seconds() -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="every 5 seconds"):
        Buttons(desk.journal, desk.prefect, desk.recorder._deployments, clock=SystemClock(), period=6)
