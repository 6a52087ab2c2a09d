"""The company of a run: workload W1, and beside it one automation for each delivery class and one for order."""

from __future__ import annotations

from pathlib import Path
from typing import Final

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
    event,
    event_received,
    every_event,
    move_deal,
    send_conversion,
    send_event,
    set_task,
    working_minutes,
)
from dealwright.compile import ir
from dealwright.compile.lower import lower

ACCOUNT: Final = "acme"

INSTALMENTS: Final = 3
"""Events of one deal that follow each other in one lane."""

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="W1 is measured")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


w1 = Automation(
    key="w1",
    why="Webhook, three conditions, a task in the CRM, a Purchase to Meta.",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam"), deal.amount > 10],
    again=every_event(),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name }} about {{ deal.title }}", due=working_minutes(15)),
        send_conversion("purchase", event="Purchase", value=deal.amount),
    ],
)
trail = Automation(
    key="trail",
    why="What knows no repeats: AT_MOST_ONCE.",
    on=deal_created(in_=Sales),
    when=deal.amount > 0,
    again=every_event(),
    do=[send_event("seen", to="audit", with_={"title": deal.title})],
)
mark = Automation(
    key="mark",
    why="A write that depends on what it replaces: IDEMPOTENT.",
    on=deal_created(in_=Sales),
    when=deal.amount > 10,
    again=every_event(),
    do=[move_deal("mark", to=Sales.quoted)],
)
instalments = Automation(
    key="instalments",
    why="Events of one deal that must be told in their order.",
    on=event_received("instalment", from_="billing", data=["n"]),
    when=event.data("n").is_set(),
    again=every_event(),
    do=[send_event("instalment", to="erp", with_={"n": event.data("n")})],
)


def company(on: tuple[str, ...] | None = None) -> ir.Account:
    """Compile the company; `on` names the automations that are on (None: all)."""
    account = Account(
        ACCOUNT,
        zone="America/New_York",
        country="US",
        currency="USD",
        working_hours="Mon-Fri 09:00-18:00",
        pipelines=[Sales],
        automations=[each for each in (w1, trail, mark, instalments) if on is None or each.key in on],
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered
