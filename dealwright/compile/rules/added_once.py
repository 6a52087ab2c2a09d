"""DW249: what an event tells is added to a field, once for each deal: the second event is not added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_OFTEN: Final = (ir.OnEventReceived, ir.OnRecordAdded, ir.OnRecordUpdated, ir.OnRecordRemoved)
"""What comes to one deal many times, and tells something else each time."""

_TOLD: Final = ("event.data.", "record.")


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        again = automation.again
        if not isinstance(automation.on, _OFTEN) or again != ir.Once(per="deal"):
            continue
        for step in all_steps(automation.do):
            if not isinstance(step, ir.UpdateDealStep):
                continue
            added = [name for name, value in step.changes.items() if _adds(f"deal.{name}", value)]
            if added:
                path, line = subject.automation_at(automation, "again")
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} adds to deal.{added[0]} what the first event of a deal tells, and none"
                    f" after it: {automation.key!r} acts once for each deal",
                    hint=f"write again={_instead(automation.on)}",
                )
                break


def _adds(path: str, value: ir.Expression) -> bool:
    """Say whether something that the event tells is added to the field, or taken from it."""
    if not isinstance(value, ir.Reckoned) or value.sign not in ("+", "-"):
        return False
    facts = set(facts_in(value))
    return path in facts and any(fact.startswith(_TOLD) for fact in facts)


def _instead(on: ir.Trigger) -> str:
    return "once(per=record)" if isinstance(on, ir.OnRecordAdded) else "every_event()"


RULE: Final = Rule(
    code="DW249",
    severity="warning",
    title="a sum takes in the first event alone",
    reason=(
        "An automation that adds what an event tells to what the deal says keeps a sum. With `once(per=deal)` only the "
        "first event of a deal counts, for ever: the second payment is not added, and nothing tells of it. Where the "
        "same event may be told twice, `within=` leaves out the second telling and no other event. An event whose "
        "values are written as they are, without a sum, may well be meant to count once."
    ),
    bad="""
class Paid(OutsideEvent):
    key = "bank.paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, deal.reference)], in_=Sales)


paid = Automation(
    key="paid",
    on=event_received(Paid, in_=Sales),
    when=[Paid.amount > 0],
    again=once(per=deal),
    do=[update_deal("sum", amount=deal.amount.or_(0) + Paid.amount)],
)
""",
    good="""
class Paid(OutsideEvent):
    key = "bank.paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, deal.reference)], in_=Sales)


paid = Automation(
    key="paid",
    on=event_received(Paid, in_=Sales),
    when=[Paid.amount > 0],
    again=every_event(),
    do=[update_deal("sum", amount=deal.amount.or_(0) + Paid.amount)],
)
""",
    look=_look,
)
