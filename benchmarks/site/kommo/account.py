"""W1 with Kommo as the CRM: a lead is added there, three conditions, a task in Kommo, a Purchase to Meta."""

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
    deal_created,
    every_event,
    send_conversion,
    set_task,
    working_minutes,
)

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="one automation is measured")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


added = Automation(
    key="added",
    why="Whoever has ordered is thanked, and Meta learns what its advertisement has sold.",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam"), deal.amount > 10],
    again=every_event(),
    do=[
        set_task("thank", text="Thank {{ deal.main_contact.name }} for {{ deal.title }}", due=working_minutes(15)),
        send_conversion("purchase", event="Purchase", value=deal.amount),
    ],
)

acme = Account(
    "acme",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-18:00",
    pipelines=[Sales],
    automations=[added],
)
