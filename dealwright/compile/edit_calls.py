"""Calls put right: keywords with a slip in them, and values whose name is missing."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Final

import dealwright
from dealwright.compile.edit import Edit, Written, hinted, nearest
from dealwright.compile.findings import Finding
from dealwright.compile.sources import called

RENAMED_KEYWORDS: Final = {
    ("Automation", "conditions"): "when",
    ("Automation", "steps"): "do",
    ("Automation", "trigger"): "on",
    ("ask", "timeout"): "within",
    ("once", "every"): "within",
    ("wait_until", "within"): "timeout",
}
"""Keyword arguments as they are often guessed."""
_GIVING: Final = ("create_contact", "create_deal", "update_company", "update_contact", "update_deal")
"""Steps that give fields by keyword."""


def no_keyword(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A keyword that a call does not take: the one that was meant."""
    name, wrong = told[1], told[2]
    takes = _takes(name)
    meant = RENAMED_KEYWORDS.get((name, wrong)) or nearest(wrong, takes) or hinted(finding, wrong)
    calls = [call for call in _calls(file, name, finding.line) if any(each.arg == wrong for each in call.keywords)]
    if meant is not None and (meant in takes or not takes) and len(calls) == 1:
        yield from _keyword_renamed(file, calls[0], wrong, meant, finding)


def no_own(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A keyword of a step that gives a field, or one of the step's own: the one that was meant."""
    wrong, meant = told[1], hinted(finding, told[1])
    calls = [call for name in _GIVING for call in _calls(file, name, finding.line)]
    calls = [call for call in calls if any(each.arg == wrong for each in call.keywords)]
    if meant is not None and len(calls) == 1:
        yield from _keyword_renamed(file, calls[0], wrong, meant, finding)


def _keyword_renamed(file: Written, call: ast.Call, wrong: str, meant: str, finding: Finding) -> Iterator[Edit]:
    if any(each.arg == meant for each in call.keywords):
        return
    for keyword in call.keywords:
        if keyword.arg == wrong:
            start = file.at(keyword.lineno, keyword.col_offset)
            what = f"{called(call)} takes {meant}=, not {wrong}="
            yield Edit(start=start, end=start + len(wrong), text=meant, what=what, of=finding)


def too_many(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A value without a name, where there is only one name that it can have."""
    name = told[1]
    parameters = list(_takes(name).values())
    named = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    placed = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    calls = [call for call in _calls(file, name, finding.line) if len(call.args) == len(placed) + 1]
    if len(named) != 1 or len(calls) != 1 or any(each.arg in (None, *named) for each in calls[0].keywords):
        return
    value = calls[0].args[-1]
    if not isinstance(value, ast.Starred):
        start, _ = file.span(value)
        yield Edit(start=start, end=start, text=f"{named[0]}=", what=f"{name} takes {named[0]}= by name", of=finding)


def _takes(name: str) -> dict[str, inspect.Parameter]:
    word = vars(dealwright).get(name) if name in dealwright.__all__ else None
    return dict(inspect.signature(word).parameters) if callable(word) else {}


def _calls(file: Written, name: str, line: int) -> list[ast.Call]:
    """The calls of that name on that line: those that begin there, or else those that go over it."""
    found = [node for node in file.nodes() if isinstance(node, ast.Call) and called(node) == name]
    begun = [call for call in found if call.lineno == line]
    return begun or [call for call in found if call.lineno <= line <= (call.end_lineno or call.lineno)]
