"""Closed deals hear nothing of their contacts: conditions (DW214, DW215) and waits (DW239) that count on it."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, codes, example_file

RULE = """
r = Automation(key="r", on={on}, {more}when=[{when}], again=every_event(), do=[{do}])
"""
TASK = 'set_task("t", text="Call", due=days(1))'
WAIT = f'wait_until("w", [{{awaited}}], timeout=days(3), on_timeout=[stop("s")]), {TASK}'
HEARD = ("message_received()", "replied()", "contact_updated()")
JUDGED = {"DW214", "DW215", "DW239", "DW910", "DW203"}


def rule(on: str, do: str = TASK, *, when: str = "", more: str = "") -> str:
    return example_file(RULE.format(on=on, when=when, do=do, more=more))


def waits(awaited: str = "replied()", before: str = "", **more: str) -> str:
    return rule(more.pop("on", "entered(Sales.won)"), before + WAIT.format(awaited=awaited), **more)


NEVER = {
    **{f"won {on}": rule(on, when="deal.stage.is_won()") for on in HEARD},
    **{f"stage {on}": rule(on, when="deal.stage == Sales.lost") for on in HEARD},
    "one_of_them": rule("replied()", when="deal.stage.is_in(Sales.won, Sales.lost)"),
}
MAY = {
    "in_a_pipeline_of_the_crm_alone": rule("message_received()", when="~deal.stage.is_open()"),
    "open": rule("replied()", when="deal.stage.is_open()"),
    "two_open_ones": rule("replied()", when="deal.stage.is_in(Sales.quoted, Sales.met)"),
    "task": rule("task_completed()", when="deal.stage.is_won()"),
    "activity": rule("activity_logged()", when="deal.stage.is_won()"),
    "contact_added": rule("contact_added()", when="deal.stage.is_won()"),
    "later": rule("replied()", when="deal.stage.is_won()", more="when_within=days(3), "),
    "after_a_wait": rule("replied()", f'wait("w", days(9)), branch("b", case(deal.stage.is_won(), {TASK}))'),
}
DEAF = {
    "entered": waits(),
    "moved": waits(on="entered(Sales.quoted)", before='move_deal("m", to=Sales.lost, reason="Price"), '),
    "asked_for": waits(on="contact_added()", when="deal.stage.is_won()"),
    "changed": waits("contact_updated(), message_received()"),
    "behind_a_wait": waits(before='wait("d", days(1)), '),
    "in_a_case": rule("deal_updated()", f'branch("b", case(deal.stage.is_won(), {WAIT.format(awaited="replied()")}))'),
    "behind_a_branch": waits(before='branch("b", case(deal.amount > 5, add_tags("x", "big"))), '),
    "behind_a_way_that_ends": waits(
        on="entered(Sales.quoted)",
        before='branch("b", case(deal.amount > 5, move_deal("m", to=Sales.won)), otherwise=[stop("z")], '
        'unset=[stop("y")]), ',
    ),
    "exit": rule("entered(Sales.won)", f'wait("d", days(1)), {TASK}', more="exit_on=[replied()], "),
}
HEARS = {
    "open": waits(on="entered(Sales.quoted)"),
    "one_of_two": waits(on="entered(Sales.quoted, Sales.won)"),
    "other_things_too": waits("replied(), activity_logged()"),
    "opened_again": waits(before='move_deal("m", to=Sales.quoted, only_forward=False), '),
    "opened_by_somebody": waits(
        before='wait_until("o", stage_changed(from_=Sales.won), timeout=days(9), on_timeout=[stop("z")]), '
    ),
    "moved_on_one_way": waits(
        on="entered(Sales.quoted)", before='branch("b", case(deal.amount > 5, move_deal("m", to=Sales.won))), '
    ),
    "exit_before_it_is_won": rule(
        "entered(Sales.quoted)", 'wait("d", days(1)), move_deal("m", to=Sales.won)', more="exit_on=[replied()], "
    ),
    "exit_of_another": rule("entered(Sales.won)", f'wait("d", days(1)), {TASK}', more="exit_on=[contact_removed()], "),
}


def told(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    found = check_files(folder / "company", {name.translate(PLAIN): text for name, text in files.items()})
    return {name: codes(found[name.translate(PLAIN)]) & JUDGED for name in files}


PLAIN = str.maketrans(" ", "_", "()")


def test_conditions_that_ask_for_a_closed_deal_are_never_true(tmp_path: Path) -> None:
    assert told(tmp_path, NEVER) == {name: {"DW214"} for name in NEVER}


def test_conditions_that_a_deal_may_meet_are_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, MAY) == {name: set() for name in MAY}


def test_a_case_for_a_closed_deal_is_never_taken(tmp_path: Path) -> None:
    case = rule("message_received()", f'branch("b", case(deal.stage.is_won(), {TASK}))')
    assert told(tmp_path, {"case": case}) == {"case": {"DW215"}}


def test_waits_of_closed_deals_for_their_contacts_are_told(tmp_path: Path) -> None:
    assert told(tmp_path, DEAF) == {name: {"DW239"} for name in DEAF}


def test_waits_of_deals_that_may_hear_are_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, HEARS) == {name: set() for name in HEARS}


def test_messages_say_what_closed_deals_do_not_hear(tmp_path: Path) -> None:
    files = {"when": NEVER["won replied()"], "wait": DEAF["entered"], "exit": DEAF["exit"]}
    found = check_files(tmp_path / "company", files)
    assert {name: [each.message for each in listed] for name, listed in found.items()} == {
        "when": [
            "'r' never runs: its conditions contradict its trigger, which is that a contact of the deal replies:"
            " a deal that is won or lost hears nothing of it"
        ],
        "wait": [
            "'w' waits where the deal is won or lost, and such a deal never hears that a contact of the deal replies"
        ],
        "exit": [
            "exit_on of 'r' never ends it: the deal is won or lost, and such a deal never hears that a contact of the"
            " deal replies"
        ],
    }
