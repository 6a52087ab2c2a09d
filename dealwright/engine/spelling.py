"""How a language writes numbers, amounts and days: as the Unicode CLDR has it, for the country of the account."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern

from dealwright.language.shown import PLAIN, ShownFlag, Spelling
from dealwright.model.crm import Money

_DIGITS: Final = 100
"""More than any value has."""

_NARROW: Final = str.maketrans({"\u202f": "\xa0"})
"""A narrow space that is not broken, which many phones draw as a box."""


_YES_AND_NO: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ca": ("sí", "no"), "de": ("ja", "nein"), "es": ("sí", "no"), "fr": ("oui", "non"), "gl": ("si", "non"),
        "it": ("sì", "no"), "nl": ("ja", "nee"), "pl": ("tak", "nie"), "pt": ("sim", "não"),
    }
)  # fmt: skip
"""How flags are written, by language; in every other one they are yes and no."""


class _Local:
    """The spelling of one locale."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale

    def number(self, value: Decimal) -> str:
        exponent = value.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        pattern: NumberPattern = copy.copy(self._locale.decimal_formats[None])
        pattern.frac_prec = (places, places)
        with localcontext(prec=_DIGITS):
            return str(pattern.apply(value, self._locale)).translate(_NARROW)

    def money(self, value: Money) -> str:
        pattern: NumberPattern = self._locale.currency_formats["standard"]
        with localcontext(prec=_DIGITS):
            return str(pattern.apply(value.amount, self._locale, currency=value.currency)).translate(_NARROW)

    def day(self, day: date) -> str:
        return str(self._locale.date_formats["medium"].apply(day, self._locale)).translate(_NARROW)

    def flag(self, value: bool) -> bool:
        yes, no = _YES_AND_NO.get(self._locale.language, ("yes", "no"))
        return ShownFlag(value, yes if value else no)  # type: ignore[return-value]  # it stands for a bool


@lru_cache(maxsize=256)
def spelling_of(language: str, country: str) -> Spelling:
    """Return how a text in this language writes them for an account of this country; in no language, as ever.

    A language that says its own country (`pt-BR`) is written as there; else as in the account's, if the language is
    written in a way of its own there (Spanish in Mexico has points where Spain has commas).
    """
    if not language:
        return PLAIN
    name, _, where = language.strip().replace("_", "-").partition("-")
    for spelled in (f"{name}_{where or country}", name):
        try:
            return _Local(Locale.parse(spelled))
        except (UnknownLocaleError, ValueError):
            continue
    return PLAIN
