"""Asking Prefect for windows: bounded, never twice, again when a run is gone; deployments and their work pool."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from dealwright.clock import SystemClock
from dealwright.journal.asks import AskedWindow
from dealwright_flows import wire
from dealwright_flows.api import PrefectAway
from dealwright_flows.asking import Asker
from dealwright_flows.deployments import Deployments
from tests.flows.fake_prefect import FakePrefect
from tests.flows.fakes import FakeJournal, account

POOL = wire.WorkPool(name="pool")


class AskedJournal(FakeJournal):
    """A journal in which automations have work, and one window may be asked for at a time."""

    def __init__(self) -> None:
        super().__init__(account("greet", "nudge"))
        self.work: set[str] = set()
        self.wanted: dict[str, AskedWindow] = {}

    def automations_with_work(self, account: str) -> frozenset[str]:
        return frozenset(self.work)

    def has_due(self, account: str, automation: str) -> bool:
        return automation in self.work

    def ask_windows(self, account: str, automation: str, most: int) -> int:
        if any(each.automation == automation for each in self.wanted.values()):
            return 0
        id_ = f"w{len(self.wanted)}-{len(self.work)}-{automation}-{SystemClock().monotonic()}"
        now: datetime = SystemClock().wall()
        self.wanted[id_] = AskedWindow(id=id_, account=account, automation=automation, asked_at=now)
        return 1

    def asked_windows(self) -> Sequence[AskedWindow]:
        return list(self.wanted.values())

    def note_asked_run(self, window_id: str, run_id: str) -> None:
        asked = self.wanted[window_id]
        self.wanted[window_id] = AskedWindow(
            id=asked.id, account=asked.account, automation=asked.automation, asked_at=asked.asked_at, run_id=run_id
        )

    def withdraw_window(self, window_id: str) -> bool:
        return self.wanted.pop(window_id, None) is not None

    def forget_runs(self) -> None:
        super().forget_runs()
        for id_, asked in self.wanted.items():
            self.wanted[id_] = AskedWindow(
                id=id_, account=asked.account, automation=asked.automation, asked_at=asked.asked_at
            )


class Hand(SystemClock):
    """A clock that can be ahead."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Desk:
    def __init__(self) -> None:
        self.journal = AskedJournal()
        self.prefect = FakePrefect()
        self.restart()

    def restart(self) -> None:
        self.deployments = Deployments(self.journal, self.prefect, ["acme"], pool=POOL)
        self.clock = Hand()
        self.asker = Asker(self.journal, self.prefect, self.deployments, ["acme"], most=2, clock=self.clock)

    def ask(self) -> None:
        asyncio.run(self.asker.once())


def test_work_without_a_window_is_asked_for_once_with_its_id_as_key() -> None:
    desk = Desk()
    desk.ask()
    assert desk.prefect.runs == {}
    desk.journal.work = {"greet"}
    desk.ask()
    desk.ask()
    (run,) = desk.prefect.runs.values()
    (asked,) = desk.journal.asked_windows()
    assert (run["key"], asked.run_id, run["state"]["type"]) == (asked.id, run["id"], "SCHEDULED")
    assert run["name"].startswith("greet ")


def test_a_paused_automation_is_not_asked_for() -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.journal.pauses = {("acme", "greet")}
    desk.ask()
    assert desk.prefect.runs == {}


def test_an_answer_that_was_lost_makes_no_second_run() -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    asyncio.run(desk.deployments.check())
    desk.prefect.fail_after = {desk.prefect.requests + 1}
    with pytest.raises(PrefectAway):
        desk.ask()
    assert desk.journal.asked_windows()[0].run_id is None
    desk.restart()
    desk.ask()
    (run,) = desk.prefect.runs.values()
    assert desk.journal.asked_windows()[0].run_id == run["id"]


def test_while_prefect_is_away_one_window_waits_and_is_asked_for_afterwards() -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.prefect.away = True
    for _ in range(3):
        with pytest.raises(PrefectAway):
            desk.ask()
    assert len(desk.journal.asked_windows()) == 1
    desk.prefect.away = False
    desk.ask()
    assert len(desk.prefect.runs) == 1


@pytest.mark.parametrize("gone", ["ended", "deleted"])
def test_a_run_that_will_open_no_window_is_asked_for_anew(gone: str) -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.ask()
    (first,) = desk.prefect.runs
    if gone == "ended":
        desk.prefect.runs[first]["state"] = {"type": "CRASHED"}
    else:
        del desk.prefect.runs[first]
    desk.restart()  # it looks at once
    desk.ask()
    desk.ask()
    (asked,) = desk.journal.asked_windows()
    assert asked.run_id not in (None, first)


@pytest.mark.parametrize("kind", ["PENDING", "RUNNING"])
def test_a_run_whose_machine_died_before_it_opened_its_window_is_asked_for_anew(kind: str) -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.ask()
    (first,) = desk.prefect.runs
    desk.prefect.runs[first]["state"] = {"type": kind}
    for desk.clock.ahead in (10.0, 500.0):
        desk.ask()
        assert [each.run_id for each in desk.journal.asked_windows()] == [first], "it may still be starting"
    desk.clock.ahead = 700.0
    desk.ask()
    desk.ask()
    (asked,) = desk.journal.asked_windows()
    assert asked.run_id not in (None, first)
    assert desk.prefect.runs[first]["state"]["type"] == "CRASHED"


def test_one_that_waits_for_a_worker_is_left_to_wait() -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.ask()
    desk.restart()
    desk.ask()
    assert len(desk.prefect.runs) == len(desk.journal.asked_windows()) == 1


def test_a_replaced_database_is_asked_again_under_the_same_ids() -> None:
    desk = Desk()
    desk.journal.work = {"greet"}
    desk.ask()
    (before,) = desk.journal.asked_windows()
    desk.prefect.wipe()
    desk.clock.ahead = 60.0
    desk.ask()
    (run,) = desk.prefect.runs.values()
    assert (run["key"], desk.journal.asked_windows()[0].run_id) == (before.id, run["id"])


def test_deployments_have_the_pool_in_this_driver_and_lose_it_in_the_other() -> None:
    desk = Desk()
    asyncio.run(desk.deployments.check())
    assert desk.prefect.pools == {"pool": "process"}
    assert {each["work_pool_name"] for each in desk.prefect.deployments.values()} == {"pool"}
    asyncio.run(Deployments(desk.journal, desk.prefect, ["acme"]).check())
    assert {each["work_pool_name"] for each in desk.prefect.deployments.values()} == {None}
    asyncio.run(Deployments(desk.journal, desk.prefect, ["acme"], pool=POOL).check())
    assert {each["work_pool_name"] for each in desk.prefect.deployments.values()} == {"pool"}
