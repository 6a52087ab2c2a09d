"""Silencing: on the line, above it, at the head of a statement; with a reason; and never too much."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import FIRST, check_files, example_file

NEVER = """rule = Automation(
    key="rule",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10, deal.amount < 5],{behind}
    do=[set_task("call", text="Call{todo}", due=hours(1))],
)
"""
WHY = "because the price list changes"
CASES = {
    # name: (text, what is left, as CODE or CODE@line of the example)
    "on_the_line": (NEVER.format(behind=f"  # dealwright: ignore[DW214] {WHY}", todo=""), []),
    "above": (f"# dealwright: ignore[DW214] {WHY}\n" + NEVER.format(behind="", todo=""), []),
    "above_with_a_comment_between": (
        f"# dealwright: ignore[DW214] {WHY}\n# and more\n" + NEVER.format(behind="", todo=""),
        [],
    ),
    "on_the_first_line": (
        NEVER.format(behind="", todo="").replace("Automation(", f"Automation(  # dealwright: ignore[DW214] {WHY}", 1),
        [],
    ),
    "several": (
        f"# dealwright: ignore[DW214, dw304] {WHY}\n" + NEVER.format(behind="", todo=" TODO"),
        [],
    ),
    "another_code": (
        f"# dealwright: ignore[DW213] {WHY}\n" + NEVER.format(behind="", todo=""),
        ["DW921@1", "DW214@5"],
    ),
    "one_of_two": (
        f"# dealwright: ignore[DW214] {WHY}\n" + NEVER.format(behind="", todo=" TODO"),
        ["DW304@6"],
    ),
    "too_far_above": (
        f"# dealwright: ignore[DW214] {WHY}\n\n" + NEVER.format(behind="", todo=""),
        ["DW921@1", "DW214@6"],
    ),
    "no_reason": ("# dealwright: ignore[DW214]\n" + NEVER.format(behind="", todo=""), ["DW920@1"]),
    "empty_reason": ("# dealwright: ignore[DW214] because ...\n" + NEVER.format(behind="", todo=""), ["DW920@1"]),
    "no_code": (f"# dealwright: ignore[] {WHY}\nx = 1\n", ["DW920@1"]),
    "unreadable": ("# dealwright: ignore DW214\nx = 1\n", ["DW920@1"]),
    "unknown_code": (f"# dealwright: ignore[DW199] {WHY}\nx = 1\n", ["DW922@1"]),
    "unused": (f"# dealwright: ignore[DW101] {WHY}\nx = 1\n", ["DW921@1"]),
    "in_a_text": ('x = "# dealwright: ignore[DW101]"\n', []),
    "stage": (
        'class Odd(Pipeline, key="odd"):\n    incoming = Incoming()\n'
        f'    talk = Stage("Negotiation", task=Task("Call", due=days(1)))  # dealwright: ignore[DW101] {WHY}\n'
        "    won = Won()\n    lost = Lost()\n",
        [],
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {name: example_file(text) for name, (text, _) in CASES.items()}
    checked = check_files(tmp_path_factory.mktemp("silences") / "company", files)
    return {name: [f"{each.code}@{each.line - FIRST + 1}" for each in several] for name, several in checked.items()}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_silence_leaves_what_it_does_not_name(name: str, found: dict[str, list[str]]) -> None:
    assert found[name] == CASES[name][1]


def test_what_keeps_a_file_from_being_used_cannot_be_silenced(tmp_path: Path) -> None:
    text = (
        f"x = 1 / 0  # dealwright: ignore[DW900] {WHY}\n"
        f"y = deal.stage and deal.amount > 1  # dealwright: ignore[DW211] {WHY}\n"
    )
    found = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    assert [each.code for each in found] == ["DW900", "DW923", "DW211", "DW923"]
