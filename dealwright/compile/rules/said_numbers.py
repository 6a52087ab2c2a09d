"""Numbers in texts that contradict the bound in the condition which they explain (DW293)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.rules.explained import Explained

_UP: Final = (
    "no less than", "not less than", "at least", "more than", "starting at", "minimum", "min.", "min", "over", "above",
    "from", "nicht weniger als", "mindestens", "mehr als", "über", "ab", "no menos de", "al menos", "por lo menos",
    "como mínimo", "mínimo", "minimo", "más de", "mas de", "a partir de", "desde", "superior a", "não menos de",
    "pelo menos", "no mínimo", "mais de", "acima de", "au moins", "plus de", "à partir de", "almeno", "più di", "oltre",
    ">=", "≥", ">",
)  # fmt: skip
_DOWN: Final = (
    "no more than", "not more than", "at most", "less than", "maximum", "max.", "max", "under", "below", "up to",
    "nicht mehr als", "höchstens", "weniger als", "maximal", "unter", "bis zu", "bis", "no más de", "como máximo",
    "máximo", "maximo", "menos de", "hasta", "inferior a", "não mais de", "no máximo", "abaixo de", "até", "au plus",
    "moins de", "jusqu'à", "al massimo", "meno di", "fino a", "<=", "≤", "<",
)  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {**dict.fromkeys(_UP, ">"), **dict.fromkeys(_DOWN, "<")}
_SAYS: Final = "|".join(re.escape(each) for each in sorted(_WORDS, key=len, reverse=True))
_DIGITS: Final = r"\d(?:[\d.,'’\u00a0\u202f]*\d)?(?: \d{3}(?!\d))*"
_MANY: Final = r"(?P<many>\s?(?:k|mil|thousand|tsd|tausend|million|millones|mio|m)\b)?"
_TIME: Final = (
    r"(?:minute|hour|day|week|month|quarter|year|minuto|hora|d[ií]a|semana|m[eê]s|año|ano|minute|stunde|tag|woche|monat"
    r"|jahr|jour|mois|o['’]?clock|uhr)\w*|(?:am|pm|h|min)\b|:\d"
)
_NUMBER: Final = re.compile(rf"(?<![\w.,:/-])(?P<digits>{_DIGITS}){_MANY}(?P<percent>\s?%)?", re.I)
_MENTION: Final = re.compile(rf"(?<!\w)(?P<says>{_SAYS})(?!\w)\s*(?:[^\W\d]+\s+|[^\w\s.,;:!?]+\s*){{0,3}}\Z", re.I)
_NOT_ONE: Final = re.compile(rf"\s?(?:{_TIME})|\w|[-/]\d", re.I)
"""What follows a number that is a time, a day, or no number at all."""
_ALONE: Final = re.compile(
    r"\s*(?:\Z|[.,;:!?)€$£]|(?:[A-Z]{3}|euros?|dollars?|reais|pesos|is|are|goes?|gets?|needs?|ha[sv]e?|must|should|we|the"
    r"|and|or|an?|to|es|son|van|tienen|necesitan|requieren|são|vão|têm|precisam|gehen|brauchen|sind|ist)\b)"
)
"""What follows a number of which nothing is counted: an amount, or the end of what is said of it."""
_FACT: Final = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_THOUSANDS: Final = {"m": 1_000_000, "million": 1_000_000, "millones": 1_000_000, "mio": 1_000_000}
_BEFORE: Final = 80
"""So many characters before a number its word may stand."""
_NEAR: Final = 20
"""A bound that is so many times as much is another one than the text is about."""


class _Bound(NamedTuple):
    """What a condition compares with, and which way: `>` or `<`."""

    part: ir.Condition
    way: str
    number: Decimal
    strict: bool


class _Mention(NamedTuple):
    """A number in a text, as what it may be read; which way it is a bound, if the text says so.

    It is `alone` if nothing that is counted follows it.
    """

    written: str
    way: str
    alone: bool
    readings: frozenset[Decimal]


def contradicted(told: Explained) -> tuple[str, ir.Condition] | None:
    """Return what the text says, and the condition that asks for another number; None if they may go together."""
    if told.kind == "message":
        return None
    bounds = [each for part in told.parts for each in _bounds(part)]
    asked = {number for part in told.parts for number in _numbers(part)}
    mentions = list(_mentions(told.text))
    readings = frozenset[Decimal]().union(*(each.readings for each in mentions))
    for mention in mentions:
        # Whatever it is, a text that says the number of a condition somewhere is about that.
        same = [each for each in bounds if each.way == mention.way or not mention.way]
        if len(same) != 1 or any(_fits(mention.readings, number) for number in asked):
            continue
        bound = same[0]
        if _fits(readings, bound.number) or (bound.strict and _next(readings, bound)):
            continue
        by_ten = any(_is_power_of_ten(each, bound.number) for each in mention.readings)
        near = bool(mention.way) and _is_near(mention.readings, bound.number)
        near = near and (told.kind == "says" or (told.kind == "why" and mention.alone))
        if (by_ten and (mention.way or (told.kind == "says" and len(mentions) == 1))) or (near and len(mentions) == 1):
            return mention.written, bound.part
    return None


def spoken(part: ir.Condition) -> str:
    """Return the condition in words."""
    return describe.condition(part)


def _bounds(part: ir.Condition, *, denied: bool = False) -> Iterator[_Bound]:
    match part:
        case ir.Not(of=of):
            yield from (_Bound(part, each.way, each.number, each.strict) for each in _bounds(of, denied=not denied))
        case ir.Compare(op=op, value=right) | ir.CompareReckoned(op=op, right=right):
            number = _literal(right)
            if number and op in ("<", "<=", ">", ">="):
                up = (op[0] == ">") is not denied
                yield _Bound(part, ">" if up else "<", number, (len(op) == 1) is not denied)


def _literal(value: object) -> Decimal | None:
    match value:
        case ir.NumberValue(value=number) | ir.MoneyValue(amount=number):
            return number
    return None


def _numbers(node: object) -> Iterator[Decimal]:
    """Yield every number that is written in a condition, lengths of time too."""
    number = _literal(node)
    if number is not None:
        yield number
    elif isinstance(node, int) and not isinstance(node, bool):
        yield Decimal(node)
    elif isinstance(node, msgspec.Struct):
        for name in node.__struct_fields__:
            yield from _numbers(getattr(node, name))
    elif isinstance(node, tuple):
        for each in node:
            yield from _numbers(each)


def _mentions(text: str) -> Iterator[_Mention]:
    plain = _FACT.sub(" ", text)
    for found in _NUMBER.finditer(plain):
        if _NOT_ONE.match(plain, found.end()):
            continue
        before = _MENTION.search(plain, max(0, found.start() - _BEFORE), found.start())
        way = _WORDS[before["says"].lower()] if before is not None else ""
        written = plain[before.start() if before is not None else found.start() : found.end()].strip()
        times = _THOUSANDS.get(found["many"].strip().lower(), 1000) if found["many"] else 1
        readings = frozenset(each * times for each in _readings(found["digits"]))
        if found["percent"]:
            readings |= {each / 100 for each in readings}
        yield _Mention(written, way, _ALONE.match(plain, found.end()) is not None, readings)


def _readings(digits: str) -> Iterator[Decimal]:
    """Yield the numbers that it may be: 5.000 is five thousand, or five."""
    plain = re.sub(r"[\s'’\u00a0\u202f]", "", digits)
    whole = plain.replace(".", "").replace(",", "")
    last = max(plain.rfind("."), plain.rfind(","))
    texts = {whole} if last < 0 else set()
    if last >= 0:
        behind = len(plain) - last - 1
        if behind == 3 or plain.count(plain[last]) > 1:
            texts.add(whole)
        if plain.count(plain[last]) == 1:
            texts.add(f"{whole[: len(whole) - behind]}.{whole[len(whole) - behind :]}")
    for each in texts:
        try:
            yield Decimal(each)
        except InvalidOperation:  # pragma: no cover
            continue


def _fits(readings: frozenset[Decimal], number: Decimal) -> bool:
    return any(each == number or (abs(number) < 1 and each == number * 100) for each in readings)


def _next(readings: frozenset[Decimal], bound: _Bound) -> bool:
    """Say whether it is the first number that counts: more than 12 is at least 13."""
    return any(_fits(readings, bound.number + by) for by in (Decimal(1), Decimal(-1)))


def _is_power_of_ten(said: Decimal, asked: Decimal) -> bool:
    if said <= 0 or asked <= 0 or said == asked:
        return False
    more, less = max(said, asked), min(said, asked)
    return any(less * 10**power == more for power in range(1, 4))


def _is_near(readings: frozenset[Decimal], asked: Decimal) -> bool:
    return asked / _NEAR <= max(readings) <= asked * _NEAR
