"""Turns the step that tells a colleague something into a request."""

from __future__ import annotations

from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import NothingToDo, text_of, value_of
from dealwright.language.characters import one_line
from dealwright.model.address import is_address
from dealwright.model.crm import User
from dealwright.model.requests import Notify

_MAX_SUBJECT: Final = 250


def notify(step: ir.NotifyStep, view: View, people: tuple[User, ...] = ()) -> Notify:
    """Return the request for an e-mail to a colleague, with the deal's title as its subject.

    `people` are those of a role who are told: one e-mail goes to all of them who have an address.

    Raises:
        NothingToDo: nobody is there, or has no address that can be written to, or there is nothing to say.
    """
    told = people or tuple(who for who in (value_of(step.who, view),) if isinstance(who, User))
    if not told:
        raise NothingToDo("nobody is there to be told")
    reached = [user for user in told if is_address((user.email or "").strip())]
    if not reached:
        users = "user" if len(told) == 1 else "users"
        has = "has" if len(told) == 1 else "have"
        raise NothingToDo(f"{users} {', '.join(user.id for user in told)} {has} no e-mail address in the CRM")
    who, *others = reached
    text = text_of(step.text, view, "text")
    if not text or text.isspace():
        raise NothingToDo("there is nothing to tell")
    subject = " ".join(one_line(view.deal.title).split()) or f"Deal {view.deal.id}"
    return Notify(
        deal_id=view.deal.id,
        user_id=who.id,
        to=(who.email or "").strip(),
        to_name=" ".join(one_line(who.name).split()) or None,
        subject=subject if len(subject) <= _MAX_SUBJECT else f"{subject[: _MAX_SUBJECT - 1].rstrip()}…",
        text=text,
        also=tuple((user.email or "").strip() for user in others) or msgspec.UNSET,
    )
