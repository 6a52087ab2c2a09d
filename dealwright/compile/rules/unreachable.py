"""DW215: steps that no deal can ever reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Alternatives, Logic, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place, of_trigger, places


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin == "criteria":
            continue  # what criteria are lowered to is ready for everything; DW111 judges what they ask for
        logic = Logic.of(account)
        yield from _after_stop(subject, automation, automation.do)
        if not possible(of_trigger(automation.on, logic), logic.true(automation.when)):
            continue
        for place in places(automation, logic):
            if isinstance(place.step, ir.BranchStep) and possible(*place.now):
                yield from _ways(subject, automation, logic, place)


def _ways(subject: Subject, automation: ir.Automation, logic: Logic, place: Place) -> Iterator[Spot]:
    branch = place.step
    assert isinstance(branch, ir.BranchStep)
    before: list[Alternatives] = []
    for index, case in enumerate(branch.cases):
        if not possible(*place.now, *before, logic.true(case.when)):
            path, line = subject.case_at(automation, branch.name, index)
            why = "the cases before it cover it" if before else "what holds on the way there excludes it"
            if not possible(logic.true(case.when)):
                why = "it contradicts itself"
            words = describe.condition(case.when)
            message = f"case {index + 1} of {branch.name!r} is never taken ({words}): {why}"
            yield Spot(path=path, line=line, message=message, hint="put the narrower case first, or take this one out")
        before.append(logic.not_true(case.when))
    if branch.otherwise and not possible(*place.now, *(logic.false(case.when) for case in branch.cases)):
        path, line = subject.step_at(automation, branch.name)
        message = f"otherwise of {branch.name!r} is never taken: its cases cover everything"
        yield Spot(path=path, line=line, message=message, hint="take otherwise out, or one of the cases")
    if branch.unset and not any(possible(*place.now, *before, logic.not_false(case.when)) for case in branch.cases):
        path, line = subject.step_at(automation, branch.name)
        message = f"unset of {branch.name!r} is never taken: its cases are never unknown"
        yield Spot(path=path, line=line, message=message, hint="take unset out")


def _after_stop(subject: Subject, automation: ir.Automation, steps: Sequence[ir.Step]) -> Iterator[Spot]:
    for place, step in enumerate(steps):
        for way in ir.ways_of(step):
            yield from _after_stop(subject, automation, way)
        if _ends(step) and place + 1 < len(steps):
            path, line = subject.step_at(automation, steps[place + 1].name)
            message = f"the step {steps[place + 1].name!r} is never reached: {step.name!r} before it ends the execution"
            yield Spot(path=path, line=line, message=message, hint="move it before, or take it out")
            return


def _ends(step: ir.Step) -> bool:
    if isinstance(step, ir.BranchStep):
        return step.unset is not None and all(any(map(_ends, way)) for way in ir.ways_of(step))
    if isinstance(step, ir.AskStep):
        return False  # in mode shadow nobody is asked, and what follows is done
    return isinstance(step, ir.StopStep)


RULE: Final = Rule(
    code="DW215",
    severity="error",
    title="a step can never be reached",
    reason=(
        "The first case that is true is taken. A case that the cases before it cover, or steps after stop(), never "
        "run, though they read as if they did."
    ),
    bad="""
size = Automation(
    key="size",
    on=deal_created(in_=Sales),
    do=[
        branch(
            "size",
            case(deal.amount >= 1_000, set_task("call", text="Call about {{ deal.title }}", due=hours(1))),
            case(deal.amount >= 10_000, set_task("visit", text="Visit about {{ deal.title }}", due=hours(8))),
        ),
    ],
)
""",
    good="""
size = Automation(
    key="size",
    on=deal_created(in_=Sales),
    do=[
        branch(
            "size",
            case(deal.amount >= 10_000, set_task("call", text="Call about {{ deal.title }}", due=hours(1))),
            case(deal.amount >= 1_000, set_task("visit", text="Visit about {{ deal.title }}", due=hours(8))),
        ),
    ],
)
""",
    look=_look,
)
