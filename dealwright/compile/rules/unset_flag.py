"""DW223: a flag is denied, which a flag that nobody has set is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.unset_or_yes import unset_or_yes


def _look(subject: Subject) -> Iterator[Spot]:
    yield from unset_or_yes(subject)
    for _, automation in subject.automations:
        asked = set(_asked_for(automation))
        for (file, line), condition in _conditions(subject, automation):
            for path, yes in dict.fromkeys(_denied(condition)):
                if path in asked:
                    continue
                said, other = ("is_true", "is_false") if yes else ("is_false", "is_true")
                yield Spot(
                    path=file,
                    line=line,
                    message=f"~{path}.{said}() is unknown, and not true, where nobody has set the flag",
                    hint=f"write {path}.is_unset() | {path}.{other}(), or {path}.{other}() if that is meant",
                )


def _conditions(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], ir.Condition]]:
    """Yield every condition of the automation with where it was written."""
    parts = all_parts(automation.when)
    for place, part in enumerate(parts):
        yield subject.condition_at(automation, place), part
    if automation.for_each is not None:
        yield subject.automation_at(automation, "for_each"), automation.for_each.where
    for step in all_steps(automation.do):
        if isinstance(step, ir.WaitUntilStep) and step.until is not None:
            yield subject.step_at(automation, step.name), step.until
        for place, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
            yield subject.case_at(automation, step.name, place), case.when


def _denied(node: object, *, turned: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield own flags that are denied, and whether it is yes that is denied."""
    match node:
        case ir.Not(of=part):
            yield from _denied(part, turned=not turned)
        case ir.Compare(field=field, op="==", value=ir.FlagValue(value=yes)) if turned:
            if field.path.startswith(("deal.", "contact.", "event.", "record.")):
                yield field.path, yes
        case ir.Points(of=points):
            for point in points:
                yield from _denied(point.when)
        case ir.Scored(score=score, value=value):
            yield from _denied(score)
            yield from _denied(value)
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _denied(part, turned=turned)
        case ir.AnyContact(of=part):
            yield from _denied(part)
        case ir.OfRecords(of=part, where=among):
            yield from _denied(part)
            yield from _denied(among)
        case ir.CompareReckoned(left=left, right=right):
            yield from _denied(left)
            yield from _denied(right)
        case ir.Aggregate(where=among):
            yield from _denied(among)


def _asked_for(node: object) -> Iterator[str]:
    """Yield the fields of which it is asked somewhere whether they are set: whoever asks knows that they may not be."""
    match node:
        case ir.IsSet(field=field):
            yield field.path
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _asked_for(getattr(node, name))
        case tuple():
            for each in node:
                yield from _asked_for(each)


RULE: Final = Rule(
    code="DW223",
    severity="warning",
    title="a flag is denied, and may be unset",
    reason=(
        "A flag that nobody has set is neither yes nor no, and so `~deal.vip.is_true()` is unknown of every deal until "
        "somebody says no: a rule does nothing, and criteria move every deal back. `unset | yes` of records that are "
        "all made with no leaves out just those that are new."
    ),
    bad="""
class Own(DealFields):
    vip = Flag("VIP")


own = Own()

usual = Automation(
    key="usual",
    on=deal_created(in_=Sales),
    when=[~own.vip.is_true()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(4))],
)
""",
    good="""
class Own(DealFields):
    vip = Flag("VIP")


own = Own()

usual = Automation(
    key="usual",
    on=deal_created(in_=Sales),
    when=[own.vip.is_unset() | own.vip.is_false()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(4))],
)
""",
    look=_look,
)
