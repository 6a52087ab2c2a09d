"""DW103: probabilities that do not rise from stage to stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        last, before = 0, ""
        for stage in pipeline.parts:
            chance = stage.probability
            if stage.kind != "open" or chance is None:
                continue
            wrong, hint = "", "raise it, or move the stage"
            if chance in (0, 100):
                wrong, hint = f"{chance} % is for {'won' if chance else 'lost'} stages", "write what it is in truth"
            elif chance < last:
                wrong = f"{chance} % is less than the {last} % of {before!r} before it"
            if wrong:
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the probability of {stage.name!r} does not rise: {wrong}",
                    hint=hint,
                )
            last, before = max(last, chance), stage.name if chance >= last else before


RULE: Final = Rule(
    code="DW103",
    severity="error",
    title="probabilities do not rise along the pipeline",
    reason=(
        "A forecast adds up amounts by probability. A deal that goes on and is worth less on paper makes it wrong, "
        "and 0 or 100 belong to lost and won, which have them by themselves."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", probability=60, task=Task("Call", due=days(1)))
    quoted = Stage("Sent the estimate", probability=40, task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", probability=40, task=Task("Call", due=days(1)))
    quoted = Stage("Sent the estimate", probability=60, task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
