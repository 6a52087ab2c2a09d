"""Arithmetic with the facts of one deal. What cannot be reckoned is unset, and the trace says why."""

from __future__ import annotations

import decimal
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from dealwright.compile import ir
from dealwright.compile.reckoned import kind_of
from dealwright.engine.facts import View
from dealwright.engine.of_records import Holds, among
from dealwright.language import calendar
from dealwright.model.calendar import Duration
from dealwright.model.crm import MOST_RECORDS, Money
from dealwright.model.iso import DECIMALS

Reckoned: TypeAlias = tuple[object | None, str]
"""What it comes to, None if it is unset; and why, if not because a fact is."""

_LARGEST: Final = Decimal(10) ** 16
_PLACES: Final = Decimal(1).scaleb(-10)
_EXACT: Final = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN, traps=[])
"""Wide enough for the product of any two values that are kept; nothing is trapped, what is wrong is looked for."""


def reckon(node: ir.Reckonable, view: View, holds: Holds) -> Reckoned:
    """Return what it comes to on these facts; nothing is rounded but what a division makes endless.

    `holds` says which records a condition picks out.
    """
    match node:
        case ir.Ref(path=path):
            return view.value(path), ""
        case ir.MoneyValue(amount=amount, currency=currency):
            return Money(amount=amount, currency=currency), ""
        case ir.NumberValue():
            return node.value, ""
        case ir.Aggregate():
            return _aggregated(node, view, holds)
        case ir.Shift(of=of, by=by, back=back):
            start, why = reckon(of, view, holds)
            return _shifted(start, by, back, view) if start is not None else (None, why)
        case ir.OrElse(of=first, other=instead):
            value, why = reckon(first, view, holds)
            if value is not None:
                return value, ""
            if isinstance(instead, ir.DayValue | ir.MomentValue):
                return instead.value, ""
            value, also = reckon(instead, view, holds)
            return value, (why or also) if value is None else ""
        case ir.Reckoned(sign=sign, left=left, right=right):
            one, why = reckon(left, view, holds)
            other, also = reckon(right, view, holds)
            if one is None or other is None:
                return None, why or also
            return _done(sign, one, other, view.account.currency)


def comes_to(node: ir.Reckonable, view: View, holds: Holds) -> Reckoned:
    """Return what it comes to, in its currency: of amounts that are unset a plain number may be left (`or_(0) + 5`)."""
    value, why = reckon(node, view, holds)
    ours = view.account.currency
    if isinstance(value, Decimal) and value and ours is not None and kind_of(node) == "money":
        return Money(amount=value, currency=ours), why
    return value, why


def to_write(node: ir.Reckonable, view: View, holds: Holds) -> object | None:
    """Return what it comes to as it is written down: amounts with the decimals of their currency."""
    value, _ = comes_to(node, view, holds)
    if isinstance(value, Money):
        places = Decimal(1).scaleb(-DECIMALS.get(value.currency, 2))
        return Money(amount=_EXACT.quantize(value.amount, places), currency=value.currency)
    if isinstance(value, Decimal) and value.as_tuple().exponent < -10:  # type: ignore[operator]  # it is finite
        return _EXACT.quantize(value, _PLACES)
    return value


def _aggregated(node: ir.Aggregate, view: View, holds: Holds) -> Reckoned:
    """Return what records come to: nothing is guessed of those that were not read, or whose value is not known."""
    found = among(node.record, node.where, view, holds)
    if found.beyond:
        return None, f"the deal has more than {MOST_RECORDS} records"
    if found.perhaps:
        return None, f"not known of {len(found.perhaps)} records whether they are meant"
    if node.of == "count":
        return Decimal(len(found.views)), ""
    assert node.value is not None
    values = [reckon(node.value, each, holds) for each in found.views]
    known = [value for value, _ in values if value is not None]
    if node.of == "total" and len(known) < len(values):
        why = next((why for value, why in values if value is None), "")
        return None, why or f"not known of {len(values) - len(known)} of {len(values)} records"
    currencies = {value.currency for value in known if isinstance(value, Money)}
    if len(currencies) > 1:
        return None, "two currencies"
    if node.of == "total":
        total = sum(map(_bare, known), Decimal(0))
        if abs(total) >= _LARGEST:
            return None, "too large a number"
        if node.type != "money":
            return total, ""
        currency = next(iter(currencies), view.account.currency)
        return (None, "no currency") if currency is None else (Money(amount=total, currency=currency), "")
    if not known:
        return None, ""
    choose = min if node.of == "least" else max
    return choose(known, key=_bare), ""


def _bare(value: object) -> Any:
    """An amount's number: all are in one currency, and numbers, days and moments are what they are."""
    return value.amount if isinstance(value, Money) else value


def _shifted(start: object, by: Duration, back: bool, view: View) -> Reckoned:
    try:
        if by.unit.startswith("working_"):
            assert isinstance(start, datetime)
            return calendar.add(view.account.calendar, start, by), ""
        length = timedelta(**{by.unit: by.amount})
        assert isinstance(start, date)
        return (start - length if back else start + length), ""
    except OverflowError:
        return None, "no calendar goes so far"


def _done(sign: str, one: object, other: object, ours: str | None) -> Reckoned:
    currency: str | None = None
    if isinstance(one, Money) and isinstance(other, Money):
        if one.currency != other.currency:
            return None, "two currencies"
        currency, left, right = one.currency, one.amount, other.amount
    elif isinstance(one, Money) or isinstance(other, Money):
        money, plain = (one, other) if isinstance(one, Money) else (other, one)
        assert isinstance(money, Money) and isinstance(plain, Decimal)
        if sign in "+-" and plain and ours != money.currency:
            return None, "two currencies"
        currency = money.currency
        left, right = (money.amount, plain) if money is one else (plain, money.amount)
    else:
        assert isinstance(one, Decimal) and isinstance(other, Decimal)
        left, right = one, other
    if sign == "/" and not right:
        return None, "division by zero"
    result = _SIGNS[sign](left, right)
    if not result.is_finite() or abs(result) >= _LARGEST:
        return None, "too large a number"
    return (result if currency is None else Money(amount=result, currency=currency)), ""


_SIGNS: Final = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply, "/": _EXACT.divide}
