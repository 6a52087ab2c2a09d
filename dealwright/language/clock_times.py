"""Times of day, on the clock of the account's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dealwright.language.origin import refused

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A time of day in the account's zone: the next one."""

    clock: str


def local(clock: str, /) -> LocalTime:
    """The next time that the clock in the account's zone shows this: today, or tomorrow if it is over."""
    return LocalTime(checked_clock(clock, "local()", 'due=local("18:00")'))


def checked_clock(given: object, what: str, hint: str) -> str:
    """Return a time of day such as `18:00`; refuse anything else."""
    if not isinstance(given, str) or not _CLOCK.fullmatch(given):
        shown = repr(given)[:40] if isinstance(given, int | float | str) else f"a {type(given).__name__}"
        raise refused(f"{what} takes times of day such as 18:00, and {shown} is none", hint=hint)
    return given
