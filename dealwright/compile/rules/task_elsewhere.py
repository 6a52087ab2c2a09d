"""DW278: a task is waited for in stages that lie before the one which sets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import Alternatives, one_of, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts
from dealwright.compile.rules.stands import stages_of
from dealwright.model.crm import PipelineShape

_TASK: Final = "event.task.text"
_FIELD: Final = re.compile(r"\{[{%].*?[%}]\}", re.S)


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        yield from _completed(subject, account, automation)
        if not isinstance(automation.on, ir.OnTaskCompleted):
            continue
        logic = subject.logic(account)
        known = logic.true(automation.when)
        parts = all_parts(automation.when)
        for index, part in enumerate(parts):
            match part:
                case ir.Compare(field=ir.Ref(path=path), op="==", value=ir.TextValue(value=text)) if path == _TASK:
                    pass
                case _:
                    continue
            setting = _set_in(subject, account, text)
            asked = _may_stand(account, known)
            if setting and asked and _lies_before(account, asked, setting):
                path, line = subject.condition_at(automation, index)
                stages = " or ".join(f"{each.pipeline}.{each.stage}" for each in sorted(setting, key=str))
                here = " or ".join(f"{each.pipeline}.{each.stage}" for each in asked)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{text!r} is the task of {stages}, and {automation.key!r} asks for deals in {here},"
                    " where it is not set yet",
                    hint="ask for the stage whose task it is, or for the task of that stage",
                )


def _completed(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield steps that complete a task by words of it, where deals stand that have not come to its stage."""
    if isinstance(automation.on, ir.OnEntered | ir.OnStageChanged):
        return  # a deal may have gone back, with its task
    for place in subject.places(account, automation):
        step = place.step
        if not isinstance(step, ir.CompleteTasksStep) or step.with_text is None:
            continue
        setting = _set_in(subject, account, step.with_text, words=True)
        asked = _may_stand(account, *place.lately) if setting else []
        if asked and _lies_before(account, asked, setting):
            path, line = subject.step_at(automation, step.name)
            stages = " or ".join(f"{each.pipeline}.{each.stage}" for each in sorted(setting, key=str))
            here = " or ".join(f"{each.pipeline}.{each.stage}" for each in asked)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.with_text!r} is in the task of {stages}, and {step.name!r} completes it for deals in"
                f" {here}, where it is not set yet",
                hint="ask for the stage whose task it is, or complete the task of that stage",
            )


def _set_in(subject: Subject, account: ir.Account, text: str, *, words: bool = False) -> set[ir.StageValue]:
    """Return the stages whose own task it is; none if any other step sets such a task, or one that may be so called.

    With `words` it is any task that has these in it.
    """
    found: set[ir.StageValue] = set()
    for automation in account.automations:
        for place in subject.places(account, automation):
            step = place.step
            if not isinstance(step, ir.SetTaskStep):
                continue
            its_own = automation.origin != "authored" and step.name.startswith("task-")
            if words:
                if any(text.casefold() in part.casefold() for part in _said(step)):
                    if not its_own:
                        return set()
                    found |= set(_may_stand(account, *place.known))
                continue
            match step.text:
                case ir.TextValue(value=said) if said == text:
                    if not its_own:
                        return set()
                    found |= set(_may_stand(account, *place.known))
                case ir.TemplateText(source=source) if _may_be(source, text):
                    return set()
    return found


def _said(step: ir.SetTaskStep) -> list[str]:
    """Return what the text of a task says, without what is filled in."""
    match step.text:
        case ir.TextValue(value=said) | ir.TemplateText(source=said):
            return _FIELD.split(said)
    return []


def _may_be(source: str, text: str) -> bool:
    """Say whether a text with facts in it may come to this one."""
    said = ".*".join(map(re.escape, _FIELD.split(source)))
    return re.fullmatch(said, text, re.S) is not None


def _may_stand(account: ir.Account, *known: Alternatives) -> list[ir.StageValue]:
    return [stage for stage in stages_of(account) if possible(*known, one_of("deal.stage", [stage]))]


def _lies_before(account: ir.Account, asked: list[ir.StageValue], setting: set[ir.StageValue]) -> bool:
    """Say whether all that are asked for come before all that set it, in one pipeline: a task outlives its stage."""
    pipelines = {each.pipeline for each in (*asked, *setting)}
    shape = account.pipeline(pipelines.pop()) if len(pipelines) == 1 else None
    return shape is not None and _last(shape, asked) < _first(shape, setting)


def _last(shape: PipelineShape, stages: list[ir.StageValue]) -> int:
    return max(shape.position(each.stage) for each in stages)


def _first(shape: PipelineShape, stages: set[ir.StageValue]) -> int:
    return min(shape.position(each.stage) for each in stages)


RULE: Final = Rule(
    code="DW278",
    severity="warning",
    title="a task is waited for before it is set",
    reason=(
        "A task of a stage is there from that stage on. An automation that hears of it and asks for deals in an"
        " earlier stage never runs: one of the two, the task or the stage, is another one than was meant. So is it"
        " where such a task is completed."
    ),
    bad="""
met = Automation(
    key="met",
    on=task_completed(in_=Sales),
    when=[deal.stage == Sales.met, event.task.text == "Call back"],
    do=[add_tags("mark", "called")],
)
""",
    good="""
met = Automation(
    key="met",
    on=task_completed(in_=Sales),
    when=[deal.stage == Sales.quoted, event.task.text == "Call back"],
    do=[add_tags("mark", "called")],
)
""",
    look=_look,
    whole=True,
)
