"""Tags and tasks that are looked for under nearly the name that they have are told (DW258)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

RULE = """
first = Automation(key="first", on={on}, when=[{when}], again=every_event(), do=[{do}])
second = Automation(key="second", on=entered(Sales.quoted), do=[{other}])
"""
NOTE = 'add_note("n", text="Seen")'
CALL = 'set_task("t", text="{}", due=days(1))'
ADDED, UPDATED = "entered(Sales.met)", "deal_updated(fields=[deal.amount])"


def rule(do: str = NOTE, *, other: str = 'add_note("o", text="Seen")', when: str = "", on: str = UPDATED) -> str:
    return example_file(RULE.format(on=on, when=when, do=do, other=other))


def tag(sought: str, added: str) -> str:
    return rule(f'remove_tags("r", "{sought}")', other=f'add_tags("a", "{added}")')


def task(sought: str, text: str) -> str:
    return rule(f'complete_tasks("c", with_text="{sought}")', other=CALL.format(text))


def completed(sought: str, text: str) -> str:
    return rule(when=f"event.task.text {sought}", on="task_completed()", other=CALL.format(text))


TOLD = {
    "one_s": (tag("vips", "vip"), "'vips'"),
    "two_in_one": (rule(when='~deal.tags.has("imported, spam")'), "'imported, spam' is one tag, with a comma in it"),
    "one_s_less": (tag("vip", "vips"), "'vip'"),
    "a_letter": (tag("larg-deal", "large-deal"), "'larg-deal'"),
    "a_letter_of_a_short_word": (tag("do-not-cal", "do-not-call"), "'do-not-cal'"),
    "capitals": (tag("VIP", "vip"), "'VIP'"),
    "dashes": (tag("high_season", "high-season"), "'high_season'"),
    "spaces_and_capitals": (tag("High season", "high-season"), "'High season'"),
    "last_word": (task("about the offer", "Call {{ deal.title }} about the quote."), "'about the offer'"),
    "accents": (tag("medico", "médico"), "'medico'"),
    "another_alphabet": (tag("v\u0456p", "vip"), "'v\u0456p'"),
    "asked": (rule(when='~deal.tags.has("spamer", "other")', other='add_tags("a", "spammer")'), "'spamer'"),
    "asked_in_a_case": (
        rule('branch("b", case(deal.tags.has("urgnt"), stop("s")))', other='add_tags("a", "urgent")'),
        "'urgnt'",
    ),
    "given_to_a_new_deal": (
        rule('remove_tags("r", "renewl")', other='create_deal("c", in_=Sales.met, title="Renewal", tags=["renewal"])'),
        "'renewl'",
    ),
    "given_as_all_tags": (rule('remove_tags("r", "urgnt")', other='update_deal("u", tags=["urgent"])'), "'urgnt'"),
    "twice_right": (
        rule('remove_tags("r", "supplyer")', when='~deal.tags.has("supplier")', other='remove_tags("o", "supplier")'),
        "'supplyer'",
    ),
    "task": (task("Agendar a vista", "Agendar a visita com {{ deal.title }}"), "'Agendar a vista'"),
    "task_of_a_stage": (rule('complete_tasks("c", with_text="Send a quote")'), "'Send a quote'"),
    "small_word_too_many": (task("Book the demo", "Book demo with {{ deal.title }}"), "'Book the demo'"),
    "accents_of_a_task": (task("Llamar al medico", "Llamar al médico"), "'Llamar al medico'"),
    "completed": (completed('== "Book demo"', "Book the demo"), "'Book demo'"),
    "completed_in_capitals": (completed('== "book the demo"', "Book the demo"), "'book the demo'"),
    "completed_one_of_two": (completed('.is_in("Book the dem", "Call")', "Book the demo"), "'Book the dem'"),
}
SILENT = {
    "same": tag("vip", "vip"),
    "by_hand": tag("press", "vip"),
    "short": tag("hot", "not"),
    "numbers": tag("round-1", "round-2"),
    "teams": tag("team-a", "team-b"),
    "number_for_a_letter": tag("wave1", "wavea"),
    "both_added": rule('add_tags("a", "renta")', other='add_tags("b", "venta")', when='deal.tags.has("renta")'),
    "both_by_hand": rule(when='deal.tags.has("renta") | deal.tags.has("venta")'),
    "added_and_asked": rule('add_tags("a", "renta")', when='deal.tags.has("renta") | deal.tags.has("venta")'),
    "task": task("book the demo", "Book the demo with {{ deal.title }}"),
    "part_of_a_task": task("Book", "Book the demo"),
    "task_by_hand": task("Ring them", "Call them"),
    "another_number": task("Call 1 today", "Call 2 today"),
    "another_word": task("Call the customer", "Call the supplier"),
    "last_word_of_two_tasks": rule(
        'complete_tasks("c", with_text="about the offer")',
        other='set_task("t", text="Call about the quote", due=days(1)), set_task("s", text="Ask about the bill",'
        " due=days(1))",
    ),
    "last_word_of_two_words": task("the offer", "Call about the quote"),
    "one_word_in_common": task("Call me", "Call us"),
    "completed": completed('== "Book the demo"', "Book the demo"),
    "completed_another": completed('== "Send the contract"', "Book the demo"),
}


NAMED = {
    "called_as_another": (
        rule('remove_tags("r", "deposit-overdue")', other='add_tags("overdue", "deposit-late")'),
        ["'overdue' adds the tag 'deposit-late', which nothing looks for, and nothing adds 'deposit-overdue'"],
    ),
    "called_as_taken_off": (
        rule('add_tags("not-overdue", "deposit-overdue")'),
        ["'not-overdue' adds the tag 'deposit-overdue', and its name says that it is not so"],
    ),
    # --- near ones
    "taken_off": (
        rule('remove_tags("not-overdue", "deposit-overdue")', other='add_tags("overdue", "deposit-overdue")'),
        [],
    ),
    "no_of_the_tag": (rule('add_tags("no-answer", "no-answer")'), []),
    "no_alone": (rule('add_tags("no", "cold")'), []),
    "looked_for": (
        rule('remove_tags("r", "deposit-overdue", "deposit-late")', other='add_tags("overdue", "deposit-late")'),
        [],
    ),
    "another_subject": (rule('remove_tags("r", "bill-overdue")', other='add_tags("overdue", "deposit-late")'), []),
}


def test_a_step_that_is_called_otherwise_than_its_tag_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = check_files(tmp_path_factory.mktemp("named") / "company", {name: text for name, (text, _) in NAMED.items()})
    messages = {name: [each.message for each in listed if each.code == "DW258"] for name, listed in found.items()}
    assert messages == {name: told for name, (_, told) in NAMED.items()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("near_words") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW258"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_looked_for_under_nearly_its_name_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert TOLD[name][1] in message.split(", which is nearly ")[0]


@pytest.mark.parametrize("name", SILENT)
def test_what_people_may_write_by_hand_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
