"""What a step gives to a company's own fields of a deal or a contact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import Unrenderable, money_in, plain, value_of
from dealwright.model.address import is_address
from dealwright.model.crm import Money, User
from dealwright.model.custom import Custom, Customs, FieldShape, held, held_in, in_full
from dealwright.model.link import is_link


def customs(
    changes: Mapping[str, ir.Expression],
    built_in: Collection[str],
    shapes: Mapping[str, FieldShape],
    view: View,
    now: Customs = msgspec.UNSET,
) -> tuple[Custom, ...]:
    """Return the new values of those of the fields that are the company's own; what is unset clears.

    `now` is what is held before: what still stands under an old name of a field that is written is cleared there.

    Raises:
        Unrenderable: there is no such field, or it cannot hold what it is given; the message names the field only.
    """
    found = [_custom(name, changes[name], shapes.get(name), view) for name in changes if name not in built_in]
    old = (Custom(name, None) for each in found for name in shapes[each.key].renamed_from if held_in(now, name))
    return (*found, *old)


def _custom(name: str, expression: ir.Expression, shape: FieldShape | None, view: View) -> Custom:
    if shape is None:
        raise Unrenderable(f"the account has no field {name}")
    value = value_of(expression, view)
    if value is None:
        return Custom(name, None)
    match shape.type, value:
        case (("text" | "choice" | "phone" | "email" | "link"), _) if not isinstance(value, bool | tuple):
            text = str(plain(value))
            _check_line(shape, text)
            return Custom(name, held(text) if text.strip() else None)
        case "choices", tuple():
            if not set(value) <= set(shape.options):
                raise Unrenderable(f"{name} cannot hold that: it has {len(shape.options)} options and no other")
            chosen = tuple(option for option in shape.options if option in value)
            return Custom(name, held(chosen) if chosen else None)
        case "money", Money() | Decimal():
            return Custom(name, held(money_in(value, view)))
        case "user", User():
            return Custom(name, held(value))
        case "user", str():
            return Custom(name, held(User(id=value, name="")) if value.strip() else None)
        case "number", Decimal():
            return Custom(name, in_full(held(value)))
        case "flag", bool():
            return Custom(name, held(value))
        case "moment", datetime():
            return Custom(name, held(value))
        case "day", date() if not isinstance(value, datetime):
            return Custom(name, held(value))
    raise Unrenderable(f"{name} is a {shape.type}, and cannot hold what it is given")


def _check_line(shape: FieldShape, text: str) -> None:
    """A text from elsewhere is looked at before it is written; one that is empty clears."""
    if not text.strip():
        return
    if shape.type == "choice" and text not in shape.options:
        raise Unrenderable(f"{shape.key} cannot hold that: it is none of its {len(shape.options)} options")
    if shape.type == "email" and not is_address(text.strip()):
        raise Unrenderable(f"{shape.key} cannot hold that: it is no e-mail address")
    if shape.type == "link" and not is_link(text.strip()):
        raise Unrenderable(f"{shape.key} cannot hold that: it does not begin with https:// or http://")
