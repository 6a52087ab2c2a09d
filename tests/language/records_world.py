"""A shop whose deals have instalments and lines of a quote under them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dealwright import (
    Account,
    Automation,
    Day,
    DealFields,
    Flag,
    Lost,
    Money,
    Number,
    Pipeline,
    Record,
    Stage,
    Text,
    Won,
    days,
    deal_created,
    every_event,
    set_task,
)
from dealwright.compile.lower import draft
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_record


class Instalment(Record, name="Instalment of the plan"):
    no, amount, due_on, paid = Number("No."), Money("Amount"), Day("Due on"), Flag("Paid")


class QuoteLine(Record, of="deal", key="quote-line"):
    sku, qty, unit_price = Text("SKU"), Number("Qty"), Money("Price")
    cost = Money("Cost", sensitive=True)


class Shop(DealFields):
    left, next_due = Money("Left to pay"), Day("Next due")
    margin = Money("Margin", sensitive=True)


deal = Shop()
theirs = deal.records(Instalment)
lines = deal.records(QuoteLine)
unpaid = theirs.where(Instalment.paid.is_unset() | Instalment.paid.is_false())


class Sales(Pipeline, key="sales"):
    quoted = Stage("Sent the quote", task=None, because="a test")
    won = Won("Paid")
    lost = Lost("Lost")


TODAY = date(2026, 5, 11)
LOOK = set_task("look", text="Look", due=days(1))


def account(*automations, **more):
    return Account(
        "shop",
        zone="UTC",
        country="DE",
        currency="EUR",
        deal_fields=Shop,
        pipelines=[Sales],
        automations=list(automations),
        **more,
    )


def rule(*do, on=None, when=(), again=None):
    trigger = deal_created(in_=Sales) if on is None else on
    return account(Automation(key="rule", on=trigger, when=when, again=again or every_event(), do=list(do) or [LOOK]))


def plan(*paid, no=1):
    """Instalments of 100, 200, ... EUR, due on the first of each month; each is paid (True), not (False) or unknown."""
    found = []
    for number, state in enumerate(paid, start=no):
        more = {} if state is None else {"paid": state}
        found.append(
            a_record(
                Instalment,
                id=str(number),
                no=number,
                amount=Money(str(100 * number), "EUR"),
                due_on=date(2026, number, 1),
                **more,
            )
        )
    return found


def wrote(told, step=0):
    request = told.requests[step]
    assert isinstance(request, UpdateDeal)
    return {each.key: each.value and each.value.value for each in request.changes.custom or ()}


def each(body, of="quote_line"):
    """A text that goes over the records of a kind."""
    return f"{{% for line in deal.records.{of} %}}{body}{{% endfor %}}"


def found(rules):
    """What is found in the rules, with the advice."""
    _, findings = draft(rules, Path())
    return [f"{each.code} {each.message} | {each.hint}" for each in findings]
