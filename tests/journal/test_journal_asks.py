"""Windows that are asked of Prefect: bounded, asked once by several engines, opened under their id, carried."""

from __future__ import annotations

import pytest
from journal_world import Open, at_once, created, deal, execute, receive, route, settle

from dealwright.journal import asks
from dealwright.journal.store import Journal


def worked(journal: Journal, deals: int = 1) -> None:
    receive(journal, *(created(f"e{n}", deal(f"d{n}")) for n in range(deals)))
    route(journal)


def dies(journal: Journal, carrier: Journal) -> None:
    """Let the process of a worker be gone, and somebody notice it."""
    execute(journal, "update workers set pid = 2147483646 where id = :id", id=carrier.worker)
    journal.take_over()


def test_one_window_is_asked_for_until_it_is_opened_and_closed(journal: Journal) -> None:
    worked(journal)
    assert journal.ask_windows("acme", "greet", 3) == 1
    assert journal.ask_windows("acme", "greet", 3) == 0
    (asked,) = journal.asked_windows()
    assert (asked.account, asked.automation, asked.run_id) == ("acme", "greet", None)
    journal.note_asked_run(asked.id, "run-1")
    assert journal.asked_windows()[0].run_id == "run-1"
    opened = journal.open_window("acme", "greet", "v", recorded_by="run-1", asked=asked.id)
    assert (opened.id, opened.run_id, opened.carried, opened.phase) == (asked.id, "run-1", True, "opened")
    assert journal.asked_windows() == []
    assert journal.ask_windows("acme", "greet", 3) == 0
    journal.close_window(opened)
    assert journal.ask_windows("acme", "greet", 3) == 1


def test_more_windows_are_asked_for_when_many_lanes_are_due_and_never_more_than_wanted(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "HEADS_PER_WINDOW", 10)
    worked(journal, 25)
    assert journal.ask_windows("acme", "greet", 2) == 2
    assert journal.ask_windows("acme", "greet", 5) == 1
    assert journal.ask_windows("acme", "greet", 5) == 0


def test_engines_that_ask_at_the_same_moment_ask_once(journal: Journal, open_journal: Open) -> None:
    worked(journal)
    other = open_journal()
    found = at_once(*(lambda j=j: j.ask_windows("acme", "greet", 1) for j in (journal, other) for _ in range(4)))
    assert sorted(found) == [0] * 7 + [1]  # type: ignore[type-var]
    assert len(journal.asked_windows()) == 1


def test_a_window_that_was_withdrawn_opens_under_another_id(journal: Journal) -> None:
    worked(journal)
    journal.ask_windows("acme", "greet", 1)
    (asked,) = journal.asked_windows()
    assert journal.withdraw_window(asked.id)
    assert not journal.withdraw_window(asked.id)
    assert journal.open_window("acme", "greet", "v", recorded_by="r", asked=asked.id).id != asked.id


def test_others_wait_only_for_windows_of_other_automations_and_after_a_while(journal: Journal) -> None:
    worked(journal)
    journal.ask_windows("acme", "greet", 1)
    assert not journal.others_wait("acme", "greet", 0.0)
    execute(journal, "update asked_windows set asked_wall = asked_wall - 3000000")
    assert journal.others_wait("acme", "nudge", 2.0)
    assert not journal.others_wait("acme", "nudge", 5.0)


def test_what_a_flow_run_carries_is_left_to_it_until_its_worker_dies(journal: Journal, open_journal: Open) -> None:
    carrier = open_journal()
    opened = carrier.open_window("acme", "greet", "v", recorded_by="run-1")
    assert journal.windows_to_record() == []
    assert [window.id for window in journal.carried_windows()] == [opened.id]
    dies(journal, carrier)
    (left,) = journal.windows_to_record()
    assert (left.id, left.crashed, left.carried, left.run_id) == (opened.id, True, False, "run-1")


def test_a_window_that_closed_before_its_worker_died_is_recorded_as_it_ended(
    journal: Journal, open_journal: Open
) -> None:
    carrier = open_journal()
    carrier.close_window(carrier.open_window("acme", "greet", "v", recorded_by="run-1"))
    assert journal.windows_to_record() == []
    dies(journal, carrier)
    assert [window.crashed for window in journal.windows_to_record()] == [False]


def test_a_run_that_starts_again_retries_what_its_windows_left_failed(journal: Journal) -> None:
    worked(journal)
    opened = journal.open_window("acme", "greet", "v", recorded_by="run-1")
    claimed = journal.claim("acme", "greet", opened.id, 10, 30.0)
    settle(journal, claimed, "failed")
    journal.close_window(opened)
    assert journal.retry_run("run-1", actor="prefect") == 0, "its record is not finished"
    journal.note_recorded(opened.id)
    assert journal.retry_run("run-1", actor="prefect") == 1
    assert journal.has_due("acme", "greet")


def test_a_suspended_run_is_one_until_it_goes_on(journal: Journal) -> None:
    opened = journal.open_window("acme", "greet", "v", recorded_by="run-1")
    assert not journal.run_suspended("run-1")
    assert not journal.resume_run("run-1")
    journal.suspend_window(opened.id, True)
    journal.close_window(opened)
    assert journal.run_suspended("run-1")
    assert [window.id for window in journal.carried_windows()] == [opened.id]
    assert journal.resume_run("run-1")
    assert journal.carried_windows() == []
    assert journal.run_has_windows("run-1")
    assert not journal.run_has_windows("run-2")


def test_windows_of_the_last_hour_are_counted(journal: Journal) -> None:
    for _ in range(3):
        journal.open_window("acme", "greet", "v")
    assert journal.recent_windows("acme", "greet", 3600) == 3
    execute(journal, "update windows set opened_wall = opened_wall - 3601000000")
    assert journal.recent_windows("acme", "greet", 3600) == 0
