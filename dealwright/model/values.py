"""Amounts and users: values that deals and a company's own fields hold."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str


class User(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody who works in the CRM."""

    id: str
    name: str
    email: str | None = None
