"""DW415: a deal is moved, or its customer written to, because time has passed, wherever the deal has gone meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.later import MESSAGES
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import ends
from dealwright.model.calendar import Duration
from dealwright.model.stage_demands import CLOSED

_MINUTES: Final = {
    "minutes": 1, "hours": 60, "days": 24 * 60,
    "working_minutes": 3, "working_hours": 3 * 60, "working_days": 24 * 60,
}  # fmt: skip
"""How long each takes, about: eight working hours are a day."""

_HOURS: Final = 4 * 60
"""From here on a deal may well have gone on before it is moved."""

_DAY: Final = 24 * 60
"""From here on it may well have gone on before its customer is written to."""

_OTHERS: Final = ("deal.main_contact", "deal.contact_as", "deal.contacts", "deal.company", "deal.owner")
"""What says nothing of how the deal stands."""


_STANDING: Final = frozenset({"deal.stage", "deal.pipeline", "deal.lost_reason", "deal.tags"})
"""What says how a deal stands, where something is waited for: of another field it says only that it is not there."""


class _Late(NamedTuple):
    """A step, and how long is waited before it without a look at the deal, in minutes; `awaited`: for something."""

    step: ir.Step
    passed: int
    awaited: bool


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        begins = _begins(account, automation.on) if automation.origin == "authored" else ()
        if not begins:
            continue
        late = list(_unlooked(automation.do, 0, False))
        if automation.exit_on:
            yield from _sold(subject, account, automation, late)
            continue
        moved = next((each for each, passed, _ in late if isinstance(each, ir.MoveDealStep) and passed >= _HOURS), None)
        if isinstance(moved, ir.MoveDealStep):
            yield _spot(
                subject,
                automation,
                moved,
                f"{moved.name!r} moves every deal to {moved.to.pipeline}.{moved.to.stage} when the time is over, those"
                " too that have gone on meanwhile: nothing ends it, and nothing behind the wait asks how the deal"
                " stands",
            )
        elif written := next((each for each, passed, _ in late if isinstance(each, MESSAGES) and passed >= _DAY), None):
            yield _spot(
                subject,
                automation,
                written,
                f"{written.name!r} writes to everybody whose deal came to {' or '.join(begins)} before the wait, to"
                " those too who have bought or said no meanwhile: nothing ends it, and nothing behind the wait asks"
                " how the deal stands",
            )


def _sold(subject: Subject, account: ir.Account, automation: ir.Automation, late: Sequence[_Late]) -> Iterator[Spot]:
    """Yield a move to where deals are won that only time has led to, from the day that the deal was created."""
    for step, passed, awaited in late if isinstance(automation.on, ir.OnDealCreated) else ():
        if isinstance(step, ir.MoveDealStep) and passed >= _HOURS and not awaited and _kind(account, step.to) == "won":
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} wins a deal that was created and then left alone: nothing happens between"
                f" {describe.trigger(automation.on)} and {step.to.pipeline}.{step.to.stage} but that time passes",
                hint="move it elsewhere, or ask before it for what says that it is won",
            )


def _spot(subject: Subject, automation: ir.Automation, step: ir.Step, message: str) -> Spot:
    path, line = subject.step_at(automation, step.name)
    return Spot(
        path=path,
        line=line,
        message=message,
        hint="name in exit_on= what ends it, as stage_changed(from_=...); or ask behind the wait where the deal stands,"
        " and stop() where it has gone on",
    )


def _begins(account: ir.Account, on: ir.Trigger) -> tuple[str, ...]:
    """Name the open stages from which a deal goes on; none where it has come to no such stage, or may be over."""
    match on:
        case ir.OnEntered(stages=stages) | ir.OnDealCreated(stages=stages) | ir.OnStageChanged(to=stages):
            if all(_kind(account, each) not in ("", *CLOSED) for each in stages):
                named = tuple(f"{each.pipeline}.{each.stage}" for each in stages)
                return named or (on.pipelines if isinstance(on, ir.OnDealCreated) else ())
    return ()


def _kind(account: ir.Account, stage: ir.StageValue) -> str:
    shape = account.pipeline(stage.pipeline)
    found = None if shape is None else shape.stage(stage.stage)
    return "" if found is None else found.kind


def _unlooked(steps: Sequence[ir.Step], passed: int, awaited: bool) -> Iterator[_Late]:
    """Yield the steps that are done when time has passed, up to where it is asked how the deal stands."""
    for step in steps:
        yield _Late(step, passed, awaited)
        match step:
            case ir.WaitStep(duration=duration):
                passed += _minutes(duration)
            case ir.WaitUntilStep(timeout=timeout, on_timeout=on_timeout) if not _waits_to_move(step):
                over = passed + _minutes(timeout)
                yield from _unlooked(on_timeout, over, True)
                # Where those end for whom the time is over, the others go on because of what has happened.
                passed, awaited = (0 if ends(on_timeout) else over), True
            case ir.BranchStep(cases=cases) if not any(_looks(case.when) for case in cases):
                for way in ir.ways_of(step):
                    yield from _unlooked(way, passed, awaited)
            case ir.BranchStep() if _of_steps(step):
                pass  # each way knows what has happened; behind it they meet again
            case ir.LookupStep():
                yield from _unlooked(step.on_error, passed, awaited)
            case ir.BranchStep() | ir.WaitUntilStep() | ir.AskStep() | ir.WaitForStep() | ir.StopStep():
                return  # what comes of it is looked at


def _waits_to_move(step: ir.WaitUntilStep) -> bool:
    """Say whether it is waited for the deal to go on: then those stand there still for whom the time is over."""
    if step.until is not None and not _STANDING.isdisjoint(facts_in(step.until)):
        return True
    return _coded(step.until) or any(isinstance(each, ir.OnStageChanged | ir.OnEntered) for each in step.on)


def _coded(condition: ir.Condition | None) -> bool:
    """Say whether the company's own function says whether it is true: that may look at anything."""
    match condition:
        case ir.Predicate():
            return True
        case ir.All(of=parts) | ir.Any(of=parts):
            return any(map(_coded, parts))
        case ir.Not(of=part):
            return _coded(part)
    return False


def _of_steps(branch: ir.BranchStep) -> bool:
    """Say whether a branch asks for nothing but what earlier steps have found, and goes on in all of its ways."""
    asked = {path for case in branch.cases for path in facts_in(case.when)}
    stops = any(isinstance(each, ir.StopStep) for each in all_steps((branch,)))
    return not stops and bool(asked) and all(path.startswith("steps.") for path in asked)


def _minutes(duration: Duration) -> int:
    return duration.amount * _MINUTES[duration.unit]


def _looks(condition: ir.Condition) -> bool:
    """Say whether a condition asks something of the deal itself, or of what has happened; a predicate may ask both."""
    return any(not path.startswith(_OTHERS) for path in facts_in(condition))


RULE: Final = Rule(
    code="DW415",
    severity="warning",
    title="time passes and nobody looks again",
    reason=(
        "While an automation waits, people go on: a deal is moved, won or lost. Where neither exit_on= ends the"
        " automation then, nor a condition behind the wait asks how the deal stands, the time decides alone: a deal"
        " that was sold in the meantime is closed as silent, and a customer who has bought is reminded of the offer."
        " Told are moves some hours, and messages to customers a day, after a deal was created or came to an open"
        " stage. A wait_until() for a call, an answer or a field is no such look: whoever has bought without it gets"
        " the reminder of its on_timeout=. So is a deal that is won for no other reason than that it was created a"
        " while ago."
    ),
    bad="""
close_silent = Automation(
    key="close-silent",
    on=deal_created(in_=Sales.incoming),
    do=[wait("two-weeks", days(14)), move_deal("close", to=Sales.lost, reason="Price")],
)
""",
    good="""
close_silent = Automation(
    key="close-silent",
    on=deal_created(in_=Sales.incoming),
    exit_on=[stage_changed(from_=Sales.incoming)],
    do=[wait("two-weeks", days(14)), move_deal("close", to=Sales.lost, reason="Price")],
)
""",
    look=_look,
)
