"""Points: a number that is reckoned from what is true of a deal, for scores."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn

from dealwright.language.conditions import Comparison, Condition
from dealwright.language.field_base import Field, reference
from dealwright.language.fields import FlagField, NumberField
from dealwright.language.money import number
from dealwright.language.origin import refused

MOST: Final = 50
"""Conditions that one sum may have."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The points and the conditions that they are given for, in order."""

    of: tuple[tuple[Decimal, Condition], ...]


class Points(NumberField):
    """A sum of points; it is never unset."""

    __slots__ = ("_sum",)

    def is_set(self) -> NoReturn:
        """Refuse: it always has a value."""
        raise refused("points(...) is never unset: what is unknown counts nothing", hint="compare it with a number")

    is_unset = is_set

    def is_in(self, *values: float | Decimal) -> NoReturn:
        """Refuse: a sum is compared with a bound."""
        raise refused("points(...) is compared with a bound, not with a list", hint="points(...) >= 50")


def points(*parts: tuple[float | Decimal, Condition | FlagField]) -> Points:
    """Return the sum of the points whose conditions are true: `points((30, deal.amount > 0), (10, checked.valid))`.

    What is unknown counts nothing, and the trace says so. It stands where a number does: as the value of a step, and in
    conditions (`points(...) >= 50`).
    """
    if not parts:
        raise refused(
            "points() has nothing to count", hint="points((30, deal.amount > 1000), (20, deal.tags.has('vip')))"
        )
    if len(parts) > MOST:
        raise refused(f"points() counts {MOST} conditions at most, and not {len(parts)}", hint="make it simpler")
    made = Points("points()")
    object.__setattr__(made, "_sum", Sum(tuple(map(_part, parts))))
    return made


def _part(given: object) -> tuple[Decimal, Condition]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise refused("points() takes pairs", hint="points((30, deal.amount > 1000), ...): the points, then for what")
    worth, when = given
    if isinstance(worth, bool) or not isinstance(worth, int | float | Decimal):
        shown = repr(worth)[:60] if isinstance(worth, str | bool | None) else f"a {type(worth).__name__}"
        raise refused(f"{shown} is no number of points", hint="points((30, deal.amount > 1000), ...)")
    if worth == 0:
        raise refused("0 points change nothing", hint="say how many it is worth, or take the pair out")
    if isinstance(when, FlagField):
        return number(worth), Comparison(reference(when), "==", True)
    if isinstance(when, Field):
        hint = f"write {when._path} > 0" if when.kind in ("number", "money") else f"write {when._path}.is_set()"
        raise refused(f"{when._path} alone does not say when the points are given", hint=hint)
    if not isinstance(when, Condition):
        shown = repr(when)[:60] if isinstance(when, str | int | bool | None) else f"a {type(when).__name__}"
        raise refused(f"{shown} is no condition for points", hint="points((30, deal.amount > 1000), ...)")
    return number(worth), when
