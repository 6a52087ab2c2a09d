"""By what a contact in a file is known again: its phone, in whatever format, or its e-mail address."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from dealwright.model.crm import Contact

_NO_DIGIT: Final = re.compile(r"[^0-9]+")


def marks(contact: Contact, country: str | None) -> tuple[str, ...]:
    """Return what identifies the person behind a contact: `phone:+1...`, `email:...`, the phone first; maybe nothing.

    A phone without a prefix is read as it is dialled in the country; what is no number anywhere goes by its digits.
    """
    found = []
    if contact.phone and (phone := _phone(contact.phone, country)):
        found.append(f"phone:{phone}")
    if contact.email and contact.email.strip():
        found.append(f"email:{contact.email.strip().casefold()}")
    return tuple(found)


def _phone(text: str, country: str | None) -> str:
    try:
        number = phonenumbers.parse(text, country)
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass
    return _NO_DIGIT.sub("", text)
