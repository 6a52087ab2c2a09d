"""Arithmetic with facts: `deal.close_date + days(90)`, `deal.amount * 2`. It is done for each deal, and not now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from dealwright.language.conditions import Reference
from dealwright.language.durations import RunningTime, WorkingTime
from dealwright.language.field_base import Field, reference
from dealwright.language.money import Amount, number
from dealwright.language.origin import refused
from dealwright.language.schema import FieldType, spoken

Sign = Literal["+", "-", "*", "/", "or"]

Part: TypeAlias = Reference | Decimal | Amount | RunningTime | WorkingTime | date | datetime
"""What arithmetic is done with."""

MOST: Final = 40
"""The most facts, numbers and lengths of time in one."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Two parts and what is done with them; `size` counts the parts of the parts. `or`: the first one that is set."""

    sign: Sign
    left: Part
    right: Part
    size: int


_PLAIN: Final = ("number", "plain")


def _comes_to() -> Iterator[tuple[tuple[str, str, str], FieldType]]:
    """What can be reckoned with what, and what it comes to."""
    for kind, length in (("day", "length"), ("moment", "length"), ("moment", "working")):
        made: FieldType = "day" if kind == "day" else "moment"
        yield (kind, "+", length), made
        yield (length, "+", kind), made
        if length == "length":
            yield (kind, "-", length), made
    for one in _PLAIN:
        for other in _PLAIN:
            for sign in "+-*/":
                yield (one, sign, other), "number"
        yield (one, "*", "money"), "money"
        yield ("money", "*", one), "money"
        yield ("money", "/", one), "money"
    for sign in "+-":
        yield ("money", sign, "money"), "money"
        # A plain number beside an amount is one in the account's currency; a number of a field is something else.
        yield ("money", sign, "plain"), "money"
        yield ("plain", sign, "money"), "money"


_COMES_TO: Final[Mapping[tuple[str, str, str], FieldType]] = MappingProxyType(dict(_comes_to()))


def reckon(made: Mapping[FieldType, type[Field]], left: object, sign: Sign, right: object) -> Field:
    """Return the field that the arithmetic comes to, of one of the classes in `made`; one side is a field.

    Raises:
        DefinitionError: these two cannot be reckoned with like that.
    """
    for side in (left, right):
        if isinstance(side, Field) and side._sum is not None:
            hint = "give points(...) more parts, or write the sum to a field and reckon with that"
            raise refused("a sum of points is compared or written as it is", hint=hint, code="DW234")
    kinds = _kind(left), _kind(right)
    spelled = f"{_spelled(left)} {sign} {_spelled(right)}"
    comes_to = _COMES_TO.get((kinds[0], sign, kinds[1]))
    if comes_to is None:
        raise refused(f"{spelled[:200]} cannot be computed", hint=_advice(kinds, sign), code="DW234")
    parts = _part(left), _part(right)
    if comes_to == "day" and any(isinstance(part, RunningTime) and part.unit != "days" for part in parts):
        raise refused(f"{spelled[:200]}: a day has no hours", hint="write days(2)", code="DW234")
    if sign == "/" and isinstance(parts[1], Decimal) and not parts[1]:
        raise refused(f"{spelled[:200]} divides by nothing", hint="write another number", code="DW234")
    return _made(made[comes_to], sign, parts, spelled)


def instead(made: Mapping[FieldType, type[Field]], field: Field, other: object) -> Field:
    """Return the field that is the given one where it is set, and the other where it is not.

    Raises:
        DefinitionError: the other is of another type, or the first is never unset.
    """
    spelled = f"{_spelled(field)} or {_spelled(other)}"
    if field._setting is not None or field._sum is not None:
        raise refused(f"{field._path} is never unset", hint="leave .or_(...) out", code="DW234")
    kind = _kind(other)
    if kind != field.kind and not (kind == "plain" and field.kind in ("number", "money")):
        shown = f"{other._path} is {spoken(other.kind)}" if isinstance(other, Field) else f"{other!r:.80} is none"
        hint = _INSTEAD[field.kind].format(field._path)
        raise refused(f"{field._path} is {spoken(field.kind)}, and {shown}", hint=hint, code="DW234")
    if isinstance(other, Field) and other._sum is not None:
        raise refused("a sum of points is compared or written as it is", hint="write a number", code="DW234")
    if isinstance(other, datetime) and other.tzinfo is None:
        raise refused(f"{other!r} has no time zone", hint="write datetime(..., tzinfo=ZoneInfo(...))", code="DW234")
    return _made(made[field.kind], "or", (reference(field), _part(other)), spelled)


def _made(kind: type[Field], sign: Sign, parts: tuple[Part, Part], spelled: str) -> Field:
    size = sum(part.reckoned.size if isinstance(part, Reference) and part.reckoned else 1 for part in parts)
    if size > MOST:
        raise refused(f"{spelled[:80]} ... has more than {MOST} parts", hint="reckon with fewer", code="DW234")
    field = kind(spelled)
    object.__setattr__(field, "_reckoned", Reckoning(sign, *parts, size))
    return field


_INSTEAD: Final[Mapping[FieldType, str]] = MappingProxyType(
    {
        "number": "write a number, or a field that is one: {}.or_(0)",
        "money": 'write an amount, or a field that is one: {0}.or_(0), {0}.or_(Money("5", "EUR"))',
        "day": "write a day, or a field that is one: {}.or_(date(2026, 3, 14))",
        "moment": "write a moment, or a field that is one: {}.or_(deal.created_at)",
    }
)


def _kind(value: object) -> str:
    match value:
        case Field():
            return value.kind
        case bool():
            return "flag"
        case int() | float() | Decimal():
            return "plain"
        case Amount():
            return "money"
        case datetime():
            return "moment"
        case date():
            return "day"
        case RunningTime():
            return "length"
        case WorkingTime():
            return "working"
    return type(value).__name__


def _part(value: object) -> Part:
    match value:
        case Field():
            return reference(value)
        case Amount() | RunningTime() | WorkingTime() | date():
            return value
    return number(value)


def _spelled(value: object) -> str:
    match value:
        case Field():
            return f"({value._path})" if value._reckoned else _named(value)
        case Amount():
            return f"{value.amount:f} {value.currency}"
        case RunningTime() | WorkingTime():
            return f"{value.amount} {value.unit.replace('_', ' ')}"
    return repr(value)[:80] if isinstance(value, str | int | float) else str(value)[:80]


def _named(field: Field) -> str:
    """The field as its author wrote it: one of records by the name of its kind."""
    owner = None if field._own is None else field._own.owner
    named = owner is not None and field._path.startswith("record.")
    return f"{owner.__name__}.{field._path.removeprefix('record.')}" if owner and named else field._path


def _advice(kinds: tuple[str, str], sign: Sign) -> str:
    """What to write instead of arithmetic that makes no sense."""
    both = set(kinds)
    if both & {"day", "moment"} and "number" in both:
        return "to a day or moment only a length of time is added, such as days(2)"
    if both & {"day", "moment"} and "plain" in both:
        return "say of what: days(2), hours(3)"
    if kinds in (("day", "day"), ("moment", "moment"), ("day", "moment"), ("moment", "day")):
        return "compare them: deal.close_date < deal.due_on + days(14)"
    if both & {"length", "working"} and both & {"day", "moment"}:
        if "working" in both:
            return "working time is added to a moment, and never taken off or added to a day: write days(2)"
        return "a length of time is added to a day or moment, or taken off it"
    if both == {"money", "number"} and sign in "+-":
        return 'an amount and a number that is none: multiply them, or write Money("5", "EUR")'
    if both == {"money"}:
        return "amounts are added and subtracted; multiply them by a number"
    if "str" in both or "text" in both:
        return 'a text is put together in a text: "{{ deal.title }} again"'
    return "numbers, amounts, and days or moments with lengths of time can be computed with"
