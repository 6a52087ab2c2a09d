"""Every condition that an author has written, where it stands, and the parts of it that are always or never true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.possible import Logic
from dealwright.compile.rules.rule import Subject, all_parts, all_steps


class Asking(NamedTuple):
    """One condition, and where it stands: in `of` it is one of several that all have to be true."""

    at: tuple[str, int]
    condition: ir.Condition
    of: Literal["when", "segment", "case", "until", "points"]


_HOLDS: Final = (msgspec.Struct, tuple, Mapping)
"""What may have conditions inside."""


def askings(subject: Subject, automation: ir.Automation) -> list[Asking]:
    """Return the conditions of an automation, and of a stage's criteria; what else is lowered nobody has written."""
    return subject.kept(_askings, automation)


def _askings(subject: Subject, automation: ir.Automation) -> Iterator[Asking]:
    if automation.origin == "authored":
        for place, part in enumerate(all_parts(automation.when)):
            yield Asking(subject.condition_at(automation, place), part, "when")
        if automation.for_each is not None:
            for part in all_parts(automation.for_each.where):
                yield Asking(subject.automation_at(automation, "for_each"), part, "segment")
    elif automation.origin != "criteria":
        return
    for step in all_steps(automation.do):
        if automation.origin == "authored" or step.name.startswith(("entry-", "exit-")):
            yield from _of_step(subject, automation, step)


def _of_step(subject: Subject, automation: ir.Automation, step: ir.Step) -> Iterator[Asking]:
    at = subject.step_at(automation, step.name)
    match step:
        case ir.BranchStep(cases=cases):
            for place, case in enumerate(cases):
                yield from (
                    Asking(subject.case_at(automation, step.name, place), part, "case") for part in all_parts(case.when)
                )
        case ir.WaitUntilStep(until=until) if until is not None:
            yield from (Asking(at, part, "until") for part in all_parts(until))
        case _:
            yield from (Asking(at, each, "points") for each in _written(step))


def never(logic: Logic, condition: ir.Condition) -> Iterator[ir.Condition]:
    """Yield the outermost parts of the condition that are true of no deal."""
    yield from _outermost(condition, logic.never)


def always(logic: Logic, condition: ir.Condition) -> Iterator[ir.Condition]:
    """Yield the outermost parts of the condition that are false of no deal."""
    yield from _outermost(condition, logic.always)


def _outermost(condition: ir.Condition, judge: Callable[[ir.Condition], bool]) -> Iterator[ir.Condition]:
    # Nobody writes an All or Any of nothing; what is denied is judged by itself, which people read more easily.
    judged = not isinstance(condition, ir.Not) and getattr(condition, "of", None) != ()
    if judged and judge(condition):
        yield condition
        return
    for part in _written(condition):
        yield from _outermost(part, judge)


def _written(node: object) -> Iterator[ir.Condition]:
    """Yield the conditions right inside of something: those of points, of records, and what others join."""
    inside: tuple[object, ...] = ()
    match node:
        case msgspec.Struct():
            inside = tuple(getattr(node, name) for name in node.__struct_fields__)
        case tuple():
            inside = node
        case Mapping():
            inside = tuple(node.values())
    for each in inside:
        if not isinstance(each, _HOLDS):
            continue
        if ir.is_condition(each):
            yield each
        elif not ir.is_step(each):
            yield from _written(each)
