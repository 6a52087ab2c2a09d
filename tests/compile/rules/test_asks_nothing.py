"""Conditions that are always or never true, wherever they stand: `check` told them in few places, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, codes, example_file

NOTE = 'add_note("n", text="Look")'
OWN = """
class Own(DealFields):
    kind, score = Text("Kind"), Number("Score")


class Part(Record, key="part", name="Part"):
    number, amount, paid = Number("No."), Money("Amount"), Flag("Paid")


class Told(OutsideEvent):
    key = "erp.told"


own = Own()
parts = deal.records(Part)
limit = setting("limit", int, default=3, min=1, max=5)
tone = setting("tone", ["soft", "firm"], default="soft")
free = setting("free", int, default=3)


"""
EITHER = '(own.kind != "a") | (own.kind != "b")'
BOTH = "(deal.amount > 3) & (deal.amount < 2)"
LARGE = "parts.where(Part.number > 3)"
SCORE = "points((30, deal.amount > 10), (20, deal.tags.has('x')), (-5, deal.amount < 5))"


def rule(when: str = "[]", do: str = NOTE, *, on: str = "entered(Sales.met)", more: str = "") -> str:
    return f"{OWN}r = Automation(key='r', on={on}, when={when}, do=[{do}]{more})\n"


def criteria(asked: str) -> str:
    return f"""{OWN}
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    seen = Stage("Saw it", task=Task("Call", due=days(1)), entry=Criteria([{asked}], says="x"))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


"""


def segment(asked: str) -> str:
    return rule(on="event_received(Told)", more=f", for_each=Segment(in_=[Sales], where=[{asked}])")


def branch(asked: str) -> str:
    return rule(do=f'branch("b", case({asked}, {NOTE}))')


def wait(asked: str) -> str:
    return rule(do=f'wait_until("w", {asked}, timeout=days(1), on_timeout=[stop()]), {NOTE}')


ALWAYS = {
    "or_of_two_nots": rule(EITHER),
    "or_of_two_denials": rule('~(own.kind == "a") | ~(own.kind == "b")'),
    "set_or_unset": rule("own.kind.is_set() | own.kind.is_unset()"),
    "covers_all": rule("(deal.amount > 5) | (deal.amount <= 7)"),
    "one_of_two": rule(f"[deal.company.is_set(), {EITHER}]"),
    "deep": rule(f"deal.company.is_set() & (deal.tags.has('x') | ({EITHER}))"),
    "case": branch(EITHER),
    "until": wait(EITHER),
    "criteria": criteria(EITHER),
    "segment": segment(EITHER),
    "contact": rule('deal.contacts.any((contact.name != "a") | (contact.name != "b"))'),
    "any_record": rule("parts.any((Part.number != 1) | (Part.number != 2))"),
    "of_records": rule("parts.where((Part.number != 1) | (Part.number != 2)).count > 0"),
    "of_points": rule(do=f'update_deal("u", score=points((5, {EITHER}), (3, deal.tags.has("x"))))'),
    "no_points": rule(f"{SCORE} >= -5"),
    "most_points": rule(f"{SCORE} <= 50"),
    "setting": rule("limit <= 5"),
    "options": rule('(tone == "soft") | (tone == "firm")'),
}
NEVER = {
    "denied_always": rule(f"~({EITHER})"),
    "in_a_part": rule(f"deal.company.is_set() | ({BOTH})"),
    "denied": rule(f"~({BOTH}) & deal.company.is_set()"),
    "until": wait(f"[{BOTH}]"),
    "until_of_two": wait("[deal.amount > 3, deal.amount < 2]"),
    "part_of_until": wait(f"deal.company.is_set() | ({BOTH})"),
    "part_of_case": branch(f"deal.company.is_set() | ({BOTH})"),
    "part_of_criteria": criteria(f"deal.company.is_set() | ({BOTH})"),
    "part_of_segment": segment(f"deal.company.is_set() | ({BOTH})"),
    "of_points": rule(do=f'update_deal("u", score=points((5, {BOTH}), (3, own.kind == "a"), (2, deal.tags.has("x"))))'),
    "any_record": rule("parts.any((Part.amount > 3) & (Part.amount < 2))"),
    "all_records": rule("parts.all(Part.paid.is_true() & Part.paid.is_false())"),
    "of_records": rule("parts.where((Part.number > 3) & (Part.number < 2)).count > 0"),
    "total_of_records": rule("parts.where((Part.number > 3) & (Part.number < 2)).total(Part.amount) > 100"),
    "one_that_is_not_meant": rule("parts.where(Part.number > 3).any(Part.number == 2)"),
    "none_and_one": rule("[parts.count == 0, parts.any(Part.number > 3)]"),
    "none_and_all": rule("[parts.count < 1, parts.all(Part.number > 3)]"),
    "none_of_these_and_one": rule(f"[{LARGE}.count == 0, {LARGE}.any(Part.paid.is_true())]"),
    "too_many_points": rule(f"{SCORE} > 50"),
    "too_few_points": rule(f"{SCORE} < -5"),
    "points_of_what_excludes": rule(f"{SCORE} == 45"),
    "points_below_a_setting": rule("points((-5, deal.amount > 10)) >= limit"),
    "setting": rule("limit > 5"),
    "one_setting": rule("[limit > 3, limit < 2]"),
    "same_stage": rule(on="stage_changed(from_=Sales.met, to=Sales.met)"),
    "came_from_there": rule("event.before.stage == Sales.met"),
    "came_from_where_it_goes": rule(
        "event.before.stage == Sales.won", on="stage_changed(from_=[Sales.met, Sales.won], to=Sales.won)"
    ),
    "same_owner": rule("deal.owner == event.before.owner", on="owner_changed()"),
    "same_owner_updated": rule("deal.owner == event.before.owner", on="deal_updated(fields=[deal.owner])"),
    "same_amount": rule("deal.amount == event.before.amount", on="deal_updated(fields=[deal.amount])"),
    "alike_and_not": rule("[deal.company == deal.reference, deal.company != deal.reference]"),
    "alike_and_less": rule("[own.score == free, own.score < free]"),
}
GOOD = {
    "and_of_two_nots": rule('(own.kind != "a") & (own.kind != "b")'),
    "tags": rule('~deal.tags.has("a") | ~deal.tags.has("b")'),
    "unset_or_false": rule("parts.any(Part.paid.is_unset() | Part.paid.is_false())"),
    "gap": rule("(deal.amount > 5) | (deal.amount < 5)"),
    "points": rule(f"{SCORE} >= 50"),
    "points_and_a_setting": rule(f"{SCORE} >= limit"),
    "setting": rule("[limit > 2, free > 100]"),
    "options": rule('tone == "soft"'),
    "records": rule("[parts.count > 0, parts.all(Part.paid.is_true())]"),
    "some_none": rule("[parts.where(Part.number > 3).count == 0, parts.any(Part.number < 3)]"),
    "other_owner": rule("deal.owner != event.before.owner", on="owner_changed()"),
    "same_owner": rule("deal.owner == event.before.owner", on="deal_updated(fields=[deal.owner, deal.amount])"),
    "same_amount": rule("deal.amount == event.before.amount", on="deal_updated(fields=[deal.owner])"),
    "moved": rule(on="stage_changed(from_=[Sales.met, Sales.quoted], to=[Sales.met, Sales.quoted])"),
    "from_one_of_them": rule("event.before.stage == Sales.quoted", on="entered(Sales.met, Sales.quoted)"),
}


def told(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    found = check_files(folder / "company", {name: example_file(text) for name, text in files.items()})
    # Each file has all settings of these examples, and uses few of them.
    return {name: codes(each) - {"DW236"} for name, each in found.items()}


def test_what_is_always_true_is_told_wherever_it_stands(tmp_path: Path) -> None:
    assert told(tmp_path, ALWAYS) == {name: {"DW235"} for name in ALWAYS}


def test_what_is_never_true_is_told_wherever_it_stands(tmp_path: Path) -> None:
    assert told(tmp_path, NEVER) == {name: {"DW214"} for name in NEVER}


def test_what_may_be_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD) == {name: set() for name in GOOD}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            rule(EITHER),
            "deal.kind != 'a' | deal.kind != 'b' is never false: it asks only whether the fields are set",
        ),
        (rule("limit <= 5"), "settings.limit <= 5 is true of every value that the setting may have: it asks nothing"),
        (wait(BOTH), "'w' waits for what never comes true: deal.amount > 3 & deal.amount < 2"),
        (
            rule(on="stage_changed(from_=Sales.met, to=Sales.met)"),
            "'r' never runs: it cannot be that a deal moves from sales.met to sales.met",
        ),
    ],
)
def test_messages_say_what_and_why(tmp_path: Path, text: str, line: str) -> None:
    found = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    assert [each.message for each in found if each.code != "DW236"] == [line]
