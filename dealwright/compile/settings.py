"""The values of settings: read from what was typed, checked, and spelled again."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from dealwright.compile import ir
from dealwright.errors import InputError
from dealwright.model.crm import Money
from dealwright.model.iso import DECIMALS

LONGEST: Final = 1_000
"""The longest text that a setting may hold, in characters."""

_YES: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def read(setting: ir.Setting, typed: str) -> Decimal | Money | bool | str:
    """Return the value that was typed.

    Raises:
        InputError: it does not fit the setting; the message says what would.
    """
    text = typed.strip()
    match setting.kind:
        case "flag":
            if text.lower() not in _YES:
                raise _unfit(setting, text, "write yes or no")
            return _YES[text.lower()]
        case "text":
            return _text(setting, text)
        case "money":
            assert isinstance(setting.default, ir.MoneyValue)
            return _money(setting, text, setting.default.currency)
        case _:
            return _number(setting, text)


def spelled(value: object) -> str:
    """Return a value as `read` takes it back."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Money():
            plain = f"{value.amount:.{DECIMALS.get(value.currency, 2)}f}"
            return f"{plain if Decimal(plain) == value.amount else f'{value.amount:f}'} {value.currency}"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def default(setting: ir.Setting) -> object:
    """Return the value that counts until somebody sets another."""
    if isinstance(setting.default, ir.MoneyValue):
        return Money(amount=setting.default.amount, currency=setting.default.currency)
    return setting.default.value


def defaults(account: ir.Account) -> Mapping[str, object]:
    """Return the defaults of all settings, by key."""
    return {setting.key: default(setting) for setting in account.settings}


def in_force(account: ir.Account, stored: Mapping[str, str]) -> Mapping[str, object]:
    """Return what counts now, by key: what was set, as far as it still fits the definition, else the default."""
    values: dict[str, object] = {}
    for setting in account.settings:
        values[setting.key] = default(setting)
        if setting.key in stored and fits(setting, stored[setting.key]):
            values[setting.key] = read(setting, stored[setting.key])
    return values


def fits(setting: ir.Setting, text: str) -> bool:
    """Say whether a text that was set once fits the definition as it is now."""
    try:
        read(setting, text)
    except InputError:
        return False
    return True


def allowed(setting: ir.Setting) -> str:
    """Return in words what fits."""
    if setting.options:
        return " | ".join(setting.options)
    kinds = {"flag": "yes or no", "text": "a text", "money": "an amount", "whole": "a whole number"}
    if isinstance(setting.default, ir.MoneyValue):
        kinds["money"] = f"an amount in {setting.default.currency}"
    least = "" if setting.least is None else f", at least {setting.least:f}"
    most = "" if setting.most is None else f", at most {setting.most:f}"
    return f"{kinds.get(setting.kind, 'a number')}{least}{most}"


def _text(setting: ir.Setting, text: str) -> str:
    if not text or len(text) > LONGEST or not text.isprintable():
        raise _unfit(setting, text, f"write one line of 1 to {LONGEST:,} characters")
    if setting.options and text not in setting.options:
        near = difflib.get_close_matches(text, setting.options, n=1)
        raise _unfit(setting, text, f"did you mean {near[0]}?" if near else f"it may be {', '.join(setting.options)}")
    return text


def _money(setting: ir.Setting, text: str, currency: str) -> Money:
    """An amount in the currency of the default: amounts in two do not compare, and the bounds are in that one."""
    plain, _, other = text.partition(" ")
    if other.strip() and other.strip().upper() != currency:
        raise _unfit(setting, text, f"write an amount in {currency}, such as 100")
    amount, decimals = _number(setting, plain), DECIMALS.get(currency, 2)
    places = amount.as_tuple().exponent
    if isinstance(places, int) and places < -decimals:  # who writes 20.000 for twenty thousand would get twenty
        raise _unfit(
            setting, text, f"{currency} has {decimals} decimals; write thousands without a mark, such as 20000"
        )
    return Money(amount=amount, currency=currency)


def _number(setting: ir.Setting, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _unfit(setting, text, "write a number such as 12 or 12.5") from None
    if not text.isascii() or not value.is_finite() or (value and abs(value.adjusted()) > 15):
        raise _unfit(setting, text, "write a finite number of ordinary size")
    if setting.kind == "whole" and value != value.to_integral_value():
        raise _unfit(setting, text, "write a whole number")
    if (setting.least is not None and value < setting.least) or (setting.most is not None and value > setting.most):
        raise _unfit(setting, text, f"write {allowed(setting)}")
    return value


def _unfit(setting: ir.Setting, text: str, advice: str) -> InputError:
    return InputError(f"{text[:80]!r} does not fit the setting {setting.key}; {advice}; nothing was changed")
