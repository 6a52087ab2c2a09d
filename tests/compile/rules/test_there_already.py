"""A step that writes what is there already on every way to it is told (DW237)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, codes, example_file

OWN = """
class Line(Record, key="line"):
    paid = Flag("Paid")


class Own(DealFields):
    kind = Choice("Kind", ["a", "b"])
    kinds = Choices("Kinds", ["a", "b"])
    score, vip = Number("Score"), Flag("VIP")
    note, other = Text("Note"), Text("Other")
    fee = Money("Fee")


own = Own()
lines = deal.records(Line)
r = Automation(key="r", on={on}, {more}when=[{when}], again=every_event(), do=[{do}])"""
PRICES = """
class Prices(OutsideEvent):
    key = "prices"
    code = Text()


"""
TASK = 'set_task("t", text="Call", due=days(1))'


def rule(do: str, *, when: str = "", on: str = "entered(Sales.met)", more: str = "") -> str:
    return example_file((PRICES if "Prices" in on else "") + OWN.format(on=on, when=when, do=do, more=more))


THERE = {
    "stage": rule('move_deal("m", to=Sales.met)'),
    "stage_behind_a_task": rule(f'{TASK}, move_deal("m", to=Sales.met)'),
    "stage_behind_tasks_done": rule('complete_tasks("c"), move_deal("m", to=Sales.met)'),
    "stage_behind_a_field": rule('update_deal("u", title="x"), move_deal("m", to=Sales.met)'),
    "lost": rule('move_deal("m", to=Sales.lost, reason="Price")', on="stage_changed(to=Sales.lost)"),
    "stage_asked_for": rule(
        'move_deal("m", to=Sales.met)', when="deal.stage == Sales.met", on="contact_added(in_=Sales)"
    ),
    "text": rule('update_deal("u", note="x")', when='own.note == "x"'),
    "one_of_two": rule('update_deal("u", note="x", other="y")', when='own.note == "x"'),
    "choice": rule('update_deal("u", kind="a")', when='own.kind.is_in("a")'),
    "option_left": rule('update_deal("u", kind="a")', when='own.kind.is_in("a", "b"), own.kind != "b"'),
    "number": rule('update_deal("u", score=5)', when="own.score >= 5, own.score <= 5"),
    "flag": rule('update_deal("u", vip=True)', when="own.vip.is_true()"),
    "amount": rule('update_deal("u", amount=5)', when="deal.amount == 5"),
    "own_amount": rule('update_deal("u", fee=5)', when="own.fee == 5"),
    "amount_in_a_currency": rule('update_deal("u", amount=Money("5", "EUR"))', when='deal.amount == Money("5", "EUR")'),
    "cleared": rule('update_deal("u", note=None)', when="own.note.is_unset()"),
    "itself": rule('update_deal("u", note=own.note)'),
    "another_that_it_is": rule('update_deal("u", note=own.other)', when="own.note == own.other"),
    "tags": rule('add_tags("g", "hot")', when='deal.tags.has("hot")'),
    "no_tags": rule('remove_tags("g", "hot")', when='~deal.tags.has("hot")'),
    "contact": rule(
        'update_contact("u", deal.main_contact, first_name="Ana")', when='deal.main_contact.first_name == "Ana"'
    ),
    "record": rule('update_record("u", Line, paid=True)', when="Line.paid.is_true()", on="record_updated(Line)"),
    "case": rule('branch("b", case(own.kind == "a", update_deal("u", kind="a")))'),
    "otherwise": rule('branch("b", case(own.note.is_set(), stop("s")), otherwise=[update_deal("u", note=None)])'),
    "segment": rule(
        'move_deal("m", to=Sales.met)',
        on="event_received(Prices)",
        more="for_each=Segment(in_=[Sales], where=[deal.stage == Sales.met]), ",
    ),
}
NEWS = {
    "another_stage": rule('move_deal("m", to=Sales.quoted)'),
    "one_of_two_stages": rule('move_deal("m", to=Sales.met)', on="entered(Sales.met, Sales.quoted)"),
    "behind_a_wait": rule('wait("w", days(1)), move_deal("m", to=Sales.met, only_forward=False)'),
    "behind_wait_until": rule(
        f'wait_until("w", deal.amount > 5, timeout=days(1), on_timeout=[{TASK}]), move_deal("m", to=Sales.met)'
    ),
    "in_the_end_of_a_wait": rule(
        'wait_until("w", deal.amount > 5, timeout=days(1), on_timeout=[move_deal("m", to=Sales.met)])'
    ),
    "behind_a_move": rule('move_deal("on", to=Sales.quoted), move_deal("m", to=Sales.met, only_forward=False)'),
    "behind_a_change": rule('update_deal("c", note="y"), update_deal("u", note="x")', when='own.note == "x"'),
    "behind_a_message": rule(
        'send_email("e", to=deal.main_contact, subject="Hi", text="Hi"), update_deal("u", note="x")',
        when='own.note == "x", deal.main_contact.email.is_set()',
    ),
    "behind_a_branch_that_waits": rule(
        'branch("b", case(deal.amount > 5, wait("w", days(1)))), move_deal("m", to=Sales.met)'
    ),
    "looked_at_again": rule(
        'move_deal("m", to=Sales.met, only_forward=False)', more="when_within=days(1), ", when="deal.amount > 5"
    ),
    "either": rule('update_deal("u", kind="a")', when='(own.kind == "a") | own.note.is_set()'),
    "unset": rule('update_deal("u", note="x")', when="own.note.is_unset()"),
    "unknown": rule(
        'branch("b", case(own.note != "x", stop("s")), otherwise=[stop("z")], unset=[update_deal("u", note="x")])'
    ),
    "another_behind_tasks_done": rule('complete_tasks("c"), move_deal("m", to=Sales.quoted)'),
    "another_currency": rule('update_deal("u", amount=5)', when='deal.amount == Money("5", "EUR")'),
    "list": rule('update_deal("u", kinds=["a"])', when='own.kinds.has("a")'),
    "tags_of_which_one": rule('add_tags("g", "hot")', when='deal.tags.has("hot", "new")'),
    "one_more_tag": rule('add_tags("g", "hot", "new")', when='deal.tags.has("hot")'),
    "other_field": rule('update_deal("u", note=own.other)', when="own.other.is_set()"),
    "record_of_many": rule(
        'update_record("u", Line, paid=True)', when="lines.any(Line.paid.is_true())", on="record_updated(Line)"
    ),
}


JUDGED = {"DW237", "DW910"}


def test_what_is_there_already_is_told(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", THERE)
    assert {name: codes(each) & JUDGED for name, each in found.items()} == {name: {"DW237"} for name in THERE}


def test_what_may_be_news_is_not_told(tmp_path: Path) -> None:
    found = check_files(tmp_path / "company", NEWS)
    assert {name: [str(each) for each in told if each.code in JUDGED] for name, told in found.items()} == {
        name: [] for name in NEWS
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stage", "'m' moves the deal to sales.met, where it stands already"),
        ("one_of_two", "'u' writes what is there already wherever it is reached: deal.note = 'x'"),
        ("tags", "'g' adds 'hot', which is on the deal, wherever it is reached"),
        ("no_tags", "'g' takes 'hot' off, which is not on the deal, wherever it is reached"),
    ],
)
def test_messages_say_what_is_written(name: str, message: str, tmp_path: Path) -> None:
    (told,) = check_files(tmp_path / "company", {"rules": THERE[name]})["rules"]
    line = next(at for at, text in enumerate(THERE[name].splitlines(), 1) if text.startswith("r = "))
    assert (told.message, told.line) == (message, line)


def test_a_case_about_where_a_deal_has_gone_since_is_taken(tmp_path: Path) -> None:
    """`when_within` waits, and it was an error that the deal may stand elsewhere than its trigger found it."""
    text = rule(
        f'branch("b", case(deal.stage == Sales.quoted, {TASK}))', more="when_within=days(1), ", when="deal.amount > 5"
    )
    (told,) = check_files(tmp_path / "company", {"rules": text}).values()
    assert codes(told) == set()
