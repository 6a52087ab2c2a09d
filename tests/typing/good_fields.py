"""Arithmetic as users write it: mypy --strict has nothing to say about any of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from dealwright import (
    Automation,
    Day,
    DealFields,
    Moment,
    Money,
    Number,
    days,
    deal_created,
    every_event,
    hours,
    send_conversion,
    send_event,
    update_deal,
    working_hours,
)


class Own(DealFields):
    discount, deposit = Number("Discount %"), Money("Deposit")
    due_on, appointment_at = Day("Due on"), Moment("Appointment")


own = Own()

reckons = Automation(
    key="reckons",
    on=deal_created(),
    when=[
        own.close_date + days(90) > own.due_on,
        own.appointment_at - hours(2) < datetime(2026, 3, 14, tzinfo=UTC),
        own.appointment_at + working_hours(2) > own.created_at,
        own.amount * 2 - own.deposit >= 100,
        own.amount - own.deposit > Money("5", "EUR"),
        own.amount * (1 - own.discount / 100) <= own.deposit,
        100 - own.discount > 5,
        own.amount - own.deposit.or_(0) >= own.deposit.or_(Money("5", "EUR")),
        own.discount.or_(own.discount + 1).or_(0) * 2 > 5,
        own.due_on.or_(own.close_date) + days(1) > own.close_date.or_(date(2026, 3, 14)),
        own.appointment_at.or_(own.created_at) > datetime(2026, 3, 14, tzinfo=UTC),
    ],
    do=[
        update_deal("x", close_date=own.close_date + days(1), amount=own.amount * 0.5, discount=own.discount + 1),
        send_conversion("lead", event="Lead", value=own.amount - own.deposit),
        update_deal("seats", amount=own.discount * Money("40", "USD") + own.deposit),
        send_event("x", to="erp", with_={"half": own.amount / 2}),
    ],
    again=every_event(),
)
