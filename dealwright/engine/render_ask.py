"""Turns the step that asks a person into a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import NothingToDo, text_of, value_of
from dealwright.language import calendar
from dealwright.language.characters import one_line
from dealwright.model.address import is_address
from dealwright.model.calendar import Calendar
from dealwright.model.crm import User
from dealwright.model.requests import AskPerson, Respondent


def ask_person(
    step: ir.AskStep, view: View, now: datetime, people: tuple[User, ...], working: Mapping[str, Calendar]
) -> AskPerson:
    """Return the request for a question; `people` are those of a role who may answer it.

    `working` are the calendars of people with one of their own, by id and by name. Of several who are asked, whoever
    has the latest end sets it: nobody's time is over before they were at work for so long.

    Raises:
        NothingToDo: nobody is there to be asked, or there is nothing to ask.
    """
    asked = people or tuple(who for who in (value_of(step.who, view),) if isinstance(who, User))
    if not asked:
        raise NothingToDo("nobody is there to be asked")
    question = text_of(step.question, view, "question")
    if not question or question.isspace():
        raise NothingToDo("there is nothing to ask")
    counted = [working.get(each.id, view.account.calendar) for each in asked]
    until, zone = max((calendar.add(each, now, step.within), each.zone) for each in counted)
    return AskPerson(
        deal_id=view.deal.id,
        deal_title=view.deal.title,
        who=tuple(map(respondent, asked)),
        question=question,
        answers=tuple(each.answer for each in step.answers),
        until=until,
        zone=zone,
        role=step.who.role if isinstance(step.who, ir.RoleValue) and step.who.how == "everybody" else msgspec.UNSET,
    )


def respondent(user: User) -> Respondent:
    """Return a user as one who may answer a question."""
    address = (user.email or "").strip()
    name = " ".join(one_line(user.name).split()) or user.id
    return Respondent(id=user.id, name=name, email=address if is_address(address) else None)
