"""DW416: a branch ends it for the deals that stand where they stood at first, and goes on for those which have left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_LOOKS_AGAIN: Final = (ir.WaitUntilStep, ir.AskStep, ir.WaitForStep, ir.MoveDealStep, ir.MoveBackStep)
"""Behind these it may well be that those are over for which nothing has happened."""


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        begins = _begins(automation.on)
        for at, step in enumerate(automation.do if begins and automation.origin == "authored" else ()):
            before, behind = automation.do[:at], automation.do[at + 1 :]
            if not isinstance(step, ir.BranchStep) or not behind or not _only_time_passes(before):
                continue
            for index, case in enumerate(step.cases):
                if _asked(case.when) == begins and case.do and all(isinstance(do, ir.StopStep) for do in case.do):
                    path, line = subject.case_at(automation, step.name, index)
                    stood = " or ".join(f"{each.pipeline}.{each.stage}" for each in sorted(begins, key=str))
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{step.name!r} ends it for the deals that still stand in {stood}, where"
                        f" {automation.key!r} begins: {behind[0].name!r} is done only for those which have left",
                        hint="end it for those which have left: deal.stage != ...; or begin with"
                        " stage_changed(from_=...) if those are meant",
                    )


def _begins(on: ir.Trigger) -> frozenset[ir.StageValue]:
    match on:
        case ir.OnEntered(stages=stages) | ir.OnDealCreated(stages=stages) | ir.OnStageChanged(to=stages):
            return frozenset(stages)
    return frozenset()


def _only_time_passes(before: Sequence[ir.Step]) -> bool:
    return any(isinstance(step, ir.WaitStep) for step in before) and not any(
        isinstance(step, _LOOKS_AGAIN) for step in all_steps(before)
    )


def _asked(condition: ir.Condition) -> frozenset[ir.StageValue]:
    """Return the stages of which one is asked for; none if something else is asked."""
    match condition:
        case ir.All(of=(one,)) | ir.Any(of=(one,)):
            return _asked(one)
        case ir.Compare(field=ir.Ref(path="deal.stage"), op="==", value=ir.StageValue() as stage):
            return frozenset({stage})
        case ir.IsIn(field=ir.Ref(path="deal.stage"), values=values):
            return frozenset(each for each in values if isinstance(each, ir.StageValue))
    return frozenset()


RULE: Final = Rule(
    code="DW416",
    severity="warning",
    title="only deals that have left are acted for",
    reason=(
        "An automation that begins when a deal comes to a stage, waits, and then stops where the deal stands in that"
        " stage goes on for those alone which have left it meanwhile: the offer goes to those who have bought or said"
        " no, and to nobody who waits for it. Most likely the comparison is the wrong way round."
    ),
    bad="""
offer = Automation(
    key="offer",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=stage_visit),
    do=[
        wait("settled", minutes(10)),
        branch("still", case(deal.stage == Sales.quoted, stop())),
        send_email("offer", to=deal.main_contact, subject="Our offer", text="Here is our offer."),
    ],
)
""",
    good="""
offer = Automation(
    key="offer",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=stage_visit),
    do=[
        wait("settled", minutes(10)),
        branch("still", case(deal.stage != Sales.quoted, stop())),
        send_email("offer", to=deal.main_contact, subject="Our offer", text="Here is our offer."),
    ],
)
""",
    look=_look,
)
