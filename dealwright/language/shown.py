"""Facts as texts show them: amounts, numbers and days as everybody reads them, or as a language writes them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from dealwright.model.crm import Money, User
from dealwright.model.values import in_zone

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Spelling(Protocol):
    """How numbers, amounts and days are written."""

    def number(self, value: Decimal) -> str:
        """Return the number, with all its decimals."""
        ...

    def money(self, value: Money) -> str:
        """Return the amount as people write it where this is spoken, mostly with the sign of its currency."""
        ...

    def day(self, day: date) -> str:
        """Return the day."""
        ...

    def flag(self, value: bool) -> bool:
        """Return the flag, which `if` asks as ever, with the word that it is shown by."""
        ...


class ShownTime(str):
    """A day or moment as texts show it; the filters `date` and `time` take it apart."""

    day: str
    clock: str

    def __new__(cls, day: str, clock: str = "") -> ShownTime:
        """Return the day, with the clock behind it if there is one."""
        made = super().__new__(cls, f"{day}, {clock}" if clock else day)
        made.day, made.clock = day, clock
        return made


class ShownMoney(str):
    """An amount as texts show it, with the code of its currency; the filter `money` shows it in the local way."""

    local: str

    def __new__(cls, text: str, local: str) -> ShownMoney:
        """Return the amount in both ways."""
        made = super().__new__(cls, text)
        made.local = local
        return made


class ShownFlag(int):
    """A flag as texts show it, `sí` or `no`; it stands for a bool, which cannot be extended: `if` asks it as one."""

    word: str

    def __new__(cls, value: bool, word: str) -> ShownFlag:
        """Return the flag with its word."""
        made = super().__new__(cls, value)
        made.word = word
        return made


def shown_day(day: date) -> str:
    """Return the day as people read it everywhere: `14 Mar 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


class _Plain:
    """`1,234.50 USD` and `14 Mar 2026`: what everybody reads, whatever they speak."""

    def number(self, value: Decimal) -> str:
        return f"{value:,f}"

    def money(self, value: Money) -> str:
        return f"{value.amount:,} {value.currency}"

    def day(self, day: date) -> str:
        return shown_day(day)

    def flag(self, value: bool) -> bool:
        return value


PLAIN: Final[Spelling] = _Plain()
"""How texts that are in no language are written."""


def shown(value: object, zone: ZoneInfo, spelling: Spelling = PLAIN) -> str | bool | tuple[str, ...] | None:
    """Return a fact as texts show it; moments in `zone`, as `14 Mar 2026, 15:04`.

    Flags stay flags and tags stay a tuple, so that `if` and `for` work on them; None stays None.
    """
    match value:
        case None | str():
            return value
        case bool():
            return spelling.flag(value)
        case Money():
            return ShownMoney(f"{spelling.number(value.amount)} {value.currency}", spelling.money(value))
        case Decimal():
            return spelling.number(value)
        case datetime():
            local = in_zone(value, zone)
            return ShownTime(spelling.day(local.date()), f"{local:%H:%M}")
        case date():
            return ShownTime(spelling.day(value))
        case User():
            return value.name
        case tuple():
            return tuple(str(item) for item in value)
    raise TypeError(f"no fact is of type {type(value).__name__}")
