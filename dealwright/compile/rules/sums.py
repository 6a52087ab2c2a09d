"""Sums as what they come to: how often each fact is in them, whatever stands between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from dealwright.compile import ir

Term: TypeAlias = ir.Expression | str
"""What is added up: a fact, what is reckoned of facts, a currency, or `PLAIN` for plain numbers."""

PLAIN: Final = ""
_ONE: Final = Fraction(1)
_NO_NUMBERS: Final[Mapping[str, Fraction]] = MappingProxyType({})


def summed(given: ir.Expression, numbers: Mapping[str, Fraction] = _NO_NUMBERS) -> dict[Term, Fraction]:
    """Return how often each term is in a sum; what has gone out again is there with 0.

    `numbers` are facts that are taken for numbers, such as settings; what stands in for an unset fact does not count.
    """
    found: dict[Term, Fraction] = {}
    for term, times in _terms(given, _ONE, numbers):
        found[term] = found.get(term, Fraction(0)) + times
    return found


def number_of(given: ir.Expression, numbers: Mapping[str, Fraction] = _NO_NUMBERS) -> Fraction | None:
    """Return what is always that number; None if it depends on the deal."""
    left = {term: times for term, times in summed(given, numbers).items() if term == PLAIN or times}
    return left.get(PLAIN, Fraction(0)) if set(left) <= {PLAIN} else None


def settings_of(account: ir.Account) -> dict[str, Fraction]:
    """Return the numbers among an account's settings, as they are until somebody sets others."""
    return {
        f"settings.{each.key}": Fraction(each.default.value)
        for each in account.settings
        if isinstance(each.default, ir.NumberValue)
    }


def reckonings(node: object) -> Iterator[ir.Reckoned]:
    """Yield what is reckoned right inside of a condition or a step, outermost; what other steps hold is not."""
    match node:
        case ir.Reckoned():
            yield node
        case msgspec.Struct():
            for name in node.__struct_fields__:
                inner = getattr(node, name)
                if not ir.is_step(inner) and not (ir.is_condition(inner) and ir.is_step(node)):
                    yield from reckonings(inner)
        case tuple():
            for each in node:
                if not ir.is_step(each) and not isinstance(each, ir.Case | ir.Answer):
                    yield from reckonings(each)
        case dict():
            for each in node.values():
                yield from reckonings(each)


def _terms(given: ir.Expression, times: Fraction, numbers: Mapping[str, Fraction]) -> Iterator[tuple[Term, Fraction]]:
    match given:
        case ir.NumberValue(value=value):
            yield PLAIN, times * Fraction(value)
        case ir.MoneyValue(amount=amount, currency=currency):
            yield currency, times * Fraction(amount)
        case ir.Ref(path=path) if path in numbers:
            yield PLAIN, times * numbers[path]
        case ir.OrElse(of=of, other=ir.NumberValue() | ir.MoneyValue()):
            yield from _terms(of, times, numbers)
        case ir.Reckoned(sign="+" | "-" as sign, left=left, right=right):
            yield from _terms(left, times, numbers)
            yield from _terms(right, times if sign == "+" else -times, numbers)
        case ir.Reckoned(sign="*", left=left, right=right):
            by = number_of(right, numbers)
            if by is not None:
                yield from _terms(left, times * by, numbers)
            elif (by := number_of(left, numbers)) is not None:
                yield from _terms(right, times * by, numbers)
            else:
                yield given, times
        case ir.Reckoned(sign="/", left=left, right=right) if by := number_of(right, numbers):
            yield from _terms(left, times / by, numbers)
        case _:
            yield given, times
