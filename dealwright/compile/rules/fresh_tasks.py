"""DW276: tasks are completed right behind what sets a new one, which is completed with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.at_once import pairs
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_OF_STAGES: Final = ("stage-tasks", "hand-over", "criteria")


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        tasks: Mapping[ir.StageValue, ir.SetTaskStep] | None = None
        told: set[str] = set()
        for earlier, step in pairs(automation.do):
            if not isinstance(step, ir.CompleteTasksStep) or step.only is not None or step.name in told:
                continue
            if isinstance(earlier, ir.MoveDealStep):
                tasks = _tasks_of_stages(account) if tasks is None else tasks
                task = tasks.get(earlier.to)
                stage = _named(account, earlier.to)
                said = f"the task that the stage {stage!r} sets when {earlier.name!r} moves the deal there"
            elif isinstance(earlier, ir.SetTaskStep):
                task = earlier
                said = f"the task that {earlier.name!r} has just set"
            else:
                continue
            if task is None or not _completes(step, task):
                continue
            told.add(step.name)
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} completes {said}, too",
                hint=f"write {step.name!r} before {earlier.name!r}",
            )


def _tasks_of_stages(account: ir.Account) -> dict[ir.StageValue, ir.SetTaskStep]:
    """Return the task that each stage sets when a deal comes to it."""
    lowered = {
        (automation.key.rpartition(".")[0], step.name): step
        for automation in account.automations
        if automation.origin in _OF_STAGES
        for step in all_steps(automation.do)
        if isinstance(step, ir.SetTaskStep)
    }
    return {
        ir.StageValue(pipeline=pipeline.key, stage=stage.key): task
        for pipeline in account.pipelines
        for stage in pipeline.stages
        if (task := lowered.get((pipeline.key, f"task-{stage.key.replace('_', '-')}"))) is not None
    }


def _named(account: ir.Account, at: ir.StageValue) -> str:
    pipeline = account.pipeline(at.pipeline)
    return next((stage.name for stage in pipeline.stages if stage.key == at.stage), at.stage) if pipeline else at.stage


def _completes(step: ir.CompleteTasksStep, task: ir.SetTaskStep) -> bool:
    """Say whether the task is one of those that the step completes: all, or those with certain words."""
    if step.with_text is None:
        return True
    return isinstance(task.text, ir.TemplateText) and step.with_text.casefold() in task.text.source.casefold()


RULE: Final = Rule(
    code="DW276",
    severity="warning",
    title="a task is completed as soon as it is set",
    reason=(
        "complete_tasks() completes every open task of the deal, and so one that a step before it has set; a move to a "
        "stage sets that stage's task, now or a moment later. The deal is then left without a next step, or not, "
        "whichever was quicker. What is done with is tidied up first."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Write the offer", due=hours(4)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


reached = Automation(
    key="reached",
    on=activity_logged(kind="call", in_=Repairs),
    when=[event.activity.outcome == "reached"],
    do=[move_deal("inspected", to=Repairs.inspected), complete_tasks("tidy")],
)
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Write the offer", due=hours(4)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


reached = Automation(
    key="reached",
    on=activity_logged(kind="call", in_=Repairs),
    when=[event.activity.outcome == "reached"],
    do=[complete_tasks("tidy"), move_deal("inspected", to=Repairs.inspected)],
)
""",
    look=_look,
)
