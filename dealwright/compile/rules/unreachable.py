"""DW215: steps that no deal can ever reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Alternatives, Logic, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place, about_record, of_trigger


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin == "criteria":
            continue  # what criteria are lowered to is ready for everything; DW111 judges what they ask for
        logic = subject.logic(account)
        yield from _after_stop(subject, automation, automation.do)
        if not possible(of_trigger(automation.on, logic), logic.true(automation.when)):
            continue
        for place in subject.places(account, automation):
            if isinstance(place.step, ir.BranchStep) and possible(*place.now):
                yield from _ways(subject, automation, logic, place)
                yield from _lately(subject, automation, logic, place)


def _ways(subject: Subject, automation: ir.Automation, logic: Logic, place: Place) -> Iterator[Spot]:
    branch = place.step
    assert isinstance(branch, ir.BranchStep)
    for index, case in _never(branch, logic, place.now):
        path, line = subject.case_at(automation, branch.name, index)
        why, hint = "the cases before it cover it", "put the narrower case first, or take this one out"
        if not possible(logic.true(case.when)):
            why = "it contradicts itself"
        elif not possible(*place.now, logic.true(case.when)):
            why = "what holds on the way there excludes it"
            hint = "ask for something else, or take out what excludes it: a condition or a case, or stop() before it"
        words = describe.condition(case.when)
        message = f"case {index + 1} of {branch.name!r} is never taken ({words}): {why}"
        yield Spot(path=path, line=line, message=message, hint=hint)
    if branch.otherwise and not possible(*place.now, *(logic.false(case.when) for case in branch.cases)):
        path, line = subject.step_at(automation, branch.name)
        message = f"otherwise of {branch.name!r} is never taken: its cases cover everything"
        yield Spot(path=path, line=line, message=message, hint="take otherwise out, or one of the cases")
    none = [logic.not_true(case.when) for case in branch.cases]
    if branch.unset and not any(possible(*place.now, *none, logic.not_false(case.when)) for case in branch.cases):
        path, line = subject.step_at(automation, branch.name)
        message = f"unset of {branch.name!r} is never taken: its cases are never unknown"
        yield Spot(path=path, line=line, message=message, hint="take unset out")


def _lately(subject: Subject, automation: ir.Automation, logic: Logic, place: Place) -> Iterator[Spot]:
    """Yield the cases that are taken only where somebody was quicker; one that only stops is there for that."""
    branch = place.step
    assert isinstance(branch, ir.BranchStep)
    if not possible(*place.lately):
        return
    certain = {index for index, _ in _never(branch, logic, place.now)}
    for index, case in _never(branch, about_record(logic, automation.on, place), place.lately):
        if index in certain or all(isinstance(step, ir.StopStep) for step in case.do):
            continue
        ended = f", or exit_on has ended {automation.key!r} by then" if automation.exit_on and place.waited else ""
        path, line = subject.case_at(automation, branch.name, index)
        yield Spot(
            path=path,
            line=line,
            message=f"case {index + 1} of {branch.name!r} is not taken ({describe.condition(case.when)}):"
            f" what is known there excludes it{ended}",
            hint="ask for something else, or take out what excludes it: a condition, a case, stop() or exit_on",
            severity="warning",
        )


def _never(branch: ir.BranchStep, logic: Logic, known: Sequence[Alternatives]) -> Iterator[tuple[int, ir.Case]]:
    """Yield the cases that cannot be taken where this is known, with their places."""
    before: list[Alternatives] = []
    for index, case in enumerate(branch.cases):
        if not possible(*known, *before, logic.true(case.when)):
            yield index, case
        before.append(logic.not_true(case.when))


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
        "run, though they read as if they did. Nor does a case for how a step ended whose way ends with stop(), or for "
        "a stage to which no deal comes without being ended by exit_on; where only somebody who is quicker could make "
        "it true, it is a warning."
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
