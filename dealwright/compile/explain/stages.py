"""What a stage means for a deal, read from the automations that its pipeline was lowered to: owner, criteria, task."""

from __future__ import annotations

from collections.abc import Iterator

from dealwright.compile import ir
from dealwright.compile.explain.conditions import all_of, expression
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.steps import stage_task
from dealwright.model.crm import PipelineShape, StageShape


def said(pipeline: PipelineShape, stage: StageShape, names: Names) -> Iterator[str]:
    """Yield what is done for every deal that comes into the stage, or leaves it."""
    here = ir.StageValue(pipeline=pipeline.key, stage=stage.key)
    for automation in names.account.automations:
        if automation.origin == "authored":
            continue
        yield from _times(automation, here, names)
        for case in _cases(automation, "stage"):
            if _asks_for(case.when, here):
                for step in case.do:
                    yield from _step(step, names)
        for case in _cases(automation, "left"):
            if isinstance(case.when, ir.All) and any(_asks_for(part, here) for part in case.when.of):
                for step in case.do:
                    yield from _step(step, names)


def _times(automation: ir.Automation, stage: ir.StageValue, names: Names) -> Iterator[str]:
    """Yield how soon somebody answers there, and how long a deal may lie there."""
    say, length = names.tongue.say, names.tongue.duration
    match automation:
        case ir.Automation(
            origin="first-response", on=ir.OnDealCreated(stages=(there,)), do=(ir.WaitUntilStep() as wait,)
        ):
            if there == stage:
                yield say("stage.first_response", duration=length(wait.timeout))
        case ir.Automation(origin="rotting", on=ir.OnNoActivity(for_=after), when=when):
            if _asks_for(when, stage):
                yield say("stage.rot_after", duration=length(after))


def _cases(automation: ir.Automation, name: str) -> Iterator[ir.Case]:
    for step in automation.do:
        if isinstance(step, ir.BranchStep) and step.name == name:
            yield from step.cases


def _asks_for(condition: ir.Condition, stage: ir.StageValue) -> bool:
    return isinstance(condition, ir.Compare) and condition.value == stage


def _step(step: ir.Step, names: Names) -> Iterator[str]:
    say = names.tongue.say
    match step:
        case ir.SetTaskStep():
            yield stage_task(step, names)
        case ir.UpdateDealStep(changes={"owner": ir.RoleValue() as role}):
            yield say("stage.owner", who=names.role(role))
        case ir.BranchStep(otherwise=(breach, *_)):
            test = names.tongue.all_of(all_of(step.cases[0].when, names))
            side = "exit" if step.name.startswith("exit-") else "entry"
            yield f"{say(f'stage.{side}', test=test)} {_otherwise(breach, step, names)}"


def _otherwise(breach: ir.Step, step: ir.BranchStep, names: Names) -> str:
    say = names.tongue.say
    match breach:
        case ir.SetTaskStep(text=text):
            key = "stage.breach.task"
        case ir.AddNoteStep(text=text):
            key = "stage.breach.note"
        case _:
            notes = (each for each in ir.actions(step.otherwise) if isinstance(each, ir.AddNoteStep))
            key, text = "stage.breach.back", next((each.text for each in notes), ir.TextValue(value=""))
    sentence = say(key, says=expression(text, names))
    return f"{sentence[:1].upper()}{sentence[1:]}."
