"""A company's own fields of a deal: values that carry their type, so that they come back as they were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

CustomType = Literal["text", "number", "flag", "choice", "day", "moment"]
"""What a custom field holds."""


class _Held(msgspec.Struct, frozen=True, gc=False, tag_field="is"):
    """Base of all values of custom fields."""


class TextHeld(_Held, frozen=True, tag="text"):
    """A text, or one of a field's options."""

    value: str


class NumberHeld(_Held, frozen=True, tag="number"):
    """A number."""

    value: Decimal


class FlagHeld(_Held, frozen=True, tag="flag"):
    """A yes or a no."""

    value: bool


class DayHeld(_Held, frozen=True, tag="day"):
    """A calendar day."""

    value: date


class MomentHeld(_Held, frozen=True, tag="moment"):
    """An aware instant."""

    value: datetime


CustomValue: TypeAlias = TextHeld | NumberHeld | FlagHeld | DayHeld | MomentHeld
"""What a custom field can hold."""


class Custom(msgspec.Struct, frozen=True, gc=False):
    """A custom field by its key, with what it holds; in changes None clears it."""

    key: str
    value: CustomValue | None


class FieldShape(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A custom field as a definition wants it; `options` in order, for a choice."""

    key: str
    type: CustomType
    options: tuple[str, ...] = ()


Customs: TypeAlias = tuple[Custom, ...] | msgspec.UnsetType
"""The custom fields that hold something, in the order of their keys; UNSET is none, and is not written down."""


def held(value: str | Decimal | bool | date | datetime) -> CustomValue:
    """Return the value with its type."""
    match value:
        case bool():
            return FlagHeld(value)
        case str():
            return TextHeld(value)
        case Decimal():
            return NumberHeld(value)
        case datetime():
            return MomentHeld(value)
        case _:
            return DayHeld(value)


def value_of(customs: Customs, key: str) -> str | Decimal | bool | date | datetime | None:
    """Return what the field of that key holds, None if it is unset."""
    found = held_in(customs, key)
    return None if found is None else found.value


def held_in(customs: Customs, key: str) -> CustomValue | None:
    """Return what the field of that key holds, with its type; None if it is unset."""
    return next((custom.value for custom in customs or () if custom.key == key), None)


def merged(customs: Customs, changes: Iterable[Custom]) -> Customs:
    """Return the fields with the changes laid over them."""
    found = {custom.key: custom for custom in customs or ()}
    found.update((change.key, change) for change in changes)
    left = tuple(found[key] for key in sorted(found) if found[key].value is not None)
    return left or msgspec.UNSET
