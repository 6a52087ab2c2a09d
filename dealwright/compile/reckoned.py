"""What is reckoned of facts: what type it is of, and which facts it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator

from dealwright.compile import ir
from dealwright.language.schema import FieldType


def kind_of(given: ir.Reckonable | ir.DayValue | ir.MomentValue) -> FieldType:
    """Return what something that is reckoned is."""
    match given:
        case ir.Ref(type=type_) | ir.Aggregate(type=type_):
            return type_
        case ir.Shift(of=of) | ir.OrElse(of=of):
            return kind_of(of)
        case ir.Reckoned(left=left, right=right):
            return "money" if "money" in (kind_of(left), kind_of(right)) else "number"
        case ir.MoneyValue():
            return "money"
        case ir.NumberValue():
            return "number"
        case ir.DayValue():
            return "day"
        case ir.MomentValue():
            return "moment"


def needed(given: ir.Reckonable | ir.DayValue | ir.MomentValue) -> Iterator[str]:
    """Yield the paths of the facts without any of which it is unset."""
    yield from (fact.path for fact in facts_needed(given))


def facts_needed(given: ir.Reckonable | ir.DayValue | ir.MomentValue) -> Iterator[ir.Ref]:
    """Yield the facts without any of which it is unset."""
    match given:
        case ir.Ref():
            yield given
        case ir.Shift(of=of):
            yield from facts_needed(of)
        case ir.Reckoned(left=left, right=right):
            yield from facts_needed(left)
            yield from facts_needed(right)
