"""An exit_on where nothing waits is told (DW243), and a wait with nothing but another wait before it (DW219)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
may = ask("may", who=deal.owner, question="Sure?", yes=[add_tags("y", "sure")], within=working_hours(8), late=[stop()])
hello = send_email("mail", to=deal.main_contact, subject="Hello", text="Do you still want it?")
task = set_task("t", text="Call", due=days(1))
look = lookup("l", at="erp:/a", ask={{"a": deal.title}}, gives={{"b": str}}, on_error=[stop()])
r = Automation(
    key="r", on=entered(Sales.quoted), {more}when=[deal.main_contact.email.is_set()], again=every_event(), do=[{do}]
)
"""
LEAVES = "exit_on=[stage_changed(from_=Sales.quoted)], "


def rule(do: str, more: str = LEAVES) -> str:
    return example_file(RULE.format(do=do, more=more))


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    listed = ("DW243", "DW219", "DW9")
    found = check_files(folder / "company", files)
    return {name: [each.message for each in found[name] if each.code.startswith(listed)] for name in files}


def test_exit_on_is_told_where_nothing_waits(tmp_path: Path) -> None:
    at_once = {
        "task": rule("task"),
        "several": rule('task, add_tags("g", "x")'),
        "cases": rule('branch("b", case(deal.amount > 5, task))'),
        "event": rule("task", "exit_on=[activity_logged()], "),
    }
    message = "exit_on of 'r' has nothing to end: nothing in it waits, and all is done at once"
    assert told(tmp_path, at_once) == {name: [message] for name in at_once}


def test_exit_on_is_left_alone_where_something_may_come_meanwhile(tmp_path: Path) -> None:
    fine = {
        "wait": rule('wait("w", days(1)), task'),
        "wait_in_a_case": rule('branch("b", case(deal.amount > 5, wait("w", days(1)), task))'),
        "until": rule('wait_until("u", deal.amount > 5, timeout=days(1)), task'),
        "ask": rule("may"),
        "lookup": rule("look, task"),
        "message": rule("hello"),
        "looked_at_again": rule("task", LEAVES + "when_within=minutes(5), "),
        "approved": rule("task", LEAVES + 'mode="approve", '),
        "bulk": rule("task", LEAVES + 'priority="bulk", '),
        "none": rule("task", ""),
    }
    assert told(tmp_path, fine) == {name: [] for name in fine}


def test_a_wait_right_behind_another_one_is_told(tmp_path: Path) -> None:
    files = {
        "same": rule('wait("w", days(3)), wait("v", days(2)), task'),
        "in_a_case": rule('branch("b", case(deal.amount > 5, wait("w", days(3)), wait("v", days(2)), task))'),
    }
    fine = {
        "something_between": rule('wait("w", days(3)), task, wait("v", days(2)), hello'),
        "of_other_units": rule('wait("w", days(3)), wait("v", working_hours(1)), task'),
        "in_two_ways": rule(
            'branch("b", case(deal.amount > 5, wait("w", days(3))), otherwise=[task]), wait("v", days(2)), hello'
        ),
        "until": rule('wait("w", days(3)), wait_until("u", deal.amount > 5, timeout=days(3)), task'),
    }
    message = "'v' waits right behind 'w': nothing is done between the two"
    assert told(tmp_path, files | fine) == {name: [message] for name in files} | {name: [] for name in fine}
