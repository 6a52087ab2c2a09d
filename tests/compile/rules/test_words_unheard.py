"""Answers in words that nothing hears (DW409), and answers that are named where none need have come (DW414)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

FILE = """
hello = Template("hello", body="When?", buttons=[Button("today", "Today"), Button("later", "Later")])
single = Template("single", body="When?", buttons=[Button("today", "Today")])

r = Automation(
    key="r", on={on}, when=[deal.main_contact.id.is_set()], again=once(per=person), {more}do=[{do}],
)
{other}
"""
HI = 'send_message("hi", via="crm", template=hello, to=deal.main_contact)'
WAIT = 'answer := wait_until("answer", replied(to="hi"), timeout=days(1), on_timeout=[stop()])'
ON = 'answer := wait_until("answer", replied(to="hi"), timeout=days(1), on_timeout=[{}])'
CALL = 'set_task("call", text="Call {{ deal.title }}", due=days(1))'
TODAY = f'case(hello.pressed("today"), {CALL})'
LATER = 'case(hello.pressed("later"), add_tags("t", "later"))'
SAID = 'add_note("said", text="They wrote: {{ reply.text }}")'
READ = 'set_task("read", text="They wrote: {{ reply.text }}", due=days(1))'


def rule(*do: str, on: str = "entered(Sales.quoted)", more: str = "", other: str = "") -> str:
    return example_file(FILE.format(on=on, do=", ".join((HI, *do)), more=more, other=other))


def branch(*ways: str) -> str:
    return f'branch("which", {", ".join(ways)})'


HEARS = '\ns = Automation(key="s", on=message_received(), when=[deal.amount > 5], again=every_event(), do=[SAID])'
UNHEARD = "'which' answers every button of 'hello', and whoever answers in words hears nothing"
OVER = "'{}' names reply.text, and nobody need have answered: it is gone on, too, when the time of 'answer' is over"
TOLD = {
    "every_button": (rule(WAIT, branch(TODAY, LATER)), UNHEARD),
    "in_one_case": (
        rule(WAIT, branch(f'case(hello.pressed("today") | hello.pressed("later"), {CALL})')),
        UNHEARD,
    ),
    "goes_on_when_it_is_over": (rule(ON.format(CALL.replace("call", "c")), branch(TODAY, LATER)), UNHEARD),
    "on_a_way": (rule(f'branch("b", case(deal.amount > 5, {WAIT}, {branch(TODAY, LATER)}))'), UNHEARD),
    "named_behind": (rule(ON.format(CALL), SAID), OVER.format("said")),
    "named_behind_a_wait": (rule(ON.format(""), 'wait("w", days(1))', SAID), OVER.format("said")),
}
SILENT = {
    "otherwise": rule(WAIT, branch(TODAY, LATER, f"otherwise=[{READ}]")),
    "one_button_of_two": rule(WAIT, branch(TODAY)),
    "the_only_button": rule(
        'send_message("one", via="crm", template=single, to=deal.main_contact)',
        WAIT.replace("hi", "one"),
        branch(TODAY.replace("hello", "single")),
    ).replace(f"{HI}, ", ""),
    "done_for_all_before": rule(WAIT, SAID, branch(TODAY, LATER)),
    "done_for_all_behind": rule(WAIT, branch(TODAY, LATER), SAID),
    "asks_for_words": rule(WAIT, branch(TODAY, LATER, f"case(reply.text.is_set(), {READ})")),
    "heard_elsewhere": rule(WAIT, branch(TODAY, LATER), other=HEARS.replace("SAID", 'add_note("n", text="Look")')),
    "ends": rule(WAIT, SAID),
    "asked_whether_in_time": rule(ON.format(CALL), f'branch("b", case(answer.timed_out.is_false(), {SAID}))'),
    "asked_and_ended": rule(ON.format(""), f'branch("b", case(answer.timed_out.is_true(), {CALL}, stop()))', SAID),
    "asked_what_was_pressed": rule(ON.format(CALL), branch(TODAY.replace("call", "c"), f"otherwise=[{SAID}]")),
    "or_else": rule(ON.format(CALL), SAID.replace("reply.text", "reply.text or 'nothing'")),
    "waited_once_more": rule(
        ON.format('again := wait_until("again", replied(to="hi"), timeout=days(1), on_timeout=[stop()])'), SAID
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("words") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code in ("DW409", "DW414")] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_answers_that_are_not_heard_or_are_not_there_are_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"told_{name}"] == [TOLD[name][1]]


@pytest.mark.parametrize("name", SILENT)
def test_answers_that_are_heard_or_asked_for_are_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
