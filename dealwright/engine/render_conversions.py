"""Turns a step that tells of a conversion into its request: who it was, what it was worth, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import NothingToDo, money_of, plain, text_of, value_of
from dealwright.language.conversion_steps import NEED_VALUE
from dealwright.model.address import is_address
from dealwright.model.crm import Contact
from dealwright.model.requests import SendConversion

_FEWEST_DIGITS: Final = 6


def send_conversion(step: ir.SendConversionStep, view: View, now: datetime) -> SendConversion:
    """Return the request for a conversion; it happened when the execution's event did, whenever it is told.

    Ads learn nothing from a conversion of nobody, or from a purchase of nothing: the step is passed, and what comes
    after it goes on, for the deal itself is well.
    """
    contact = view.contact_at(step.to)
    phone, email = _phone(contact), _email(contact)
    lead_id = (text_of(step.lead_id, view, "lead_id") or "").strip() or None
    if phone is None and email is None and lead_id is None:
        raise NothingToDo("nobody to match it with: no phone, no e-mail address, no lead id")
    value = money_of(step.value, view)
    if value is None and step.event in NEED_VALUE:
        raise NothingToDo(f"value unset, and a {step.event} without one is refused")
    return SendConversion(
        deal_id=view.deal.id,
        contact_id=None if contact is None else contact.id,
        event=step.event,
        occurred_at=min(view.facts.event.occurred_at, now),
        value=value,
        phone=phone,
        email=email,
        first_name=None if contact is None else contact.first_name,
        last_name=None if contact is None else contact.last_name,
        lead_id=lead_id,
        country=view.account.country,
        data={name: plain(value_of(expression, view)) for name, expression in step.with_.items()},
    )


def _phone(contact: Contact | None) -> str | None:
    phone = "" if contact is None or contact.phone is None else contact.phone.strip()
    return phone if sum(character.isdigit() for character in phone) >= _FEWEST_DIGITS else None


def _email(contact: Contact | None) -> str | None:
    email = "" if contact is None or contact.email is None else contact.email.strip()
    return email if is_address(email) else None
