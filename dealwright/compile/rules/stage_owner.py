"""DW110: some stages of a pipeline say whose deals they are, and others do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        stages = [part for part in pipeline.parts if part.kind == "open"]
        if not any(stage.has_owner for stage in stages):
            continue
        for stage in stages:
            if not stage.has_owner:
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the stage {stage.name!r} has no owner role, and others of {pipeline.key!r} have one",
                    hint="write owner=..., the role that goes on with a deal that stands here",
                )


RULE: Final = Rule(
    code="DW110",
    severity="warning",
    title="some stages have an owner role, and others have none",
    reason=(
        "Where reps share the work by stages, every open stage says whose it is (`Incoming`, `Won` and `Lost` take no "
        "owner: a rule says who gets an inquiry). A deal in one that does not stays with "
        "whoever did the step before, who takes it for done."
    ),
    bad="""
closers = Role("closers")


class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    agreed = Stage("Agreed the estimate", owner=closers, task=Task("Order the parts", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
closers, workshop = Role("closers"), Role("workshop")


class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", owner=workshop, task=Task("Send the estimate", due=days(1)))
    agreed = Stage("Agreed the estimate", owner=closers, task=Task("Order the parts", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
