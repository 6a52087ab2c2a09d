"""DW229: a deal is created where it is over, or what is to keep it from being there twice looks elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for step in all_steps(automation.do):
            if not isinstance(step, ir.CreateDealStep):
                continue
            path, line = subject.step_at(automation, step.name)
            shape = account.pipeline(step.stage.pipeline)
            stage = next((each for each in shape.stages if each.key == step.stage.stage), None) if shape else None
            if stage is not None and stage.kind in ("won", "lost"):
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} creates a deal in {stage.name!r}, where deals are over: nobody works on it",
                    hint="create it in a stage that is open",
                )
            if step.unless_open is not None and step.unless_open != step.stage.pipeline:
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} creates a deal in {step.stage.pipeline!r} unless one is open in"
                    f" {step.unless_open!r}: it may be there twice",
                    hint="name the pipeline of in_= in unless_open=, or silence this if the other one is meant",
                )


RULE: Final = Rule(
    code="DW229",
    severity="warning",
    title="a deal is created where it is over, or may be created twice",
    reason=(
        "A deal that is won or lost when it begins passes every stage by, with its tasks. And unless_open= keeps a "
        "second deal from being made for somebody: looked for in another pipeline, it never sees the first one."
    ),
    bad="""
class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", task=Task("Ask again", due=days(7)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


renew = Automation(
    key="renew",
    on=entered(Sales.won),
    do=[create_deal("renewal", in_=Renewals.won, title="Renew {{ deal.title }}")],
)
""",
    good="""
class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", task=Task("Ask again", due=days(7)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


renew = Automation(
    key="renew",
    on=entered(Sales.won),
    do=[create_deal("renewal", in_=Renewals.asked, title="Renew {{ deal.title }}", unless_open=Renewals)],
)
""",
    look=_look,
)
