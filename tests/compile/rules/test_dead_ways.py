"""Ways that nothing goes: exit_on has ended it by then, a step has stopped it, the record itself decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

from dealwright.compile.findings import Finding

OWN = """
class Line(Record, key="line"):
    paid = Flag("Paid")
    number = Number("Number")


class Told(OutsideEvent):
    key = "told"
    code = Text()


lines = deal.records(Line)
r = Automation(key="r", on={on}, exit_on=[{ends}], when=[{when}], again=every_event(), do=[{do}])"""
TASK = 'set_task("t", text="Call", due=days(1))'
MAIL = 'send_email("e", to=deal.main_contact, subject="Hi", text="Hi")'
MAILED = "deal.main_contact.email.is_set()"
WAIT = 'wait("w", days(1))'


def rule(do: str, *, on: str = "entered(Sales.quoted)", when: str = "", ends: str = "") -> str:
    return example_file(OWN.format(on=on, ends=ends, when=when, do=do))


def case_of(condition: str, do: str = TASK) -> str:
    return f'branch("b", case({condition}, {do}))'


def until(late: str) -> str:
    return f'x := wait_until("x", activity_logged(), timeout=days(1), on_timeout=[{late}])'


def asked(late: str = "", yes: str = 'add_note("y", text="Yes")', no: str = 'add_note("n", text="No")') -> str:
    return f'a := ask("a", who=deal.owner, question="Go on?", yes=[{yes}], no=[{no}], within=days(1), late=[{late}])'


AGAIN = 'wait("v", days(1))'
STOP = 'stop("s")'
NOTE = 'add_note("n", text="N")'
PAID = {"on": "record_updated(Line)", "when": "Line.paid.is_true()"}
LATE = 'add_note("l", text="Late"), stop("z")'
DEAD = {
    "left_by_exit": rule(f"{WAIT}, {case_of('deal.stage == Sales.met')}", ends="stage_changed(from_=Sales.quoted)"),
    "entered_by_exit": rule(f"{WAIT}, {case_of('deal.stage == Sales.won')}", ends="entered(Sales.won)"),
    "any_move": rule(f"{WAIT}, {case_of('deal.stage != Sales.quoted')}", ends="stage_changed()"),
    "every_way_there": rule(
        f"{WAIT}, {case_of('deal.stage == Sales.lost')}", ends="entered(Sales.won), stage_changed(to=Sales.lost)"
    ),
    "behind_its_own_move": rule(
        f'move_deal("m", to=Sales.quoted), {WAIT}, {case_of("deal.stage == Sales.won")}',
        on="entered(Sales.met)", ends="entered(Sales.won)",
    ),
    "timed_out": rule(f"{until(LATE)}, {case_of('x.timed_out.is_true()')}"),
    "timed_out_later": rule(f"{until(LATE)}, {WAIT}, " + case_of("x.timed_out.is_true()", AGAIN)),
    "outcome": rule(f"{until(LATE)}, " + case_of("outcome('x') == 'timed_out'")),
    "asked_late": rule(f"{asked(LATE)}, " + case_of("outcome('a') == 'timed_out'")),
    "answer_stopped": rule(f"{asked(no=LATE)}, " + case_of("a.choice == 'no'")),
    "case_stopped": rule(
        'branch("s", case(deal.amount > 100, stop("z")), unset=[]), ' + case_of("deal.amount > 200")
    ),
    "all_of_records": rule(case_of("lines.all(Line.paid.is_false())"), **PAID),
    "all_of_those": rule(case_of("lines.where(Line.paid.is_true()).all(Line.paid.is_false())"), **PAID),
    "all_behind_a_note": rule(f'add_note("n", text="x"), {case_of("lines.all(Line.paid.is_false())")}', **PAID),
    "behind_a_letter": rule(f"{MAIL}, {case_of('deal.amount < 5')}", when=f"{MAILED}, deal.amount > 5"),
    "event_told": rule(
        f"{WAIT}, {case_of('Told.code.is_unset()')}", on="event_received(Told)", when="Told.code.is_set()"
    ),
    "waited_for": rule(
        f'wait_until("x", deal.amount > 5, timeout=days(1), on_timeout=[stop("z")]), {case_of("deal.amount < 5")}'
    ),
}  # fmt: skip
ALIVE = {
    "other_exit": rule(f"{WAIT}, {case_of('deal.stage == Sales.met')}", ends="entered(Sales.won)"),
    "no_exit": rule(f"{WAIT}, {case_of('deal.stage == Sales.met')}"),
    "by_another_way": rule(
        f"{WAIT}, {case_of('deal.stage == Sales.won')}", ends="stage_changed(from_=Sales.met, to=Sales.won)"
    ),
    "own_move": rule(
        f'move_deal("m", to=Sales.won), {WAIT}, {case_of("deal.stage == Sales.won")}', ends="stage_changed()"
    ),
    "only_stops": rule(f"{WAIT}, {case_of('deal.stage == Sales.won', STOP)}, {TASK}", ends="entered(Sales.won)"),
    "goes_on_late": rule(f"{until(NOTE)}, " + case_of("x.timed_out.is_true()")),
    "not_timed_out": rule(f"{until(LATE)}, {case_of('x.timed_out.is_false()')}"),
    "stops_at_times": rule(f"{until(case_of('deal.amount > 5', LATE))}, {case_of('x.timed_out.is_true()')}"),
    "answered": rule(f"{asked(no=LATE)}, " + case_of("a.choice == 'yes'")),
    "unknown_passes": rule(
        'branch("s", case(deal.amount > 100, stop("z"))), ' + case_of("deal.amount.is_unset()")
    ),
    "any_of_records": rule(case_of("lines.all(Line.paid.is_true())"), **PAID),
    "those_without_it": rule(case_of("lines.where(Line.number > 5).all(Line.paid.is_false())"), **PAID),
    "record_removed": rule(
        case_of("lines.all(Line.paid.is_false())"), on="record_removed(Line)", when="Line.paid.is_true()"
    ),
    "record_written": rule(
        f'update_record("u", Line, paid=False), {case_of("lines.all(Line.paid.is_false())")}', **PAID
    ),
    "after_a_while": rule(f"{WAIT}, {case_of('lines.all(Line.paid.is_false())')}", **PAID),
    "changed_meanwhile": rule(f"{WAIT}, {case_of('deal.amount < 5')}", when="deal.amount > 5"),
    "changed_by_itself": rule(
        f'update_deal("u", amount=3), {case_of("deal.amount < 5")}', when="deal.amount > 5"
    ),
}  # fmt: skip
OVER = {
    "asked_before": rule(
        f'{MAIL}, wait_until("x", deal.amount > 0, timeout=days(1))', when=f"deal.amount > 0, {MAILED}"
    ),
    "stage": rule('wait_until("x", deal.stage == Sales.quoted, timeout=days(1))'),
    "own_record": rule(case_of("lines.any(Line.paid.is_true())"), **PAID),
    "own_record_of_those": rule(case_of("lines.where(Line.paid.is_true()).any(Line.paid.is_true())"), **PAID),
}
NOT_OVER = {
    "unset_yet": rule('wait_until("x", deal.amount > 0, timeout=days(1))'),
    "another_amount": rule('wait_until("x", deal.amount > 50, timeout=days(1))', when="deal.amount > 5"),
    "behind_a_wait": rule(f'{WAIT}, wait_until("x", deal.amount > 5, timeout=days(1))', when="deal.amount > 5"),
    "any_other": rule(case_of("lines.any(Line.number > 5)"), **PAID),
    "narrower": rule(case_of("lines.where(Line.number > 5).any(Line.paid.is_true())"), **PAID),
}
JUDGED = {"DW215", "DW235", "DW214", "DW910"}


def judged(found: list[Finding]) -> set[str]:
    return {each.code for each in found if each.code in JUDGED or each.code >= "DW9"}


def told(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    found = check_files(folder / "company", files)
    return {name: judged(listed) for name, listed in found.items()}


@pytest.mark.parametrize(("files", "code"), [(DEAD, {"DW215"}), (ALIVE, set()), (OVER, {"DW235"}), (NOT_OVER, set())])
def test_ways_that_nothing_goes_are_told(files: dict[str, str], code: set[str], tmp_path: Path) -> None:
    assert told(tmp_path, files) == dict.fromkeys(files, code)


def test_it_is_an_error_only_where_nobody_could_have_been_quicker(tmp_path: Path) -> None:
    files = {name: DEAD[name] for name in ("left_by_exit", "timed_out", "all_behind_a_note", "behind_a_letter")}
    found = check_files(tmp_path / "company", files)
    severities = {name: [each.severity for each in listed if each.code == "DW215"] for name, listed in found.items()}
    assert severities == {
        "left_by_exit": ["warning"],
        "timed_out": ["error"],
        "all_behind_a_note": ["warning"],
        "behind_a_letter": ["warning"],
    }
    (left,) = [each for each in found["left_by_exit"] if each.code == "DW215"]
    assert left.message == (
        "case 1 of 'b' is not taken (deal.stage == sales.met):"
        " what is known there excludes it, or exit_on has ended 'r' by then"
    )
