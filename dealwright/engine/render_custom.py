"""What a step gives to a company's own fields of a deal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_values import Unrenderable, plain, value_of
from dealwright.language.schema import UPDATABLE
from dealwright.model.custom import Custom, FieldShape, held


def customs(changes: Mapping[str, ir.Expression], view: View) -> tuple[Custom, ...]:
    """Return the new values of those of the fields that are the company's own; what is unset clears.

    Raises:
        Unrenderable: there is no such field, or it cannot hold what it is given; the message names the field only.
    """
    shapes = {shape.key: shape for shape in view.account.deal_fields}
    return tuple(_custom(name, changes[name], shapes.get(name), view) for name in changes if name not in UPDATABLE)


def _custom(name: str, expression: ir.Expression, shape: FieldShape | None, view: View) -> Custom:
    if shape is None:
        raise Unrenderable(f"the account has no field {name}")
    value = value_of(expression, view)
    if value is None:
        return Custom(name, None)
    match shape.type, value:
        case (("text" | "choice"), _) if not isinstance(value, bool):
            text = str(plain(value))
            if shape.type == "choice" and text not in shape.options:
                raise Unrenderable(f"{name} cannot hold that: it is none of its {len(shape.options)} options")
            return Custom(name, held(text) if text.strip() else None)
        case "number", Decimal():
            return Custom(name, held(value))
        case "flag", bool():
            return Custom(name, held(value))
        case "moment", datetime():
            return Custom(name, held(value))
        case "day", date() if not isinstance(value, datetime):
            return Custom(name, held(value))
    raise Unrenderable(f"{name} is a {shape.type}, and cannot hold what it is given")
