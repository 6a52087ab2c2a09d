"""A hardware seller: 8,800 deals of somebody else's, and what shall happen when they arrive."""

from __future__ import annotations

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Task,
    Won,
    branch,
    case,
    create_deal,
    deal_created,
    entered,
    every_event,
    send_event,
    set_task,
    update_deal,
    working_days,
)

deal = DealFields()


class Opportunities(Pipeline, key="opportunities", name="Opportunities"):
    """As the file has them."""

    incoming = Incoming()
    prospecting = Stage("Prospecting", probability=10, task=Task("Qualify {{ deal.title }}", due=working_days(2)))
    engaging = Stage("Engaging", probability=50, task=Task("Call about {{ deal.title }}", due=working_days(1)))
    won = Won("Won")
    lost = Lost("Lost", reasons=["Unknown"])


class Accounts(Pipeline, key="accounts", name="Large accounts"):
    """Who bought for much is looked after."""

    incoming = Incoming()
    greeted = Stage("Greeted the account", probability=50, task=Task("Plan the year", due=working_days(5)))
    won = Won("Extended")
    lost = Lost("Left", reasons=["Unknown"])


won_to_erp = Automation(
    key="won-to-erp",
    why="Revenue is booked in the ERP.",
    on=entered(Opportunities.won),
    when=[deal.amount > 0],
    again=every_event(),
    do=[send_event("deal-won", to="erp", with_={"worth": deal.amount, "seller": deal.owner.name})],
)

find_account = Automation(
    key="find-account",
    why="A deal without a company cannot be forecast.",
    on=deal_created(in_=Opportunities),
    when=[~deal.company.is_set(), deal.stage.is_open()],
    again=every_event(),
    do=[set_task("find", text="Find out whose deal {{ deal.reference }} is", due=working_days(1))],
)

label = Automation(
    key="label",
    why="The large ones stand out in every list.",
    on=entered(Opportunities.won),
    again=every_event(),
    do=[
        branch(
            "size",
            case(deal.amount >= 20_000, create_deal("look-after", in_=Accounts.greeted, title="{{ deal.company }}")),
            case(deal.amount >= 5_000, update_deal("mark", title="{{ deal.title }} (large)")),
            otherwise=[],
        ),
    ],
)

hardware = Account(
    "hardware",
    zone="America/Chicago",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-17:00",
    pipelines=[Opportunities, Accounts],
    automations=[won_to_erp, find_account, label],
)
