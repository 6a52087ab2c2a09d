"""Which language a contact is written to in: what its own field says, or the country of its phone tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeVar

import phonenumbers

from dealwright.compile import ir
from dealwright.model.crm import Contact
from dealwright.model.custom import value_of

_SPOKEN: Final[Mapping[str, str]] = {
    "ar": "AE BH DZ EG IQ JO KW LB LY MA OM QA SA SD SY TN YE",
    "bg": "BG", "cs": "CZ", "da": "DK", "de": "DE AT CH LI LU", "el": "GR CY", "et": "EE", "fi": "FI",
    "en": "US GB IE AU NZ CA ZA NG GH KE UG TZ ZM ZW IN PK SG PH JM TT BB BS BZ GY MT HK",
    "es": "ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY PR GQ",
    "fr": "FR BE CH LU MC CA SN CI CM CD CG GA ML BF NE TG BJ GN HT MG MA TN DZ",
    "he": "IL", "hr": "HR BA", "hu": "HU", "id": "ID", "it": "IT CH SM", "ja": "JP", "ko": "KR", "lt": "LT", "lv": "LV",
    "nl": "NL BE SR", "no": "NO", "pl": "PL", "pt": "PT BR AO MZ CV GW ST TL", "ro": "RO MD", "ru": "RU BY KZ KG",
    "sk": "SK", "sl": "SI", "sr": "RS BA ME", "sv": "SE FI", "th": "TH", "tr": "TR CY", "uk": "UA", "vi": "VN",
    "zh": "CN TW HK MO SG",
}  # fmt: skip
"""Where a language is spoken by most who have a phone there; several may be, and the account's order then decides."""


_PART_OF: Final[Mapping[str, str]] = {
    part: whole
    for whole, parts in {
        "AU": "CC CX NF", "DK": "FO GL", "FI": "AX", "FR": "BL GF GP MF MQ NC PF PM RE WF YT", "GB": "GG GI IM JE",
        "NL": "AW BQ CW SX", "NO": "SJ", "US": "AS GU MP VI",
    }.items()
    for part in parts.split()
}  # fmt: skip
"""Where people are spoken to as in the country that they belong to, though phonenumbers tells them apart."""

FIELD: Final = "language"
"""The own field of a contact that says its language, if the company has one of this name."""


class _InALanguage(Protocol):
    @property
    def language(self) -> str: ...


T = TypeVar("T", bound=_InALanguage)


def chosen(texts: Sequence[T], account: ir.Account, contact: Contact) -> T:
    """Return the text for a contact, in its language as far as that is known, else in the account's first one.

    What the contact's own field `language` says counts most; then it is the account's first language that is spoken
    where its phone is from. A text in no language is for everybody. `pt` serves an account's `pt-BR`, and the other
    way round.
    """
    by_language = {each.language: each for each in texts}
    if "" in by_language:
        return by_language[""]
    spoken = [each for each in account.languages if _is_spoken(each, contact, account.country)]
    said = value_of(contact.custom, FIELD)
    for wanted in (*([said] if isinstance(said, str) else []), *spoken, *account.languages):
        for language, each in by_language.items():
            if language == wanted or _name(language) == _name(wanted):
                return each
    return texts[0]


def _name(language: str) -> str:
    """The language without its country, however people have written it."""
    return language.strip().lower().replace("_", "-").partition("-")[0]


def _is_spoken(language: str, contact: Contact, country: str) -> bool:
    region = _region(contact.phone, country)
    name, _, where = language.partition("-")
    if region is None:
        return False
    return region == where if where else region in _SPOKEN.get(name, "").split()


def _region(phone: str | None, country: str) -> str | None:
    if not phone:
        return None
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(phone, country))
    except phonenumbers.NumberParseException:
        return None
    return None if region is None else _PART_OF.get(region, region)
