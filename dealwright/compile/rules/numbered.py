"""DW319: records that are numbered get one number twice, a later day for a smaller one, or are made where some are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts
from dealwright.model.custom import FieldShape

_KEY: Final = re.compile(r"(?:no|nr|number|numero|numero_de_.+|nummer|position|seq|sequence)")
_LABEL: Final = re.compile(r"(?:no|nr|n\.?\s?[ºo°]|num|number|número|nummer|#)\.?", re.IGNORECASE)
_IN_DAYS: Final = {"days": 1}


class _Made(NamedTuple):
    """A record that a step makes, with the number that stands in its field."""

    step: ir.CreateRecordStep
    number: Decimal


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        numbers = {record.key: [each.key for each in record.fields if _counts(each)] for record in account.records}
        for steps, when in _rows(automation.do, None):
            for kind in dict.fromkeys(each.record for each in steps if isinstance(each, ir.CreateRecordStep)):
                for name in numbers.get(kind, ()):
                    made = list(_made(steps, kind, name))
                    for message, step, hint in (*_alike(made, name), *_earlier(made), *_again(made, kind, name, when)):
                        path, line = subject.step_at(automation, step)
                        yield Spot(path=path, line=line, message=message, hint=hint)


def _counts(shape: FieldShape) -> bool:
    """Say whether the field is called a number and nothing else: No., N.º, position."""
    return shape.type == "number" and bool(_KEY.fullmatch(shape.key) or _LABEL.fullmatch(shape.label.strip()))


def _rows(
    steps: Sequence[ir.Step], when: ir.Condition | None
) -> Iterator[tuple[Sequence[ir.Step], ir.Condition | None]]:
    """Yield the steps that are all done one after the other, with the condition of the case that they stand in."""
    yield steps, when
    for step in steps:
        if isinstance(step, ir.BranchStep):
            for case in step.cases:
                yield from _rows(case.do, case.when)
            yield from _rows(step.otherwise, None)
            yield from _rows(step.unset or (), None)
        else:
            for way in ir.ways_of(step):
                yield from _rows(way, None)


def _made(steps: Sequence[ir.Step], kind: str, name: str) -> Iterator[_Made]:
    for step in steps:
        if isinstance(step, ir.CreateRecordStep) and step.record == kind:
            number = step.fields.get(name)
            if isinstance(number, ir.NumberValue):
                yield _Made(step, number.value)


_Told = tuple[str, str, str]
"""What is wrong, the step, and what to do."""


def _alike(made: Sequence[_Made], name: str) -> Iterator[_Told]:
    first: dict[Decimal, str] = {}
    for step, number in made:
        if number in first:
            yield (
                f"{step.name!r} makes a record with {name}={number.normalize():f}, as {first[number]!r} has done",
                step.name,
                "write the next number",
            )
        first.setdefault(number, step.name)


def _earlier(made: Sequence[_Made]) -> Iterator[_Told]:
    """Yield the record of a greater number that is due before the one of the smaller one, from one day."""
    for one, other in pairwise(sorted(made, key=lambda each: each.number)):
        if one.number == other.number:
            continue
        for name, value in other.step.fields.items():
            here, there = _shifted(value), _shifted(one.step.fields.get(name))
            if here is not None and there is not None and here[0] == there[0] and here[1] < there[1]:
                yield (
                    f"{other.step.name!r} has a greater number than {one.step.name!r}, and {name} is"
                    f" {there[1] - here[1]} days earlier",
                    other.step.name,
                    "write + where the day lies behind the other one, or exchange the numbers",
                )


def _shifted(value: object) -> tuple[str, int] | None:
    """Return the day from which days are counted, and how many."""
    match value:
        case ir.Ref(path=path, type="day"):
            return path, 0
        case ir.Shift(of=of, by=by, back=back) if by.unit in _IN_DAYS and (base := _shifted(of)) is not None:
            return base[0], base[1] + (-by.amount if back else by.amount)
    return None


def _again(made: Sequence[_Made], kind: str, name: str, when: ir.Condition | None) -> Iterator[_Told]:
    """Yield the first of several records that are made where there are some, and nowhere else."""
    if len(made) < 2 or min(each.number for each in made) != 1 or when is None:
        return
    if any(_there_are_some(part, kind) for part in all_parts(when)):
        yield (
            f"{made[0].step.name!r} begins with {name}=1, and is done only where there are records {kind!r} already",
            made[0].step.name,
            "write .count == 0",
        )


def _there_are_some(part: ir.Condition, kind: str) -> bool:
    """Say whether it asks for any record of the kind, whichever it is."""
    match part:
        case ir.CompareReckoned(
            left=ir.Aggregate(record=record, of="count", where=None), op=op, right=ir.NumberValue(value=value)
        ):
            pass
        case ir.Compare(field=ir.Ref(path=path), op=op, value=ir.NumberValue(value=value)):
            record = path.removeprefix("deal.records.").removesuffix(".count").replace("_", "-")
        case _:
            return False
    return record == kind and f"{op}{value}" in (">0", ">=1", "!=0")


RULE: Final = Rule(
    code="DW319",
    severity="warning",
    title="numbered records do not count up",
    reason=(
        "Whoever pays the first of two instalments is told by its number which one it was: two that are both No. 1 are "
        "one too few. Told are records of one kind that one way makes with one number, a greater number that is due "
        "before the smaller one where both days are counted from one, and a row that begins with 1 only where there "
        "are such records already."
    ),
    bad="""
class Instalment(Record, key="instalment"):
    number, amount = Number("No."), Money("Amount")


split = Automation(
    key="split",
    on=entered(Sales.won),
    do=[
        create_record("deposit", Instalment, number=1, amount=deal.amount * 0.3),
        create_record("rest", Instalment, number=1, amount=deal.amount * 0.7),
    ],
)
""",
    good="""
class Instalment(Record, key="instalment"):
    number, amount = Number("No."), Money("Amount")


split = Automation(
    key="split",
    on=entered(Sales.won),
    do=[
        create_record("deposit", Instalment, number=1, amount=deal.amount * 0.3),
        create_record("rest", Instalment, number=2, amount=deal.amount * 0.7),
    ],
)
""",
    look=_look,
)
