"""DW104: a pipeline that inquiries reach has no Incoming, or has it elsewhere than first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    fed = {
        (step.stage if isinstance(step, ir.CreateDealStep) else step.to).pipeline
        for _, automation in subject.automations
        for step in all_steps(automation.do)
        if isinstance(step, ir.CreateDealStep | ir.MoveDealStep)
    }
    for pipeline in subject.pipelines:
        places = [place for place, stage in enumerate(pipeline.parts) if stage.kind == "incoming"]
        if not places and pipeline.key not in fed:
            yield Spot(
                path=pipeline.where.file,
                line=pipeline.where.line,
                message=f"the pipeline {pipeline.name!r} has no Incoming, and no automation puts deals into it",
                hint="write incoming = Incoming() before its first stage",
            )
        for place in places:
            if place != places.index(place):
                stage = pipeline.parts[place]
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the Incoming {stage.name!r} does not stand first, where it is",
                    hint="write it once, before the other stages",
                )


RULE: Final = Rule(
    code="DW104",
    severity="warning",
    title="raw inquiries have no place of their own",
    reason=(
        "Inquiries that nobody has looked at yet are no deals: among the stages they spoil every count and every "
        "forecast. A pipeline that only automations put deals into needs no Incoming."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
    whole=True,
)
