"""Fields as authors name them: typed, distinct, and good for building conditions only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn, overload

from dealwright.language.conditions import Comparison, Condition, StageKindIs, Tagged
from dealwright.language.durations import RunningTime, WorkingTime
from dealwright.language.field_base import (
    Field,
    Settable,
    UnknownField,
    checked_option,
    compared,
    one_of,
    operand,
    reference,
    unknown_field,
)
from dealwright.language.money import Amount
from dealwright.language.origin import refused
from dealwright.language.pipeline import Pipeline, PipelineType, StageLike
from dealwright.language.reckoning import instead, reckon
from dealwright.language.schema import FieldType

if TYPE_CHECKING:
    from dealwright.language.custom import CustomField

__all__ = [
    "ChoiceField",
    "ChoicesField",
    "DayField",
    "EmailField",
    "Field",
    "FlagField",
    "IdField",
    "LinkField",
    "MomentField",
    "MoneyField",
    "NumberField",
    "PhoneField",
    "PipelineField",
    "Settable",
    "StageField",
    "TagsField",
    "TextField",
    "UnknownField",
    "UserField",
    "compared",
    "one_of",
    "operand",
    "reference",
    "unknown_field",
]


class TextField(Settable):
    """A text."""

    __slots__ = ()
    kind = "text"

    if TYPE_CHECKING:

        def __eq__(self, other: str | TextField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | TextField) -> Condition: ...  # type: ignore[override]

    def is_in(self, *values: str) -> Condition:
        """It is one of these texts."""
        return one_of(self, values)


class IdField(Settable):
    """An id as the CRM gave it."""

    __slots__ = ()
    kind = "id"

    if TYPE_CHECKING:

        def __eq__(self, other: str | IdField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | IdField) -> Condition: ...  # type: ignore[override]


class _Reckons(Settable):
    """A field that can be computed with, for each deal."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __add__(self, other: object) -> Field:
            return reckon(_MADE, self, "+", other)

        def __radd__(self, other: object) -> Field:
            return reckon(_MADE, other, "+", self)

        def __sub__(self, other: object) -> Field:
            return reckon(_MADE, self, "-", other)

        def __rsub__(self, other: object) -> Field:
            return reckon(_MADE, other, "-", self)

        def __mul__(self, other: object) -> Field:
            return reckon(_MADE, self, "*", other)

        def __rmul__(self, other: object) -> Field:
            return reckon(_MADE, other, "*", self)

        def __truediv__(self, other: object) -> Field:
            return reckon(_MADE, self, "/", other)

        def __rtruediv__(self, other: object) -> Field:
            return reckon(_MADE, other, "/", self)

        def or_(self, other: object, /) -> Field:
            """What counts in its place where it is unset: a value, or another field."""
            return instead(_MADE, self, other)


class NumberField(_Reckons):
    """A number."""

    __slots__ = ()
    kind = "number"

    if TYPE_CHECKING:

        def __add__(self, other: float | Decimal | NumberField) -> NumberField: ...
        def __radd__(self, other: float | Decimal) -> NumberField: ...
        def __sub__(self, other: float | Decimal | NumberField) -> NumberField: ...
        def __rsub__(self, other: float | Decimal) -> NumberField: ...
        @overload
        def __mul__(self, other: float | Decimal | NumberField) -> NumberField: ...
        @overload
        def __mul__(self, other: Amount) -> MoneyField: ...
        def __mul__(self, other: float | Decimal | NumberField | Amount) -> NumberField | MoneyField: ...
        @overload
        def __rmul__(self, other: float | Decimal) -> NumberField: ...
        @overload
        def __rmul__(self, other: Amount) -> MoneyField: ...
        def __rmul__(self, other: float | Decimal | Amount) -> NumberField | MoneyField: ...
        def __truediv__(self, other: float | Decimal | NumberField) -> NumberField: ...
        def __rtruediv__(self, other: float | Decimal) -> NumberField: ...

        def or_(self, other: float | Decimal | NumberField, /) -> NumberField:
            """What counts in its place where it is unset: a value, or another field."""
            ...

        def __eq__(self, other: float | Decimal | NumberField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: float | Decimal | NumberField) -> Condition: ...  # type: ignore[override]
        def __lt__(self, other: float | Decimal | NumberField) -> Condition: ...
        def __le__(self, other: float | Decimal | NumberField) -> Condition: ...
        def __gt__(self, other: float | Decimal | NumberField) -> Condition: ...
        def __ge__(self, other: float | Decimal | NumberField) -> Condition: ...

    def is_in(self, *values: float | Decimal) -> Condition:
        """It is one of these numbers."""
        return one_of(self, values)


class MoneyField(_Reckons):
    """An amount; a plain number beside it is in the account's currency."""

    __slots__ = ()
    kind = "money"

    if TYPE_CHECKING:

        def __add__(self, other: float | Decimal | Amount | MoneyField) -> MoneyField: ...
        def __radd__(self, other: float | Decimal | Amount) -> MoneyField: ...
        def __sub__(self, other: float | Decimal | Amount | MoneyField) -> MoneyField: ...
        def __rsub__(self, other: float | Decimal | Amount) -> MoneyField: ...
        def __mul__(self, other: float | Decimal | NumberField) -> MoneyField: ...
        def __rmul__(self, other: float | Decimal | NumberField) -> MoneyField: ...
        def __truediv__(self, other: float | Decimal | NumberField) -> MoneyField: ...

        def or_(self, other: float | Decimal | Amount | MoneyField, /) -> MoneyField:
            """What counts in its place where it is unset: a value, or another field."""
            ...

        def __eq__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...  # type: ignore[override]
        def __lt__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...
        def __le__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...
        def __gt__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...
        def __ge__(self, other: float | Decimal | Amount | MoneyField) -> Condition: ...


class DayField(_Reckons):
    """A calendar day."""

    __slots__ = ()
    kind = "day"

    if TYPE_CHECKING:

        def __add__(self, other: RunningTime) -> DayField: ...
        def __radd__(self, other: RunningTime) -> DayField: ...
        def __sub__(self, other: RunningTime) -> DayField: ...

        def or_(self, other: date | DayField, /) -> DayField:
            """What counts in its place where it is unset: a value, or another field."""
            ...

        def __eq__(self, other: date | DayField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: date | DayField) -> Condition: ...  # type: ignore[override]
        def __lt__(self, other: date | DayField) -> Condition: ...
        def __le__(self, other: date | DayField) -> Condition: ...
        def __gt__(self, other: date | DayField) -> Condition: ...
        def __ge__(self, other: date | DayField) -> Condition: ...


class MomentField(_Reckons):
    """An instant."""

    __slots__ = ()
    kind = "moment"

    if TYPE_CHECKING:

        def __add__(self, other: RunningTime | WorkingTime) -> MomentField: ...
        def __radd__(self, other: RunningTime | WorkingTime) -> MomentField: ...
        def __sub__(self, other: RunningTime) -> MomentField: ...

        def or_(self, other: datetime | MomentField, /) -> MomentField:
            """What counts in its place where it is unset: a value, or another field."""
            ...

        def __eq__(self, other: datetime | MomentField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: datetime | MomentField) -> Condition: ...  # type: ignore[override]
        def __lt__(self, other: datetime | MomentField) -> Condition: ...
        def __le__(self, other: datetime | MomentField) -> Condition: ...
        def __gt__(self, other: datetime | MomentField) -> Condition: ...
        def __ge__(self, other: datetime | MomentField) -> Condition: ...


class FlagField(Settable):
    """A yes or a no."""

    __slots__ = ()
    kind = "flag"

    if TYPE_CHECKING:

        def __eq__(self, other: bool | FlagField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: bool | FlagField) -> Condition: ...  # type: ignore[override]

    def is_true(self) -> Condition:
        """It is yes."""
        return Comparison(reference(self), "==", True)

    def is_false(self) -> Condition:
        """It is no."""
        return Comparison(reference(self), "==", False)


class ChoiceField(Settable):
    """One of several options."""

    __slots__ = ("_options",)
    kind = "choice"
    _options: tuple[str, ...]

    def __init__(self, path: str, options: tuple[str, ...], own: CustomField | None = None) -> None:
        super().__init__(path, own)
        object.__setattr__(self, "_options", options)

    if TYPE_CHECKING:

        def __eq__(self, other: str | ChoiceField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | ChoiceField) -> Condition: ...  # type: ignore[override]

    def is_in(self, *values: str) -> Condition:
        """It is one of these options."""
        return one_of(self, values)


class ChoicesField(Settable):
    """Any number of several options; without any it is unset."""

    __slots__ = ("_options",)
    kind = "choices"
    _options: tuple[str, ...]

    def __init__(self, path: str, options: tuple[str, ...], own: CustomField | None = None) -> None:
        super().__init__(path, own)
        object.__setattr__(self, "_options", options)

    if TYPE_CHECKING:

        def __eq__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]
        def __ne__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]

    def has(self, option: str, *others: str) -> Condition:
        """At least one of these options is chosen."""
        return Tagged(reference(self), tuple(checked_option(self, each) for each in (option, *others)))


class _Line(Settable):
    """A text of a kind that is compared with its own kind only."""

    __slots__ = ()

    def is_in(self, *values: str) -> Condition:
        """It is one of these."""
        return one_of(self, values)


class PhoneField(_Line):
    """A phone number, as the CRM holds it."""

    __slots__ = ()
    kind = "phone"

    if TYPE_CHECKING:

        def __eq__(self, other: str | PhoneField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | PhoneField) -> Condition: ...  # type: ignore[override]


class EmailField(_Line):
    """An e-mail address, as the CRM holds it."""

    __slots__ = ()
    kind = "email"

    if TYPE_CHECKING:

        def __eq__(self, other: str | EmailField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | EmailField) -> Condition: ...  # type: ignore[override]


class LinkField(_Line):
    """An address of the web, as the CRM holds it."""

    __slots__ = ()
    kind = "link"

    if TYPE_CHECKING:

        def __eq__(self, other: str | LinkField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: str | LinkField) -> Condition: ...  # type: ignore[override]


class TagsField(Field):
    """A set of tags; empty is not unset."""

    __slots__ = ()
    kind = "tags"

    if TYPE_CHECKING:

        def __eq__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]
        def __ne__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]

    def has(self, tag: str, *others: str) -> Condition:
        """At least one of these tags is there."""
        tags = (tag, *others)
        for item in tags:
            if not isinstance(item, str) or not item.strip():
                raise refused(f"{item!r} is not a tag", hint=f'write {self._path}.has("vip", "partner")')
        return Tagged(reference(self), tags)


class StageField(Field):
    """The stage a deal stands in."""

    __slots__ = ()
    kind = "stage"

    if TYPE_CHECKING:

        def __eq__(self, other: StageLike | StageField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: StageLike | StageField) -> Condition: ...  # type: ignore[override]

    @property
    def name(self) -> TextField:
        """The stage's name, as people read it."""
        return TextField(f"{self._path}.name")

    def is_in(self, *stages: StageLike) -> Condition:
        """It is one of these stages."""
        return one_of(self, stages)

    def is_open(self) -> Condition:
        """It is neither won nor lost."""
        return StageKindIs(reference(self), ("incoming", "open"))

    def is_won(self) -> Condition:
        """It is a won stage."""
        return StageKindIs(reference(self), ("won",))

    def is_lost(self) -> Condition:
        """It is a lost stage."""
        return StageKindIs(reference(self), ("lost",))


class PipelineField(Field):
    """The pipeline a deal is in."""

    __slots__ = ()
    kind = "pipeline"

    if TYPE_CHECKING:

        def __eq__(self, other: PipelineType | PipelineField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: PipelineType | PipelineField) -> Condition: ...  # type: ignore[override]

    @property
    def name(self) -> TextField:
        """The pipeline's name, as people read it."""
        return TextField(f"{self._path}.name")

    def is_in(self, *pipelines: type[Pipeline]) -> Condition:
        """It is one of these pipelines."""
        return one_of(self, pipelines)


class UserField(Settable):
    """Somebody who works in the CRM."""

    __slots__ = ()
    kind = "user"

    if TYPE_CHECKING:

        def __eq__(self, other: UserField) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: UserField) -> Condition: ...  # type: ignore[override]

    @property
    def name(self) -> TextField:
        """The user's whole name."""
        return TextField(f"{self._path}.name")

    @property
    def first_name(self) -> TextField:
        """The first word of the user's name."""
        return TextField(f"{self._path}.first_name")

    @property
    def email(self) -> TextField:
        """The user's e-mail address."""
        return TextField(f"{self._path}.email")


_MADE: Final[Mapping[FieldType, type[Field]]] = MappingProxyType(
    {"number": NumberField, "money": MoneyField, "day": DayField, "moment": MomentField}
)
