"""Turns an action step into a request: every text filled in, every reference resolved, nothing left to decide."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.records import Intent, Written
from dealwright.errors import DealwrightError
from dealwright.language import calendar, templates
from dealwright.model.crm import Money, User
from dealwright.model.requests import (
    CreateDeal,
    DealChanges,
    MoveDeal,
    Request,
    SendEvent,
    Sent,
    SetTask,
    UpdateDeal,
)


class Unrenderable(DealwrightError):
    """A step's request cannot be made from these facts."""


def intent(step: ir.ActionStep, view: View, now: datetime) -> Intent:
    """Return the effect that the step asks for on these facts.

    Raises:
        Unrenderable: a value is missing or of a kind that the field cannot hold; the message says which.
    """
    try:
        request = _request(step, view, now)
    except DealwrightError as error:
        raise Unrenderable(f"step {step.name!r}: {error}") from error
    target = request.to if isinstance(request, SendEvent) else f"deal:{view.deal.id}"
    return Intent(step=step.name, target=target, request=request)


def _request(step: ir.ActionStep, view: View, now: datetime) -> Request:
    deal = view.deal
    match step:
        case ir.CreateDealStep():
            return CreateDeal(
                pipeline=step.stage.pipeline,
                stage=step.stage.stage,
                title=_text(step.title, view, "title") or deal.title,
                contacts=tuple(contact.id for contact in deal.contacts) if step.with_contacts else (),
                company=deal.company if step.with_contacts else None,
                owner=_user(step.owner, view),
                amount=_money(step.amount, view),
                close_date=_day(step.close_date, view),
                reference=_text(step.reference, view, "reference"),
                tags=step.tags,
            )
        case ir.UpdateDealStep():
            changes = {name: _field(name, expression, view) for name, expression in step.changes.items()}
            return UpdateDeal(deal_id=deal.id, changes=DealChanges(**changes), version=deal.version)
        case ir.MoveDealStep():
            return MoveDeal(
                deal_id=deal.id,
                pipeline=step.to.pipeline,
                stage=step.to.stage,
                only_forward=step.only_forward,
                lost_reason=step.reason,
            )
        case ir.SetTaskStep():
            return SetTask(
                deal_id=deal.id,
                text=_text(step.text, view, "text") or step.name,
                due_at=calendar.add(view.account.calendar, now, step.due),
                owner=_user(step.owner, view),
            )
        case ir.SendEventStep():
            return SendEvent(to=step.to, name=step.event, deal_id=deal.id, body=_body(step, view), occurred_at=now)


def _body(step: ir.SendEventStep, view: View) -> dict[str, str | bool | None]:
    """The deal's own values and what the step adds; adding a key that the deal has replaces it."""
    deal = view.deal
    body: dict[str, str | bool | None] = {
        "title": deal.title,
        "pipeline": deal.pipeline,
        "stage": deal.stage,
        "amount": f"{deal.amount.amount:f}" if deal.amount else None,
        "currency": deal.amount.currency if deal.amount else None,
        "reference": deal.reference,
        "company": deal.company,
    }
    return body | {key: _plain(_value(expression, view)) for key, expression in step.with_.items()}


def _plain(value: object | None) -> str | bool | None:
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


def _value(expression: ir.Expression, view: View) -> object | None:
    match expression:
        case ir.TemplateText(source=source):
            return templates.render(source, view.texts(), calendar_zone=view.account.calendar.zone)
        case ir.Ref(path=path):
            return view.value(path)
        case ir.MoneyValue(amount=amount, currency=currency):
            return Money(amount=amount, currency=currency)
        case ir.StageValue(pipeline=pipeline, stage=stage):
            return f"{pipeline}.{stage}"
        case ir.PipelineValue(pipeline=pipeline):
            return pipeline
        case ir.Cleared():
            return None
        case _:
            return expression.value


def _text(expression: ir.Expression | None, view: View, field: str) -> str | None:
    if expression is None:
        return None
    value = _plain(_value(expression, view))
    if isinstance(value, bool):
        raise Unrenderable(f"{field} is a text, and cannot hold yes or no")
    return None if value is None else str(value)


def _user(expression: ir.Expression | None, view: View) -> str | None:
    if expression is None:
        return None
    value = _value(expression, view)
    return value.id if isinstance(value, User) else _text(expression, view, "owner")


def _money(expression: ir.Expression | None, view: View) -> Money | None:
    value = None if expression is None else _value(expression, view)
    if value is None or isinstance(value, Money):
        return value
    if isinstance(value, Decimal):
        currency = (view.deal.amount.currency if view.deal.amount else None) or view.account.currency
        if currency is None:
            raise Unrenderable("an amount without a currency: give Account(currency=...) or Money(...)")
        return Money(amount=value, currency=currency)
    raise Unrenderable("amount takes a number or Money")


def _day(expression: ir.Expression | None, view: View) -> date | None:
    value = None if expression is None else _value(expression, view)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise Unrenderable("close_date takes a day")


def _field(name: str, expression: ir.Expression, view: View) -> Any:
    match name:
        case "amount":
            return _money(expression, view)
        case "close_date":
            return _day(expression, view)
        case "owner":
            return _user(expression, view)
        case "tags":
            value = _value(expression, view)
            return tuple(value) if isinstance(value, tuple) else ()
        case "title":
            return _text(expression, view, name) or view.deal.title
        case _:
            return _text(expression, view, name)


def written(request: Request, outcome: Sent) -> Written | None:
    """Return what a sent request wrote to the deal that the execution is about."""
    match request:
        case UpdateDeal(changes=changes):
            given = {name: value for name, value in changes.given().items() if name != "owner"}
            return msgspec.convert(given, Written) if given else None
        case MoveDeal(pipeline=pipeline, stage=stage, lost_reason=reason) if outcome.receipt.get("moved"):
            return Written(pipeline=pipeline, stage=stage, lost_reason=reason)
        case _:
            return None
