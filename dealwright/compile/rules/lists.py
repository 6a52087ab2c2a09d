"""Members of a list of stages or options that can never be where they are asked for, while others can (DW214)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.possible import one_of, possible
from dealwright.compile.rules.rule import Spot, Subject, all_parts
from dealwright.compile.rules.ways import Parts, found_in, of_trigger
from dealwright.compile.sources import called

_FAR: Final = 4
"""So many lines below its beginning a condition may name its list."""


class _Member(NamedTuple):
    """One of the values for which an `is_in()` asks, and where: several automations may be made of one definition."""

    path: str
    line: int
    field: str
    value: ir.Value


def idle_members(subject: Subject) -> Iterator[Spot]:
    """Yield members that can be on no deal, in no automation that is made of the definition where they stand."""
    seen: dict[_Member, bool] = {}
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        for (path, line), condition, known in _asked(subject, account, automation):
            if not possible(*known):
                continue  # the whole is told
            for asked in _lists(condition):
                for value in asked.values:
                    member = _Member(path, line, asked.field.path, value)
                    if seen.get(member, False) or not _written_there(subject, member, len(asked.values)):
                        continue
                    seen[member] = possible(*known, one_of(asked.field.path, [value]))
    for member, alive in seen.items():
        if not alive:
            yield Spot(
                path=member.path,
                line=member.line,
                message=f"{member.field} is never {describe.expression(member.value)} where it is asked for: the"
                " trigger or another condition excludes it",
                hint="most likely another one is meant; else take it out of the list",
                severity="warning",
            )


def _asked(
    subject: Subject, account: ir.Account, automation: ir.Automation
) -> Iterator[tuple[tuple[str, int], ir.Condition, Parts]]:
    """Yield the parts of `when` and of the segment, each with what is known of the deals that all of them let by."""
    logic = subject.logic(account)
    known: Parts = (logic.true(automation.when),)
    if automation.when_within is None:  # what is looked at again need not stand where its trigger found it
        known = (of_trigger(automation.on, logic), *found_in(automation, account), *known)
    if automation.for_each is not None:
        segment = automation.for_each
        known = (*known, logic.true(segment.where))
        if segment.pipelines:
            known = (*known, one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in segment.pipelines]))
        for part in all_parts(segment.where):
            yield subject.automation_at(automation, "for_each"), part, known
    for place, part in enumerate(all_parts(automation.when)):
        yield subject.condition_at(automation, place), part, known


def _lists(condition: ir.Condition) -> Iterator[ir.IsIn]:
    """Yield the lists of which one has to be true; what is denied may well name more than can be."""
    match condition:
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _lists(part)
        case ir.IsIn(values=values) if len(values) > 1:
            yield condition


def _written_there(subject: Subject, member: _Member, length: int) -> bool:
    """Say whether the member was written for this condition: a list with a name may serve others, too."""
    source = subject.sources.get(member.path)
    for call in source.nodes(ast.Call) if source is not None else ():
        if called(call) != "is_in" or not member.line <= call.lineno <= member.line + _FAR or len(call.args) != length:
            continue
        if any(_is(given, member.value) for given in call.args):
            return True
    return False


def _is(given: ast.expr, value: ir.Value) -> bool:
    match value:
        case ir.StageValue(stage=stage):
            return isinstance(given, ast.Attribute) and given.attr == stage
        case ir.TextValue(value=text):
            return isinstance(given, ast.Constant) and given.value == text
    return False
