"""Evaluates conditions in three values: true, false, and unknown (None), with a trace of every part.

Kleene logic: `unknown | true` is true, `unknown & false` is false, the negation of unknown is unknown. A comparison
with an unset field is unknown, and so is one between amounts in different currencies.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.trace import Trace, TraceLine
from dealwright.language.facts import shown_day
from dealwright.model.crm import Money, User

Truth = bool | None

_OPERATORS: Final[dict[str, Callable[[object, object], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]  # operands are of one type, as the compiler has checked
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}


def evaluate(condition: ir.Condition, view: View, trace: Trace, *, at: str, level: int = 0) -> Truth:
    """Return what the condition comes to on these facts, and trace every part of it with the values it saw.

    All parts are evaluated, also when the first one decides: the trace is for people.
    """
    match condition:
        case ir.All(of=parts):
            return _joined("all of", parts, view, trace, at, level, all_of)
        case ir.Any(of=parts):
            return _joined("any of", parts, view, trace, at, level, any_of)
        case ir.Not(of=ir.Compare() | ir.IsSet() | ir.IsIn() | ir.Has() as leaf):
            truth, values = _leaf(leaf, view)
            truth = negate(truth)
            trace.add(at, describe(condition), told(truth), values, level)
            return truth
        case ir.Not(of=part):
            return _joined("not", (part,), view, trace, at, level, lambda truths: negate(truths[0]))
        case _:
            truth, values = _leaf(condition, view)
            trace.add(at, describe(condition), told(truth), values, level)
            return truth


def all_of(truths: list[Truth]) -> Truth:
    """Conjunction: false if any is false, else unknown if any is unknown, else true."""
    if False in truths:
        return False
    return None if None in truths else True


def any_of(truths: list[Truth]) -> Truth:
    """Disjunction: true if any is true, else unknown if any is unknown, else false."""
    if True in truths:
        return True
    return None if None in truths else False


def negate(truth: Truth) -> Truth:
    """Negation; unknown stays unknown."""
    return None if truth is None else not truth


def told(truth: Truth) -> str:
    """Return a truth value as the trace spells it."""
    return {True: "true", False: "false", None: "unset"}[truth]


def _joined(
    name: str,
    parts: tuple[ir.Condition, ...],
    view: View,
    trace: Trace,
    at: str,
    level: int,
    join: Callable[[list[Truth]], Truth],
) -> Truth:
    if not parts:
        return join([])
    if len(parts) == 1 and name != "not":
        return evaluate(parts[0], view, trace, at=at, level=level)
    place = len(trace)
    truth = join([evaluate(part, view, trace, at=at, level=level + 1) for part in parts])
    trace.insert(place, TraceLine(at=at, what=name, result=told(truth), level=level))
    return truth


def _leaf(condition: ir.Condition, view: View) -> tuple[Truth, dict[str, str]]:
    match condition:
        case ir.Compare(field=field, op=op, value=operand):
            left = view.value(field.path)
            right = _operand(operand, view)
            values = {field.path: spelled(left, field.type)}
            if isinstance(operand, ir.Ref):
                values[operand.path] = spelled(right, operand.type)
            return _compare(left, op, right, view.account.currency), values
        case ir.IsSet(field=field):
            found = view.value(field.path)
            return found is not None, {field.path: spelled(found, field.type)}
        case ir.IsIn(field=field, values=wanted):
            found = view.value(field.path)
            seen = {field.path: spelled(found, field.type)}
            if found is None:
                return None, seen
            return any_of([_compare(found, "==", _operand(item, view), view.account.currency) for item in wanted]), seen
        case ir.Has(field=field, values=tags):
            found = view.value(field.path)
            held = found if isinstance(found, tuple) else ()
            return any(tag in held for tag in tags), {field.path: spelled(held)}
    raise TypeError(f"{type(condition).__name__} is no condition")


def _operand(operand: ir.Operand, view: View) -> object | None:
    match operand:
        case ir.Ref(path=path):
            return view.value(path)
        case ir.MoneyValue(amount=amount, currency=currency):
            return Money(amount=amount, currency=currency)
        case ir.StageValue(pipeline=pipeline, stage=stage):
            return (pipeline, stage)
        case ir.PipelineValue(pipeline=pipeline):
            return pipeline
        case ir.Cleared():
            return None
        case _:
            return operand.value


def _compare(left: object | None, op: str, right: object | None, currency: str | None) -> Truth:
    if isinstance(left, Money):
        left, right = _amounts(left, right, currency)
    if isinstance(left, User):
        left = left.name
    if isinstance(right, User):
        right = right.name
    if left is None or right is None:
        return None
    if isinstance(left, tuple) and isinstance(right, tuple) and op in ("==", "!="):
        return _OPERATORS[op](left, right)
    return _OPERATORS[op](left, right)


def _amounts(left: Money, right: object | None, currency: str | None) -> tuple[Decimal | None, object | None]:
    """Return comparable numbers, or None where the currencies differ; zero has no currency."""
    if isinstance(right, Money):
        return (left.amount, right.amount) if left.currency == right.currency else (None, None)
    if right == 0 or currency is None or left.currency == currency:
        return left.amount, right
    return None, None


def spelled(value: object | None, type_: str = "") -> str:
    """Return a fact as the trace shows it; `type_` tells a stage from tags."""
    match value:
        case None:
            return "unset"
        case Money():
            return f"{value.amount:,} {value.currency}"
        case User():
            return value.name
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat(timespec="minutes")
        case tuple():
            return ("." if type_ == "stage" else ", ").join(str(item) for item in value) or "none"
        case _:
            return shown_day(value) if hasattr(value, "toordinal") else str(value)  # type: ignore[arg-type]


def describe(condition: ir.Condition) -> str:
    """Return a condition as a line that reads like the definition."""
    match condition:
        case ir.Compare(field=field, op=op, value=operand):
            return f"{field.path} {op} {_written(operand)}"
        case ir.IsSet(field=field):
            return f"{field.path} is set"
        case ir.IsIn(field=field, values=values):
            return f"{field.path} in {', '.join(_written(value) for value in values)}"
        case ir.Has(field=field, values=tags):
            return f"{field.path} has {' or '.join(repr(tag) for tag in tags)}"
        case ir.Not(of=ir.IsSet(field=field)):
            return f"{field.path} is unset"
        case ir.Not(of=ir.Has() as has):
            return describe(has).replace(" has ", " has not ", 1)
        case ir.Not(of=part):
            return f"not ({describe(part)})"
        case ir.All(of=parts):
            return " and ".join(f"({describe(part)})" for part in parts) or "always"
        case ir.Any(of=parts):
            return " or ".join(f"({describe(part)})" for part in parts) or "never"


def _written(operand: ir.Operand) -> str:
    match operand:
        case ir.Ref(path=path):
            return path
        case ir.TextValue(value=text):
            return repr(text)
        case ir.MoneyValue(amount=amount, currency=currency):
            return f"{amount:,} {currency}"
        case ir.StageValue(pipeline=pipeline, stage=stage):
            return f"{pipeline}.{stage}"
        case ir.PipelineValue(pipeline=pipeline):
            return pipeline
        case ir.Cleared():
            return "nothing"
        case _:
            return spelled(operand.value)
