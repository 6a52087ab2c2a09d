"""The company of the drivers' tests: a pipeline with one automation for each thing that is tried."""

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
    add_note,
    deal_created,
    deal_updated,
    every_event,
    set_task,
    working_days,
)

deal = DealFields()
WHY = "A person should know."


class Orders(Pipeline, key="orders", name="Orders"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Pauses(Pipeline, key="pauses", name="Pauses"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Cancels(Pipeline, key="cancels", name="Cancels"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Suspends(Pipeline, key="suspends", name="Suspends"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Retries(Pipeline, key="retries", name="Retries"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Kills(Pipeline, key="kills", name="Kills"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


class Outages(Pipeline, key="outages", name="Outages"):
    incoming = Incoming()
    sent = Stage("Sent the order", probability=50, task=None, because="one automation is tried")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


orders = Automation(
    key="orders",
    why=WHY,
    on=deal_updated(fields=deal.amount, in_=Orders),
    again=every_event(),
    do=[
        set_task("call", text="Amount {{ deal.amount }}", due=working_days(1)),
        add_note("note", text="It is {{ deal.amount }}"),
    ],
)
pauses = Automation(
    key="pauses",
    why=WHY,
    on=deal_created(in_=Pauses),
    again=every_event(),
    do=[set_task("call", text="Call about {{ deal.title }}", due=working_days(1))],
)
cancels = Automation(
    key="cancels",
    why=WHY,
    on=deal_created(in_=Cancels),
    again=every_event(),
    do=[set_task("call", text="Slowly about {{ deal.title }}", due=working_days(1))],
)
suspends = Automation(
    key="suspends",
    why=WHY,
    on=deal_created(in_=Suspends),
    again=every_event(),
    do=[set_task("call", text="Slowly about {{ deal.title }}", due=working_days(1))],
)
retries = Automation(
    key="retries",
    why=WHY,
    on=deal_created(in_=Retries),
    again=every_event(),
    do=[set_task("call", text="Refused at first: {{ deal.title }}", due=working_days(1))],
)
kills = Automation(
    key="kills",
    why=WHY,
    on=deal_created(in_=Kills),
    again=every_event(),
    do=[set_task("call", text="Slowly about {{ deal.title }}", due=working_days(1))],
)
outages = Automation(
    key="outages",
    why=WHY,
    on=deal_created(in_=Outages),
    again=every_event(),
    do=[set_task("call", text="Call about {{ deal.title }}", due=working_days(1))],
)

shop = Account(
    "shop",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-18:00",
    pipelines=[Orders, Pauses, Cancels, Suspends, Retries, Kills, Outages],
    automations=[orders, pauses, cancels, suspends, retries, kills, outages],
)
