"""What a value of the CRM may be: cleans what is harmless, refuses what is not, and says why without repeating it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from dealwright.model.crm import LONGEST_ROLE, MOST_CONTACTS, Money, role_key
from dealwright.model.iso import DECIMALS

__all__ = ["MOST_CONTACTS", "MOST_MINOR", "MOST_TAGS"]

TITLE_BYTES: Final = 10_000
LINE_BYTES: Final = 1_000
TEXT_BYTES: Final = 64_000
MOST_TAGS: Final = 100
ANY_ZONE: Final = timedelta(days=1)
"""More than any zone's clocks are away from UTC."""
MOST_MINOR: Final = 10**17
"""Amounts end here: a number in the smallest unit of the currency that every database holds exactly."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
STEERS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters but tab and line ends: those are ordinary in quoted cells, and become spaces."""

_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")


class Refusal(Exception):
    """One item cannot be carried out; the others are not concerned."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def line(field: str, value: str | None, limit: int = LINE_BYTES) -> str | None:
    """Return a text of one line: control characters (line ends too) become spaces, and empty is None.

    Raises:
        Refusal: it is too long, or no text that can be stored.
    """
    if value is None:
        return None
    _check_size(field, value, limit)
    return _CONTROL.sub(" ", value).strip() or None


def shown(text: str) -> str:
    """Return a text as a message quotes it: escaped, and never long."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def storable(field: str, value: str, limit: int = TITLE_BYTES) -> str:
    """Return a text that is only compared with what is kept, as it is.

    Raises:
        Refusal: no database can hold it, so that nothing is equal to it.
    """
    _check_size(field, value, limit)
    if "\0" in value:
        raise Refusal(f"bad_{field}", f"the {field} holds a NUL character")
    return value


def title(value: str) -> str:
    """Return a deal's title.

    Raises:
        Refusal: it is empty or longer than 10,000 bytes.
    """
    text = line("title", value, TITLE_BYTES)
    if text is None:
        raise Refusal("bad_title", "a deal needs a title")
    return text


def role(given: str | None) -> str | None:
    """Return what a contact is on a deal, None if it is nothing in particular.

    Raises:
        Refusal: it is too long, or definitions could not name it.
    """
    text = line("role", given)
    if text is not None and not role_key(text):
        raise Refusal("bad_role", f"a role begins with a letter and has at most {LONGEST_ROLE} characters")
    return text


def paragraph(field: str, value: str) -> str:
    """Return a text of many lines, such as a task's.

    Raises:
        Refusal: it is empty or longer than 64,000 bytes.
    """
    _check_size(field, value, TEXT_BYTES)
    text = _CONTROL_BUT_NEWLINE.sub(" ", value.replace("\r\n", "\n")).strip()
    if not text:
        raise Refusal(f"bad_{field}", f"the {field} is empty")
    return text


def tags(values: Sequence[str]) -> tuple[str, ...]:
    """Return tags without blanks and repetitions, in the order given.

    Raises:
        Refusal: there are too many, or one is too long.
    """
    cleaned = tuple(dict.fromkeys(text for value in values if (text := line("tags", value)) is not None))
    if len(cleaned) > MOST_TAGS:
        raise Refusal("bad_tags", f"a deal has at most {MOST_TAGS} tags, not {len(cleaned)}")
    return cleaned


def money(value: Money | None) -> Money | None:
    """Return an amount with exactly the decimals of its currency.

    Raises:
        Refusal: the currency is unknown, or the amount is not finite, negative, too great or too finely divided.
    """
    return None if value is None else from_minor(to_minor(value), value.currency)


def to_minor(value: Money) -> int:
    """Return an amount in the smallest unit of its currency.

    Raises:
        Refusal: as `money` says.
    """
    decimals = DECIMALS.get(value.currency)
    if decimals is None:
        raise Refusal("bad_currency", "the currency is no code of ISO 4217, such as USD")
    if not value.amount.is_finite():
        raise Refusal("bad_amount", "the amount is no finite number")
    if value.amount < 0:
        raise Refusal("bad_amount", "the amount is negative")
    if value.amount.adjusted() > 18:
        raise Refusal("bad_amount", "the amount is greater than any deal")
    minor = value.amount.scaleb(decimals)
    if minor != (whole := int(minor)):
        raise Refusal("bad_amount", f"the amount has more decimals than {value.currency} has ({decimals})")
    if whole > MOST_MINOR:
        raise Refusal("bad_amount", "the amount is greater than any deal")
    return whole


def from_minor(minor: int, currency: str) -> Money:
    """Return the amount that so many smallest units of a currency are."""
    return Money(amount=Decimal(minor).scaleb(-DECIMALS[currency]), currency=currency)


def aware(field: str, value: datetime) -> datetime:
    """Return an instant that has a zone.

    Raises:
        Refusal: it has none, or some zone's clocks cannot show it.
    """
    if value.tzinfo is None:
        raise Refusal(f"bad_{field}", f"{field} is a moment without a zone")
    try:
        for margin in (-ANY_ZONE, ANY_ZONE):
            value.astimezone(UTC) + margin
    except OverflowError:
        raise Refusal(f"bad_{field}", f"{field} is beyond the calendar: it ends with 9999-12-30, UTC") from None
    return value


def _check_size(field: str, value: str, limit: int) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Refusal(f"bad_{field}", f"the {field} holds half a character (a lone surrogate)") from None
    if size > limit:
        raise Refusal(f"bad_{field}", f"the {field} is {size:,} bytes long; at most {limit:,} are kept")
