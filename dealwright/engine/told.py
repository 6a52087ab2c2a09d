"""What an event from outside tells, read with the types that its class has. Strict: a guess would be acted on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from dealwright.compile import ir
from dealwright.model.crm import Money
from dealwright.model.custom import FieldShape
from dealwright.model.events import EventReceived
from dealwright.model.iso import DECIMALS
from dealwright.model.normal import normal_email, normal_phone

Value = str | Decimal | bool | date | datetime | Money

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST: Final = 15
"""The most digits before the point, as in what authors write."""


class Unfit(ValueError):
    """A value does not fit its type; the text says what would, and repeats nothing of it."""


def told(account: ir.Account, event: EventReceived) -> Mapping[str, object]:
    """Return what the event tells, by name; without a class for it all are texts.

    A value that does not fit is unset here: an event is held when it is observed if one does not, so this is one that
    was let through under other definitions.
    """
    known = account.outside_event(event.name)
    if known is None:
        return event.data
    return {name: value for name, value in read(account, known, event.data)[0].items() if value is not None}


def read(account: ir.Account, event: ir.OutsideEvent, data: Mapping[str, str]) -> tuple[dict[str, Value], list[str]]:
    """Return the values that are told and fit, by name, and what is wrong with each of the others."""
    values: dict[str, Value] = {}
    wrong = []
    for shape in event.fields:
        text = data.get(shape.key, "")
        if not text or text.isspace():
            continue  # CRMs and ERPs write "" where nothing was entered
        try:
            values[shape.key] = _value(shape, text.strip(), account.currency, account.country)
        except Unfit as error:
            wrong.append(f"{shape.key} {error}")
    return values, wrong


def _value(shape: FieldShape, text: str, currency: str | None, country: str) -> Value:
    match shape.type:
        case "number":
            return _number(text)
        case "flag":
            if text not in ("true", "false"):
                raise Unfit("is neither true nor false")
            return text == "true"
        case "day":
            return _day(text)
        case "moment":
            return _moment(text)
        case "money":
            return money(text, currency)
        case "phone":
            if normal_phone(text, country) is None:
                raise Unfit("is no telephone number")
            return text
        case "email":
            if normal_email(text) is None:
                raise Unfit("is no e-mail address")
            return text
        case "link":
            if not text.startswith(("http://", "https://")):
                raise Unfit("is no address of the web")
            return text
        case "choice":
            if text not in shape.options:
                raise Unfit("is none of its options")
            return text
        case _:
            return text


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise Unfit("is no number such as 120.50")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unfit("is no number such as 120.50") from None
    if value and abs(value.adjusted()) > _LARGEST:
        raise Unfit("is no number of ordinary size")
    return value


def money(text: str, currency: str | None) -> Money:
    """Return an amount: `120.50 EUR`, or a bare number in the account's currency.

    Raises:
        Unfit: it is neither.
    """
    number, _, code = text.partition(" ")
    code = code.strip() or currency or ""
    if code not in DECIMALS:
        raise Unfit("names no currency" if not code else "has a currency that there is not")
    return Money(amount=_number(number), currency=code)


def _day(text: str) -> date:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit("is no day such as 2026-03-02") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unfit("is no moment such as 2026-03-02T09:30:00+01:00") from None
    if moment.tzinfo is None or not 1970 <= moment.year <= 9998:
        raise Unfit("is no moment with its zone, such as 2026-03-02T09:30:00+01:00")
    return moment
