"""Texts beside the conditions that they explain: what criteria say, why an automation is there, what tasks tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from dealwright.compile import ir
from dealwright.compile.rules.rule import Subject, all_parts, all_steps
from dealwright.compile.rules.texts import texts_of

_CRITERIA = ("entry-", "exit-")


class Explained(NamedTuple):
    """A text, where it stands, and the conditions that all hold where it is said; `step` says it, if one does.

    What criteria `says` is said where their conditions do not hold, and is what has to be done for them to.
    """

    kind: Literal["says", "why", "task", "message"]
    text: str
    at: tuple[str, int]
    parts: tuple[ir.Condition, ...]
    step: str = ""


def explained(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Explained]:
    """Yield the texts of an automation, or of the criteria of stages."""
    if automation.origin == "criteria":
        yield from _criteria(subject, account, automation)
    elif automation.origin == "authored":
        parts = all_parts(automation.when)
        if automation.why:
            yield Explained("why", automation.why, subject.automation_at(automation, "why"), parts)
        yield from _steps(subject, automation, automation.do, parts)


def _criteria(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Explained]:
    pipeline = next((each for each in account.pipelines if automation.key == f"{each.key}.criteria"), None)
    names = {each.key.replace("_", "-"): each.name for each in pipeline.stages} if pipeline is not None else {}
    for step in all_steps(automation.do):
        if isinstance(step, ir.BranchStep) and step.name.startswith(_CRITERIA):
            name = names.get(step.name.partition("-")[2], "")
            texts = (text for each in all_steps(step.otherwise) for text in texts_of(each))
            said = next(texts, "").removeprefix("↩ ").removeprefix(f"{name}: ")
            yield Explained("says", said, subject.step_at(automation, step.name), all_parts(step.cases[0].when))


def _steps(
    subject: Subject, automation: ir.Automation, steps: Sequence[ir.Step], parts: tuple[ir.Condition, ...]
) -> Iterator[Explained]:
    for step in steps:
        at = subject.step_at(automation, step.name)
        match step:
            case ir.SetTaskStep() | ir.NotifyStep() | ir.AddNoteStep() | ir.AskStep():
                yield from (Explained("task", text, at, parts, step.name) for text in texts_of(step))
            case ir.SendEmailStep() | ir.SendMessageStep():
                yield from (Explained("message", text, at, parts, step.name) for text in texts_of(step))
        if isinstance(step, ir.BranchStep):
            for case in step.cases:
                yield from _steps(subject, automation, case.do, (*parts, *all_parts(case.when)))
        else:
            for way in ir.ways_of(step):
                yield from _steps(subject, automation, way, parts)
