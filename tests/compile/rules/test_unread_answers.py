"""What an event or a lookup tells and nothing reads is told (DW264), with what may have been meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

LOOKUP = """
r = Automation(
    key="r",
    on=entered(Sales.quoted),
    do=[
        vies := lookup("vies", at="vies:/check", ask={{"vat": deal.title}}, gives={{{gives}}}, on_error=[stop()]),
        {then},
    ],
)
"""
BOTH = '"valid": bool, "name": str'
NAMED = 'branch("b", case(vies["name"].is_set(), add_tags("g", "known")))'
VALID = 'branch("b", case(vies.valid.is_true(), add_tags("g", "valid")))'
FILES = {
    "flag": (BOTH, NAMED, "nothing reads valid of what 'vies' is given, be it yes or no"),
    "only_named_in_a_text": (BOTH, 'add_note("n", text="{{ steps.vies.name }}")', ""),
    "flag_read": (BOTH, VALID, ""),
    "flag_in_a_text": (BOTH, 'add_note("n", text="{{ steps.vies.valid }} {{ steps.vies.name }}")', ""),
    "may_be_missing": ('"valid": bool | None, "name": str', NAMED, ""),
    "asked_whether_there_is_one": ('"valid": bool', 'add_tags("g", "there")', ""),
    "asked_in_a_second_branch": (BOTH, f"{NAMED}, {VALID}".replace('"b"', '"c"', 1), ""),
    "two_flags": ('"valid": bool, "active": bool', VALID, "nothing reads active of what 'vies' is given"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {name: example_file(LOOKUP.format(gives=gives, then=then)) for name, (gives, then, _) in FILES.items()}
    listed = check_files(tmp_path_factory.mktemp("unread") / "company", files)
    return {name: [each.message for each in of if each.code in ("DW264", "DW203")] for name, of in listed.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_flag_that_was_asked_for_and_is_not_read_is_told(found: dict[str, list[str]], name: str) -> None:
    told = FILES[name][2]
    assert [message[: len(told)] for message in found[name]] == ([told] if told else [])


EVENT = """
class Result(OutsideEvent):
    key = "exam.result"
    number, held_on = Text(), Day()
    match = Match(by=[(number, deal.reference)], in_=[Sales])


r = Automation(key="r", on=event_received(Result), {again}do=[add_tags("g", "examined")])
"""


def test_a_field_that_only_once_per_value_would_count_says_so(tmp_path: Path) -> None:
    again = {"each": "", "once": "again=once(per=deal), ", "value": "again=once(per=value), "}
    files = {name: example_file(EVENT.format(again=text)) for name, text in again.items()}
    found = check_files(tmp_path / "company", files)
    hints = {name: [each.hint for each in listed if each.code == "DW264"] for name, listed in found.items()}
    assert hints == {
        "each": ["read it, or take it out"],
        "once": ["read it, take it out, or write again=once(per=value), if each new event counts"],
        "value": [],
    }
