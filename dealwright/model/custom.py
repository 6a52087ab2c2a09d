"""A company's own fields of deals and contacts: values that carry their type, so that they come back as they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from dealwright.model.values import Money, User, plain_number

CustomType = Literal[
    "text", "number", "flag", "choice", "choices", "day", "moment", "money", "phone", "email", "link", "user"
]
"""What a custom field holds."""


class _Held(msgspec.Struct, frozen=True, gc=False, tag_field="is"):
    """Base of all values of custom fields."""


class TextHeld(_Held, frozen=True, tag="text"):
    """A text: also one of a field's options, a phone number, an e-mail address, a link."""

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


class ChoicesHeld(_Held, frozen=True, tag="choices"):
    """Several of a field's options, each once, in the order of the field."""

    value: tuple[str, ...]


class MoneyHeld(_Held, frozen=True, tag="money"):
    """An amount in its currency."""

    value: Money


class UserHeld(_Held, frozen=True, tag="user"):
    """A user of the CRM. In a change only `id` counts, which is then a user's id or name; the CRM knows the rest."""

    value: User


CustomValue: TypeAlias = TextHeld | NumberHeld | FlagHeld | DayHeld | MomentHeld | ChoicesHeld | MoneyHeld | UserHeld
"""What a custom field can hold."""

Plain: TypeAlias = str | Decimal | bool | date | datetime | tuple[str, ...] | Money | User
"""What a custom field holds, without its type around it."""


class Custom(msgspec.Struct, frozen=True, gc=False):
    """A custom field by its key, with what it holds; in changes None clears it."""

    key: str
    value: CustomValue | None


class FieldShape(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A custom field as a definition wants it; `options` in order, for a choice; `label` is what people read.

    `renamed_from` are keys that it had before, the latest first: what is held under one of them is held under `key`.
    A `sensitive` one is not told to outside systems.
    """

    key: str
    type: CustomType
    options: tuple[str, ...] = ()
    renamed_from: tuple[str, ...] = ()
    sensitive: bool = False
    label: str = ""


class RecordShape(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One kind of records under a deal as a definition wants it; `label` is what people call one of them."""

    key: str
    fields: tuple[FieldShape, ...]
    label: str = ""


class FieldShapes(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """All own fields of a company as a release wants them, by what holds them, each in the order of its definition.

    `records` are the kinds of records that a deal may have under it, with the fields of each.
    """

    deal: tuple[FieldShape, ...] = ()
    contact: tuple[FieldShape, ...] = ()
    company: tuple[FieldShape, ...] = ()
    records: tuple[RecordShape, ...] = ()

    def of(self, holder: Holder) -> tuple[FieldShape, ...]:
        """Return the fields of what holds them."""
        return {"deal": self.deal, "contact": self.contact, "company": self.company}[holder]


Holder = Literal["deal", "contact", "company"]
"""What can have fields of a company's own."""

Customs: TypeAlias = tuple[Custom, ...] | msgspec.UnsetType
"""The custom fields that hold something, in the order of their keys; UNSET is none, and is not written down."""


def held(value: Plain) -> CustomValue:
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
        case tuple():
            return ChoicesHeld(value)
        case Money():
            return MoneyHeld(value)
        case User():
            return UserHeld(value)
        case _:
            return DayHeld(value)


def in_full(value: CustomValue) -> CustomValue:
    """Return the value as a CRM holds it: an amount with its currency's decimals, a number without needless zeros."""
    match value:
        case MoneyHeld(value=money):
            return MoneyHeld(money.in_full())
        case NumberHeld(value=number):
            return NumberHeld(plain_number(number))
        case _:
            return value


def value_of(customs: Customs, key: str) -> Plain | None:
    """Return what the field of that key holds, None if it is unset."""
    found = held_in(customs, key)
    return None if found is None else found.value


def held_in(customs: Customs, key: str) -> CustomValue | None:
    """Return what the field of that key holds, with its type; None if it is unset."""
    return next((custom.value for custom in customs or () if custom.key == key), None)


def under_new_names(customs: Customs, old_names: Mapping[str, str]) -> Customs:
    """Return the fields with what is held under an old name held under the new one, unless that holds something."""
    if not customs or old_names.keys().isdisjoint(each.key for each in customs):
        return customs
    found = {each.key: each.value for each in customs if each.key not in old_names}
    for old, new in old_names.items():  # of several old names the latest counts, which stands first
        value = held_in(customs, old)
        if value is not None:
            found.setdefault(new, value)
    return tuple(Custom(key, found[key]) for key in sorted(found))


def merged(customs: Customs, changes: Iterable[Custom]) -> Customs:
    """Return the fields with the changes laid over them."""
    found = {custom.key: custom for custom in customs or ()}
    found.update((change.key, change) for change in changes)
    left = tuple(found[key] for key in sorted(found) if found[key].value is not None)
    return left or msgspec.UNSET
