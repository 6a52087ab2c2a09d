"""Conditions in sentences. `not` goes down to what is asked: nobody has to read a denied list of alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.texts import filled
from dealwright.compile.explain.tongue import harmless
from dealwright.compile.reckoned import kind_of

_OPPOSITE: Final[dict[ir.Operator, ir.Operator]] = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
}  # fmt: skip
_SIGNS: Final = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_KINDS: Final = {"open": ("incoming", "open"), "won": ("won",), "lost": ("lost",)}


def condition(given: ir.Condition, names: Names, *, holds: bool = True) -> str:
    """Return the condition as a sentence, or its opposite."""
    tongue = names.tongue
    not_ = "" if holds else ".not"
    match given:
        case ir.All() | ir.Any():
            if not given.of:
                return tongue.say("if.all" if isinstance(given, ir.All) is holds else "if.any")
            parts = [_inner(each, names, holds, alone=len(given.of) == 1) for each in given.of]
            return tongue.all_of(parts) if isinstance(given, ir.All) is holds else tongue.one_of(parts)
        case ir.Not():
            return condition(given.of, names, holds=not holds)
        case ir.Compare():
            return _compared(given, given.op if holds else _OPPOSITE[given.op], names)
        case ir.CompareReckoned():
            return _reckoned(given, given.op if holds else _OPPOSITE[given.op], names)
        case ir.IsSet():
            return tongue.say(f"if.is_set{not_}", field=names.field(given.field.path))
        case ir.IsIn():
            kind = _kind(given, names.account)
            if kind:
                return tongue.say(f"if.{kind}{not_}")
            ends = [_ended(given.field, value, names, holds=holds) for value in given.values]
            if ends and None not in ends:
                told = [each for each in ends if each is not None]
                return tongue.one_of(told) if holds else tongue.all_of(told)
            values = tongue.one_of(names.value(value, money=given.field.type == "money") for value in given.values)
            return tongue.say(f"if.is_in{not_}", field=names.field(given.field.path), values=values)
        case ir.Has():
            values = tongue.one_of(map(tongue.quoted, given.values))
            many = "" if given.field.type == "tags" else ".one"  # of which there are many, or a field that has them
            return tongue.say(f"if.has{many}{not_}", field=names.field(given.field.path), values=values)
        case ir.Scored():
            field, value = expression(given.score, names), expression(given.value, names)
            key = f"if.compare.{given.op if holds else _OPPOSITE[given.op]}"
            return tongue.say(f"if.scored{not_}", test=tongue.say(key, field=field, value=value))
        case ir.Predicate():
            fields = tongue.all_of(names.field(each.path) for each in given.of)
            return tongue.say(f"if.predicate{not_}", label=harmless(given.label), fields=fields)
        case ir.AnyContact():
            theirs = names.of_one_contact()
            return tongue.say(f"if.any_contact{not_}", test=_inner(given.of, theirs, True, alone=False))
        case ir.OfRecords():
            key = f"if.records.{'all' if given.every else 'any'}{not_}"
            test = _inner(given.of, names.of_record(given.record), True, alone=False)
            asked = tongue.say(key, records=_records(given.record, given.where, names), test=test)
            return tongue.say("if.of_records", test=asked)


def all_of(given: ir.Condition, names: Names) -> Sequence[str]:
    """Return the sentences that all have to hold; none if nothing is asked."""
    if isinstance(given, ir.All):
        return [condition(each, names) for each in given.of]
    return [condition(given, names)]


def _inner(given: ir.Condition, names: Names, holds: bool, *, alone: bool) -> str:
    words = condition(given, names, holds=holds)
    while isinstance(given, ir.Not):
        given = given.of
    many = isinstance(given, ir.All | ir.Any) and len(given.of) > 1
    return names.tongue.say("group", inner=words) if many and not alone else words


def _compared(given: ir.Compare, op: ir.Operator, names: Names) -> str:
    tongue, field = names.tongue, given.field
    if isinstance(given.value, ir.FlagValue) and op in {"==", "!="} and field.path.startswith("steps."):
        _, step, flag = field.path.split(".", 2)
        if f"flag.{flag}" in tongue.texts:
            yes = given.value.value is (op == "==")
            return tongue.say(f"flag.{flag}{'' if yes else '.not'}", step=names.step(step))
    if (ended := _ended(field, given.value, names, holds=op == "==")) is not None:
        return ended
    timed = field.type in {"day", "moment"} and op not in {"==", "!="}
    value = expression(given.value, names, money=field.type == "money")
    return tongue.say(f"if.{'time' if timed else 'compare'}.{op}", field=names.field(field.path), value=value)


def _reckoned(given: ir.CompareReckoned, op: ir.Operator, names: Names) -> str:
    tongue, money = names.tongue, kind_of(given.left) == "money"
    timed = kind_of(given.left) in {"day", "moment"} and op not in {"==", "!="}
    left, right = expression(given.left, names, money=money), expression(given.right, names, money=money)
    test = tongue.say(f"if.{'time' if timed else 'compare'}.{op}", field=left, value=right)
    return tongue.say("if.compare_reckoned", test=test)


def _records(kind: str, where: ir.Condition | None, names: Names) -> str:
    """Return which of a deal's records are meant."""
    records = names.tongue.say("is.records", kind=names.kind(kind))
    if where is None:
        return records
    test = _inner(where, names.of_record(kind), True, alone=False)
    return names.tongue.say("is.records.where", records=records, test=test)


def _aggregate(given: ir.Aggregate, names: Names) -> str:
    value = "" if given.value is None else expression(given.value, names.of_record(given.record))
    if isinstance(given.value, ir.Reckoned | ir.OrElse):  # it stands in parentheses already
        value = value[1:-1]
    records = _records(given.record, given.where, names)
    made = names.tongue.say(f"is.aggregate.{given.of}", records=records, value=value)
    return names.tongue.say("is.aggregate", value=made)


def _ended(field: ir.Ref, value: ir.Operand, names: Names, *, holds: bool) -> str | None:
    """Return how a step ended as a sentence; None if something else is asked."""
    head, _, rest = field.path.partition(".")
    name, _, last = rest.rpartition(".")
    if head != "steps" or last != "outcome" or not isinstance(value, ir.TextValue):
        return None
    key = f"outcome.{value.value}{'' if holds else '.not'}"
    return names.tongue.say(key, step=names.step(name)) if key in names.tongue.texts else None


def _kind(given: ir.IsIn, account: ir.Account) -> str:
    """Return `open`, `won` or `lost` if the stages are all of that kind there are, else an empty text."""
    if given.field.path != "deal.stage":
        return ""
    wanted = set(given.values)
    for name, kinds in _KINDS.items():
        every = {
            ir.StageValue(pipeline=pipeline.key, stage=stage.key)
            for pipeline in account.pipelines
            for stage in pipeline.stages
            if stage.kind in kinds
        }
        if every and wanted == every:
            return name
    return ""


def expression(given: ir.Expression, names: Names, *, money: bool = False) -> str:
    """Return what is written or compared with."""
    match given:
        case ir.Ref():
            return names.tongue.say("is.ref", field=names.field(given.path))
        case ir.TemplateText():
            return names.tongue.say("is.template", text=" ".join(filled(given.source, names).split()))
        case ir.Points():
            return _points(given, names)
        case ir.Shift():
            start, length = expression(given.of, names), names.tongue.duration(given.by)
            return names.tongue.say("is.shift.back" if given.back else "is.shift", start=start, length=length)
        case ir.Reckoned():
            money = given.sign in "+-" and kind_of(given) == "money"
            left, right = (expression(side, names, money=money) for side in (given.left, given.right))
            return names.tongue.say("is.reckoned", left=left, sign=_SIGNS[given.sign], right=right)
        case ir.OrElse():
            money = kind_of(given) == "money"
            of, other = expression(given.of, names), expression(given.other, names, money=money)
            return names.tongue.say("is.or_else", of=of, other=other)
        case ir.Aggregate():
            return _aggregate(given, names)
        case ir.RoleValue():
            return names.role(given)
        case _:
            return names.value(given, money=money)


def lines(given: ir.Expression, names: Names) -> list[str]:
    """Return a text of several lines, as it will be sent, line by line."""
    if isinstance(given, ir.TemplateText):
        return filled(given.source, names).splitlines()
    if isinstance(given, ir.TextValue):
        return [harmless(line) for line in given.value.splitlines()]
    return [expression(given, names)]


def _points(given: ir.Points, names: Names) -> str:
    tongue = names.tongue
    parts = [
        tongue.say("is.point", points=tongue.number(each.points), test=_inner(each.when, names, True, alone=False))
        for each in given.of
    ]
    return tongue.say("is.points", parts=tongue.all_of(parts))
