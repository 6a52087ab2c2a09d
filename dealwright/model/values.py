"""Amounts, users and moments: values that deals and a company's own fields hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from decimal import Context, Decimal
from typing import Final

import msgspec

from dealwright.model.iso import DECIMALS

_EXACT: Final = Context(prec=60)

_LARGEST: Final = 40
"""Digits before the point beyond which nothing is written out."""


_WRITTEN: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str

    def in_full(self) -> Money:
        """Return the amount with the decimals of its currency, as a CRM holds it; what is finer stays as it is."""
        decimals = DECIMALS.get(self.currency)
        if decimals is None or not self.amount.is_finite() or self.amount.adjusted() > _LARGEST:
            return self
        full = _EXACT.quantize(self.amount, Decimal(1).scaleb(-decimals))
        return Money(amount=full, currency=self.currency) if full == self.amount else self


def in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return a moment as the clocks of a zone show it; in UTC on the calendar's first and last days, if none there do.

    Moments that were kept before such were refused are read all the same.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


def plain_number(number: Decimal) -> Decimal:
    """Return the number without zeros that say nothing, as a CRM holds it: 30 for 30.0."""
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST:
        return number
    short = number.normalize(_EXACT)
    return Decimal(f"{short:f}") if short == number else number


class User(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody who works in the CRM."""

    id: str
    name: str
    email: str | None = None


def is_number(text: str) -> bool:
    """Say whether a text is a number as everybody writes it; Decimal takes `1_0`, spaces and other scripts' digits."""
    return _WRITTEN.fullmatch(text) is not None
