"""DW413, DW414, DW315: ids asked for as words, answers where nobody has answered, and subjects that are always cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import snippet

HELLO = """
hello = Template("hello", body="When?", buttons=[Button("today", "Today, please"), Button("later", "later")])
rule = Automation(
    key="rule", on=deal_created(in_=Sales), when=[deal.main_contact.id.is_set()], again=once(per=deal),
    do=[
        send_message("hello", via="crm", template=hello, to=deal.main_contact),
        wait_until("answer", replied(to="hello"), timeout=days(1), on_timeout=[stop()]),
        branch("when", case({asked}, add_note("n", text="Seen"))),
    ],
)
"""
ASK = """
rule = Automation(key="rule", on=entered(Sales.met), do=[
    {before}
    ask("may", who=deal.owner, question="May we?", yes=[{yes}], within=hours(4), late=[{late}]),
    {behind}
])
"""
NOTE = 'add_note("n{}", text="{}")'
MAIL = """
rule = Automation(
    key="rule", on=entered(Sales.met), when=[deal.main_contact.email.is_set()], again=once(per=deal),
    do=[send_email("mail", to=deal.main_contact, subject={subject!r}, text="Hello.")],
)
"""


def told(folder: Path, text: str, code: str) -> list[str]:
    """Return what one code says."""
    found = snippet(folder, text)
    assert not {each.code for each in found} - {code, "DW218", "DW270", "DW217"}, found
    return [each.message for each in found if each.code == code]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('reply.text == "today"', True),
        ('[deal.amount > 5, reply.text == "today"]', True),
        ('reply.text.is_in("today", "now")', True),
        ('hello.pressed("today")', False),
        ('reply.button == "today"', False),
        ('reply.text == "Today, please"', False),
        # what stands on the button may well be written
        ('reply.text == "later"', False),
    ],
)
def test_a_buttons_id_that_is_asked_for_as_words_is_told(tmp_path: Path, asked: str, found: bool) -> None:
    assert len(told(tmp_path, HELLO.format(asked=asked), "DW413")) == found


@pytest.mark.parametrize("what", ["answer.note", "answer.by", "answer.choice"])
def test_an_answer_that_nobody_gave_is_told(tmp_path: Path, what: str) -> None:
    named, plain = NOTE.format(1, f"So: {{{{ {what} }}}}"), NOTE.format(2, "No answer")
    text = ASK.format(before="", yes=plain, late=named, behind="")
    assert told(tmp_path, text, "DW414") == [
        f"'n1' names {what}, and nobody has answered 'may' there: late= is done when no answer has come"
    ]
    inside = f'branch("b", case(deal.amount > 5, {named}))'
    assert len(told(tmp_path / "inside", ASK.format(before="", yes=plain, late=inside, behind=""), "DW414")) == 1


def test_an_answer_that_somebody_gave_is_not(tmp_path: Path) -> None:
    named, plain = NOTE.format(1, "So: {{ answer.choice }}"), NOTE.format(2, "No answer")
    assert told(tmp_path, ASK.format(before="", yes=named, late=plain, behind=f"{NOTE.format(3, 'x')},"), "DW414") == []
    earlier = 'ask("first", who=deal.owner, question="And?", yes=[], within=hours(4), late=[stop()]),'
    text = ASK.format(before=earlier, yes=plain, late=named, behind="")
    assert told(tmp_path / "two", text, "DW414") == []


BY = 'add_note("by", text="{{ answer.by }} said so")'
NO = 'add_note("no", text="{{ answer.by }} did not")'
LATE = 'set_task("late", text="Decide", due=hours(4))'
STAMP = 'add_note("stamp", text="Seen")'
BEHIND = [
    (LATE, BY, True),
    (LATE, BY.replace("answer.by", "answer.choice"), True),
    (LATE, f'branch("b", case(deal.amount > 5, {BY}))', True),
    (LATE, f'branch("b", case(answer.choice == "yes", {STAMP})), {BY}', True),
    (LATE, BY.replace("answer.by", "answer.by or 'Nobody'"), False),
    (LATE, BY.replace("answer.by", "answer.note"), False),
    (f"{LATE}, stop()", BY, False),
    (LATE, f'branch("b", case(answer.note.is_set(), {BY}))', False),
    (LATE, f'branch("b", case(answer.choice == "yes", {BY}), otherwise=[{NO}])', False),
    (LATE, f'branch("b", case(answer.by.is_unset(), stop())), {BY}', False),
    (LATE, STAMP, False),
]


@pytest.mark.parametrize(("late", "behind", "found"), BEHIND)
def test_an_answer_that_need_not_have_come_is_told_behind_the_question(
    tmp_path: Path, late: str, behind: str, found: bool
) -> None:
    text = ASK.format(before="", yes=NOTE.format(1, "Yes"), late=late, behind=f"{behind},")
    messages = told(tmp_path, text.replace("    ask(", "    answer := ask("), "DW414")
    assert len(messages) == found, messages
    assert all(" and nobody need have answered 'may': it is gone on, too, behind late=" in each for each in messages)


def test_an_answer_is_there_in_its_own_way(tmp_path: Path) -> None:
    assert told(tmp_path, ASK.format(before="", yes=BY, late=LATE, behind=""), "DW414") == []


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("x" * 251, True),
        ("x" * 250, False),
        ("x" * 245 + "{{ deal.owner.first_name }}{{ deal.title }}", False),
        ("x" * 251 + "{{ deal.title }}", True),
        ("x" * 200 + "{% if deal.amount %}" + "y" * 100 + "{% endif %}", False),
    ],
)
def test_a_subject_that_is_always_cut_is_told(tmp_path: Path, subject: str, found: bool) -> None:
    assert len(told(tmp_path, MAIL.format(subject=subject), "DW315")) == found
