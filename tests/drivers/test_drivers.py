"""The contract of both drivers: whoever carries the work, it is done once, in order, and the buttons work."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from decimal import Decimal

import pytest
from driver_world import World, until

from dealwright.model.crm import Money
from dealwright.model.requests import DealChanges

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drivers")]


def test_work_is_done_once_in_the_order_of_its_lane_and_shown_in_prefect(world: World) -> None:
    deals = world.deals("orders", 20)
    for amount in (2, 3, 4):
        world.crm.update_deals(deals, DealChanges(amount=Money(Decimal(amount), "USD")))
    until("all is done", lambda: world.states("orders") == {"done": 60}, seconds=90)
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 3))
    assert world.query("select max(attempts) from dw_effects where automation = 'orders'") == [(1,)]
    for deal in deals:
        told = [task.text for task in world.crm.tasks(deal)]
        assert [text.split()[1][:1] for text in told] == ["2", "3", "4"], told
    world.all_recorded("orders")
    windows = world.windows("orders")
    shown = Counter[str]()
    for _, _, _, run in windows:
        assert world.state(str(run)) == ("COMPLETED", "Done")
        of_run = {"flow_runs": {"id": {"any_": [run]}}}
        tasks = world.asks("POST", "/task_runs/filter", of_run)
        shown.update(task["name"] for task in tasks)
        for task in tasks:
            assert task["state"]["type"] == "COMPLETED"
        tables = {"artifacts": {"flow_run_id": {"any_": [run]}, "type": {"any_": ["table"]}}}
        assert world.asks("POST", "/artifacts/count", tables) == (1 if tasks else 0)
    assert {"call", "note"} <= set(shown)
    assert max(shown.values()) <= len(windows)
    assert len(windows) <= 4


def test_pause_holds_new_work_and_what_is_piled_is_worked_off_afterwards(world: World) -> None:
    world.pause("pauses", True)
    deals = world.deals("pauses", 5)
    until("they are routed", lambda: world.states("pauses") == {"ready": 5})
    before = world.windows("pauses")
    world.pause("pauses", False)
    assert before == []
    until("all is done", lambda: world.states("pauses") == {"done": 5})
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))


def test_a_quick_run_is_the_record_of_its_window(world: World) -> None:
    world.all_recorded("pauses")
    pressed = {"state": {"type": "SCHEDULED", "message": "Run from the Prefect UI"}, "parameters": {}}
    run = world.asks("POST", f"/deployments/{world.deployment('pauses')['id']}/create_flow_run", pressed)["id"]
    world.ends(run, ("COMPLETED", "Done"))
    (window,) = [window for window in world.windows("pauses") if window[3] == run]
    assert window[2]
    world.all_recorded("pauses")


def test_cancel_ends_the_window_pauses_and_the_rest_is_done_later(world: World) -> None:
    deals = world.deals("cancels", 500)
    run = world.open_run("cancels")
    until("it has begun", lambda: world.sent("cancels") > 0)
    world.press(run, "CANCELLING", "Cancelling")
    world.ends(run, ("CANCELLED", "Cancelled"))
    until("it is paused", lambda: world.is_paused("cancels"), seconds=10)
    assert world.deployment("cancels")["paused"] is True
    states = world.states("cancels")
    assert states["ready"] > 0
    assert "running" not in states
    world.pause("cancels", False)
    until("all is done", lambda: world.states("cancels") == {"done": 500}, seconds=90)
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))


def test_suspend_rests_until_resume_and_then_the_run_goes_on(world: World) -> None:
    deals = world.deals("suspends", 600)
    run = world.open_run("suspends")
    world.press(run, "PAUSED", "Suspended")
    until("it is paused", lambda: world.is_paused("suspends"), seconds=15)
    until("nothing is in flight", lambda: "running" not in world.states("suspends"))
    assert world.states("suspends")["ready"] > 0
    world.asks("POST", f"/flow_runs/{run}/resume", {})
    until("it goes on", lambda: not world.is_paused("suspends"), seconds=30)
    until("all is done", lambda: world.states("suspends") == {"done": 600}, seconds=90)
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))
    world.ends(run, ("COMPLETED", "Done"))


def test_retry_of_a_run_retries_what_its_window_left_failed(world: World) -> None:
    world.refuse(True)
    deals = world.deals("retries", 3)
    until("all have failed", lambda: world.states("retries") == {"failed": 3})
    world.all_recorded("retries")
    run = str(world.windows("retries")[-1][3])
    assert world.state(run) == ("FAILED", "Failed")
    world.refuse(False)
    world.press(run, "SCHEDULED", "AwaitingRetry")
    until("they are done", lambda: world.states("retries") == {"done": 3})
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))
    world.ends(run, ("COMPLETED", "Done"))
    assert {window[3] for window in world.windows("retries")} == {run}


def test_a_worker_killed_in_the_middle_of_its_window_loses_nothing_and_does_nothing_twice(world: World) -> None:
    deals = world.deals("kills", 300)
    run = world.open_run("kills")
    until("it has begun", lambda: world.sent("kills") > 0)
    pid = world.query(
        "select workers.pid from windows join workers on workers.id = windows.worker where windows.run_id = %s", run
    )[0][0]
    if world.driver == "local":
        assert pid == world.up.process.pid
        world.restart_up()
    else:
        os.kill(pid, signal.SIGKILL)
    world.ends(run, ("CRASHED", "Crashed"))
    until("all is done", lambda: world.states("kills") == {"done": 300}, seconds=120)
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))
    assert len({window[3] for window in world.windows("kills")}) > 1
    assert world.query("select count(*) from dw_effects where automation = 'kills' and state <> 'sent'") == [(0,)]


def test_an_engine_that_is_killed_and_started_again_goes_on(world: World) -> None:
    before = world.states("pauses").get("done", 0)
    deals = world.deals("pauses", 5)
    world.restart_up()
    until("all is done", lambda: world.states("pauses") == {"done": before + 5})
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))
    assert world.query("select count(*) from asked_windows") == [(0,)]


def test_while_prefect_is_away_the_local_driver_works_on_and_the_other_waits(world: World) -> None:
    until("all windows are closed", lambda: all(closed for _, _, closed, _ in world.windows("outages")))
    world.prefect.child.kill()
    deals = world.deals("outages", 5)
    if world.driver == "local":
        until("all is done", lambda: world.states("outages") == {"done": 5})
    else:
        until("a window is asked for", lambda: world.query("select run_id from asked_windows") == [(None,)])
        assert world.states("outages") == {"ready": 5}
    asyncio.run(world.prefect.start())
    until("all is done", lambda: world.states("outages") == {"done": 5}, seconds=90)
    assert world.tasks(deals) == Counter(dict.fromkeys(deals, 1))
    world.all_recorded("outages")
    for _, _, _, run in world.windows("outages"):
        assert world.state(str(run)) == ("COMPLETED", "Done")


def test_without_a_worker_a_window_is_asked_for_once_and_status_says_that_nobody_takes_it(world: World) -> None:
    if world.driver == "local":
        pytest.skip("the local driver asks nobody")
    assert world.worker is not None
    world.worker.end()
    world.all_recorded("pauses")
    before = world.states("pauses").get("done", 0)
    first = world.deals("pauses", 2)
    until("it is asked for", lambda: world.query("select count(*) from asked_windows where run_id is not null")[0][0])
    later = world.deals("pauses", 2)
    until("they are routed", lambda: world.states("pauses").get("ready") == 4)
    ((asked, run),) = world.query("select id, run_id from asked_windows")
    assert world.state(run)[0] == "SCHEDULED"
    told = json.loads(world.typed("status", "--json"))["prefect"]
    assert told["windows_asked"] == 1
    assert told["asked_seconds"] > 0
    world.start_worker()
    until("all is done", lambda: world.states("pauses") == {"done": before + 4}, seconds=90)
    assert world.tasks([*first, *later]) == Counter(dict.fromkeys([*first, *later], 1))
    assert [window[0] for window in world.windows("pauses")][-1] == asked
