"""Phones and addresses as they are compared, however somebody typed them."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=16_384)
def normal_phone(phone: str, country: str) -> str | None:
    """Return the number in E.164, read as it is dialled in the country; None if it cannot be a number."""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(email: str) -> str | None:
    """Return the address without spaces and case; None if it cannot be one."""
    address = email.strip().casefold()
    return address if address.count("@") == 1 and not address.startswith("@") and not address.endswith("@") else None
