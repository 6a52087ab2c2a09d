"""DW107: an open stage gives nobody anything to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    served = {
        stage
        for _, automation in subject.automations
        if automation.origin == "authored"  # what criteria and other stages set on the same trigger is none of this one
        and any(isinstance(step, ir.SetTaskStep) for step in all_steps(automation.do))
        for stage in _stages(automation.on)
    }
    for pipeline in subject.pipelines:
        for stage in pipeline.parts:
            here = ir.StageValue(pipeline=pipeline.key, stage=stage.key)
            if stage.kind == "open" and not stage.has_task and not stage.because.strip() and here not in served:
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the stage {stage.name!r} sets no task: its deals have no next step",
                    hint='write task=Task("...", due=working_days(1)), or task=None, because="the customer acts"',
                )


def _stages(on: ir.Trigger) -> tuple[ir.StageValue, ...]:
    match on:
        case ir.OnEntered(stages=stages):
            return stages
        case ir.OnStageChanged(to=stages, from_=()):
            return stages
    return ()


RULE: Final = Rule(
    code="DW107",
    severity="warning",
    title="a stage sets no task",
    reason=(
        "A deal without a next step is a deal that is forgotten. A stage that truly needs none says why: "
        "task=None, because='the customer acts'. A stage whose task an automation sets on entered(...) is fine."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=None, because="the workshop plans it")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
    whole=True,
)
