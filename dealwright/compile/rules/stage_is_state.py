"""DW101: a stage's name says that somebody is thinking or waiting, not what was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject

_STATES: Final = re.compile(
    r"(customer |client |still |is )*(thinking( it over| about it)?|considering|deciding|undecided|waiting( .*)?"
    r"|call ?back( later)?|follow[- ]?up|negotiations?|negotiating|interested|in progress|in process|pending"
    r"|contacting|processing|no answer|does not answer|not reachable|warm|hot)",
    re.IGNORECASE,
)


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        for stage in pipeline.parts:
            if stage.kind == "open" and _STATES.fullmatch(" ".join(stage.name.split())):
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the stage {stage.name!r} is a state: nobody can tell when it is over",
                    hint='name what was done last, such as "Sent the quote"',
                )


RULE: Final = Rule(
    code="DW101",
    severity="warning",
    title="a stage is named after a state, not after something done",
    reason=(
        "Two reps read 'Thinking it over' in two ways, and nobody can tell what has to happen for the deal to move "
        "on. 'Held the meeting' is read in one. Living pipelines have a 'Negotiation', so this is a warning."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Call", due=days(1)))
    thinking = Stage("Thinking it over", task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Call", due=days(1)))
    quoted = Stage("Sent the estimate", task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
