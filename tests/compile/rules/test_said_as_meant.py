"""Slips that `check` told in words that misled, as whole files: each is told with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    kind = Text("Kind")


class Firm(CompanyFields):
    segment = Text("Segment")


class Part(Record, key="part", name="Part"):
    number, paid = Number("No."), Flag("Paid")


class Told(OutsideEvent):
    key = "erp.told"
    number = Text("No.")


own = Own()
parts = deal.records(Part)
closers = Role("closers")
hello = Template("hello", body="Hi", buttons=[Button("yes", "Yes")])
free = Message("Hello")


"""
NOTE = 'add_note("n", text="Look")'


def rule(when: str = "[]", do: str = NOTE, *, on: str = "entered(Sales.met)") -> str:
    return f"r = Automation(key='r', on={on}, when={when}, do=[{do}])\n"


def told(folder: Path, files: dict[str, str]) -> dict[str, list[tuple[str, str, str]]]:
    found = check_files(folder / "company", {name: example_file(text) for name, text in files.items()})
    return {name: [(each.code, each.message, each.hint) for each in findings] for name, findings in found.items()}


JOINED = "`|` and `&` bind before comparisons: parentheses are missing"
CHAINS = {
    "or": ("[deal.amount > 5 | deal.amount < 3]", JOINED, "write (deal.amount > 5) | (deal.amount < 3)"),
    "and": ("deal.amount > 5 & deal.amount != 9", JOINED, "write (deal.amount > 5) & (deal.amount != 9)"),
    "three": (
        "[deal.company == 'a' | deal.company == 'b' & deal.amount > 1]",
        JOINED,
        "write (deal.company == 'a') | (deal.company == 'b') & (deal.amount > 1)",
    ),
    "chain": (
        "[0 < deal.amount < 9]",
        "a chain of comparisons keeps the last one only",
        "write two comparisons: (deal.amount > 0) & (deal.amount < 9)",
    ),
}


def test_missing_parentheses_are_told_as_that_and_not_as_a_chain(tmp_path: Path) -> None:
    found = told(tmp_path, {name: rule(when) for name, (when, _, _) in CHAINS.items()})
    assert found == {name: [("DW211", message, hint)] for name, (_, message, hint) in CHAINS.items()}


SAID = {
    "pressed": ("[free.pressed('yes')]", "free has no 'pressed'", "pressed(...) belongs to a Template with buttons"),
    "near": ("[hello.press('yes')]", "hello has no 'press'", "did you mean pressed?"),
    "none": ("[closers.next()]", "closers has no 'next'", "it has least_loaded, name, round_robin, sticky"),
    "field": ("[Part.numbr > 3]", "Part has no 'numbr'", "did you mean number?"),
    "of_event": ("[Told.numbr == '3']", "Told has no 'numbr'", "did you mean number?"),
    "of_records": ("[Part.count > 3]", "Part has no 'count'", "write deal.records(Part).count"),
    "data": ("[event.data.order == '3']", "event.data is called, and has no 'order'", 'write event.data("order")'),
    "quotes": ("['deal'.amount > 3]", "a text has no 'amount'", "write deal.amount, without quotes"),
    "called": ("[deal.amount() > 3]", "deal.amount is not called", "write deal.amount, without parentheses"),
    "called_with": ("[own.kind('a')]", "own.kind is not called", "compare it: own.kind == ..."),
    "comma": ("[deal.tags.has('a') (deal.amount > 3)]", "a comma is missing here", "write a comma between the two"),
    "first": ("[deal.contacts[0].name == 'a']", "deal.contacts has no parts in [ ]", "one is deal.main_contact"),
    "length": ("[len(parts) > 0]", "parts has no len()", "write parts.count"),
    "loop": ("[each for each in parts]", "cannot be gone over", "asked with any(...)"),
    "many": ("[parts > 3]", "`>` does nothing with the records of a deal and a number", ".count > ..."),
    "own": ("[deal.kind == 'a']", "deal has no 'kind'", "it is a field of Own: write own.kind"),
    "before": ("[event.before.kind == 'a']", "event.before has no 'kind'", "write Own(event.before).kind"),
    "company": ("[deal.company.segment == 'a']", "deal.company has no 'segment'", "write company: Firm = Firm() in"),
    "true": ("[own.kind == true]", "there is no 'true' in this file", "write True"),
    "later": ("[later > 3]", "'later' is not there yet: it is written on line", "move it above this line"),
}


def test_objects_that_are_used_as_pythons_own_are_told_as_they_were_written(tmp_path: Path) -> None:
    later = "later = setting('later', int, default=3)\n"
    found = told(tmp_path, {name: f"{OWN}{rule(when)}\n\n{later}" for name, (when, _, _) in SAID.items()})
    for name, (_, message, hint) in SAID.items():
        assert [each for each in found[name] if message in each[1] and hint in each[2]], (name, found[name])
        assert not [each for each in found[name] if "Error:" in each[1]], name


def test_what_takes_a_text_says_so_of_a_name_without_quotes_and_lengths_are_not_added(tmp_path: Path) -> None:
    conversion = "send_conversion('c', event=Purchase, value=deal.amount)"
    files = {
        "quotes": rule(do=conversion),
        "lengths": rule(do=f"wait('w', days(1) + hours(3)), {NOTE}"),
        "triggers": rule(on="entered(Sales.met) | deal_created()"),
        "delta": rule(do="set_task('t', text='Call', due=timedelta(days=1))"),
    }
    hints = {name: " ".join(each[2] for each in findings) for name, findings in told(tmp_path, files).items()}
    assert 'a text stands in quotes: "Purchase"' in hints["quotes"]
    assert "hours(27)" in hints["lengths"]
    assert "write one automation for each" in hints["triggers"]
    assert "days(2), hours(3)" in hints["delta"]


def test_a_text_that_names_a_field_as_the_file_does_is_told_what_texts_say(tmp_path: Path) -> None:
    text = "add_note('n', text='{{ own.kind }}')"
    found = told(tmp_path, {"own": OWN + rule("[own.kind.is_set()]", text)})["own"]
    hints = [hint for code, _, hint in found if code == "DW302"]
    assert hints == ["did you mean deal.kind? texts name facts of a deal so"]


STAGES = """
class Plans(Pipeline, key="plans", name="Plans"):
    incoming = Incoming()
    asked = Stage("Asked", task=Task("Call", due=days(1)))
    seen = Stage("Saw it", task=Task("Call", due=days(1)), entry=Criteria([event.before.stage == {}], says="x"))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


"""


@pytest.mark.parametrize(
    ("named", "message", "hint"),
    [
        ("Plans.asked", "'Plans' is not there yet: its own stages", "write asked alone, without Plans before it"),
        ("Plans.won", "'Plans' is not there yet: its own stages", "further down is not known yet"),
        ("won", "'won' is not there yet: it is written on line", "move it above this line"),
        ("seen", "'seen' is not there yet: it is being written here", "name it where it is whole"),
    ],
)
def test_a_class_that_is_being_written_is_told_as_that(tmp_path: Path, named: str, message: str, hint: str) -> None:
    (first, *_) = told(tmp_path, {"plans": STAGES.format(named) + rule()})["plans"]
    assert first[1].startswith(message)
    assert hint in first[2]
