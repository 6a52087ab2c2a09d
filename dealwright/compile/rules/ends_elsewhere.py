"""DW243: exit_on ends nothing: the deal leaves its stage by another move than it names, or nothing waits meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.later import MESSAGES
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.stands import OfStages, covers, stages_of, starts
from dealwright.compile.rules.ways import of_trigger
from dealwright.model.stage_demands import CLOSED

_TAKES_TIME: Final = (
    ir.WaitStep,
    ir.WaitForStep,
    ir.WaitUntilStep,
    ir.AskStep,
    ir.LookupStep,  # asks another system until it answers
    *MESSAGES,  # may be held, as in quiet hours
)


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.exit_on and _done_at_once(automation):
            path, line = subject.automation_at(automation, "exit_on")
            yield Spot(
                path=path,
                line=line,
                message=f"exit_on of {automation.key!r} has nothing to end: nothing in it waits, and all is"
                " done at once",
                hint="wait before the steps that are to be left out then, or take exit_on out",
            )
            continue
        exits = [each for each in automation.exit_on if isinstance(each, OfStages)]
        if not exits or any(_moves_on(account, step) for step in all_steps(automation.do)):
            continue  # where its own steps move the deal to, it may leave
        logic = subject.logic(account)
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


def _done_at_once(automation: ir.Automation) -> bool:
    """Say whether it is over in a moment: nothing waits or asks, and nothing is held till somebody or an hour comes."""
    held = automation.when_within is not None or automation.mode == "approve" or automation.priority == "bulk"
    return not held and not any(isinstance(step, _TAKES_TIME) for step in all_steps(automation.do))


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
        "long way round: a deal that moves on is chased as if it had not. Where nothing waits, "
        "all is done in the moment in which it begins, and exit_on ends nothing: a wait before it is missing."
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
