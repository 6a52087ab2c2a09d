"""DW106: deferred and cold deals stand among the ones being worked on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject

_DEFERRED: Final = re.compile(
    r"(put |is )?(on[- ]hold|later|nurtur(e|ing)|cold( deals?| leads?)?|frozen|deferred|postponed|paused?|parked"
    r"|put off|not now|some ?day|next (month|quarter|year)|reactivat(e|ion)|sleeping)",
    re.IGNORECASE,
)


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        if _is_deferred(pipeline.name) or _is_deferred(pipeline.key.replace("-", " ")):
            continue
        for stage in pipeline.parts:
            if stage.kind == "open" and _is_deferred(stage.name):
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the stage {stage.name!r} keeps deals that nobody works on in {pipeline.name!r}",
                    hint=_where(pipeline.deferred_to),
                )


def _where(pipeline: str) -> str:
    if pipeline:
        return f"move them to {pipeline!r}, which deferred_to= names"
    return 'give them a pipeline of their own, such as class Deferred(Pipeline, key="deferred")'


def _is_deferred(name: str) -> bool:
    return _DEFERRED.fullmatch(" ".join(name.split())) is not None


RULE: Final = Rule(
    code="DW106",
    severity="warning",
    title="deferred deals stand in the pipeline of live ones",
    reason=(
        "Reviving a deal that was put off is another process than selling: among live deals it hides where they "
        "get stuck. It belongs into a pipeline of its own."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Call", due=days(1)))
    held = Stage("Postponed", task=Task("Call", due=days(1)))
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


class Later(Pipeline, key="deferred", name="Deferred"):
    incoming = Incoming("Put off")
    asked = Stage("Asked again", task=Task("Move it back, or lose it", due=days(30)))
    won = Won("Moved back")
    lost = Lost("Given up", reasons=["No answer"])
""",
    look=_look,
)
