"""Slips that `check` told in words that misled, as whole files: each is told with what was meant."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

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
