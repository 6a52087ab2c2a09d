"""Turns an action step into a request: every text filled in, every reference resolved, nothing left to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from dealwright.compile import ir
from dealwright.compile.sensitive import leaks
from dealwright.engine.facts import View
from dealwright.engine.records import Intent, Written
from dealwright.engine.render_ask import ask_person
from dealwright.engine.render_company import update_company
from dealwright.engine.render_contacts import create_contact, send_email, update_contact
from dealwright.engine.render_conversions import send_conversion
from dealwright.engine.render_custom import customs
from dealwright.engine.render_lookup import look_up
from dealwright.engine.render_messages import send_message
from dealwright.engine.render_notify import notify
from dealwright.engine.render_records import create_record, remove_record, update_record
from dealwright.engine.render_values import (
    NobodyThere,
    NothingToDo,
    Unrenderable,
    day_of,
    money_of,
    plain,
    text_of,
    user_of,
    value_of,
)
from dealwright.errors import DealwrightError
from dealwright.language import calendar
from dealwright.language.schema import UPDATABLE
from dealwright.model.calendar import Calendar
from dealwright.model.crm import Deal, User
from dealwright.model.custom import Custom, UserHeld, held_in, merged
from dealwright.model.requests import (
    AddNote,
    ChangeTags,
    CompleteTasks,
    CreateContact,
    CreateDeal,
    CreateRecord,
    DealChanges,
    MoveBack,
    MoveDeal,
    RemoveRecord,
    Request,
    SendEvent,
    Sent,
    SetTask,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)


def intent(
    step: ir.ActionStep,
    view: View,
    now: datetime,
    people: tuple[User, ...] = (),
    working: Mapping[str, Calendar] = MappingProxyType({}),
) -> Intent:
    """Return the effect that the step asks for on these facts; `people` are those of a role who were picked to be told.

    `working` are the calendars of people with one of their own, by id and by name.

    Raises:
        Unrenderable: a value is missing or of a kind that the field cannot hold; the message says which.
        NobodyThere: whom the step is about is not there, or cannot be written to.
        NothingToDo: the step has nothing to do for this deal.
    """
    try:
        if view.own.sensitive:
            _keep_in(step, view)
        request = _request(step, view, now, people, working)
    except (NobodyThere, NothingToDo) as error:
        raise type(error)(f"{step.name}: {error}") from error
    except DealwrightError as error:
        raise Unrenderable(f"step {step.name!r}: {error}") from error
    target = request.to if isinstance(request, SendEvent) else f"deal:{view.deal.id}"
    return Intent(step=step.name, target=target, request=request)


def _keep_in(step: ir.ActionStep, view: View) -> None:
    """Let no step through that tells a sensitive field outside: none is compiled, but a release is only data."""
    for leak in leaks(step, view.own):
        raise Unrenderable(f"{leak.path} is sensitive, and is not told to {leak.to}")


def due_at(step: ir.SetTaskStep, working: Calendar, now: datetime) -> datetime:
    """Return until when a task is to be done."""
    after = calendar.add(working, now, step.due)
    return calendar.next_clock(working, after, step.clock) if step.clock else after


def intent_of_question(
    step: ir.AskStep,
    view: View,
    now: datetime,
    people: tuple[User, ...] = (),
    working: Mapping[str, Calendar] = MappingProxyType({}),
) -> Intent:
    """Return the effect that asks the step's question; `people` are those of a role who may answer.

    `working` are the calendars of people with one of their own, by id and by name.

    Raises:
        Unrenderable: the question cannot be made.
        NothingToDo: nobody is there to be asked, or there is nothing to ask.
    """
    try:
        request = ask_person(step, view, now, people, working)
    except NothingToDo as error:
        raise NothingToDo(f"{step.name}: {error}") from error
    except DealwrightError as error:
        raise Unrenderable(f"step {step.name!r}: {error}") from error
    return Intent(step=step.name, target=f"deal:{view.deal.id}", request=request)


def _request(
    step: ir.ActionStep, view: View, now: datetime, people: tuple[User, ...], working: Mapping[str, Calendar]
) -> Request:
    deal = view.deal
    match step:
        case ir.CreateDealStep():
            return CreateDeal(
                pipeline=step.stage.pipeline,
                stage=step.stage.stage,
                title=text_of(step.title, view, "title") or deal.title,
                contacts=tuple(contact.id for contact in deal.contacts) if step.with_contacts else (),
                contact_roles=deal.contact_roles if step.with_contacts else msgspec.UNSET,
                company=deal.company if step.with_contacts else None,
                owner=user_of(step.owner, view),
                amount=money_of(step.amount, view),
                close_date=day_of(step.close_date, view),
                reference=text_of(step.reference, view, "reference"),
                tags=tuple(dict.fromkeys([*step.tags, *(deal.tags if step.copy_tags else ())])),
                unless_open=msgspec.UNSET if step.unless_open is None else step.unless_open,
                custom=merged(msgspec.UNSET, customs(step.custom, (), view.own.deal, view)),
            )
        case ir.UpdateDealStep():
            changes = {name: _field(name, step.changes[name], view) for name in step.changes if name in UPDATABLE}
            own = customs(step.changes, UPDATABLE, view.own.deal, view, view.facts.deal.custom)
            return UpdateDeal(
                deal_id=deal.id,
                changes=DealChanges(**changes, custom=own or msgspec.UNSET),
                version=deal.version,
                replaces=_held(deal, changes, own),
            )
        case ir.MoveDealStep():
            return MoveDeal(
                deal_id=deal.id,
                pipeline=step.to.pipeline,
                stage=step.to.stage,
                only_forward=step.only_forward,
                lost_reason=step.reason,
            )
        case ir.MoveBackStep():
            return _back(view)
        case ir.SetTaskStep():
            owner = user_of(step.owner, view)
            doing = owner or (deal.owner.id if deal.owner is not None else "")
            return SetTask(
                deal_id=deal.id,
                text=text_of(step.text, view, "text") or step.name,
                due_at=due_at(step, working.get(doing, view.account.calendar), now),
                owner=owner,
            )
        case ir.SendEventStep():
            return SendEvent(to=step.to, name=step.event, deal_id=deal.id, body=_body(step, view), occurred_at=now)
        case ir.ChangeTagsStep():
            return ChangeTags(deal_id=deal.id, add=step.add, remove=step.remove)
        case ir.CompleteTasksStep():
            task_id = None if step.only is None else _task_of(step.only, view)
            return CompleteTasks(deal_id=deal.id, task_id=task_id, text=step.with_text)
        case ir.AddNoteStep():
            return AddNote(deal_id=deal.id, text=_said(step.text, view))
        case ir.CreateContactStep():
            return create_contact(step, view)
        case ir.UpdateContactStep():
            return update_contact(step, view)
        case ir.UpdateCompanyStep():
            return update_company(step, view)
        case ir.CreateRecordStep():
            return create_record(step, view)
        case ir.UpdateRecordStep():
            return update_record(step, view)
        case ir.RemoveRecordStep():
            return remove_record(step, view)
        case ir.NotifyStep():
            return notify(step, view, people)
        case ir.SendEmailStep():
            return send_email(step, view)
        case ir.LookupStep():
            return look_up(step, view, now)
        case ir.SendMessageStep():
            return send_message(step, view)
        case ir.SendConversionStep():
            return send_conversion(step, view, now)


def _back(view: View) -> MoveBack:
    """Return the request that undoes the move of the event: one that was made there came from nowhere."""
    before, after = view.facts.event.before, view.facts.first
    if before is None or (before.pipeline, before.stage) == (after.pipeline, after.stage):
        raise NothingToDo("it was created there: there is no stage to go back to")
    return MoveBack(
        deal_id=view.deal.id,
        leaves_pipeline=after.pipeline,
        leaves_stage=after.stage,
        pipeline=before.pipeline,
        stage=before.stage,
    )


def _task_of(step: str, view: View) -> str:
    """The task that the step has set. Without it there is nothing to complete, and surely not every open task."""
    task_id = view.value(f"steps.{step}.task_id")
    if task_id is None:
        raise NothingToDo(f"{step} has set no task")
    return str(task_id)


def _said(expression: ir.Expression, view: View) -> str:
    text = text_of(expression, view, "text")
    if not text or text.isspace():
        raise NothingToDo("the note is empty")
    return text


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
    return body | {key: plain(value_of(expression, view)) for key, expression in step.with_.items()}


def _field(name: str, expression: ir.Expression, view: View) -> Any:
    match name:
        case "amount":
            return money_of(expression, view)
        case "close_date":
            return day_of(expression, view)
        case "owner":
            return user_of(expression, view)
        case "tags":
            value = value_of(expression, view)
            return tuple(value) if isinstance(value, tuple) else ()
        case "title":
            return text_of(expression, view, name) or view.deal.title
        case _:
            return text_of(expression, view, name)


def _held(deal: Deal, names: Iterable[str], own: Iterable[Custom]) -> DealChanges:
    """Return what these fields of the deal hold, as a change would spell it."""
    held = {name: getattr(deal, name) for name in names}
    if held.get("owner") is not None:
        held["owner"] = held["owner"].id
    before = tuple(Custom(each.key, held_in(deal.custom, each.key)) for each in own)
    return DealChanges(**held, custom=before or msgspec.UNSET)


def written(request: Request, outcome: Sent) -> Written | None:
    """Return what a sent request wrote to the deal that the execution is about."""
    match request:
        case UpdateDeal(changes=changes):
            given = {name: value for name, value in changes.given().items() if name not in ("owner", "custom")}
            own = tuple(each for each in changes.custom or () if not isinstance(each.value, UserHeld))
            wrote = given | ({"custom": own} if own else {})
            return msgspec.convert(wrote, Written) if wrote else None
        case MoveBack(pipeline=pipeline, stage=stage) if outcome.receipt.get("moved"):
            return Written(pipeline=pipeline, stage=stage)
        case MoveDeal(pipeline=pipeline, stage=stage, lost_reason=reason) if outcome.receipt.get("moved"):
            return Written(pipeline=pipeline, stage=stage, lost_reason=reason)
        case ChangeTags(add=added, remove=removed):
            return Written(tags_added=added, tags_removed=removed)
        case _:
            return None


def changes_more_than_told(request: Request, outcome: Sent) -> bool:
    """Say whether the sent request changed more of the deal than it tells, so that the deal must be read again.

    A new owner is named, and the deal knows who that is; so is a company, of which more is known than its name. A
    contact is a part of the deal as the CRM keeps it. A deal that moves is given what its stage asks for: an owner, the
    day on which it was closed.
    """
    match request:
        case MoveDeal() | MoveBack():
            return bool(outcome.receipt.get("moved"))
        case UpdateDeal(changes=changes):
            renamed = not changes.given().keys().isdisjoint(("owner", "company"))
            return renamed or any(isinstance(each.value, UserHeld) for each in changes.custom or ())
        case CreateContact() | UpdateContact() | UpdateCompany() | CreateRecord() | UpdateRecord() | RemoveRecord():
            return True
        case _:
            return False
