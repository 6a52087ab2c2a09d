"""Values of a company's own fields as people and programs write them: texts of a command or a file, and JSON."""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

import msgspec

from dealwright.model.crm import Money, User
from dealwright.model.custom import (
    ChoicesHeld,
    CustomValue,
    DayHeld,
    FlagHeld,
    MomentHeld,
    MoneyHeld,
    NumberHeld,
    TextHeld,
    UserHeld,
)
from dealwright.model.values import in_zone
from dealwright_embedded_crm.own_values import Definition, line
from dealwright_embedded_crm.values import Refusal

YES: Final = frozenset({"yes", "true", "1", "y", "sí", "si", "sim"})
NO: Final = frozenset({"no", "false", "0", "n", "não", "nao"})

_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)


class Reading(msgspec.Struct, frozen=True):
    """How texts are meant: moments without an offset are of `zone`, amounts without one in `currency`."""

    zone: tzinfo | None = None
    currency: str | None = None
    date_format: str | None = None


PLAIN: Final = Reading()


def from_text(definition: Definition, given: str, reading: Reading = PLAIN) -> CustomValue | None:
    """Return the value that a text means, None if it is empty; whether the field can hold it is judged elsewhere.

    Raises:
        Refusal: it cannot be read as what the field holds.
    """
    text = line(definition, given)
    if text is None:
        return None
    match definition.shape.type:
        case "number":
            return NumberHeld(_number(definition, text))
        case "flag":
            return FlagHeld(_flag(definition, text))
        case "day":
            return DayHeld(_day(definition, text, reading.date_format))
        case "moment":
            return MomentHeld(_moment(definition, text, reading.zone))
        case "money":
            return MoneyHeld(_money(definition, text, reading.currency))
        case "user":
            return UserHeld(User(id=text, name=""))
        case "choice":
            return TextHeld(_known(definition, text))
        case "choices":
            parts = [part for each in text.split(";") if (part := each.strip())]
            return ChoicesHeld(tuple(_known(definition, each) for each in parts))
        case _:
            return TextHeld(text)


def from_json(definition: Definition, given: Any) -> CustomValue | None:
    """Return the value that a JSON value means; null is None. Whether the field can hold it is judged elsewhere.

    Raises:
        Refusal: it is of another kind than the field's values are.
    """
    match definition.shape.type, given:
        case _, None:
            return None
        case "flag", bool():
            return FlagHeld(given)
        case "choices", list() if all(isinstance(each, str) for each in given):
            return ChoicesHeld(tuple(given))
        case "money", {"amount": str(amount), "currency": str(currency)} if len(given) == 2:
            return MoneyHeld(Money(_number(definition, amount), currency))
        case "number", str():
            return NumberHeld(_number(definition, given))
        case "day", str():
            return DayHeld(_day(definition, given, None))
        case "moment", str():
            return MomentHeld(_moment(definition, given, None))
        case "user", str():
            return UserHeld(User(id=given, name=""))
        case (("text" | "choice" | "phone" | "email" | "link"), str()):
            return TextHeld(given)
    raise Refusal("bad_field", f"{definition.name} is {_IN_JSON[definition.shape.type]}, or null")


_IN_JSON: Final = {
    "text": "a text",
    "choice": "a text, one of its options",
    "phone": "a text",
    "email": "a text",
    "link": "a text",
    "choices": "a list of texts",
    "number": 'a number written as a text, such as "12.5"',
    "flag": "true or false",
    "day": 'a text such as "2026-01-31"',
    "moment": 'a text such as "2026-01-31T09:00:00Z"',
    "money": 'such as {"amount": "12.50", "currency": "USD"}',
    "user": "a user's id, e-mail or exact name",
}


def as_json(value: CustomValue) -> Any:
    """Return a value as programs are told it; `from_json` reads it, but for a user, who is told whole."""
    match value:
        case NumberHeld(value=number):
            return format(number, "f")
        case DayHeld(value=day):
            return day.isoformat()
        case MomentHeld(value=moment):
            return moment.isoformat().replace("+00:00", "Z")
        case ChoicesHeld(value=chosen):
            return list(chosen)
        case MoneyHeld(value=money):
            return {"amount": format(money.amount, "f"), "currency": money.currency}
        case UserHeld(value=user):
            return {"id": user.id, "name": user.name, "email": user.email}
        case _:
            return value.value


def as_text(value: CustomValue, zone: tzinfo | None = None) -> str:
    """Return a value as people read it; moments are in the zone."""
    match value:
        case NumberHeld(value=number):
            return format(number, "f")
        case FlagHeld(value=flag):
            return "yes" if flag else "no"
        case DayHeld(value=day):
            return day.isoformat()
        case MomentHeld(value=moment):
            return f"{in_zone(moment, zone):%Y-%m-%d %H:%M %Z}"
        case ChoicesHeld(value=chosen):
            return "; ".join(chosen)
        case MoneyHeld(value=money):
            return f"{money.amount:,f} {money.currency}"
        case UserHeld(value=user):
            return f"{user.name} (user {user.id})"
        case TextHeld(value=text):
            return text


def _known(definition: Definition, text: str) -> str:
    """Return the option that is meant, whatever the case of its letters."""
    alike = [option for option in definition.shape.options if option.casefold() == text.casefold()]
    return alike[0] if len(alike) == 1 else text


def _number(definition: Definition, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise Refusal("bad_field", f"{definition.name} is a number written as 1054 or -10.5")
    return Decimal(text)


def _flag(definition: Definition, text: str) -> bool:
    word = text.casefold()
    if word in YES or word in NO:
        return word in YES
    raise Refusal("bad_field", f"{definition.name} is yes or no")


def _day(definition: Definition, text: str, form: str | None) -> date:
    try:
        if form is not None:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  # a calendar day has no zone
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_field", f"{definition.name} is a day written as {form or '2026-01-31'}") from None


def _moment(definition: Definition, text: str, zone: tzinfo | None) -> datetime:
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
    except ValueError:
        form = "2026-01-31T09:00:00Z" if zone is None else "'2026-01-31 09:00', or with an offset"
        raise Refusal("bad_field", f"{definition.name} is a moment written as {form}") from None
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        raise Refusal("bad_field", f"{definition.name} needs an offset, such as 2026-01-31T09:00:00Z")
    return moment.replace(tzinfo=zone)


def _money(definition: Definition, text: str, currency: str | None) -> Money:
    number, _, code = text.partition(" ")
    code = code.strip().upper() or (currency or "")
    if not code:
        raise Refusal("bad_field", f"{definition.name} is an amount with its currency, such as 1054.50 USD")
    return Money(_number(definition, number), code)
