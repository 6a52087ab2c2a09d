"""Amounts and numbers as authors write them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean
from dealwright.model.iso import DECIMALS


def number(value: object, what: str = "a number") -> Decimal:
    """Return the number exactly as it was typed; refuse what is not one, or not finite."""
    hint = "write a finite number of ordinary size, such as 100, 99.5 or Decimal('99.50')"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise refused(f"{_short(value)} is not {what}", hint=hint)
    try:
        # Through its text: 0.1 means what was typed, not the nearest binary fraction.
        result = Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise refused(f"{_short(value)} is not {what}", hint=hint) from None
    if not result.is_finite() or (result and abs(result.adjusted()) > 15):
        raise refused(f"{_short(value)} is not {what}", hint=hint)
    return result


def checked_currency(code: object) -> str:
    """Return the currency's code if there is such a currency."""
    if not isinstance(code, str) or code not in DECIMALS:
        near = _nearest(code.upper()) if isinstance(code, str) else ""
        raise refused(f"{_short(code)} is not a currency", hint=near or "write an ISO 4217 code such as USD")
    return code


def _nearest(code: str) -> str:
    """The currency that is meant, most likely one of the same country: its code begins with the country's."""
    exchanged = [code[:place] + code[place : place + 2][::-1] + code[place + 2 :] for place in (0, 1)]
    if len(code) == 3 and (meant := next((each for each in exchanged if each in DECIMALS), "")):
        return f"did you mean {meant}?"
    of_country = [each for each in sorted(DECIMALS) if each[:2] == code[:2]]
    return did_you_mean(code, of_country) or did_you_mean(code, sorted(DECIMALS))


def _short(value: object) -> str:
    try:
        return repr(value)[:80]
    except ValueError:
        return "a number of thousands of digits"


@dataclass(frozen=True, init=False)
class Amount:
    """An amount in a named currency; authors write `Money("99.50", "EUR")`."""

    amount: Decimal
    currency: str

    def __init__(self, amount: int | float | Decimal | str, currency: str) -> None:
        object.__setattr__(self, "amount", number(amount, "an amount"))
        object.__setattr__(self, "currency", checked_currency(currency))
