"""again= that leaves out the events an automation is about is told (DW417)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
class Line(Record, key="line"):
    ready = Flag("Ready")


class Own(DealFields):
    visit_on, at = Day("Visit"), Moment("Meeting")
    score = Number("Score")


own = Own()
lines = deal.records(Line)
every = case(lines.all(Line.ready.is_true()), set_task("hand", text="Hand over", due=days(1)))
any_ = case(lines.any(Line.ready.is_true()), set_task("hand", text="Hand over", due=days(1)))
lose = move_deal("lose", to=Sales.lost, reason="Price")
r = Automation(key="r", on={on}, {more}when=[{when}], again={again}, do=[{do}])
"""
CHANGED, BRANCH = "record_updated(Line, fields=[Line.ready])", 'branch("all", {})'
MAIL = 'send_email("mail", to=deal.main_contact, subject="Hello", text="We come on {}.")'
VISIT, PUT_OFF = "deal_updated(fields=[own.visit_on])", MAIL.format("{{ deal.visit_on }}")
DEAL, PERSON = "once(per=deal)", "once(per=person)"
LEAVES = "exit_on=[stage_changed(from_=Sales.quoted)], "


def rule(do: str, again: str = DEAL, *, on: str = CHANGED, when: str = "Line.ready.is_true()", more: str = "") -> str:
    return example_file(RULE.format(on=on, when=when, again=again, do=do, more=more))


def of_date(do: str, again: str = DEAL, *, on: str = VISIT, when: str = "deal.main_contact.email.is_set()") -> str:
    return rule(do, again, on=on, when=when)


def of_person(do: str, again: str = PERSON) -> str:
    return rule(do, again, on="entered(Sales.quoted)", when="deal.amount > 5", more=LEAVES)


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    listed = ("DW417", "DW9")
    found = check_files(folder / "company", files)
    return {name: [each.message for each in found[name] if each.code.startswith(listed)] for name in files}


def test_all_records_are_asked_for_at_the_first_one_alone(tmp_path: Path) -> None:
    files = {
        "changed": rule(BRANCH.format("every")),
        "added": rule(BRANCH.format("every"), on="record_added(Line)"),
        "per_person": rule(BRANCH.format("every"), PERSON),
        "with_more": rule('branch("all", case(lines.all(Line.ready.is_true()) & (deal.amount > 5), lose))'),
    }
    message = (
        "again= of 'r' lets it act for the first record of a deal alone, and 'all' asks about all of them: when the"
        " last one has come so far, nobody asks"
    )
    assert told(tmp_path, files) == {name: [message] for name in files}


def test_records_that_are_asked_for_each_time_or_once_they_are_so_are_left_alone(tmp_path: Path) -> None:
    fine = {
        "per_record": rule(BRANCH.format("every"), "once(per=record)"),
        "every_event": rule(BRANCH.format("every"), "every_event()"),
        "again_later": rule(BRANCH.format("every"), "once(per=deal, within=days(1))"),
        "any": rule(BRANCH.format("any_")),
        "when": rule(BRANCH.format("every"), when="lines.all(Line.ready.is_true())"),
        "awaited": rule(f'wait_until("u", deal.amount > 5, timeout=days(9)), {BRANCH.format("every")}'),
        "of_a_deal": rule(BRANCH.format("every"), on="entered(Sales.quoted)", when="deal.amount > 5"),
    }
    assert told(tmp_path, fine) == {name: [] for name in fine}


def test_a_customer_is_told_of_a_date_and_not_of_another_one(tmp_path: Path) -> None:
    files = {
        "day": of_date(PUT_OFF),
        "person": of_date(PUT_OFF, PERSON),
        "in_a_case": of_date(f'branch("b", case(deal.amount > 5, {PUT_OFF}))'),
    }
    fine = {
        "value": of_date(PUT_OFF, "once(per=value)"),
        "every_event": of_date(PUT_OFF, "every_event()"),
        "visit": of_date(PUT_OFF, "once(per=stage_visit)"),
        "not_named": of_date(MAIL.format("soon")),
        "close_date": of_date(MAIL.format("{{ deal.close_date }}")),
        "another": of_date(MAIL.format("{{ deal.at }}")),
        "number": of_date(MAIL.format("{{ deal.score }}"), on="deal_updated(fields=[own.score])"),
        "first_one_meant": of_date(
            MAIL.format("{{ deal.close_date }}"),
            on="deal_updated(fields=[deal.close_date])",
            when="event.before.close_date.is_unset()",
        ),
        "colleague": of_date('notify("n", who=deal.owner, text="{{ deal.visit_on }}")'),
    }
    message = (
        "again= of 'r' lets it act at the first change of deal.visit_on alone, and 'mail' tells the customer of it:"
        " when it is put off, they are not told"
    )
    assert told(tmp_path, files | fine) == {name: [message] for name in files} | {name: [] for name in fine}


def test_what_is_done_for_a_deal_is_left_out_for_the_second_deal_of_a_person(tmp_path: Path) -> None:
    tidy, task = 'complete_tasks("tidy")', 'set_task("t", text="Call", due=days(1))'
    files = {
        "closed": of_person('wait("w", days(9)), lose'),
        "tidied": of_person(f'{tidy}, send_event("e", to="bank")'),
        "in_a_case": of_person('branch("b", case(deal.amount > 9, lose)), add_note("n", text="x")'),
    }
    fine = {
        "per_deal": of_person("lose", DEAL),
        "within": of_person("lose", "once(per=person, within=days(30))"),
        "moved_on": of_person('move_deal("on", to=Sales.met)'),
        "told": of_person('send_event("e", to="bank")'),
        "written": of_person('update_deal("u", score=5)'),
        "with_a_task": of_person(f"{tidy}, {task}"),
        "with_a_message": of_person(f"{tidy}, {MAIL.format('soon')}"),
    }
    found = told(tmp_path, files | fine)
    assert found["tidied"] == [
        "again= of 'r' leaves out the second deal of a person, for ever, and what 'tidy' does is done for the deal"
        " alone"
    ]
    assert {name: len(found[name]) for name in files} == dict.fromkeys(files, 1)
    assert {name: found[name] for name in fine} == {name: [] for name in fine}
