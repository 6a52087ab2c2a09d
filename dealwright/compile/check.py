"""Checking: loading, then the rules on everything that was defined, then what the files silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from dealwright.compile.findings import Company, Finding, Loaded, in_order
from dealwright.compile.loader import load
from dealwright.compile.messages import Limits
from dealwright.compile.own_currency import in_own_currency, own_currency
from dealwright.compile.pages import CODES
from dealwright.compile.rules import RULES
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.silence import silenced
from dealwright.compile.sources import read

_SILENCEABLE: Final = frozenset(rule.code for rule in RULES if rule.silenceable)
_EXPLAINING: Final = frozenset(rule.code for rule in RULES if not rule.silenceable)
_SAME_CAUSE: Final = frozenset({"DW900", "DW910"})
_USUAL: Final = Limits()


def check(path: Path, *, limits: Limits = _USUAL) -> Loaded:
    """Load the definitions at `path` as `loader.load` does, and judge them by every rule.

    Raises:
        InputError: there is nothing to load at the path.
    """
    loaded = load(path, limits=limits)
    rest = list(loaded.findings)
    found: list[Finding] = []
    for company in loaded.companies:
        own = {str(Path(company.folder, file)): file for file in company.files}
        mine = [msgspec.structs.replace(each, path=own[each.path]) for each in rest if each.path in own]
        rest = [each for each in rest if each.path not in own]
        found.extend(
            msgspec.structs.replace(finding, path=str(Path(company.folder, finding.path)))
            for finding in _judged(company, mine)
        )
    return msgspec.structs.replace(loaded, findings=in_order([*rest, *found]))


def _judged(company: Company, loading: list[Finding]) -> list[Finding]:
    """What there is to say of one company: of loading, of the rules, and of its silences."""
    sources = read(Path(company.root), company.files)
    subject = Subject(company, sources)
    rules = [rule for rule in RULES if subject.outline.complete or not rule.whole]
    # A text has a file of its own; a definition that lies outside of the company's folder is judged where it lies.
    found = [
        finding
        for rule in rules
        for finding in _found(rule, subject)
        if finding.path in sources or not finding.path.endswith(".py")
    ]
    # What cannot be loaded because of something a rule explains better is told once, by the rule.
    explained = {(each.path, each.line) for each in found if each.code in _EXPLAINING}
    currency = own_currency(sources.values()) if loading else ""
    loading = [in_own_currency(each, currency) for each in loading]
    loading = [each for each in loading if each.code not in _SAME_CAUSE or (each.path, each.line) not in explained]
    # What a rule finds in what did not load is not known, nor what it would find elsewhere if that had.
    unjudged = frozenset() if subject.outline.complete else _SILENCEABLE
    return silenced([*loading, *found], sources, _SILENCEABLE, CODES, unjudged=unjudged)


def _found(rule: Rule, subject: Subject) -> Iterator[Finding]:
    return (_finding(rule, spot) for spot in rule.look(subject))


def _finding(rule: Rule, spot: Spot) -> Finding:
    return Finding(
        code=rule.code,
        path=spot.path,
        line=spot.line,
        column=spot.column,
        message=spot.message,
        hint=spot.hint,
        severity=spot.severity or rule.severity,
    )
