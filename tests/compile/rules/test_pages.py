"""Every page: its bad example is found with its code alone, its good one is clean, and the document is not stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from examples import FIRST, check_files, codes, example_file

from dealwright.compile.findings import Finding
from dealwright.compile.pages import BEGINNING, CODES, rendered
from dealwright.compile.rules import RULES
from dealwright.compile.rules.rule import Rule

ROOT = Path(__file__).resolve().parents[3]
Found = dict[str, list[Finding]]


def _fails_to_load(code: str) -> bool:
    page = CODES[code]
    return (
        code.startswith("DW90")
        or code in {"DW232", "DW233", "DW234", "DW272", "DW303", "DW307", "DW308", "DW407", "DW910", "DW911", "DW912"}
        or (isinstance(page, Rule) and not page.silenceable)
    )


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is found in each bad example; those that cannot be loaded apart, since they hide orphans."""
    folder = tmp_path_factory.mktemp("bad")
    files = {code: example_file(page.bad) for code, page in CODES.items() if page.bad}
    broken = {code: text for code, text in files.items() if _fails_to_load(code)}
    return check_files(folder / "broken", broken) | check_files(
        folder / "whole", {code: text for code, text in files.items() if code not in broken}
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is found in each good example."""
    files = {code: example_file(page.good) for code, page in CODES.items() if page.good}
    return check_files(tmp_path_factory.mktemp("good") / "good", {"beginning": example_file(""), **files})


@pytest.mark.parametrize("code", [code for code, page in CODES.items() if page.bad])
def test_the_bad_example_is_found_with_its_code_alone(code: str, bad: Found) -> None:
    found = bad[code]
    assert codes(found) == {code}
    assert {each.severity for each in found} == {CODES[code].severity}
    last = FIRST + CODES[code].bad.strip().count("\n")
    # These are about the whole file, or about the account that lists two definitions.
    assert all(FIRST <= each.line <= last for each in found) or code in {"DW204", "DW907", "DW913"}
    assert all(each.hint or code.startswith(("DW3", "DW90")) for each in found)


def test_no_rule_finds_anything_in_a_good_example(good: Found) -> None:
    assert {code: [str(each) for each in found] for code, found in good.items() if found} == {}


def test_every_rule_has_a_bad_and_a_good_example_a_reason_and_a_title() -> None:
    for code, page in CODES.items():
        assert page.reason
        assert page.title
        assert (page.bad and page.good) or code in {"DW290", "DW901", "DW902", "DW907", "DW908", "DW909", "DW999"}
    assert len(CODES) == len({page.title for page in CODES.values()})
    assert all(rule.bad and rule.good for rule in RULES)


def test_the_document_is_what_the_rules_say() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert text == rendered(), "docs/rules.md is stale: python -m dealwright.compile.pages"
    assert re.findall(r"^### (DW\d{3}):", text, re.M) == sorted(CODES)
    assert BEGINNING.strip() in text


def test_every_code_that_is_used_has_a_page() -> None:
    files = (file for part in ("language", "compile") for file in (ROOT / "dealwright" / part).rglob("*.py"))
    used = {code for file in files for code in re.findall(r'"(DW\d{3})"', file.read_text(encoding="utf-8"))}
    assert used == set(CODES)
