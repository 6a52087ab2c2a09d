"""Conditions: serialisable trees over references to facts, never Python truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from dealwright.language.money import Amount
from dealwright.language.origin import refused
from dealwright.language.schema import FieldType

if TYPE_CHECKING:
    from dealwright.language.custom import CustomField
    from dealwright.language.pipeline import Pipeline, StageLike
    from dealwright.language.points import Sum
    from dealwright.language.reckoning import Reckoning
    from dealwright.language.records import Aggregate, RecordType
    from dealwright.language.settings import Setting

Operator = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Reference:
    """Names a fact. What holds a field holds this: a proxy would build conditions when it is compared."""

    path: str
    type: FieldType
    setting: Setting | None = None
    """The definition of a setting; None for a fact of the deal or its event."""
    points: Sum | None = None
    """What it is the sum of, if it is no fact at all."""
    own: CustomField | None = field(default=None, compare=False)
    """The declaration of a company's own field; None for what every deal has."""
    reckoned: Reckoning | Aggregate | None = None
    """What is reckoned for each deal; None for a fact."""


Literal_: TypeAlias = "str | bool | Decimal | Amount | date | datetime | StageLike | type[Pipeline]"
"""What a condition may compare with, beside another field."""


class Condition:
    """Something that is true, false or unknown for a deal; combine with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: Condition) -> Condition:
        """Both are true."""
        return AllOf((self, _condition(other, "&")))

    def __or__(self, other: Condition) -> Condition:
        """At least one is true."""
        return AnyOf((self, _condition(other, "|")))

    def __invert__(self) -> Condition:
        """The opposite; unknown stays unknown."""
        return Negation(self)

    def __bool__(self) -> NoReturn:
        """Refuse: nothing is known about a deal while the definition is read."""
        raise refused(
            "a condition has no truth yet: no deal is looked at while definitions are read",
            hint="write `&` for and, `|` for or, `~` for not, two comparisons instead of `0 < x < 9`,"
            " is_in(...) instead of `in`; put each comparison in parentheses",
        )

    if not TYPE_CHECKING:

        def __rand__(self, other: object) -> Condition:
            """Refuse with the advice about parentheses."""
            raise _no_condition(other, "&")

        def __ror__(self, other: object) -> Condition:
            """Refuse with the advice about parentheses."""
            raise _no_condition(other, "|")


def _condition(value: object, sign: str) -> Condition:
    if not isinstance(value, Condition):
        raise _no_condition(value, sign)
    return value


def _no_condition(value: object, sign: str) -> Exception:
    return refused(
        f"`{sign}` joins two conditions, and {_called(value)} is none",
        hint=f"put each comparison in parentheses: (deal.amount > 0) {sign} (deal.company.is_set())",
    )


def _called(value: object) -> str:
    if isinstance(value, str | int | float | bool | None):
        return repr(value)
    return _path(value) or f"a {type(value).__name__}"


def _path(value: object) -> str:
    """How the author names a field, or what has fields; empty for anything else."""
    path = getattr(value, "_path", None) if hasattr(type(value), "_path") else None
    return path if isinstance(path, str) else ""


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """Every one of them is true."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """At least one of them is true."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation(Condition):
    """The opposite of one."""

    of: Condition


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """A fact against a literal or another fact."""

    field: Reference
    op: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Presence(Condition):
    """The fact has a value."""

    field: Reference


@dataclass(frozen=True, slots=True)
class Membership(Condition):
    """The fact is one of the literals."""

    field: Reference
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StageKindIs(Condition):
    """The stage is of one of these kinds, whichever pipeline of the account it belongs to."""

    field: Reference
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tagged(Condition):
    """The tags hold at least one of these."""

    field: Reference
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyContact(Condition):
    """It is true of at least one of the deal's contacts, which is `contact` in it."""

    of: Condition


@dataclass(frozen=True, slots=True)
class OfRecords(Condition):
    """It is true of at least one of the deal's records of a kind, or of `every` one; of those for which `where` is."""

    kind: RecordType
    every: bool
    of: tuple[Condition, ...]
    where: tuple[Condition, ...] = ()


def conditions(given: object, what: str) -> tuple[Condition, ...]:
    """Return the conditions given as one or as a list; refuse anything else."""
    items: Sequence[object] = given if isinstance(given, list | tuple) else (given,)
    for before, item in zip((None, *items), items, strict=False):
        if not isinstance(item, Condition):
            hint = _meant(item, before, f"{what.removesuffix('()')}(" if what.endswith("()") else "")
            raise refused(f"{what} takes conditions, and {_called(item)} is none", hint=hint)
    return tuple(item for item in items if isinstance(item, Condition))


def _meant(item: object, before: object, call: str) -> str:
    """What was probably meant by something that is no condition, after the one before it in the list."""
    path = _path(item)
    if path:
        flag = getattr(type(item), "kind", None) == "flag"
        parts = isinstance(getattr(type(item), "kind", None), str)
        asked = f"{path}.is_true() or {path}.is_false()" if flag else f"{path}.is_set(), or compare it"
        return f"write {asked}" if parts else f"{path} has fields: ask one of them"
    match item:
        case bool():
            return "`is not None` and comparisons of plain values are decided already: write deal.company.is_set()"
        case int() if isinstance(before, Comparison) and isinstance(before.value, Decimal):
            return f"a comma in a number makes two of it: write {before.value}_{item:03}"
        case MethodType(__name__=name, __self__=owner):
            return f"write it with parentheses: {getattr(owner, '_path', 'deal.company')}.{name}()"
        case FunctionType():
            return "write the condition itself, without lambda or def: deal.amount > 0"
        case list() | tuple() | set():
            return f"write {call}a, b), without the inner [ ]" if call else "take the inner [ ] out"
    return "write deal.amount > 0, deal.company.is_set(), ..."
