"""DW105: a pipeline has no Won or no Lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject

_ENDS: Final = {"won": 'won = Won("Closed won")', "lost": 'lost = Lost("Closed lost", reasons=["Price"])'}


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        kinds = {stage.kind for stage in pipeline.parts}
        for kind, written in _ENDS.items():
            if kind not in kinds:
                yield Spot(
                    path=pipeline.where.file,
                    line=pipeline.where.line,
                    message=f"the pipeline {pipeline.name!r} has no {kind} stage: its deals never end so",
                    hint=f"write {written}",
                )


RULE: Final = Rule(
    code="DW105",
    severity="error",
    title="a pipeline has no end",
    reason=(
        "A deal that cannot be won or lost stays open for ever: no conversion, no reasons, no next step. Won has "
        "100 % and Lost has 0 % by themselves."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
