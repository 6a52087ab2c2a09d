"""Evaluates conditions in three values: true, false, and unknown (None), with a trace of every part.

Kleene logic: `unknown | true` is true, `unknown & false` is false, the negation of unknown is unknown. A comparison
with an unset field is unknown, and so is one between amounts in different currencies.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from dealwright.compile import ir
from dealwright.compile.describe import condition as words
from dealwright.compile.describe import reckoned
from dealwright.engine.facts import View
from dealwright.engine.of_records import among
from dealwright.engine.predicates import say
from dealwright.engine.reckoning import comes_to
from dealwright.engine.trace import Trace, TraceLine
from dealwright.language.facts import reader
from dealwright.language.shown import shown_day
from dealwright.model.crm import MOST_CONTACTS, Money, User

Truth = bool | None

_OPERATORS: Final[dict[str, Callable[[object, object], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]  # operands are of one type, as the compiler has checked
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}


Prepared = Callable[[View, Trace, str, int], Truth]
"""A condition that is ready to be evaluated: on these facts, traced there, at that place and depth."""

_Leaf = Callable[[View], tuple[Truth, dict[str, str]]]

_KEPT: Final = 4096
_prepared: Final[dict[int, tuple[ir.Condition, Prepared]]] = {}
"""By the identity of the condition, which is kept beside so that nothing else can have it."""


def evaluate(condition: ir.Condition, view: View, trace: Trace, *, at: str, level: int = 0) -> Truth:
    """Return what the condition comes to on these facts, and trace every part of it with the values it saw.

    All parts are evaluated, also when the first one decides: the trace is for people.
    """
    found = _prepared.get(id(condition))
    if found is None:
        if len(_prepared) >= _KEPT:
            _prepared.clear()
        found = _prepared[id(condition)] = (condition, _prepare(condition))
    return found[1](view, trace, at, level)


def _prepare(condition: ir.Condition) -> Prepared:
    """Do once what does not depend on facts: take the condition apart, spell it, read its operands."""
    match condition:
        case ir.All(of=parts):
            return _joined("all of", parts, all_of)
        case ir.Any(of=parts):
            return _joined("any of", parts, any_of)
        case ir.Scored():
            return _scored(condition)
        case ir.Not(of=ir.All() | ir.Any() | ir.Not() | ir.Scored() as part):
            return _joined("not", (part,), lambda truths: negate(truths[0]))
        case ir.Not(of=leaf):
            return _traced(describe(condition), _leaf(leaf), negate)
        case _:
            return _traced(describe(condition), _leaf(condition), _as_it_is)


def _scored(condition: ir.Scored) -> Prepared:
    what = describe(condition)

    def scored(view: View, trace: Trace, at: str, level: int) -> Truth:
        place = len(trace)
        score = summed(condition.score, view, trace, at=at, level=level + 1)
        match condition.value:
            case ir.Points() as other:
                against: object | None = summed(other, view, trace, at=at, level=level + 1)
            case operand:
                against = _operand(operand, view)
        truth = _compare(score, condition.op, against, None)
        values = {"points": spelled(score), _written(condition.value): spelled(against)}
        trace.insert(place, TraceLine(at=at, what=what, result=told(truth), values=values, level=level))
        return truth

    return scored


def summed(points: ir.Points, view: View, trace: Trace, *, at: str, level: int = 0) -> Decimal:
    """Return the sum of the points whose conditions are true, and trace each condition; unknown counts nothing."""
    total = Decimal(0)
    for each in points.of:
        if evaluate(each.when, view, trace, at=at, level=level) is True:
            total += each.points
    return total


def _traced(what: str, leaf: _Leaf, turn: Callable[[Truth], Truth]) -> Prepared:
    def traced(view: View, trace: Trace, at: str, level: int) -> Truth:
        found, values = leaf(view)
        truth = turn(found)
        trace.add(at, what, told(truth), values, level)
        return truth

    return traced


def _as_it_is(truth: Truth) -> Truth:
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


_TOLD: Final[dict[Truth, str]] = {True: "true", False: "false", None: "unset"}


def told(truth: Truth) -> str:
    """Return a truth value as the trace spells it."""
    return _TOLD[truth]


def _joined(name: str, parts: tuple[ir.Condition, ...], join: Callable[[list[Truth]], Truth]) -> Prepared:
    ready = [_prepare(part) for part in parts]
    if not ready:
        return lambda _view, _trace, _at, _level: join([])
    if len(ready) == 1 and name != "not":
        return ready[0]

    def joined(view: View, trace: Trace, at: str, level: int) -> Truth:
        place = len(trace)
        truth = join([part(view, trace, at, level + 1) for part in ready])
        trace.insert(place, TraceLine(at=at, what=name, result=told(truth), level=level))
        return truth

    return joined


def _leaf(condition: ir.Condition) -> _Leaf:
    match condition:
        case ir.Compare(field=field, op=op, value=operand):
            if isinstance(operand, ir.Ref):
                return _comparison_of_two(field, op, operand)
            return _comparison(field, op, _constant(operand))
        case ir.CompareReckoned():
            return _reckoned(condition)
        case ir.IsSet(field=field):
            return _is_set(field)
        case ir.IsIn(field=field, values=wanted):
            return _is_in(field, wanted)
        case ir.Has(field=field, values=tags):
            return _has(field, tags)
        case ir.AnyContact(of=part):
            return _any_contact(part)
        case ir.OfRecords():
            return _of_records(condition)
        case ir.Predicate():
            return _predicate(condition)
    raise TypeError(f"{type(condition).__name__} is no condition")


def _predicate(condition: ir.Predicate) -> _Leaf:
    readers = [(ref.path, ref.type, reader(ref.path)) for ref in condition.of]

    def predicate(view: View) -> tuple[Truth, dict[str, str]]:
        facts = {path: read(view.known) for path, _, read in readers}
        seen = {path: spelled(facts[path], type_) for path, type_, _ in readers}
        for path, type_, _ in readers:
            if type_ == "stage":
                facts[path] = seen[path]  # as people read it: `sales.quoted`
        said, why = say(condition, facts, ZoneInfo(view.account.calendar.zone))
        return said, seen | ({"predicate": why} if why else {})

    return predicate


def _comparison(field: ir.Ref, op: str, right: object | None) -> _Leaf:
    path, type_, read = field.path, field.type, reader(field.path)

    def compared(view: View) -> tuple[Truth, dict[str, str]]:
        left = read(view.known)
        return _compare(left, op, right, view.account.currency), {path: spelled(left, type_)}

    return compared


def _comparison_of_two(field: ir.Ref, op: str, other: ir.Ref) -> _Leaf:
    read_left, read_right = reader(field.path), reader(other.path)

    def compared(view: View) -> tuple[Truth, dict[str, str]]:
        left, right = read_left(view.known), read_right(view.known)
        values = {field.path: spelled(left, field.type), other.path: spelled(right, other.type)}
        return _compare(left, op, right, view.account.currency), values

    return compared


def _reckoned(condition: ir.CompareReckoned) -> _Leaf:
    sides = (condition.left, condition.right)
    facts = tuple(dict.fromkeys(_of_the_deal(sides)))

    def compared(view: View) -> tuple[Truth, dict[str, str]]:
        values = {path: spelled(view.value(path)) for path in facts}
        found = []
        for side in sides:
            value, why = comes_to(side, view, holds) if isinstance(side, ir.Reckonable) else (_constant(side), "")
            if isinstance(side, ir.Shift | ir.Reckoned | ir.OrElse | ir.Aggregate):
                values[reckoned(side)] = f"unset: {why}" if why else spelled(value)
            found.append(value)
        left, right = found
        return _compare(left, condition.op, right, view.account.currency), values

    return compared


def _of_the_deal(sides: Sequence[object]) -> Iterator[str]:
    """The facts of which sides are reckoned; what records come to stands for itself."""
    for side in sides:
        match side:
            case ir.Reckoned(left=left, right=right):
                yield from _of_the_deal((left, right))
            case ir.Shift(of=of):
                yield from _of_the_deal((of,))
            case ir.OrElse(of=of, other=other):
                yield from _of_the_deal((of, other))
            case ir.Ref(path=path):
                yield path


def _is_set(field: ir.Ref) -> _Leaf:
    path, type_, read = field.path, field.type, reader(field.path)

    def is_set(view: View) -> tuple[Truth, dict[str, str]]:
        found = read(view.known)
        return found is not None, {path: spelled(found, type_)}

    return is_set


def _is_in(field: ir.Ref, wanted: Sequence[ir.Operand]) -> _Leaf:
    read = reader(field.path)

    def is_in(view: View) -> tuple[Truth, dict[str, str]]:
        found = read(view.known)
        seen = {field.path: spelled(found, field.type)}
        if found is None:
            return None, seen
        return any_of([_compare(found, "==", _operand(item, view), view.account.currency) for item in wanted]), seen

    return is_in


def _has(field: ir.Ref, tags: Sequence[str]) -> _Leaf:
    # Empty tags are empty; a field of options that nobody filled in is unset, as every other one.
    path, read, unknown = field.path, reader(field.path), field.type == "choices"

    def has(view: View) -> tuple[Truth, dict[str, str]]:
        found = read(view.known)
        if found is None and unknown:
            return None, {path: spelled(None)}
        held = found if isinstance(found, tuple) else ()
        return any(tag in held for tag in tags), {path: spelled(held)}

    return has


def _any_contact(of: ir.Condition) -> _Leaf:
    ready = _prepare(of)

    def any_contact(view: View) -> tuple[Truth, dict[str, str]]:
        deal = view.deal
        looked = deal.contacts[:MOST_CONTACTS]
        # One line for all of them: the trace of a hundred contacts would be read by nobody.
        truths = [ready(view.for_recipient(contact), Trace(), "", 0) for contact in looked]
        beyond = deal.contact_count - len(looked)
        if beyond:
            truths.append(None)
        seen = f"{len(looked)} of {deal.contact_count:,} looked at" if beyond else str(len(looked))
        return any_of(truths), {"deal.contacts": seen, "true of": str(truths.count(True))}

    return any_contact


def _of_records(condition: ir.OfRecords) -> _Leaf:
    ready = _prepare(condition.of)
    name = f"deal.records({condition.record})"

    def of_records(view: View) -> tuple[Truth, dict[str, str]]:
        found = among(condition.record, condition.where, view, holds)
        truths = [ready(each, Trace(), "", 0) for each in found.views]
        values = {name: found.seen(), "true of": str(truths.count(True))}
        # One that is perhaps not meant can only be without effect, or leave it open; so can those that were not read.
        perhaps = [ready(each, Trace(), "", 0) for each in found.perhaps]
        known = [*truths, *(each if each is condition.every else None for each in perhaps)]
        if found.beyond:
            known.append(None)
        if not condition.every:
            return any_of(known), values
        if not truths:  # whether there is one at all
            return None if known else False, values
        return all_of(known), values

    return of_records


def holds(condition: ir.Condition, view: View) -> Truth:
    """Return what the condition comes to on these facts; nothing is traced."""
    return evaluate(condition, view, Trace(), at="")


def _operand(operand: ir.Operand, view: View) -> object | None:
    return view.value(operand.path) if isinstance(operand, ir.Ref) else _constant(operand)


def _constant(operand: ir.Value) -> object | None:
    match operand:
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
    elif isinstance(right, Money):  # a plain 0 that stands in for an amount that is unset
        right, left = _amounts(right, left, currency)
    if isinstance(left, User) and isinstance(right, User):
        left, right = left.id, right.id
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
        case ir.CompareReckoned():
            return words(condition)
        case ir.IsSet(field=field):
            return f"{field.path} is set"
        case ir.IsIn(field=field, values=values):
            return f"{field.path} in {', '.join(_written(value) for value in values)}"
        case ir.Has(field=field, values=tags):
            return f"{field.path} has {' or '.join(repr(tag) for tag in tags)}"
        case ir.Scored(score=score, op=op, value=value):
            return f"{_written(score)} {op} {_written(value)}"
        case ir.Predicate(label=label):
            return f"predicate {label!r}"
        case ir.OfRecords():
            return words(condition)
        case ir.AnyContact(of=part):
            return f"any of deal.contacts: {describe(part)}"
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


def _written(operand: ir.Operand | ir.Points) -> str:
    match operand:
        case ir.Points(of=parts):
            return f"points of {len(parts)} conditions"
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
