"""Acme's pipelines: from first inquiry to payment, and the renewals that follow.

A stage is called after what has happened, has the task that leads to the next one, and belongs to whoever does it: with
the stage the deal goes to them, and whoever had it is told. Criteria say what must hold where the CRM cannot know it.
"""

from __future__ import annotations

from dealwright import Criteria, Incoming, Lost, Pipeline, Stage, Task, Won, working_days, working_hours

from .fields import deal
from .roles import account_managers, field_sales, inside_sales
from .settings import free_discount

SEND_INVOICE = "Send the invoice"
"""The task's text, in one place: a rule in invoices.py waits for it to be completed."""


class NewBusiness(Pipeline, key="new-business", name="New business"):
    incoming = Incoming(first_response=working_days(1))  # as confirm-inquiry promises
    qualified = Stage(
        "Qualified",
        probability=20,
        owner=inside_sales,
        exit=Criteria(
            [deal.main_contact.phone.is_set() | deal.main_contact.email.is_set()],
            else_="task",
            says="Write down how the customer is reached",
        ),
        task=Task("Book the meeting with {{ deal.main_contact.name or deal.title }}", due=working_days(1)),
    )
    met = Stage(
        "Held the meeting",
        probability=40,
        owner=field_sales.sticky(),  # who has sold to them before
        task=Task("Send the quote for {{ deal.title }}", due=working_days(1)),
    )
    quoted = Stage(
        "Sent the quote",
        probability=60,
        owner=field_sales.sticky(),
        entry=Criteria(
            [(deal.discount.or_(0) <= free_discount) | deal.discount_agreed.is_true()],
            else_="move_back",
            says="Have the discount agreed first",
        ),
        task=Task("Call back about {{ deal.title }}", due=working_days(2)),
    )
    agreed = Stage(
        "Agreed the terms",
        probability=80,
        owner=field_sales.sticky(),
        required=[deal.amount],  # an invoice has an amount
        task=Task(SEND_INVOICE, due=working_hours(4)),
    )
    paid = Stage(
        "Received payment",
        probability=95,
        owner=field_sales.sticky(),
        task=Task("Hand over to onboarding", due=working_days(1)),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price", "Timing", "Competitor", "No answer"], require_reason=True)


class Renewals(Pipeline, key="renewals", name="Renewals"):
    incoming = Incoming("Up for renewal")
    reviewed = Stage(
        "Reviewed the usage",
        probability=40,
        owner=account_managers.sticky(),
        task=Task("Prepare the offer", due=working_days(2)),
    )
    offered = Stage(
        "Sent the offer",
        probability=60,
        owner=account_managers.sticky(),
        task=Task("Ask for an answer", due=working_days(3)),
    )
    confirmed = Stage(
        "Confirmed the renewal",
        probability=90,
        owner=account_managers.sticky(),
        entry=Criteria([deal.amount.is_set()], else_="report", says="Write down what the renewal is worth"),
        task=Task(SEND_INVOICE, due=working_hours(4)),
    )
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price", "Not used", "Competitor"], require_reason=True)
