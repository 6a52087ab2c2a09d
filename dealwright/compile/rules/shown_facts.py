"""What two languages of one text show of one fact: the time in one only, or an amount left in from a trial (DW314)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from jinja2 import nodes

from dealwright.compile import ir
from dealwright.language import schema, templates
from dealwright.language.template_syntax import fact_at
from dealwright.model.iso import DECIMALS

_PARTS: Final = ("date", "time")
"""The filters that show a part of a moment; without one it is shown whole."""

_NUMBER: Final = r"\d(?:[\d.,'’\u00a0\u202f]|\s(?=\d{3}))*"
_CODES: Final = "|".join(sorted(DECIMALS.keys() - {"ALL", "TOP", "CUP", "TRY", "MOP"}))
"""Codes of currencies, without those that are words in capitals."""
_CURRENCY: Final = rf"(?:\b(?:{_CODES})\b|[€$£¥]|R\$|zł|(?i:\beuros?\b|\bdollars?\b|\bpounds?\b))"
_AMOUNT: Final = re.compile(rf"{_CURRENCY}\s?{_NUMBER}|{_NUMBER}\s?{_CURRENCY}")
_DATE: Final = re.compile(r"\b(?:\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})\b")
_WRITTEN: Final[Mapping[str, re.Pattern[str]]] = {"money": _AMOUNT, "date": _DATE}
"""How one writes what is shown by a fact of that sort."""

_HELD: Final = {**schema.ALWAYS, **schema.RECIPIENT, **schema.EVENT}
"""What the facts that all companies have hold."""

_MAYBE: Final = "maybe"
"""Stands with the parts of a fact of which nobody knows here whether it is a moment."""

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|https?://\S+", re.DOTALL)


class Differs(NamedTuple):
    """What the one of two texts shows and the other does not; `lacks` is which of the two, 0 or 1."""

    path: str
    lacks: int
    part: str
    written: str = ""


def differing(first: str, second: str, account: ir.Account) -> Iterator[Differs]:
    """Yield the dates and times that one text shows of a fact of both, and what one writes in the place of a fact."""
    shown = _shown(first, account), _shown(second, account)
    for path in sorted(shown[0].keys() & shown[1].keys()):
        for lacks in (0, 1):
            for part in sorted((shown[1 - lacks][path] - shown[lacks][path]).intersection(_PARTS)):
                if _MAYBE not in shown[1 - lacks][path]:
                    yield Differs(path, lacks, part)
    words = _FILLED.sub(" ", first), _FILLED.sub(" ", second)
    for lacks in (0, 1):
        for sort, pattern in _WRITTEN.items():
            only = sorted(
                path
                for path in shown[1 - lacks].keys() - shown[lacks].keys()
                if sort in shown[1 - lacks][path] and _MAYBE not in shown[1 - lacks][path]
            )
            there = {_digits(each) for each in pattern.findall(words[1 - lacks])}
            written = [each.strip() for each in pattern.findall(words[lacks]) if _digits(each) not in there]
            # What shows an amount of its own is about another one.
            if only and written and not any(sort in each for each in shown[lacks].values()):
                yield Differs(only[0], lacks, sort, written[0].rstrip(".,"))


def _digits(amount: str) -> str:
    """Return the number without what differs between languages: 1,200 is 1.200."""
    return "".join(sorted(each for each in amount if each.isdigit()))


def _shown(source: str, account: ir.Account) -> Mapping[str, frozenset[str]]:
    """Return the facts that a text shows, each with what it shows of it: `date`, `time`, `money`."""
    tree = templates.parsed(source)
    found: dict[str, frozenset[str]] = {}
    for output in tree.find_all(nodes.Output) if tree is not None else ():
        for node in output.nodes:
            for path, name in _of(node, ""):
                parts = {name} if name else _whole(path, account)
                found[path] = found.get(path, frozenset()) | parts
    return found


def _of(node: nodes.Node, by: str) -> Iterator[tuple[str, str]]:
    """Yield the facts in what is shown, each with the filter that says what of it."""
    path = fact_at(node, {})
    if path:
        if "." in path:
            yield path, by
        return
    if isinstance(node, nodes.Filter) and node.name in (*_PARTS, "money"):
        by = node.name
    # What an inline `if` asks for is not shown.
    for child in node.iter_child_nodes(exclude=("test",)):
        yield from _of(child, by)


def _whole(path: str, account: ir.Account) -> frozenset[str]:
    """Return what is shown of a fact that is shown as it is."""
    held = _HELD.get(path) or next((each.type for each in account.deal_fields if path == f"deal.{each.key}"), None)
    match held:
        case "moment":
            return frozenset(_PARTS)
        case "day":
            return frozenset({"date"})
        case "money":
            return frozenset({"money"})
    return frozenset() if held is not None else frozenset((*_PARTS, _MAYBE))
