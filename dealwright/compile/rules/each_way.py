"""A value that every way of a branch, or every answer to a question, writes: nobody branches for that (DW245)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Spot, Subject, all_steps

_YES: Final = frozenset({"yes", "si", "sim", "ja"})
_NO: Final = frozenset({"no", "nao", "nein"})


class _Write(NamedTuple):
    """A flag or a choice of the deal, and what a step writes there and nowhere else."""

    field: str
    value: ir.Expression


def written_each_way(subject: Subject) -> Iterator[Spot]:
    """Yield branches and questions of which one way does nothing but write what all the others write as well."""
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        few = {field.key for field in account.deal_fields if field.type in ("flag", "choice")}
        for step in all_steps(automation.do):
            ways = _ways(step, automation)
            common = [write for way in ways if len(way) == 1 and (write := _only(way[0], few)) is not None]
            for field, value in dict.fromkeys(common):
                if len(ways) > 1 and all(_writes(way, _Write(field, value), few) for way in ways):
                    path, line = subject.step_at(automation, step.name)
                    each = "every answer to" if isinstance(step, ir.AskStep) else "every way of"
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{each} {step.name!r} writes deal.{field} = {describe.expression(value)}",
                        hint="write something else in one of them; what is meant of all is written once, before it",
                    )


def written_by_no(subject: Subject) -> Iterator[Spot]:
    """Yield the steps called no that write yes to a flag, as the step called yes on another way does."""
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            if not isinstance(step, ir.BranchStep | ir.AskStep):
                continue
            writes = [each for way in ir.ways_of(step) for each in way if isinstance(each, ir.UpdateDealStep)]
            yes, no = ([each for each in writes if each.name in words] for words in (_YES, _NO))
            for one, other in product(yes, no):
                if one.changes == other.changes and any(isinstance(v, ir.FlagValue) for v in one.changes.values()):
                    path, line = subject.step_at(automation, other.name)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{other.name!r} writes the same as {one.name!r} on the other way of {step.name!r}",
                        hint="write the opposite in one of them",
                    )


def _ways(step: ir.Step, automation: ir.Automation) -> list[tuple[ir.Step, ...]]:
    """Return the ways that were meant to differ; none if they are all the same, which is told by itself."""
    match step:
        case ir.BranchStep(cases=cases, otherwise=otherwise, unset=unset):
            ways = [*(case.do for case in cases), otherwise, *([] if unset is None else [unset])]
            return ways if any(len(way) > 1 for way in ways) else []
        # Whoever looks at the answer later may want to know at once only that there was one.
        case ir.AskStep(answers=answers) if f"steps.{step.name}.choice" not in set(facts_in(automation)):
            return [answer.do for answer in answers]
    return []


def _writes(way: Sequence[ir.Step], write: _Write, few: set[str]) -> bool:
    """Say whether the way writes this, and nothing else to the field in any of its steps."""
    steps = [each for each in all_steps(way) if isinstance(each, ir.UpdateDealStep) and write.field in each.changes]
    return len(steps) == 1 and steps[0] in way and _only(steps[0], few) == write


def _only(step: ir.Step, few: set[str]) -> _Write | None:
    """Return what the step writes, if that is one flag or choice and no more."""
    if not isinstance(step, ir.UpdateDealStep) or len(step.changes) != 1:
        return None
    ((field, value),) = step.changes.items()
    return _Write(field, value) if field in few and isinstance(value, ir.FlagValue | ir.TextValue) else None
