"""What is said or done twice, most likely copied and not changed, is told (DW245)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    paid = Flag("Paid")
    number = Number("Number")


class Own(DealFields):
    kind = Choice("Kind", ["a", "b"])
    kinds = Choices("Kinds", ["a", "b"])
    score = Number("Score")
    note = Text("Note")


own = Own()
lines = deal.records(Line)
PHONE = deal.main_contact.phone.is_set()
r = Automation(key="r", on={on}, exit_on=[{ends}], when=[{when}], again=every_event(), do=[{do}])"""
TASK = 'set_task("t", text="Call", due=days(1))'
SAME = 'set_task("s", text="Call", due=days(1))'
OTHER = 'set_task("o", text="Write", due=days(1))'
FIRST = 'update_deal("u", note="x")'
SECOND = 'update_deal("v", note="y")'
NOTE = 'add_note("n", text="{{ deal.amount }}")'
NOTED = 'add_note("m", text="{{ deal.amount }}")'


def rule(do: str = TASK, *, on: str = "entered(Sales.quoted)", when: str = "", ends: str = "") -> str:
    return example_file(OWN.format(on=on, ends=ends, when=when, do=do))


TWICE = {
    "condition": rule(when="PHONE, deal.amount > 5, PHONE"),
    "joined": rule(when="(deal.amount > 5) | own.note.is_set() | (deal.amount > 5)"),
    "both": rule(when="(deal.amount > 5) & (deal.amount > 5)"),
    "option": rule(when='own.kind.is_in("a", "a")'),
    "tag": rule(when='deal.tags.has("a", "a")'),
    "stage": rule(on="entered(Sales.met, Sales.met)"),
    "exit": rule(ends="entered(Sales.won), entered(Sales.won)"),
    "fields": rule(on="deal_updated(fields=[deal.amount, deal.amount])"),
    "trigger": rule(f'wait_until("w", [activity_logged(), activity_logged()], timeout=days(1), on_timeout=[{TASK}])'),
    "added": rule('add_tags("g", "a", "b", "a")'),
    "case": rule(f'branch("b", case([PHONE, PHONE], {TASK}))'),
    "records": rule(f'branch("b", case(lines.any(Line.paid.is_true(), Line.paid.is_true()), {TASK}))'),
    "points": rule('update_deal("u", score=points((10, PHONE), (20, PHONE)))'),
    "task": rule(f"{TASK}, {OTHER}, {SAME}"),
    "note": rule(f"{NOTE}, {NOTED}"),
    "record": rule('create_record("c", Line, number=1), create_record("d", Line, number=1)'),
    "in_a_case": rule(f'branch("b", case(deal.amount > 5, {TASK}, {SAME}))'),
    "ways": rule(f'branch("b", case(deal.amount > 5, {TASK}), otherwise=[{SAME}])'),
    "three_ways": rule(f'branch("b", case(deal.amount > 9, {TASK}), case(deal.amount > 5, {SAME}), otherwise=['
                       f'{TASK.replace(chr(34) + "t" + chr(34), chr(34) + "z" + chr(34))}])'),
    "written_over": rule('update_deal("u", note="x"), update_deal("v", note="y")'),
    "cleared": rule(f'update_deal("u", note="x", score=5), {TASK}, update_deal("v", note=None)'),
}  # fmt: skip
ONCE = {
    "other_conditions": rule(when="PHONE, deal.amount > 5, deal.amount < 50"),
    "named_as_a_tag": rule('add_tags("a", "a")'),
    "another_list": rule(f'branch("b", case(PHONE, {TASK}))', when="PHONE"),
    "in_two_parts": rule(when='own.kind.is_in("a"), deal.tags.has("a")'),
    "points_alike": rule('update_deal("u", score=points((10, PHONE), (10, deal.amount > 5)))'),
    "python_any": rule(when="PHONE") + "\nany([1, 1])\n",
    "after_a_wait": rule(f'{TASK}, wait("w", days(1)), {SAME}'),
    "after_a_wait_in_a_case": rule(f'{TASK}, branch("b", case(PHONE, wait("w", days(1)))), {SAME}'),
    "another_day": rule(f"{TASK}, {SAME.replace('days(1)', 'days(3)')}"),
    "changed_between": rule(f'{NOTE}, update_deal("u", amount=5), {NOTED}'),
    "one_each_way": rule(f'branch("b", case(deal.amount > 5, {TASK}), case(PHONE, {SAME}), otherwise=[{OTHER}])'),
    "two_cases": rule(f'branch("b", case(deal.amount > 5, {TASK}), case(PHONE, {SAME}))'),
    "unset_is_another": rule(f'branch("b", case(deal.amount > 5, {TASK}), otherwise=[{SAME}], unset=[{OTHER}])'),
    "read_by_a_text": rule(f'{FIRST}, add_note("n", text="{{{{ deal.note }}}}"), {SECOND}'),
    "read_by_a_value": rule('update_deal("u", score=1), update_deal("v", score=own.score * 2)'),
    "told_outside": rule('update_deal("u", note="x"), send_event("e", to="erp"), update_deal("v", note="y")'),
    "waited": rule('update_deal("u", note="x"), wait("w", days(1)), update_deal("v", note="y")'),
    "other_fields": rule('update_deal("u", note="x"), update_deal("v", score=5)'),
    "only_in_a_case": rule(f'{FIRST}, branch("b", case(deal.amount > 5, {SECOND}))'),
}  # fmt: skip


@pytest.mark.parametrize(("files", "code"), [(TWICE, {"DW245"}), (ONCE, set())])
def test_what_is_said_or_done_twice_is_told(files: dict[str, str], code: set[str], tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", files)
    judged = {"DW245", "DW910", "DW214"}
    assert {name: {each.code for each in listed} & judged for name, listed in found.items()} == dict.fromkeys(
        files, code
    )


def test_it_is_told_where_the_second_one_stands(tmp_path: Path) -> None:
    text = rule(when="PHONE,\n    PHONE")
    (found,) = [each for each in check_files(tmp_path / "company", {"rules": text})["rules"] if each.code == "DW245"]
    assert (found.message, found.severity) == ("PHONE stands twice in when=", "warning")
    assert text.splitlines()[found.line - 1].startswith("    PHONE]")
