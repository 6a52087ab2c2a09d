"""DW264: a field of an event, or of another system's answer, that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in, used
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    for event, path, line, answering in used(subject):
        if not answering or any(_by_value(each) for each in answering):
            continue
        read = {path for each in answering for path in facts_in(each)}
        matched = {pair.field for pair in event.match.by} if event.match is not None else set()
        unread = [
            field.key for field in event.fields if field.key not in matched and f"event.data.{field.key}" not in read
        ]
        if unread:
            names = ", ".join(unread)
            once = any(isinstance(each.again, ir.Once) for each in answering)
            yield Spot(
                path=path,
                line=line,
                message=f"nothing reads {names} of {event.key!r}, and an event in which it does not fit is held",
                hint="read it, take it out, or write again=once(per=value), if each new event counts"
                if once
                else "read it, or take it out",
            )
    for _, automation in subject.automations:
        yield from _unread_answers(subject, automation)


def _unread_answers(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield lookups of whose answer a branch asks something, and nothing reads a flag that must be there."""
    lookups = [step for step in all_steps(automation.do) if isinstance(step, ir.LookupStep)]
    read = set(facts_in(automation)) if lookups else set()
    branches = [step for step in all_steps(automation.do) if isinstance(step, ir.BranchStep)] if lookups else []
    asked = {path for step in branches for case in step.cases for path in facts_in(case.when)}
    for step in lookups:
        # A name or a number may be there to be looked at in the journal; a yes or no is asked for to be acted on.
        flags = [name for name, given in step.gives.items() if given == "flag" and name not in step.optional]
        must = [name for name in flags if f"steps.{step.name}.{name}" not in read]
        if must and any(f"steps.{step.name}.{name}" in asked for name in step.gives):
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"nothing reads {', '.join(must)} of what {step.name!r} is given, be it yes or no",
                hint="ask for it in a case, or take it out",
            )


def _by_value(automation: ir.Automation) -> bool:
    """Whether it acts once for each value: then all fields count."""
    return isinstance(automation.again, ir.Once) and automation.again.per == "value"


RULE: Final = Rule(
    code="DW264",
    severity="warning",
    title="nothing reads a field of an event, or of an answer",
    reason=(
        "Every field is a demand on the other system: an event in which its value does not fit its type waits for a "
        "person. A field that nothing reads holds events up for nothing. A flag that a lookup must be given "
        "is what the lookup is for: where a branch asks for the rest of the answer alone, a no is taken for a yes."
    ),
    bad="""
class Paid(OutsideEvent):
    key = "billing.paid"
    number, seats = Text(), Number()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    do=[set_task("call", text="Thank them for {{ event.data.number }}", due=hours(4))],
)
""",
    good="""
class Paid(OutsideEvent):
    key = "billing.paid"
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    do=[set_task("call", text="Thank them for {{ event.data.number }}", due=hours(4))],
)
""",
    look=_look,
    whole=True,
)
