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
    number goes by its digits, if there are as many as a number has; `0`, `00000000` and `call after 5` are known again
    with the name only, and only without an e-mail address.
    """
    email = (contact.email or "").strip().casefold()
    phone = _phone(contact.phone, country) if contact.phone else ""
    if contact.phone and not phone and not email and contact.name:
        phone = f"{' '.join(contact.phone.split())} of {contact.name}".casefold()
    return (*([f"phone:{phone}"] if phone else ()), *([f"email:{email}"] if email else ()))


def _phone(text: str, country: str | None) -> str:
    """Return a number, or the digits of what is none; nothing if it is nobody's, such as `000 000 0000`."""
    try:
        number = phonenumbers.parse(text, country)
        if phonenumbers.is_possible_number(number) and not _is_filler(str(number.national_number)):
            plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"{plain};ext={number.extension}" if number.extension else plain
    except phonenumbers.NumberParseException:
        pass
    digits = _NO_DIGIT.sub("", text)
    return digits if len(digits) >= _FEWEST_DIGITS and not _is_filler(digits) else ""


def _is_filler(digits: str) -> bool:
    return len(set(digits)) == 1
