"""A branch behind a wait for those alone whose time is over, whom on_timeout= is for already (DW245)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dealwright.compile import ir
from dealwright.compile.rules.rule import Spot, Subject, all_steps


def over_twice(subject: Subject) -> Iterator[Spot]:
    """Yield branches that do something where the time of a wait is over, and nothing where what it waits for came."""
    for _, automation in subject.automations:
        ways: list[Sequence[ir.Step]] = [automation.do]
        for step in all_steps(automation.do):
            ways.extend(ir.ways_of(step))
        for steps in ways:
            for wait, branch in pairwise(steps):
                if isinstance(wait, ir.WaitUntilStep) and wait.on_timeout and _is_over(branch, wait.name):
                    path, line = subject.case_at(automation, branch.name, 0)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{branch.name!r} is for those alone for whom the time of {wait.name!r} is over, and so"
                        " is its on_timeout=: nothing is done where it has come",
                        hint="write timed_out.is_false() if those in time are meant; else do it all in on_timeout=",
                    )


def _is_over(step: ir.Step, wait: str) -> bool:
    """Say whether a step is a branch for those whose time is over, and for nobody else; it does not end there."""
    match step:
        case ir.BranchStep(cases=(ir.Case(when=ir.Compare(field=field, op="==", value=value), do=do),)):
            pass
        case _:
            return False
    if step.otherwise or step.unset or any(isinstance(each, ir.StopStep) for each in all_steps(do)):
        return False
    over = (
        (f"steps.{wait}.timed_out", ir.FlagValue(value=True)),
        (f"steps.{wait}.outcome", ir.TextValue(value="timed_out")),
    )
    return (field.path, value) in over
