"""DW219: a step or a case that does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for name in _last_waits(automation.do):
            path, line = subject.step_at(automation, name)
            message = f"nothing comes after {name!r}: waiting at the end of {automation.key!r} does nothing"
            yield Spot(path=path, line=line, message=message, hint="write what is done afterwards, or take it out")
        for first, second in _in_a_row(automation.do):
            path, line = subject.step_at(automation, second.name)
            unit, together = second.duration.unit, first.duration.amount + second.duration.amount
            yield Spot(
                path=path,
                line=line,
                message=f"{second.name!r} waits right behind {first.name!r}: nothing is done between the two",
                hint=f"write what is done between them, or one wait of {unit}({together})",
            )
        for step in all_steps(automation.do):
            for index, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
                if not case.do and automation.origin == "authored":
                    path, line = subject.case_at(automation, step.name, index)
                    message = f"case {index + 1} of {step.name!r} has no steps"
                    yield Spot(path=path, line=line, message=message, hint='write its steps, or stop("why") if it ends')


def _last_waits(steps: Sequence[ir.Step]) -> Iterator[str]:
    """The waits that are the last thing an automation does, whatever way it takes."""
    match steps[-1:]:
        case [ir.WaitStep(name=name) | ir.WaitForStep(name=name) | ir.WaitUntilStep(name=name, on_timeout=())]:
            yield name
        case [last]:
            for way in ir.ways_of(last):
                yield from _last_waits(way)


def _in_a_row(steps: Sequence[ir.Step]) -> Iterator[tuple[ir.WaitStep, ir.WaitStep]]:
    """The waits right behind each other that one could be: some days and then an hour of work are two."""
    for pair in pairwise(steps):
        match pair:
            case ir.WaitStep() as first, ir.WaitStep() as second if first.duration.unit == second.duration.unit:
                yield first, second
    for step in steps:
        for way in ir.ways_of(step):
            yield from _in_a_row(way)


RULE: Final = Rule(
    code="DW219",
    severity="warning",
    title="a step or a case does nothing",
    reason=(
        "A wait with nothing behind it, one with nothing but another wait behind it, and a case without steps, were"
        " meant to be followed by something."
    ),
    bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1)), wait("pause", days(2))],
)
""",
    good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[wait("pause", days(2)), set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
