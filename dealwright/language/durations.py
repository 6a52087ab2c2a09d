"""Lengths of time as authors write them: running time and working time are two types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dealwright.language.origin import refused

_LONGEST: Final = {"minutes": 5_256_000, "hours": 87_600, "days": 3_650}


@dataclass(frozen=True, slots=True)
class RunningTime:
    """A length of time that runs on, day and night."""

    amount: int
    unit: Literal["minutes", "hours", "days"]


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A length of time that counts in the account's working hours only."""

    amount: int
    unit: Literal["working_minutes", "working_hours", "working_days"]


Length: TypeAlias = RunningTime | WorkingTime
"""Any length of time."""


def length_hint(word: str, given: object, otherwise: str, unit: Literal["hours", "days"] = "hours") -> str:
    """Return how a length of time is written there: of a bare number the two that it may mean, else what is usual."""
    if isinstance(given, bool) or not isinstance(given, int) or given <= 0:
        return f"{word}={otherwise}"
    return f"{word}={unit}({given}), or {word}=working_{unit}({given})"


def _amount(amount: object, unit: str) -> int:
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise refused(
            f"{unit}({amount!r}) is no length of time", hint=f"write a whole number, or a smaller unit: {unit}(3)"
        )
    longest = _LONGEST[unit.removeprefix("working_")]
    if not 0 <= amount <= longest:
        raise refused(f"{unit}({amount}) is out of range", hint=f"0 to {longest} (ten years)")
    return amount


def minutes(amount: int) -> RunningTime:
    """So many minutes, day and night."""
    return RunningTime(_amount(amount, "minutes"), "minutes")


def hours(amount: int) -> RunningTime:
    """So many hours, day and night."""
    return RunningTime(_amount(amount, "hours"), "hours")


def days(amount: int) -> RunningTime:
    """So many times 24 hours."""
    return RunningTime(_amount(amount, "days"), "days")


def working_minutes(amount: int) -> WorkingTime:
    """So many minutes of the account's working hours."""
    return WorkingTime(_amount(amount, "working_minutes"), "working_minutes")


def working_hours(amount: int) -> WorkingTime:
    """So many hours of the account's working hours."""
    return WorkingTime(_amount(amount, "working_hours"), "working_hours")


def working_days(amount: int) -> WorkingTime:
    """The same time of day, so many days with working hours later."""
    return WorkingTime(_amount(amount, "working_days"), "working_days")
