"""DW262: a class of events that does not say how one finds its deal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.outside_events import used
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for event, path, line, answering in used(subject):
        if event.match is None and any(each.for_each is None for each in answering):
            yield Spot(
                path=path,
                line=line,
                message=f"nothing says how {event.key!r} finds its deal: one that names none waits for a person",
                hint="write match = Match(by=[(number, deal.reference)], in_=[...])",
            )


RULE: Final = Rule(
    code="DW262",
    severity="warning",
    title="an event does not say how it finds its deal",
    reason=(
        "Other systems seldom know our deals. What names none and cannot find one waits in the tray, one by one, for "
        "a person. If the sender always names the deal, silence this with that reason."
    ),
    bad="""
class Paid(OutsideEvent):
    key = "billing.paid"
    number = Text()


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
)
