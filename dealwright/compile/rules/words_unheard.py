"""Branches that answer every button of a template, and leave those who answer in words without an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.buttons import templates_of
from dealwright.compile.rules.rule import Spot, Subject, all_steps

_PRESSED: Final = "pressed."


def in_words(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Tell of each such branch with which the automation ends; one button alone may be all that matters."""
    if automation.origin != "authored":
        return
    buttons = {
        template.name: {button.id for button in template.buttons}
        for step in all_steps(automation.do)
        for template in templates_of(step)
    }
    for step in _behind_answers(automation.do):
        if step.otherwise or not ir.ends_with(automation.do, step.name):
            continue
        asked = [_pressed(case.when) for case in step.cases]
        templates = {template for each in asked for template, _ in each or ()}
        if not all(asked) or len(templates) != 1:
            continue
        (template,) = templates
        all_of_it = buttons.get(template, set())
        if len(all_of_it) < 2 or all_of_it - {button for each in asked for _, button in each or ()}:
            continue
        path, line = subject.step_at(automation, step.name)
        yield Spot(
            path=path,
            line=line,
            message=f"{step.name!r} answers every button of {template!r}, and whoever answers in words hears nothing",
            hint='write otherwise=[set_task("read", text="Read what they wrote: {{ reply.text }}", due=...)]',
        )


def _behind_answers(steps: Sequence[ir.Step]) -> Iterator[ir.BranchStep]:
    """Yield the branches right behind a wait for an answer: what stands between them is done for every answer."""
    for before, step in pairwise(steps):
        waited = isinstance(before, ir.WaitUntilStep) and any(isinstance(each, ir.OnReplied) for each in before.on)
        if waited and isinstance(step, ir.BranchStep):
            yield step
    for step in steps:
        for way in ir.ways_of(step):
            yield from _behind_answers(way)


def _pressed(condition: ir.Condition) -> list[tuple[str, str]] | None:
    """Return the buttons that a condition asks for, each with its template; None if it asks for anything else."""
    match condition:
        case ir.Compare(field=ir.Ref(path=path), op="==", value=ir.TextValue(value=button)) if path.startswith(
            _PRESSED
        ):
            return [(path.removeprefix(_PRESSED), button)]
        case ir.Any(of=parts):
            found = [_pressed(part) for part in parts]
            return None if None in found else [pair for each in found for pair in each or ()]
    return None
