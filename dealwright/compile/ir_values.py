"""The IR of values and conditions: literals that carry their type, fields by path, and trees of conditions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias, TypeGuard, get_args

import msgspec

from dealwright.language.schema import FieldType
from dealwright.model.calendar import Duration


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all IR values."""


class Where(Node, frozen=True, kw_only=True):
    """Where a definition was written: file relative to the company's folder, and line."""

    file: str
    line: int


# --- values ---------------------------------------------------------------------------------------------------------


class Ref(Node, tag_field="is", tag="ref", frozen=True, kw_only=True):
    """A fact by its path: `deal.amount`, `deal.main_contact.phone`, `event.contact.name`, `steps.next.deal_id`."""

    path: str
    type: FieldType


class TextValue(Node, tag_field="is", tag="text", frozen=True, kw_only=True):
    """A literal text."""

    value: str


class NumberValue(Node, tag_field="is", tag="number", frozen=True, kw_only=True):
    """A literal number; beside an amount it is in the account's currency."""

    value: Decimal


class MoneyValue(Node, tag_field="is", tag="money", frozen=True, kw_only=True):
    """A literal amount in a named currency."""

    amount: Decimal
    currency: str


class DayValue(Node, tag_field="is", tag="day", frozen=True, kw_only=True):
    """A literal calendar day."""

    value: date


class MomentValue(Node, tag_field="is", tag="moment", frozen=True, kw_only=True):
    """A literal aware instant."""

    value: datetime


class FlagValue(Node, tag_field="is", tag="flag", frozen=True, kw_only=True):
    """A literal yes or no."""

    value: bool


class StageValue(Node, tag_field="is", tag="stage", frozen=True, kw_only=True):
    """A stage of a pipeline, by keys."""

    pipeline: str
    stage: str


class PipelineValue(Node, tag_field="is", tag="pipeline", frozen=True, kw_only=True):
    """A pipeline, by key."""

    pipeline: str


class TagsValue(Node, tag_field="is", tag="tags", frozen=True, kw_only=True):
    """A literal set of tags."""

    value: tuple[str, ...]


class Cleared(Node, tag_field="is", tag="cleared", frozen=True, kw_only=True):
    """No value: clears the field it is given to."""


class TemplateText(Node, tag_field="is", tag="template", frozen=True, kw_only=True):
    """A text with `{{ ... }}` in it, checked when it was compiled (language/templates.py)."""

    source: str


class RoleValue(Node, tag_field="is", tag="role", frozen=True, kw_only=True):
    """Somebody of a role, picked when the step is done; everybody of it, where somebody is told something.

    `least_loaded` counts open deals in `open_in` (none: anywhere). With `keep` nobody is picked if the deal's owner is
    of the role already.
    """

    role: str
    how: Literal["round_robin", "least_loaded", "sticky", "everybody"] = "round_robin"
    open_in: tuple[StageValue, ...] = ()
    keep: bool = False


class Point(Node, frozen=True, kw_only=True):
    """So many points if the condition is true."""

    points: Decimal
    when: Condition


class Points(Node, tag_field="is", tag="points", frozen=True, kw_only=True):
    """The sum of the points whose conditions are true; what is unknown counts nothing."""

    of: tuple[Point, ...]


class Aggregate(Node, tag_field="is", tag="aggregate", frozen=True, kw_only=True):
    """What the deal's records of a kind come to, of those for which `where` is true; `type` is what it is.

    `total` is 0 of none, and unset if `value` is for one of them; `least` and `greatest` are of those that have one.
    """

    record: str
    of: Literal["count", "total", "least", "greatest"]
    type: FieldType
    value: Ref | Shift | Reckoned | OrElse | None = None
    where: Condition | None = None


class Shift(Node, tag_field="is", tag="shift", frozen=True, kw_only=True):
    """A day or moment that is so much later than another one, or `back`: earlier; unset when that one is."""

    of: Ref | Shift | OrElse | Aggregate
    by: Duration
    back: bool = False


class Reckoned(Node, tag_field="is", tag="reckoned", frozen=True, kw_only=True):
    """A number or amount that is reckoned of two; unset when one is, the currencies differ, or it comes to nothing."""

    sign: Literal["+", "-", "*", "/"]
    left: Ref | NumberValue | MoneyValue | Reckoned | OrElse | Aggregate
    right: Ref | NumberValue | MoneyValue | Reckoned | OrElse | Aggregate


class OrElse(Node, tag_field="is", tag="or_else", frozen=True, kw_only=True):
    """What something is where it is set, and what another thing is where it is not; a plain 0 has no currency."""

    of: Ref | Shift | Reckoned | OrElse | Aggregate
    other: Ref | NumberValue | MoneyValue | DayValue | MomentValue | Shift | Reckoned | OrElse | Aggregate


Reckonable: TypeAlias = Ref | NumberValue | MoneyValue | Shift | Reckoned | OrElse | Aggregate
"""What arithmetic is done with, and what it comes to."""

Value: TypeAlias = (
    TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
)
"""Any literal."""

Operand: TypeAlias = (
    Ref
    | TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
)
"""What a condition compares with: a literal or another field."""

Expression: TypeAlias = (
    Ref
    | TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
    | TemplateText
    | RoleValue
    | Points
    | Shift
    | Reckoned
    | OrElse
    | Aggregate
)
"""What an action writes: a literal, a field, a text with fields in it, somebody of a role, or something reckoned."""


class Setting(Node, frozen=True, kw_only=True):
    """A value that people change without a release: what it may hold, and what counts until somebody sets another."""

    key: str
    kind: Literal["whole", "number", "money", "flag", "text"]
    default: NumberValue | MoneyValue | FlagValue | TextValue
    least: Decimal | None = None
    most: Decimal | None = None
    options: tuple[str, ...] = ()
    editable_by: str = ""


# --- conditions -----------------------------------------------------------------------------------------------------

Operator = Literal["==", "!=", "<", "<=", ">", ">="]


class All(Node, tag_field="if", tag="all", frozen=True, kw_only=True):
    """Every one of them (none: true)."""

    of: tuple[Condition, ...]


class Any(Node, tag_field="if", tag="any", frozen=True, kw_only=True):
    """At least one of them (none: false)."""

    of: tuple[Condition, ...]


class Not(Node, tag_field="if", tag="not", frozen=True, kw_only=True):
    """The opposite; unknown stays unknown."""

    of: Condition


class Compare(Node, tag_field="if", tag="compare", frozen=True, kw_only=True):
    """A field against an operand of its type; unknown when either is unset or the currencies differ."""

    field: Ref
    op: Operator
    value: Operand


class IsSet(Node, tag_field="if", tag="is_set", frozen=True, kw_only=True):
    """The field has a value; never unknown."""

    field: Ref


class IsIn(Node, tag_field="if", tag="is_in", frozen=True, kw_only=True):
    """The field is one of the literals; unknown when it is unset."""

    field: Ref
    values: tuple[Value, ...]


class Has(Node, tag_field="if", tag="has", frozen=True, kw_only=True):
    """The tags hold at least one of these; empty tags hold none, and are not unset."""

    field: Ref
    values: tuple[str, ...]


class AnyContact(Node, tag_field="if", tag="any_contact", frozen=True, kw_only=True):
    """True of at least one of the deal's contacts, which is `contact` in it.

    Not all contacts of a deal that has very many are looked at: if none of those is it, that is unknown.
    """

    of: Condition


class OfRecords(Node, tag_field="if", tag="of_records", frozen=True, kw_only=True):
    """True of at least one of the deal's records of a kind, or of `every` one and at least one: `record` in it is that.

    Only those are looked at for which `where` is true. Not all records of a deal that has very many are read: what
    those could change is unknown.
    """

    record: str
    of: Condition
    every: bool = False
    where: Condition | None = None


class Scored(Node, tag_field="if", tag="scored", frozen=True, kw_only=True):
    """A sum of points against a number, a field that is one, or another sum."""

    score: Points
    op: Operator
    value: NumberValue | Ref | Points


class Predicate(Node, tag_field="if", tag="predicate", frozen=True, kw_only=True):
    """What the company's own function says of these facts; `code` is all its source, with what it uses of its file.

    Unknown if it raises, takes too long, or returns neither yes nor no.
    """

    label: str
    of: tuple[Ref, ...]
    name: str
    code: str


class CompareReckoned(Node, tag_field="if", tag="compare_reckoned", frozen=True, kw_only=True):
    """What is reckoned of facts against another value of its type; unknown when either is unset."""

    left: Ref | Shift | Reckoned | OrElse | Aggregate
    op: Operator
    right: Ref | NumberValue | MoneyValue | DayValue | MomentValue | Shift | Reckoned | OrElse | Aggregate


Condition: TypeAlias = (
    All | Any | Not | Compare | IsSet | IsIn | Has | AnyContact | OfRecords | Scored | Predicate | CompareReckoned
)
"""Any condition."""

_CONDITIONS: Final = frozenset(get_args(Condition))


def is_condition(node: object) -> TypeGuard[Condition]:
    """Say whether this is a condition; asking `isinstance` tries a dozen of them in turn."""
    return type(node) in _CONDITIONS
