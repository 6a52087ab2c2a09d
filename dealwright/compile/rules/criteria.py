"""DW111: criteria of a stage that no deal can ever meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import possible
from dealwright.compile.rules.required import required_at
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "criteria":
            continue
        logic = subject.logic(account)
        for place in subject.places(account, automation):
            step = place.step
            if not isinstance(step, ir.BranchStep) or not step.name.startswith(("entry-", "exit-")):
                continue
            required = required_at(account, automation, step)
            met = logic.true(step.cases[0].when)
            if possible(*place.known, *required, met):
                continue
            hint = "take the part out that contradicts; when a deal is judged it stands in the stage it has come to"
            if possible(*place.known, met):
                hint = "take it out, or out of required=: the CRM lets no deal in without what the stage requires"
            path, line = subject.step_at(automation, step.name)
            side = "exit" if step.name.startswith("exit-") else "entry"
            yield Spot(
                path=path,
                line=line,
                message=f"no deal can meet the {side} criteria of {step.name.partition('-')[2]!r}:"
                f" {describe.condition(step.cases[0].when)}",
                hint=hint,
            )


RULE: Final = Rule(
    code="DW111",
    severity="error",
    title="no deal can meet the criteria of a stage",
    reason=(
        "Every deal would be a breach, and be noted, given a task or moved back. Criteria are judged when the deal has "
        "come: it stands in the new stage then, also where the old one's exit criteria are asked for, and it "
        "has what the new one requires."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.amount > 100, deal.amount < 50], says="Write down what it costs"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.amount > 50, deal.amount < 100], says="Write down what it costs"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
