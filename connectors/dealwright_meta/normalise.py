"""What Meta is told of a person: normalised as its documents say, then hashed, so that only Meta's own people match.

Meta's own three libraries disagree with each other and, here and there, with the documents; this is the documents'
table. A value that comes to nothing is left out.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import phonenumbers

_E164: Final = re.compile(r"\+([1-9][0-9]{7,14})")
_INTERNATIONAL: Final = re.compile(r"[^+0-9]*00(?=[^0-9]*[1-9])")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_PHONE: Final = 15
_LEAD_ID: Final = re.compile(r"[0-9]{15,17}")
_NO_LETTERS: Final = frozenset("PSC")  # punctuation, symbols, what cannot be seen


def hashed(normal: str) -> str:
    """Return the SHA-256 of a normalised value, as Meta takes it: lower-case hexadecimal."""
    return hashlib.sha256(normal.encode()).hexdigest()


def of_person(key: str, value: str, *, dialled_in: str = "") -> str | None:
    """Return the hash of a person's value, or None if it comes to nothing; what is a hash already stays one."""
    trimmed = value.strip().lower()
    if _SHA256.fullmatch(trimmed):
        return trimmed
    normal = phone(value, dialled_in) if key == "ph" else NORMALISERS[key](value)
    return hashed(normal) if normal else None


def email(value: str) -> str:
    """Trimmed, in lower case; nothing if it is no address."""
    address = value.strip().lower()
    name, at, host = address.rpartition("@")
    return address if name and at and host and not any(map(str.isspace, address)) else ""


def phone(value: str, country: str = "") -> str:
    """Digits with the country code and nothing before it; a number without one is read as dialled in `country`."""
    # Two zeros lead abroad from most countries and mean nothing in the others, so they are what "+" is.
    value = _INTERNATIONAL.sub("+", value.strip(), count=1) if _INTERNATIONAL.match(value.strip()) else value
    plain = _E164.fullmatch(value.strip())
    if plain:
        return plain[1]
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        digits = "" if country else "".join(filter(str.isdigit, value)).lstrip("0")
        return digits if len(digits) <= _LONGEST_PHONE else ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def name(value: str) -> str:
    """Lower case, without punctuation; letters of every script stay."""
    return " ".join(_letters(value).split())


def city(value: str) -> str:
    """Lower case, without punctuation and spaces."""
    return _squeezed(_letters(value))


def state(value: str) -> str:
    """The two letters of a state of the US in lower case; any other in lower case, without punctuation and spaces."""
    return city(value)


def postcode(value: str) -> str:
    """Lower case, without spaces and dashes; of a ZIP+4 the first five digits."""
    code = _squeezed(value.lower())
    if re.fullmatch(r"[0-9]{5}-[0-9]{4}", code):
        return code[:5]
    return code.replace("-", "")


def country(value: str) -> str:
    """Two letters (ISO 3166-1) in lower case, also of `USA`; nothing if it is anything else."""
    code = value.strip().lower()
    code = "us" if code == "usa" else code
    return code if re.fullmatch("[a-z]{2}", code) else ""


def birthday(value: str) -> str:
    """YYYYMMDD; nothing if it is no such day."""
    day = re.sub(r"[^0-9]", "", value)
    return day if re.fullmatch(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])", day) else ""


def gender(value: str) -> str:
    """`f` or `m`; nothing if it is anything else."""
    first = value.strip().lower()[:1]
    return first if first in ("f", "m") else ""


NORMALISERS: Final[Mapping[str, Callable[[str], str]]] = {
    "em": email,
    "ph": phone,
    "fn": name,
    "ln": name,
    "ct": city,
    "st": state,
    "zp": postcode,
    "country": country,
    "db": birthday,
    "ge": gender,
}
"""How each hashed key of `user_data` is normalised before it is hashed."""


def lead_id(value: str | None) -> int | None:
    """The id of a lead from Meta's own forms, 15 to 17 digits, which is not hashed; None if it is none."""
    digits = (value or "").strip().removeprefix("l:")
    return int(digits) if _LEAD_ID.fullmatch(digits) else None


def _letters(value: str) -> str:
    return "".join(
        character if character.isspace() or unicodedata.category(character)[0] not in _NO_LETTERS else ""
        for character in unicodedata.normalize("NFC", value).lower()
    )


def _squeezed(value: str) -> str:
    return "".join(value.split())
