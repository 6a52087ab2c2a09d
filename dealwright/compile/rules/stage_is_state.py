"""DW101: a stage's name does not say what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.naming.judge import says_done
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for pipeline in subject.pipelines:
        for stage in pipeline.parts:
            if stage.kind == "open" and not says_done(stage.name):
                yield Spot(
                    path=stage.where.file,
                    line=stage.where.line,
                    message=f"the stage {stage.name!r} is a state: its name does not say what was done",
                    hint='name what was done last, such as "Sent the quote", "Cita agendada" or "Proposta enviada"',
                )


RULE: Final = Rule(
    code="DW101",
    severity="warning",
    title="a stage is named after a state, not after something done",
    reason=(
        "Two reps read 'Thinking it over' in two ways, and nobody can tell what has to happen for the deal to move "
        "on. 'Held the meeting' is read in one. So a name says in a past form what was done or has happened: 'Quote "
        "sent', 'Cita agendada', 'Visitou o imóvel'. States are bare nouns ('Proposal'), adjectives ('Interested'), "
        "kinds of leads ('Qualified lead'), priorities ('Hot'), what goes on or is awaited ('Em análise', 'Waiting for "
        "payment'), what is to be done ('Follow up') and what was not ('No contesta'). 'Negotiation' and 'Proposal' "
        "are states too, common as they are, and living pipelines have them: so this is a warning. English, Spanish "
        "and Portuguese names are judged by their grammar, in any mixture; a name in another language, or one that is "
        "misjudged, is silenced where it stands. Incoming, Won and Lost may be called anything."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Call", due=days(1)))
    thinking = Stage("Negotiation", task=Task("Call", due=days(1)))
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
