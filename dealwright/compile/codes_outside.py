"""Codes of what definitions say about events from outside."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW260",
        title="two classes of events have one key",
        reason=(
            "The key is what the other system calls the event. With two classes nobody can say which fields it has, "
            "and how it finds its deal."
        ),
        bad="""
class Paid(OutsideEvent):
    key = "billing.paid"
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


class PaidAgain(OutsideEvent):
    key = "billing.paid"
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    do=[set_task("call", text="Thank them for {{ event.data.number }}", due=hours(4))],
)
note = Automation(
    key="note",
    on=event_received(PaidAgain),
    do=[add_note("paid", text="Paid {{ event.data.number }}")],
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
note = Automation(
    key="note",
    on=event_received(Paid),
    do=[add_note("paid", text="Paid {{ event.data.number }}")],
)
""",
    ),
    Code(
        code="DW261",
        title="an event is read by its name and as a class",
        reason=(
            "A class says of which type each value is. Read by its name they are texts, and two rules would see "
            "different things in one event."
        ),
        bad="""
class Paid(OutsideEvent):
    key = "billing.paid"
    seats = Number()
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    when=[Paid.seats > 3],
    do=[set_task("call", text="Thank them for {{ event.data.number }}", due=hours(4))],
)
note = Automation(
    key="note",
    on=event_received("billing.paid", data=["seats"]),
    do=[add_note("paid", text="Paid {{ event.data.seats }} seats")],
)
""",
        good="""
class Paid(OutsideEvent):
    key = "billing.paid"
    seats = Number()
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    when=[Paid.seats > 3],
    do=[set_task("call", text="Thank them for {{ event.data.number }}", due=hours(4))],
)
note = Automation(
    key="note",
    on=event_received(Paid),
    do=[add_note("paid", text="Paid {{ event.data.seats }} seats")],
)
""",
    ),
)
"""What lowering finds in them."""
