"""A wait for what ends the whole automation is told where something is to come of it (DW238)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
class Line(Record, key="line"):
    paid = Flag("Paid")


class Paid(OutsideEvent):
    key = "paid"
    number = Text()


r = Automation(
    key="r",
    on={on},
    exit_on=[{ends}],
    when=[deal.main_contact.email.is_set()],
    again=every_event(),
    do=[
        {first}
        w := wait_until("w", [{awaited}], timeout=days(3), on_timeout=[{late}]),
        {then}
    ],
)
"""
MAIL = 'send_email("mail", to=deal.main_contact, subject="Hi", text="Hi"),'
TASK = 'set_task("offer", text="Send the offer", due=days(1)),'
ASKS = f'branch("b", case(w.timed_out.is_false(), {TASK})),'


def rule(
    ends: str,
    awaited: str,
    *,
    on: str = "entered(Sales.quoted)",
    first: str = "",
    late: str = 'stop("s")',
    then: str = TASK,
) -> str:
    return example_file(RULE.format(ends=ends, awaited=awaited, on=on, first=first, late=late, then=then))


ENDED = {
    "reply": rule("replied()", "replied()", first=MAIL),
    "reply_to_a_step": rule("replied()", 'replied(to="mail")', first=MAIL),
    "message": rule("message_received()", "replied()", first=MAIL),
    "reply_and_more": rule("entered(Sales.lost), replied()", "replied()", first=MAIL),
    "stage": rule("stage_changed()", "entered(Sales.won)"),
    "stage_of_the_pipeline": rule("stage_changed(in_=Sales)", "stage_changed(to=Sales.won)"),
    "stage_left": rule("stage_changed(from_=Sales.quoted)", "entered(Sales.won)"),
    "entered": rule("entered(Sales.won, Sales.lost)", "stage_changed(to=Sales.won)"),
    "owner": rule("deal_updated()", "owner_changed()"),
    "field": rule("deal_updated(fields=[deal.amount, deal.title])", "deal_updated(fields=[deal.amount])"),
    "activity": rule("activity_logged()", 'activity_logged(kind="call")'),
    "event": rule("event_received(Paid)", "event_received(Paid)"),
    "record": rule("record_updated(Line)", "record_updated(Line, fields=[Line.paid])"),
    "asked_how_it_ended": rule("replied()", "replied()", first=MAIL, late="", then=ASKS),
    "answer_is_told": rule(
        "replied()", "replied()", first=MAIL, late="", then='add_note("n", text="{{ reply.text or \'nothing\' }}"),'
    ),
}
GOES_ON = {
    "another_event": rule("entered(Sales.lost)", "replied()", first=MAIL),
    "narrower": rule('replied(to="mail")', "replied()", first=MAIL),
    "narrower_kind": rule('activity_logged(kind="call")', "activity_logged()"),
    "narrower_fields": rule("deal_updated(fields=[deal.title])", "deal_updated()"),
    "narrower_place": rule("task_completed(in_=Sales)", "task_completed()"),
    "other_stage": rule("entered(Sales.lost)", "stage_changed(to=Sales.won)"),
    "from_another_stage": rule("stage_changed(from_=Sales.met)", "entered(Sales.won)"),
    "moved_before": rule(
        "stage_changed(from_=Sales.met)", "entered(Sales.won)", on="entered(Sales.met)",
        first='move_deal("m", to=Sales.quoted),',
    ),
    "only_time_is_waited_for": rule("replied()", "replied()", first=MAIL, late=""),
    "nothing_comes_after": rule("replied()", "replied()", first=MAIL, late=TASK, then=""),
    "a_condition": rule("deal_updated()", "").replace("[], timeout", "deal.amount > 5, timeout"),
}  # fmt: skip


IN_VAIN = {
    "entered": rule("entered(Sales.won)", "").replace("[], timeout", "deal.stage == Sales.won, timeout"),
    "left": rule("stage_changed(from_=Sales.quoted)", "").replace("[], timeout", "deal.stage == Sales.met, timeout"),
    "behind_a_wait": rule("stage_changed()", "", first='wait("v", days(1)),').replace(
        "[], timeout", "deal.stage.is_won(), timeout"
    ),
}
AWAITED = {
    "another_stage": rule("entered(Sales.lost)", "").replace("[], timeout", "deal.stage == Sales.won, timeout"),
    "moved_there": rule("stage_changed()", "", first='move_deal("m", to=Sales.won),').replace(
        "[], timeout", "deal.stage == Sales.won, timeout"
    ),
    "either": rule("entered(Sales.won)", "").replace(
        "[], timeout", "(deal.stage == Sales.won) | (deal.amount > 5), timeout"
    ),
}


def test_a_wait_for_a_stage_at_which_exit_on_ends_it_is_a_warning(tmp_path: Path) -> None:
    files = {**IN_VAIN, **AWAITED}
    assert told(tmp_path, files) == {name: [("DW238", "warning")] if name in IN_VAIN else [] for name in files}


def told(folder: Path, files: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    found = check_files(folder / "company", files)
    return {
        name: [(each.code, each.severity) for each in listed if each.code in ("DW238", "DW910", "DW203", "DW214")]
        for name, listed in found.items()
    }


def test_a_wait_for_what_ends_the_automation_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, ENDED) == {name: [("DW238", "error")] for name in ENDED}


def test_a_wait_that_may_go_on_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, GOES_ON) == {name: [] for name in GOES_ON}


def test_one_of_several_things_that_are_waited_for_is_a_warning(tmp_path: Path) -> None:
    text = rule("replied()", 'replied(), activity_logged(kind="call")', first=MAIL)
    (found,) = [each for each in check_files(tmp_path / "company", {"rules": text})["rules"] if each.code == "DW238"]
    assert found.severity == "warning"
    assert found.message == (
        "'w' waits for what ends 'r', and never goes on for it: a contact of the deal replies"
        " (exit_on: a contact of the deal replies)"
    )
    assert text.splitlines()[found.line - 1].strip().startswith("w := wait_until(")
