"""Kommo's leads, contacts and users as Dealwright knows deals, contacts and users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET

from dealwright.model.crm import MOST_CONTACTS, Contact, Deal, Money, User
from dealwright_kommo.settings import KommoSettings
from dealwright_kommo.wire import CustomField, Lead, Ref, WireContact, WireUser

_ALMOST_HALF_A_DAY: Final = timedelta(hours=11, minutes=59)


def deal(
    lead: Lead,
    settings: KommoSettings,
    *,
    contacts: Mapping[int, Contact],
    companies: Mapping[int, str],
    users: Mapping[int, User],
) -> Deal:
    """Return a lead as a deal; its version is the second in which it was changed last.

    Kommo does not say since when a lead stands in its stage: `stage_since` is when it was created, until a hook tells.
    """
    place = settings.place(lead.pipeline_id, lead.status_id)
    linked = contacts_of(lead)
    company = next(iter(lead.parts.companies or ()), None)
    reason = next(iter(lead.parts.loss_reason or ()), None)
    created = datetime.fromtimestamp(lead.created_at, UTC)
    return Deal(
        id=str(lead.id),
        title=lead.name or f"Lead #{lead.id}",
        pipeline=place.pipeline,
        stage=place.stage,
        owner=None if lead.responsible_user_id is None else user(lead.responsible_user_id, users),
        amount=Money(Decimal(str(lead.price)), settings.currency) if lead.price else None,
        close_date=_day(_value(lead.custom_fields_values, settings.close_date_field)),
        reference=_text(_value(lead.custom_fields_values, settings.reference_field)),
        tags=tuple(each.name for each in lead.parts.tags or () if each.name),
        company=None if company is None else companies.get(company.id),
        contacts=tuple(contacts[each.id] for each in linked if each.id in contacts),
        lost_reason=None if reason is None else reason.name,
        created_at=created,
        updated_at=datetime.fromtimestamp(lead.updated_at, UTC),
        stage_since=created,
        version=lead.updated_at,
        contacts_beyond=max(len(lead.parts.contacts or ()) - MOST_CONTACTS, 0) or UNSET,
    )


def contacts_of(lead: Lead) -> list[Ref]:
    """Return the lead's contacts, the main one first, as many as are looked at."""
    return sorted(lead.parts.contacts or (), key=lambda each: not each.is_main)[:MOST_CONTACTS]


def contact(found: WireContact) -> Contact:
    """Return a contact with the first of its phones and of its addresses."""
    return Contact(
        id=str(found.id),
        name=found.name or None,
        first_name=found.first_name or None,
        last_name=found.last_name or None,
        phone=_of_code(found.custom_fields_values, "PHONE"),
        email=_of_code(found.custom_fields_values, "EMAIL"),
    )


def user_of(found: WireUser) -> User:
    """Return a user."""
    return User(id=str(found.id), name=found.name or f"User {found.id}", email=found.email or None)


def user(id_: int, users: Mapping[int, User]) -> User:
    """Return the user of that id; one that the list does not hold is called by the id."""
    return users.get(id_) or User(id=str(id_), name=f"User {id_}")


def seconds_of_day(day: date) -> int:
    """Return a day as Kommo keeps it: noon of it, which is that day in zones from -12 to +11."""
    return int(datetime.combine(day, time(12), UTC).timestamp())


def seconds(moment: datetime) -> int:
    """Return a moment as Kommo writes it."""
    return int(moment.timestamp())


def field(id_: int, value: object | None) -> dict[str, Any]:
    """Return the item that sets a custom field, or clears it."""
    return {"field_id": id_, "values": None if value is None else [{"value": value}]}


def _value(fields: Sequence[CustomField] | None, id_: int | None) -> object | None:
    for each in fields or ():
        if each.field_id == id_ and each.values:
            found: object | None = each.values[0].value
            return found
    return None


def _of_code(fields: Sequence[CustomField] | None, code: str) -> str | None:
    for each in fields or ():
        if each.field_code == code and each.values:
            return _text(each.values[0].value)
    return None


def _text(value: object | None) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


def _day(value: object | None) -> date | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        # Midnight of the account's own zone, or our noon: a little later it is that day for all zones from -12 to +11.
        return (datetime.fromtimestamp(int(value), UTC) + _ALMOST_HALF_A_DAY).date()
    except (ValueError, OverflowError, OSError):
        return None
