"""DW265: deals are made for events, and nothing tells one of them from the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.outside_events import makes_nameless, used
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        for event, path, line, _ in used(subject):
            if event in account.outside and makes_nameless(account, event):
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{event.key!r} makes a deal that no later event can tell from others",
                    hint="match by a number of its own too: (number, deal.reference)",
                    severity="error",
                )


RULE: Final = Rule(
    code="DW265",
    title="deals are made for events with nothing to know them by",
    reason=(
        'With if_none="create" an event that fits no deal makes one. The next event about the same thing must find it, '
        "by a number of the deal's own, or by the phone or address of its contact; or it makes another."
    ),
    bad="""
class Asked(OutsideEvent):
    key = "form.asked"
    subject = Choice("Subject", ["price", "date"])
    match = Match(by=[(subject, deal.lost_reason)], in_=Sales, if_none="create")


call = Automation(
    key="call",
    on=event_received(Asked),
    do=[set_task("call", text="Answer: {{ event.data.subject }}", due=hours(4))],
)
""",
    good="""
class Asked(OutsideEvent):
    key = "form.asked"
    subject, number = Choice("Subject", ["price", "date"]), Text()
    match = Match(by=[(number, deal.reference)], in_=Sales, if_none="create")


call = Automation(
    key="call",
    on=event_received(Asked),
    do=[set_task("call", text="Answer: {{ event.data.subject }}", due=hours(4))],
)
""",
    look=_look,
)
