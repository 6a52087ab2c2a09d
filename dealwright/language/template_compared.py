"""Which comparisons of a text can never come true: facts are texts there, each written in its way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from jinja2 import nodes

from dealwright.language.schema import FieldType, did_you_mean
from dealwright.language.template_syntax import Problem, each_node, fact_at

_NUMBER: Final = re.compile(r"[-\u2212]?[\d.,'\u2019\u066b\u066c\s]*\d")
"""With the signs and separators of any language: Swedish has a minus of its own, Switzerland and Arabic separators."""
_MONEY: Final = re.compile(rf"{_NUMBER.pattern} [A-Z]{{3}}")
_SHOWN: Final[Mapping[FieldType, tuple[re.Pattern[str], str]]] = {
    "number": (_NUMBER, "a number reads '12' there"),
    "money": (_MONEY, "an amount reads '1,234.50 USD' there: put it into a branch"),
    "day": (
        re.compile(r"(?=.*\d\d)(?!\d{4}-).*\d.*"),
        "a day reads '14 Mar 2026' there: put the comparison into a branch",
    ),
    "moment": (
        re.compile(r".*\d, \d\d:\d\d"),
        "a moment reads '14 Mar 2026, 15:04' there: put the comparison into a branch",
    ),
}
"""How facts of a type are shown, in any language."""
_NAMED: Final = ("company", "company.name")


def impossible_comparisons(
    tree: nodes.Template, facts: Mapping[str, FieldType], options: Callable[[str], Sequence[str]]
) -> Iterator[Problem]:
    """Yield what is compared with what it never is; `options` gives all that a fact can be, none if that is not known.

    What is no fact, and what is compared with another fact, is not judged.
    """
    for node, loops in each_node(tree):
        if not isinstance(node, nodes.Compare):
            continue
        sides = (node.expr, *(operand.expr for operand in node.ops))
        for left, right in pairwise(sides):
            for one, other in ((left, right), (right, left)):
                path = fact_at(one, loops)
                held = facts.get(path) if path else None
                if not path or held is None or not isinstance(other, nodes.Const):
                    continue
                why = _never(path, held, other.value, options(path))
                if why is not None:
                    message = f"the text compares {_spoken(path)} with {other.value!r}, which it never is"
                    yield Problem("DW311", message, why, node.lineno)


def _never(path: str, held: FieldType, value: object, options: Sequence[str]) -> str | None:
    """Say what to do about a comparison that never comes true; None if it may."""
    if value is None:
        return None
    if held == "flag":
        return None if isinstance(value, bool) else f"write {{% if {path} %}}, or {{% if not {path} %}}"
    if held in ("tags", "choices"):
        return "it is a list: go over it with {% for %}, or put it into a branch"
    if value == "" and not path.endswith(_NAMED):
        return f"what is not set equals nothing: write {{% if not {path} %}}, or {{% if {path} %}}"
    if not isinstance(value, str):
        return f"facts are texts there: write {str(value)!r}"
    if options and value not in options:
        return did_you_mean(value, options) or f"it is one of {', '.join(map(repr, options))}"[:300]
    pattern, reads = _SHOWN.get(held, (None, ""))
    return reads if pattern is not None and not pattern.fullmatch(value) else None


def _spoken(path: str) -> str:
    """The path as an author knows it: what is named of the variable of a loop stands for each of what it goes over."""
    return path.replace(".*.", ", each of its ", 1) if ".*." in path else path
