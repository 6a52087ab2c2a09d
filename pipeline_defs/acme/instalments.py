"""Instalments: what is much to pay at once is paid in two halves, each a record under its deal.

Whoever books the money ticks the instalment as paid: `dealwright crm records set 7 paid=yes`.
"""

from __future__ import annotations

from dealwright import (
    Automation,
    Day,
    Example,
    Flag,
    Money,
    Number,
    Record,
    add_note,
    branch,
    case,
    create_record,
    days,
    entered,
    move_deal,
    once,
    record,
    record_updated,
)

from .fields import deal
from .pipelines import NewBusiness
from .settings import large_deal


class Instalment(Record, key="instalment", name="Instalment"):
    number = Number("No.")
    amount = Money("Amount")
    due_on = Day("Due on")
    paid = Flag("Paid")


halves = deal.records(Instalment)

pay_in_two = Automation(
    key="pay-in-two",
    why="Half now and half in a month is an easier yes.",
    on=entered(NewBusiness.agreed),
    when=[deal.amount >= large_deal, halves.count == 0],
    again=once(per=deal),
    do=[
        create_record("first", Instalment, number=1, amount=deal.amount / 2, due_on=deal.close_date),
        create_record("second", Instalment, number=2, amount=deal.amount / 2, due_on=deal.close_date + days(30)),
    ],
    examples=[
        Example(
            "a large deal is agreed",
            in_=NewBusiness.agreed,
            at="2026-05-11 10:00",
            amount=30_000,
            then=["first", "second"],
        ),
        Example(
            "a small one",
            in_=NewBusiness.agreed,
            at="2026-05-11 10:00",
            amount=900,
            then=["skipped: conditions"],
        ),
    ],
)

instalment_paid = Automation(
    key="instalment-paid",
    why="Nobody delivers half a workshop: the deal is paid when both halves are.",
    on=record_updated(Instalment, fields=[Instalment.paid], in_=NewBusiness),
    when=[Instalment.paid.is_true()],
    again=once(per=record),
    do=[
        add_note(
            "log",
            text="Instalment {{ record.number }} of {{ deal.records.instalment.count }} is paid: "
            "{{ record.amount or 'how much is not told' }}",
        ),
        branch(
            "all",
            case(
                deal.stage.is_open() & halves.all(Instalment.paid.is_true()),
                move_deal("paid", to=NewBusiness.paid),
            ),
        ),
    ],
)

automations = [
    instalment_paid,
    pay_in_two,
]
