"""What an expression of a step comes to on the facts of one deal, as the field it is written to holds it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from dealwright.compile import ir
from dealwright.engine.conditions import holds, summed
from dealwright.engine.facts import View
from dealwright.engine.reckoning import to_write
from dealwright.engine.trace import Trace
from dealwright.errors import DealwrightError
from dealwright.language import templates
from dealwright.model.crm import Money, User


class Unrenderable(DealwrightError):
    """A step's request cannot be made from these facts."""


class NobodyThere(DealwrightError):
    """A step is about somebody who is not there or cannot be written to: nobody's fault, and no reason to go on."""


class NothingToDo(DealwrightError):
    """A step has nothing to do for this deal, and those behind it go on."""


def value_of(expression: ir.Expression, view: View) -> object | None:
    """Return what the expression comes to; None is unset."""
    match expression:
        case ir.TemplateText(source=source):
            text = templates.filled(source, view.text)
            if text is not None:
                return text
            facts = view.texts(templates.paths(source))
            return templates.render(source, facts, calendar_zone=view.account.calendar.zone)
        case ir.Ref(path=path):
            return view.value(path)
        case ir.Points():
            return summed(expression, view, Trace(), at="")
        case ir.Shift() | ir.Reckoned() | ir.OrElse() | ir.Aggregate():
            return to_write(expression, view, holds)
        case ir.MoneyValue(amount=amount, currency=currency):
            return Money(amount=amount, currency=currency)
        case ir.StageValue(pipeline=pipeline, stage=stage):
            return f"{pipeline}.{stage}"
        case ir.PipelineValue(pipeline=pipeline):
            return pipeline
        case ir.Cleared():
            return None
        case ir.RoleValue(role=role):
            raise Unrenderable(f"somebody of the role {role!r} was not picked")
        case _:
            return expression.value


def plain(value: object | None) -> str | bool | None:
    """Return a value as JSON holds it: numbers and days as texts."""
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            return f"{value:f}"
        case Money():
            return f"{value.amount:f}"
        case User():
            return value.name
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def text_of(expression: ir.Expression | None, view: View, field: str) -> str | None:
    """Return the text that `field` is given."""
    if expression is None:
        return None
    value = plain(value_of(expression, view))
    if isinstance(value, bool):
        raise Unrenderable(f"{field} is a text, and cannot hold yes or no")
    return None if value is None else str(value)


def user_of(expression: ir.Expression | None, view: View) -> str | None:
    """Return a user by id, or by the name or id that was written."""
    if expression is None:
        return None
    value = value_of(expression, view)
    return value.id if isinstance(value, User) else text_of(expression, view, "owner")


def money_of(expression: ir.Expression | None, view: View) -> Money | None:
    """Return an amount; a plain number is in the deal's currency, else in the account's."""
    value = None if expression is None else value_of(expression, view)
    if value is None:
        return None
    if isinstance(value, Money | Decimal):
        return money_in(value, view)
    raise Unrenderable("amount takes a number or Money")


def money_in(value: Money | Decimal, view: View) -> Money:
    """Return the amount as the CRM will hold it; a plain number is in the deal's currency, else in the account's."""
    if isinstance(value, Money):
        return value.in_full()
    currency = (view.deal.amount.currency if view.deal.amount else None) or view.account.currency
    if currency is None:
        raise Unrenderable("an amount without a currency: give Account(currency=...) or Money(...)")
    return Money(amount=value, currency=currency).in_full()


def day_of(expression: ir.Expression | None, view: View) -> date | None:
    """Return a calendar day."""
    value = None if expression is None else value_of(expression, view)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise Unrenderable("close_date takes a day")
