"""What each of a company's own fields may hold: every write is checked here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from dealwright.model.address import is_address
from dealwright.model.crm import User
from dealwright.model.custom import (
    ChoicesHeld,
    CustomValue,
    DayHeld,
    FieldShape,
    FlagHeld,
    MomentHeld,
    MoneyHeld,
    NumberHeld,
    TextHeld,
    UserHeld,
)
from dealwright.model.link import is_link
from dealwright_embedded_crm import values
from dealwright_embedded_crm.mapping import MOST_NAMED, near
from dealwright_embedded_crm.values import Refusal

MOST_DIGITS: Final = 18
"""Digits of a number before its point; behind it there are `MOST_DECIMALS`."""

MOST_DECIMALS: Final = 9
MOST_CHOSEN: Final = 500

TAGS: Final[dict[str, type]] = {
    "text": TextHeld,
    "choice": TextHeld,
    "phone": TextHeld,
    "email": TextHeld,
    "link": TextHeld,
    "choices": ChoicesHeld,
    "number": NumberHeld,
    "flag": FlagHeld,
    "day": DayHeld,
    "moment": MomentHeld,
    "money": MoneyHeld,
    "user": UserHeld,
}
"""How the value of a field is kept, by the field's type."""

CALLED: Final = {
    "text": "a text",
    "choice": "one of its options",
    "choices": "some of its options",
    "phone": "a phone number",
    "email": "an e-mail address",
    "link": "a link",
    "number": "a number",
    "flag": "a yes or a no",
    "day": "a day",
    "moment": "a moment",
    "money": "an amount with its currency",
    "user": "a user of the CRM",
}
"""What a field holds, by its type, as people call it."""

T = TypeVar("T")

Owners = Callable[[str], User | None]
"""Finds a user by id, e-mail or exact name, or refuses."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One field of deals, contacts, companies or a kind of records; `released`: the active release names it.

    `holder` is `deal`, `contact`, `company` or the key of the kind.
    """

    holder: str
    shape: FieldShape
    released: bool = True

    @property
    def key(self) -> str:
        """The field's key."""
        return self.shape.key

    @property
    def name(self) -> str:
        """The field as messages call it, such as `deal.treatment`."""
        return f"{self.holder}.{self.shape.key}"


def checked(definition: Definition, value: CustomValue, owners: Owners) -> CustomValue | None:
    """Return a value as the field keeps it, None if it is empty.

    Raises:
        Refusal: the field cannot hold it.
    """
    shape = definition.shape
    if not isinstance(value, TAGS[shape.type]):
        raise Refusal("bad_field", f"{definition.name} holds {CALLED[shape.type]}, and is given something else")
    match value:
        case TextHeld(value=text):
            clean = line(definition, text)
            return None if clean is None else TextHeld(_fitting(definition, clean))
        case ChoicesHeld(value=chosen):
            return _chosen(definition, chosen)
        case NumberHeld(value=number):
            return NumberHeld(_number(definition, number))
        case MomentHeld(value=moment):
            return MomentHeld(_kept(definition, lambda: values.aware("it", moment)).astimezone(UTC))
        case MoneyHeld(value=money):
            return MoneyHeld(_kept(definition, lambda: values.from_minor(values.to_minor(money), money.currency)))
        case UserHeld(value=user):
            return _user(definition, user, owners)
        case _:
            return value


def _kept(definition: Definition, keep: Callable[[], T]) -> T:
    try:
        return keep()
    except Refusal as refusal:
        raise Refusal("bad_field", f"{definition.name}: {refusal.message}") from None


def line(definition: Definition, text: str) -> str | None:
    """Return a text of one line; tabs and line ends become spaces, and empty is None.

    Raises:
        Refusal: it is too long, or holds what would steer a terminal.
    """
    if (steers := values.STEERS.search(text)) is not None:
        message = f"{definition.name} is given the control character U+{ord(steers.group()):04X}"
        raise Refusal("bad_field", message)
    try:
        return values.line(definition.name, text)
    except Refusal as refusal:
        raise Refusal("bad_field", refusal.message) from None


def _fitting(definition: Definition, text: str) -> str:
    match definition.shape.type:
        case "choice":
            return _option(definition, text)
        case "phone" if not any(character.isdecimal() for character in text):
            raise Refusal("bad_field", f"{definition.name} is no phone number: there is no digit in it")
        case "email" if not is_address(text):
            raise Refusal("bad_field", f"{definition.name} is no e-mail address, such as ann@example.com")
        case "link" if not is_link(text):
            raise Refusal("bad_field", f"{definition.name} is no link: it begins with https:// or http://")
        case _:
            return text


def _option(definition: Definition, text: str) -> str:
    options = definition.shape.options
    if text in options:
        return text
    # Never the text itself: it can be a customer's. What a sensitive field was to hold is not to be guessed either.
    hint = f"; known: {', '.join(options[:MOST_NAMED])}" if definition.shape.sensitive else near(text, options)
    raise Refusal("bad_option", f"{definition.name} has no such option{hint}")


def _chosen(definition: Definition, chosen: tuple[str, ...]) -> ChoicesHeld | None:
    if len(chosen) > MOST_CHOSEN:
        raise Refusal("bad_field", f"{definition.name} is given {len(chosen):,} options; {MOST_CHOSEN} are the most")
    clean = {text for each in chosen if (text := line(definition, each)) is not None}
    for each in sorted(clean):
        _option(definition, each)
    ordered = tuple(option for option in definition.shape.options if option in clean)
    return ChoicesHeld(ordered) if ordered else None


def _number(definition: Definition, number: Decimal) -> Decimal:
    """Return a number without zeros that say nothing: what is equal is kept alike, and found alike."""
    if not number.is_finite():
        raise Refusal("bad_field", f"{definition.name} is no finite number")
    if number == 0:
        return Decimal(0)
    digits = number.as_tuple().digits
    if number.adjusted() >= MOST_DIGITS or len(digits) > 2 * (MOST_DIGITS + MOST_DECIMALS):
        raise Refusal("bad_field", f"{definition.name} has more than {MOST_DIGITS} digits before its point")
    plain = number.normalize()
    exponent: Any = plain.as_tuple().exponent
    if exponent < -MOST_DECIMALS:
        raise Refusal("bad_field", f"{definition.name} has more than {MOST_DECIMALS} decimals")
    return Decimal(format(plain, "f"))


def _user(definition: Definition, user: User, owners: Owners) -> UserHeld | None:
    clean = line(definition, user.id)
    if clean is None:
        return None
    try:
        found = owners(clean)
    except Refusal:
        message = f"{definition.name} names nobody's id, e-mail or exact name, or several's; `dealwright crm users ls`"
        raise Refusal("bad_field", message) from None
    return None if found is None else UserHeld(found)
