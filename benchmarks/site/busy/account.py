"""Fifty automations, each of which answers an event of its own with what W1 does."""

from __future__ import annotations

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Won,
    event_received,
    every_event,
    send_conversion,
    set_task,
    working_minutes,
)

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="other automations are measured")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


def paid(number: int) -> Automation:
    """Return the automation that answers the event of that number."""
    return Automation(
        key=f"paid-{number:02}",
        why="Whoever has paid is thanked, and Meta learns what its advertisement has sold.",
        on=event_received(f"paid-{number:02}", data=["number"]),
        when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam"), deal.amount > 10],
        again=every_event(),
        do=[
            send_conversion("purchase", event="Purchase", value=deal.amount),
            set_task("thank", text="Thank {{ deal.main_contact.name }} for {{ deal.title }}", due=working_minutes(15)),
        ],
    )


acme = Account(
    "acme",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-18:00",
    pipelines=[Sales],
    automations=[paid(number) for number in range(50)],
)
