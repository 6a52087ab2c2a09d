"""DW239: a deal that is won or lost waits for what its contacts write or change, which no closed deal is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic, not_one_of, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import OF_CONTACTS, of_trigger

_MOVES: Final = (ir.MoveDealStep, ir.MoveBackStep)
_LETS_GO: Final = (ir.OnStageChanged, ir.OnEntered)


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        walk = _Walk(subject.logic(account))
        begins = walk.begins_closed(automation)
        walk.steps(automation.do, begins)
        for step in walk.deaf:
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits where the deal is won or lost, and such a deal never hears that"
                f" {describe.triggers(step.on)}",
                hint="wait before the deal is closed, or for what closed deals hear too, such as activity_logged()",
            )
        if begins and not any(isinstance(step, _MOVES) for step in all_steps(automation.do)):
            for trigger in automation.exit_on:
                if isinstance(trigger, OF_CONTACTS):
                    path, line = subject.automation_at(automation, "exit_on")
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"exit_on of {automation.key!r} never ends it: the deal is won or lost, and such a deal"
                        f" never hears that {describe.trigger(trigger)}",
                        hint="take it out, or name what closed deals hear too, such as activity_logged()",
                    )


def sent_closed(account: ir.Account, automation: ir.Automation) -> list[ir.SendMessageStep]:
    """Return the messages that are sent where the deal is won or lost, and which no step opens again."""
    walk = _Walk(Logic.of(account))
    moves = (step for step in all_steps(automation.do) if isinstance(step, _MOVES))
    if any(isinstance(each, ir.MoveBackStep) or not walk.closes(each.to) for each in moves):
        return []
    walk.steps(automation.do, walk.begins_closed(automation))
    return walk.sent


class _Walk:
    """Goes through steps, and keeps in mind whether the deal is closed for certain."""

    def __init__(self, logic: Logic) -> None:
        self._logic = logic
        self._open = not_one_of("deal.stage", logic.closed)
        self.deaf: list[ir.WaitUntilStep] = []
        self.sent: list[ir.SendMessageStep] = []

    def closes(self, stage: ir.StageValue) -> bool:
        """Say whether a deal that is moved there is won or lost."""
        return stage in self._logic.closed

    def begins_closed(self, automation: ir.Automation) -> bool:
        """Say whether every deal that the automation begins with is closed, and whether there are any."""
        known = [self._logic.true(automation.when)]
        if automation.when_within is None:
            known.append(of_trigger(automation.on, self._logic))
        return possible(*known) and not possible(*known, self._open)

    def steps(self, steps: Sequence[ir.Step], closed: bool) -> bool:
        """Say whether the deal is closed behind the steps, or nothing comes behind them."""
        for step in steps:
            if closed and isinstance(step, ir.SendMessageStep):
                self.sent.append(step)
            match step:
                case ir.StopStep():
                    return True
                case ir.MoveDealStep(to=to):
                    closed = self.closes(to)
                case ir.MoveBackStep():
                    closed = False
                case ir.WaitUntilStep(on=happens):
                    if closed and step.until is None and all(isinstance(each, OF_CONTACTS) for each in happens):
                        self.deaf.append(step)
                    stays = step.until is None and not any(isinstance(each, _LETS_GO) for each in happens)
                    closed = self.steps(step.on_timeout, closed) and closed and stays
                case ir.BranchStep(cases=cases):
                    ways = [self.steps(case.do, closed or self._says_closed(case.when)) for case in cases]
                    ways += [self.steps(step.otherwise, closed), self.steps(step.unset or (), closed)]
                    closed = all(ways)
                case _:
                    closed = all([closed, *(self.steps(way, closed) for way in ir.ways_of(step))])
        return closed

    def _says_closed(self, condition: ir.Condition) -> bool:
        known = self._logic.true(condition)
        return possible(known) and not possible(known, self._open)


RULE: Final = Rule(
    code="DW239",
    severity="warning",
    title="a closed deal waits for its contacts",
    reason=(
        "What a contact writes, and what is changed of a contact, is told to open deals only: whoever writes after "
        "their deal was won or lost has a new matter. A wait_until() for an answer of a closed deal ends by its time "
        "alone, and exit_on ends nothing, unless somebody opens the deal again."
    ),
    bad="""
thanks = Automation(
    key="thanks",
    on=entered(Sales.won),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[
        send_email("thanks", to=deal.main_contact, subject="Thank you", text="How was it?"),
        wait_until("answer", replied(to="thanks"), timeout=days(7), on_timeout=[stop("silent")]),
        set_task("read", text="Read the answer of {{ deal.title }}", due=days(1)),
    ],
)
""",
    good="""
thanks = Automation(
    key="thanks",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[
        send_email("thanks", to=deal.main_contact, subject="Thank you", text="How was it?"),
        wait_until("answer", replied(to="thanks"), timeout=days(7), on_timeout=[stop("silent")]),
        set_task("read", text="Read the answer of {{ deal.title }}", due=days(1)),
    ],
)
""",
    look=_look,
)
