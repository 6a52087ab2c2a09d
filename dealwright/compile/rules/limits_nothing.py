"""DW247: once(per=stage_visit) on the one event of a deal that never comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        again = automation.again
        if (
            not isinstance(again, ir.Once)
            or again.per != "stage_visit"
            or not isinstance(automation.on, ir.OnDealCreated)
        ):
            continue
        path, line = subject.automation_at(automation, "again")
        yield Spot(
            path=path,
            line=line,
            message=f"again= of {automation.key!r} limits nothing: a deal is created once, in one stage",
            hint="write once(per=person, within=days(30)) if a person is to be answered once; on=entered(...) if every"
            " visit of a stage counts; else every_event()",
        )


RULE: Final = Rule(
    code="DW247",
    severity="warning",
    title="again= limits nothing",
    reason=(
        "A deal is created once, so an automation on deal_created() runs once for each of them, and "
        "once(per=stage_visit) says nothing. Most likely the stage is meant, into which deals are moved too, or the "
        "person: who asks three times has three deals, and is written to three times."
    ),
    bad="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=stage_visit),
    do=[send_email("hello", to=deal.main_contact, subject="Hello", text="We call you today.")],
)
""",
    good="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=person, within=days(30)),
    do=[send_email("hello", to=deal.main_contact, subject="Hello", text="We call you today.")],
)
""",
    look=_look,
)
