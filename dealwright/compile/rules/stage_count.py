"""DW102: a pipeline has more stages than anybody keeps up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject

_MANY: Final = 8
_TOO_MANY: Final = 10


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        stages = [part for part in pipeline.parts if part.kind == "open"]
        if len(stages) > _MANY:
            yield Spot(
                path=pipeline.where.file,
                line=pipeline.where.line,
                message=f"the pipeline {pipeline.name!r} has {len(stages)} stages between the inquiry and the end",
                hint="merge those that are close: five to eight are enough",
                severity="error" if len(stages) > _TOO_MANY else "warning",
            )


RULE: Final = Rule(
    code="DW102",
    severity="warning",
    title="a pipeline has too many stages",
    reason=(
        "Every stage is a place where deals get stuck, and a line that a rep keeps by hand: five to eight between "
        "the inquiry and the end are enough. Nine or ten are a warning, more are an error. Few are no finding: a "
        "renewal is short."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    step_1 = Stage("Called back the sender", probability=10, task=Task("Call", due=days(1)))
    step_2 = Stage("Visited the site", probability=20, task=Task("Call", due=days(1)))
    step_3 = Stage("Inspected the machine", probability=30, task=Task("Call", due=days(1)))
    step_4 = Stage("Ordered the parts", probability=40, task=Task("Call", due=days(1)))
    step_5 = Stage("Sent the estimate", probability=50, task=Task("Call", due=days(1)))
    step_6 = Stage("Signed the order", probability=60, task=Task("Call", due=days(1)))
    step_7 = Stage("Booked the mechanic", probability=70, task=Task("Call", due=days(1)))
    step_8 = Stage("Repaired the machine", probability=80, task=Task("Call", due=days(1)))
    step_9 = Stage("Tested with the customer", probability=90, task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    step_1 = Stage("Called back the sender", probability=10, task=Task("Call", due=days(1)))
    step_2 = Stage("Visited the site", probability=20, task=Task("Call", due=days(1)))
    step_3 = Stage("Inspected the machine", probability=30, task=Task("Call", due=days(1)))
    step_4 = Stage("Ordered the parts", probability=40, task=Task("Call", due=days(1)))
    step_5 = Stage("Sent the estimate", probability=50, task=Task("Call", due=days(1)))
    step_6 = Stage("Signed the order", probability=60, task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
