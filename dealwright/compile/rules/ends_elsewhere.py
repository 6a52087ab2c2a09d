"""DW243: exit_on names moves that do not end the automation when the deal leaves the stage where it began."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.stands import OfStages, covers, stages_of, starts
from dealwright.compile.rules.ways import of_trigger
from dealwright.model.stage_demands import CLOSED


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        exits = [each for each in automation.exit_on if isinstance(each, OfStages)]
        if not exits or any(_moves_on(account, step) for step in all_steps(automation.do)):
            continue  # where its own steps move the deal to, it may leave
        logic = Logic.of(account)
        asked = () if automation.when_within is not None else (logic.true(automation.when),)
        begun = starts(account, (of_trigger(automation.on, logic), *asked))
        everywhere = stages_of(account)
        if not begun or len(begun) == len(everywhere):
            continue
        if any(covers(each, at, to) for each in exits for at in begun for to in everywhere if to != at):
            continue
        path, line = subject.automation_at(automation, "exit_on")
        stood = " or ".join(f"{each.pipeline}.{each.stage}" for each in sorted(begun, key=str))
        yield Spot(
            path=path,
            line=line,
            message=f"exit_on of {automation.key!r} does not end it when the deal leaves {stood}, where it stands at"
            f" first: it ends when {describe.triggers(exits)}",
            hint="name what leaves it: stage_changed(from_=...) of that stage, or entered(...) of others",
        )


def _moves_on(account: ir.Account, step: ir.Step) -> bool:
    """Say whether a step moves the deal to where it goes on."""
    if not isinstance(step, ir.MoveDealStep):
        return isinstance(step, ir.MoveBackStep)
    shape = account.pipeline(step.to.pipeline)
    stage = None if shape is None else shape.stage(step.to.stage)
    return stage is None or stage.kind not in CLOSED


RULE: Final = Rule(
    code="DW243",
    severity="warning",
    title="exit_on does not end it when the deal moves on",
    reason=(
        "exit_on names what ends an automation that has begun. A move out of another stage than the one where the deal "
        "stands, or into the one where it stands already, happens only after the deal has left and come back or gone a "
        "long way round: a deal that moves on is chased as if it had not."
    ),
    bad="""
chase = Automation(
    key="chase",
    on=entered(Sales.quoted),
    exit_on=[stage_changed(from_=Sales.met)],
    do=[
        wait("while", days(3)),
        set_task("ask", text="Ask about the quote for {{ deal.title }}", due=days(1)),
    ],
)
""",
    good="""
chase = Automation(
    key="chase",
    on=entered(Sales.quoted),
    exit_on=[stage_changed(from_=Sales.quoted)],
    do=[
        wait("while", days(3)),
        set_task("ask", text="Ask about the quote for {{ deal.title }}", due=days(1)),
    ],
)
""",
    look=_look,
)
