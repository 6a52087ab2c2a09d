"""By what a contact in a file is known again: its phone, in whatever format, or its e-mail address."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from dealwright.model.crm import Contact

_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_FEWEST_DIGITS: Final = 7


def marks(contact: Contact, country: str | None) -> tuple[str, ...]:
    """Return what identifies the person behind a contact: `phone:+1...`, `email:...`, the phone first; maybe nothing.

    A phone without a prefix is read as it is dialled in the country, and two extensions are two people. What is no
    number goes by its digits, if there are as many as a number has; `call after 5` is known again with the name only.
    """
    found = []
    if contact.phone and (phone := _phone(contact.phone, country, contact.name or "")):
        found.append(f"phone:{phone}")
    if contact.email and contact.email.strip():
        found.append(f"email:{contact.email.strip().casefold()}")
    return tuple(found)


def _phone(text: str, country: str | None, name: str) -> str:
    try:
        number = phonenumbers.parse(text, country)
        if phonenumbers.is_possible_number(number):
            plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"{plain};ext={number.extension}" if number.extension else plain
    except phonenumbers.NumberParseException:
        pass
    digits = _NO_DIGIT.sub("", text)
    return digits if len(digits) >= _FEWEST_DIGITS else f"{' '.join(text.split())} of {name}".casefold()
