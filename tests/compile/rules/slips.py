"""Slips of the pen: each takes a good file and makes one mistake, as a tired engineer would."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Final

Slip = tuple[str, set[int]]
"""The file with the mistake in it, and the lines on which it may be told."""


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


@cache
def _calls(text: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]


def _calls_around(text: str, line: int) -> list[int]:
    """The lines on which the two nearest calls around a line begin: an error is known where its call is."""
    around = sorted({call.lineno for call in _calls(text) if call.lineno <= line <= (call.end_lineno or 0)})
    return around[-2:]


def _swap(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Callable[[Random, str], Slip | None]:
    """A slip that replaces one of the matches; it is told where the match is, or where its statement begins."""

    def slip(random: Random, text: str) -> Slip | None:
        matches = list(re.finditer(pattern, text, re.M))
        if not matches:
            return None
        match = random.choice(matches)
        written = match.expand(new) if isinstance(new, str) else new(match)
        first, last = _line(text, match.start()), _line(text, match.end())
        lines = {*range(first, last + 1), *_calls_around(text, first)}
        return text[: match.start()] + written + text[match.end() :], lines

    return slip


def _definitions(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"^(\w+) = Automation\(\n(?:.*\n)*?\)\n", text, re.M))


def _trailing_comma(random: Random, text: str) -> Slip | None:
    match = random.choice(_definitions(text))
    return text[: match.end() - 1] + "," + text[match.end() - 1 :], {_line(text, match.start())}


def _rebound(random: Random, text: str) -> Slip | None:
    found = _definitions(text)
    place = random.randrange(1, len(found))
    first, second = found[place - 1], found[place]
    changed = text[: second.start(1)] + first[1] + text[second.end(1) :]
    return changed, {_line(text, first.start()), _line(text, second.start())}


def _unlisted(random: Random, text: str) -> Slip | None:
    match = random.choice(_definitions(text))
    entry = re.compile(rf"^    {match[1]},\n", re.M)
    return text[: match.end()] + entry.sub("", text[match.end() :]), {_line(text, match.start())}


def _bound_to_nothing(random: Random, text: str) -> Slip | None:
    match = random.choice(_definitions(text))
    return text[: match.start()] + text[match.start() :].replace(f"{match[1]} = ", "", 1), {_line(text, match.start())}


def _duplicate_key(random: Random, text: str) -> Slip | None:
    keys = list(re.finditer(r'^    key="([\w-]+)"', text, re.M))
    place = random.randrange(1, len(keys))
    lines = {_line(text, keys[place].start()) - 1, _line(text, keys[place - 1].start()) - 1}
    return text[: keys[place].start(1)] + keys[place - 1][1] + text[keys[place].end(1) :], lines


def _misspelled(match: re.Match[str]) -> str:
    word = match[2]
    return match[1] + word[:-2] + word[-1] + word[-2] + match.group()[match.end(2) - match.start() :]


SLIPS: Final[Mapping[str, Callable[[Random, str], Slip | None]]] = {
    "trailing comma": _trailing_comma,
    "rebound name": _rebound,
    "unlisted automation": _unlisted,
    "bound to nothing": _bound_to_nothing,
    "duplicate key": _duplicate_key,
    "typo in a text's fact": _swap(r"(\{\{ deal\.)(title|amount|company|id)", _misspelled),
    "typo in a field": _swap(r"([\[=] ?deal\.)(amount|stage|company|reference)\b", _misspelled),
    "typo in a stage": _swap(r"(NewBusiness\.)(incoming|qualified|quoted|paid)", _misspelled),
    "typo in a keyword": _swap(r"( )(due|text|probability|why|when)(?==)", _misspelled),
    "and": _swap(r"(when=\[.*?\)), (.*\])", r"\1 and \2"),
    "not": _swap(r"~(deal\.\w+\.has)", r"not \1"),
    "or": _swap(r"is_set\(\) \| ", "is_set() or "),
    "chain": _swap(r"deal\.amount >= ", "0 < deal.amount < "),
    "no parentheses": _swap(r"when=\[", "when=[deal.amount > 5 | deal.amount < 3, "),
    "dropped comma": _swap(r'("), (")(?=[A-Z])', r"\1 \2"),
    "contradiction": _swap(r"when=\[", "when=[deal.amount > 10, deal.amount < 5, "),
    "set and unset": _swap(r"when=\[", "when=[deal.company.is_set(), deal.company.is_unset(), "),
    "or of two nots": _swap(r"when=\[", 'when=[(deal.company != "A") | (deal.company != "B"), '),
    "contradiction in a part": _swap(
        r"when=\[", 'when=[deal.tags.has("x") | ((deal.amount > 9) & (deal.amount < 5)), '
    ),
    "set or unset": _swap(r"when=\[", "when=[deal.company.is_set() | deal.company.is_unset(), "),
    "too many points": _swap(r"when=\[", 'when=[points((30, deal.amount > 5), (20, deal.tags.has("x"))) >= 60, '),
    "any points": _swap(r"when=\[", 'when=[points((30, deal.amount > 5), (20, deal.tags.has("x"))) >= 0, '),
    "a record that cannot be": _swap(
        r"halves\.count == 0", "halves.where((Instalment.amount > 10) & (Instalment.amount < 5)).count > 0"
    ),
    "none, and one of them": _swap(r"halves\.count == 0", "(halves.count == 0) & halves.any(Instalment.amount > 10)"),
    "wrong stage": _swap(r"deal\.stage == NewBusiness\.incoming", "deal.stage == Renewals.incoming"),
    "f-string": _swap(r'text="([^"]*)\{\{ (deal\.\w+) \}\}', r'text=f"\1{\2}'),
    "one brace": _swap(r"\{\{ (deal\.title) \}\}", r"{ \1 }"),
    "unclosed braces": _swap(r"(\{\{ deal\.title) \}\}", r"\1 }"),
    "to do": _swap(r'text="(?!\{)', 'text="TODO '),
    "falling probability": _swap(r"probability=(6|8|9)(\d)", r"probability=\1"),
    # A rule sets one for quoted deals: that stage may do without.
    "no task": _swap(r'\n +task=Task\("(?!Call back)[^"]*", due=\w+\(\d+\)\),', ""),
    "no again": _swap(r"^    again=[^\n]*,\n(?=    do=\[\n        send_email)", ""),
    "impossible count": _swap(r"halves\.count == 0", "halves.count < 0"),
    "always true count": _swap(r"halves\.count == 0", "halves.count >= 0"),
    "number for an amount": _swap(r"amount=deal\.amount / 2", "amount=halves.count * 2"),
    "empty record": _swap(r'(create_record\("\w+", Instalment), [^\n]*\)', r"\1)"),
    "typo in a record's field": _swap(r"(Instalment\.)(paid)", _misspelled),
    "typo in a given field": _swap(r"( )(amount|due_on)(?==deal\.\w+ [/+])", _misspelled),
    "record where there is none": _swap(r"halves\.count == 0", "Instalment.paid.is_false()"),
    "list of triggers": _swap(r"on=(record_updated\(.*\)),", r"on=[\1],"),
    "unknown zone": _swap(r'zone="America/New_York"', 'zone="America/NewYork"'),
}
"""Every kind of slip."""
