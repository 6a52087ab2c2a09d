"""Invoices: the number is given when the terms are agreed, and billing names the deal by it when the money is there.

The hook `billing` stands in the target file (docs/hooks.md). Nobody moves a deal to Received payment by hand any more,
though they may.
"""

from __future__ import annotations

from dealwright import (
    Automation,
    Match,
    Money,
    OutsideEvent,
    Text,
    add_note,
    branch,
    case,
    entered,
    event,
    event_received,
    move_deal,
    once,
    send_email,
    send_event,
    set_task,
    task_completed,
    update_deal,
    working_hours,
)

from .fields import deal
from .pipelines import SEND_INVOICE, NewBusiness


class InvoicePaid(OutsideEvent):
    key = "invoice-paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, deal.reference)], in_=[NewBusiness], if_many="ask", if_none="hold")


invoice_number = Automation(
    key="invoice-number",
    why="Billing and onboarding find a deal by its number.",
    on=entered(NewBusiness.agreed),
    when=[deal.reference.is_unset()],
    do=[update_deal("number", reference="INV-{{ deal.id }}")],
)

invoice_sent = Automation(
    key="invoice-sent",
    why="Billing cannot wait for money that it has not heard of.",
    on=task_completed(in_=NewBusiness),
    when=[deal.stage == NewBusiness.agreed, event.task.text == SEND_INVOICE],
    do=[
        send_event(
            "invoice-sent",
            to="erp",
            with_={"number": deal.reference, "amount": deal.amount, "company": deal.company},
        ),
    ],
)

payer = deal.contact_as("accounts payable")

invoice_to_payer = Automation(
    key="invoice-to-payer",
    why="Who pays is seldom who bought: bookkeeping hears of an invoice at once, not when it is overdue.",
    on=task_completed(in_=NewBusiness),
    when=[deal.stage == NewBusiness.agreed, event.task.text == SEND_INVOICE, payer.email.is_set()],
    again=once(per=deal),
    do=[
        send_email(
            "announce",
            to=payer,
            cc=[deal.main_contact],
            subject="Invoice {{ deal.reference or 'of Acme Tools' }}",
            text="Hello {{ contact.first_name or 'there' }},\n\n"
            "our invoice for {{ deal.title }} is on its way: {{ deal.amount }}. "
            "Please name {{ deal.reference or 'its number' }} when you pay; "
            "an answer to this message reaches {{ deal.owner.name or 'us' }}.\n\nAcme Tools\n",
            reply_to=deal.owner.email,
        ),
    ],
)

invoice_paid = Automation(
    key="invoice-paid",
    why="Money decides what is paid, not whoever looks at the account first.",
    on=event_received(InvoicePaid, from_="billing", in_=NewBusiness),
    do=[
        add_note(
            "log",
            text="Invoice {{ event.data.number or deal.reference }} is paid: "
            "{{ event.data.amount or 'how much is not told' }}",
        ),
        branch(
            "where",
            case(deal.stage.is_open(), move_deal("paid", to=NewBusiness.paid)),
            case(
                deal.stage.is_lost(),
                set_task("look", text="{{ deal.title }} is lost, and was paid: see to it", due=working_hours(2)),
            ),
        ),
    ],
)

automations = [
    invoice_number,
    invoice_paid,
    invoice_sent,
    invoice_to_payer,
]
