"""DW417: again= leaves out the very events that an automation is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.later import MESSAGES
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.model.stage_demands import CLOSED

_OF_TIME: Final = ("day", "moment")
_WAITS: Final = (ir.WaitStep, ir.WaitForStep, ir.WaitUntilStep, ir.AskStep)
_OF_THE_DEAL: Final = (
    ir.CompleteTasksStep, ir.MoveDealStep, ir.UpdateDealStep, ir.ChangeTagsStep, ir.SendEventStep, ir.AddNoteStep,
    ir.BranchStep, ir.WaitStep, ir.WaitUntilStep, ir.StopStep,
)  # fmt: skip
"""What is done for one deal; what concerns a person, such as a task to call, may well be done once for each."""


class _Told(NamedTuple):
    """What again= does, and what to write."""

    message: str
    hint: str


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        again = automation.again
        if automation.origin != "authored" or not isinstance(again, ir.Once) or again.within is not None:
            continue
        told = None
        if again.per in ("deal", "person"):
            told = _first_record(automation) or _first_date(account, automation)
        if told is None and again.per == "person":
            told = _first_deal(account, automation)
        if told is not None:
            path, line = subject.automation_at(automation, "again")
            message = f"again= of {automation.key!r} {told.message}"
            yield Spot(path=path, line=line, message=message, hint=told.hint)


def _first_record(automation: ir.Automation) -> _Told | None:
    """Say that all records are asked for, and nobody asks when the last of them has changed."""
    if not isinstance(automation.on, ir.OnRecordAdded | ir.OnRecordUpdated) or _of_every(automation.when):
        return None
    for step in automation.do:
        if isinstance(step, _WAITS):
            return None
        if isinstance(step, ir.BranchStep) and any(_of_every(case.when) for case in step.cases):
            return _Told(
                f"lets it act for the first record of a deal alone, and {step.name!r} asks about all of them: when the"
                " last one has come so far, nobody asks",
                "write again=once(per=record), or every_event()",
            )
    return None


def _of_every(given: object) -> bool:
    match given:
        case ir.OfRecords(every=True):
            return True
        case msgspec.Struct():
            return any(_of_every(getattr(given, name)) for name in given.__struct_fields__)
        case tuple():
            return any(map(_of_every, given))
    return False


def _first_date(account: ir.Account, automation: ir.Automation) -> _Told | None:
    """Say that a customer is told of a day or moment, and not of it when it is put off."""
    match automation.on:
        case ir.OnDealUpdated(fields=(name,)) if name in _days(account):
            path = f"deal.{name}"
        case _:
            return None
    if any(each.startswith("event.before.") for each in facts_in(automation.when)):
        return None  # it asks which change it is
    for step in all_steps(automation.do):
        if isinstance(step, MESSAGES) and path in set(facts_in(step)):
            return _Told(
                f"lets it act at the first change of {path} alone, and {step.name!r} tells the customer of it: when it"
                " is put off, they are not told",
                "write again=once(per=value)",
            )
    return None


def _days(account: ir.Account) -> frozenset[str]:
    return frozenset({"close_date", *(field.key for field in account.deal_fields if field.type in _OF_TIME)})


def _first_deal(account: ir.Account, automation: ir.Automation) -> _Told | None:
    """Say that what is done for a deal is left out for the next deal of the same person."""
    steps = list(all_steps(automation.do))
    if not all(isinstance(step, _OF_THE_DEAL) for step in steps):
        return None
    for step in steps:
        if isinstance(step, ir.CompleteTasksStep) or (isinstance(step, ir.MoveDealStep) and _closes(account, step.to)):
            return _Told(
                f"leaves out the second deal of a person, for ever, and what {step.name!r} does is done for the deal"
                " alone",
                "write again=once(per=deal), or once(per=stage_visit)",
            )
    return None


def _closes(account: ir.Account, to: ir.StageValue) -> bool:
    shape = account.pipeline(to.pipeline)
    stage = None if shape is None else shape.stage(to.stage)
    return stage is not None and stage.kind in CLOSED


RULE: Final = Rule(
    code="DW417",
    severity="warning",
    title="again= leaves out what the automation is about",
    reason=(
        "once(per=deal) lets an automation act on the first event of a deal and on no later one. Where it asks whether"
        " all records are so far, the first of them is asked and the last one is not; where it tells a customer the day"
        " of an appointment, they are never told that it was put off. once(per=person) without within= counts for ever"
        " and over all deals: where the automation closes or tidies up the deal, that is not done for the second deal"
        " of a person."
    ),
    bad="""
class Own(DealFields):
    visit_on = Day("Visit")


own = Own()

tell = Automation(
    key="tell",
    on=deal_updated(fields=[own.visit_on]),
    when=[own.visit_on.is_set(), deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("day", to=deal.main_contact, subject="Our visit", text="We come on {{ deal.visit_on | date }}.")],
)
""",
    good="""
class Own(DealFields):
    visit_on = Day("Visit")


own = Own()

tell = Automation(
    key="tell",
    on=deal_updated(fields=[own.visit_on]),
    when=[own.visit_on.is_set(), deal.main_contact.email.is_set()],
    again=once(per=value),
    do=[send_email("day", to=deal.main_contact, subject="Our visit", text="We come on {{ deal.visit_on | date }}.")],
)
""",
    look=_look,
)
