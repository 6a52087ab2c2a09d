"""DW264: a field of an event that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in, used
from dealwright.compile.rules.rule import Rule, Spot, Subject


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
            yield Spot(
                path=path,
                line=line,
                message=f"nothing reads {names} of {event.key!r}, and an event in which it does not fit is held",
                hint="read it, or take it out",
            )


def _by_value(automation: ir.Automation) -> bool:
    """Whether it acts once for each value: then all fields count."""
    return isinstance(automation.again, ir.Once) and automation.again.per == "value"


RULE: Final = Rule(
    code="DW264",
    severity="warning",
    title="nothing reads a field of an event",
    reason=(
        "Every field is a demand on the other system: an event in which its value does not fit its type waits for a "
        "person. A field that nothing reads holds events up for nothing."
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
