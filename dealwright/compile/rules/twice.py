"""DW245: one thing is said or done twice, which is most likely a copy that was to be changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.each_way import written_by_no, written_each_way
from dealwright.compile.rules.over_twice import over_twice
from dealwright.compile.rules.readings import works_with
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.said_twice import said_twice
from dealwright.compile.rules.same_ways import alike_ways

_PLAIN: Final = (
    ir.SetTaskStep,
    ir.AddNoteStep,
    ir.NotifyStep,
    ir.SendEventStep,
    ir.SendConversionStep,
    ir.CreateRecordStep,
    ir.CreateDealStep,
    ir.CreateContactStep,
)
"""Steps that are of no use a second time, if nothing has changed in between."""

_READS_ALL: Final = (ir.SendEventStep, ir.CreateDealStep, ir.SendEmailStep, ir.SendMessageStep, ir.SendConversionStep)
"""Steps that tell of the deal, or look at it once more, beyond what stands in them."""


def _look(subject: Subject) -> Iterator[Spot]:
    yield from said_twice(subject)
    yield from over_twice(subject)
    yield from written_each_way(subject)
    yield from written_by_no(subject)
    yield from alike_ways(subject)
    for _, automation in subject.automations:
        if automation.origin != "authored":
            continue
        for step in all_steps(automation.do):
            if isinstance(step, ir.BranchStep) and _all_alike(step):
                path, line = subject.step_at(automation, step.name)
                message = f"every way through {step.name!r} does the same, whatever its cases ask"
                yield Spot(
                    path=path, line=line, message=message, hint="change one of the ways, or take the branch() out"
                )
        for steps in rows(automation.do):
            for first, second in _done_again(steps):
                path, line = subject.step_at(automation, second.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{second.name!r} does once more what {first.name!r} has just done",
                    hint="write what was meant in its place, wait before it, or take it out",
                )
            for first, second, name in _written_over(steps):
                path, line = subject.step_at(automation, second.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{second.name!r} writes deal.{name} over, which {first.name!r} has just written",
                    hint="write another field, or take one of the two out",
                )


def rows(steps: Sequence[ir.Step]) -> Iterator[Sequence[ir.Step]]:
    """Yield the steps that follow each other, of every way."""
    yield steps
    for step in steps:
        for way in ir.ways_of(step):
            yield from rows(way)


def _all_alike(branch: ir.BranchStep) -> bool:
    ways = [*(case.do for case in branch.cases), branch.otherwise, *([] if branch.unset is None else [branch.unset])]
    first, *others = ([_nameless(step) for step in way] for way in ways)
    return bool(first) and all(other == first for other in others)


def _done_again(steps: Sequence[ir.Step]) -> Iterator[tuple[ir.Step, ir.Step]]:
    """Yield two steps that are the same, with none between them that waits or changes anything that they tell."""
    done: list[ir.Step] = []
    for step in steps:
        if not isinstance(step, _PLAIN):
            if not isinstance(step, ir.SendEmailStep | ir.SendMessageStep):
                done.clear()
            continue
        first = next((each for each in done if _nameless(each) == _nameless(step)), None)
        if first is not None:
            yield first, step
        done.append(step)


def _written_over(steps: Sequence[ir.Step]) -> Iterator[tuple[ir.Step, ir.Step, str]]:
    """Yield what is written to a field that was just written, and that nothing has read or waited for since."""
    written: dict[str, ir.Step] = {}
    for step in steps:
        if not isinstance(step, (*_PLAIN, ir.UpdateDealStep, ir.ChangeTagsStep)) or isinstance(step, _READS_ALL):
            written.clear()
            continue
        for path in works_with(step, "deal"):
            written.pop(path.removeprefix("deal."), None)
        if not isinstance(step, ir.UpdateDealStep):
            continue
        for name, value in step.changes.items():
            if name in written and not isinstance(value, ir.RoleValue):
                yield written[name], step, name
            if name != "tags":  # DW228 tells of them
                written[name] = step


def _nameless(step: ir.Step) -> object:
    """Return all that a step says but how it is called, and how those in its ways are."""
    return _without_names(msgspec.to_builtins(step))


def _without_names(given: object) -> object:
    match given:
        case dict():
            named = "do" in given and isinstance(given["do"], str)
            return {key: _without_names(value) for key, value in given.items() if not (named and key == "name")}
        case list() | tuple():
            return [_without_names(each) for each in given]
    return given


RULE: Final = Rule(
    code="DW245",
    severity="warning",
    title="one thing is said or done twice",
    reason=(
        "Whoever copies a line means to change it: a condition, an option, a stage or a tag that stands twice in one"
        " list asks for no more than it did once, and what was to stand there is missing. So it is with a task that is"
        " set twice at once, a field that is written over before anybody has read it, and a branch all of whose ways"
        " do the same, or all write one value, and with an {% if %} of a text that says the same either way. A branch"
        " behind a wait that asks for nothing but that its time is over does there what was meant for the others:"
        " on_timeout= is for those."
    ),
    bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_set(), deal.main_contact.phone.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_set(), deal.main_contact.name.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
