"""What all fields are: a name and a type, no value, and good for building conditions only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from dealwright.errors import DefinitionError
from dealwright.language.conditions import (
    Comparison,
    Condition,
    Membership,
    Negation,
    Operator,
    Presence,
    Reference,
)
from dealwright.language.money import Amount, number
from dealwright.language.origin import refused
from dealwright.language.pipeline import StageLike, is_pipeline
from dealwright.language.schema import FieldType, did_you_mean, spoken

if TYPE_CHECKING:
    from dealwright.language.custom import CustomField
    from dealwright.language.points import Sum
    from dealwright.language.reckoning import Reckoning
    from dealwright.language.records import Aggregate
    from dealwright.language.settings import Setting


class UnknownField(DefinitionError, AttributeError):
    """There is no field of that name: `name` of `obj`, where both are known."""


class Field:
    """A fact about a deal. It has no value while definitions are read, only a name and a type."""

    __slots__ = ("_own", "_path", "_reckoned")
    kind: ClassVar[FieldType] = "text"
    _path: str
    _own: CustomField | None
    _reckoned: Reckoning | Aggregate | None
    if TYPE_CHECKING:
        _setting: Setting | None
        _sum: Sum | None
    else:
        _setting = None
        _sum = None

    def __init__(self, path: str, own: CustomField | None = None) -> None:
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_own", own)
        object.__setattr__(self, "_reckoned", None)

    def __repr__(self) -> str:
        return f"<{self.kind} field {self._path}>"

    if not TYPE_CHECKING:
        # Python offers these to every object; for a field each would silently mean something else.

        def __bool__(self) -> NoReturn:
            raise refused(
                f"{self._path} has no truth yet: no deal is looked at while definitions are read",
                hint=f"write {self._path}.is_true(), or {self._path}.is_false() in the place of `not`"
                if self.kind == "flag"
                else f"write {self._path}.is_set(), or a comparison"
                + (f"; {self._path}.or_(...) says what counts where it is unset" if self.kind in _ORDERED else ""),
            )

        def __str__(self) -> str:
            raise refused(
                f"{self._path} has no text yet: it cannot stand in an f-string, str() or format()",
                hint=f'write "{{{{ {self._path} }}}}" in a plain string; it is filled in for each deal',
            )

        def __format__(self, spec: str) -> str:
            return str(self)

        def __hash__(self) -> int:
            raise refused(
                f"{self._path} cannot be in a set or a key of a dictionary", hint="use a list, or the field's name"
            )

        def __iter__(self) -> NoReturn:
            raise refused(
                f"{self._path} cannot be gone over: it has no value yet",
                hint="in a text, write {% for tag in deal.tags %}",
            )

        def __contains__(self, item: object) -> NoReturn:
            raise refused(
                f"`in {self._path}` would be decided now, before any deal is looked at",
                hint=f"write {self._path}.has({item!r})" if self.kind in _FACTS_ONLY else "compare the field with ==",
            )

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise refused(f"{self._path} cannot be assigned to", hint='write update_deal("name", amount=...) as a step')

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            raise unknown_field(self, self._path, name)

        def __eq__(self, other: object) -> Condition:
            return compared(self, "==", other)

        def __ne__(self, other: object) -> Condition:
            return compared(self, "!=", other)

        def __lt__(self, other: object) -> Condition:
            return compared(self, "<", other)

        def __le__(self, other: object) -> Condition:
            return compared(self, "<=", other)

        def __gt__(self, other: object) -> Condition:
            return compared(self, ">", other)

        def __ge__(self, other: object) -> Condition:
            return compared(self, ">=", other)

        def __and__(self, other: object) -> NoReturn:
            raise refused(
                f"`&` and `|` join conditions, and {self._path} alone is none: they are read before >, < and ==",
                hint="put each comparison in parentheses: (a > b) & (c == d)"
                + (
                    "" if self._path.startswith("settings.") else f"; a field alone is asked with {self._path}.is_set()"
                ),
            )

        __rand__ = __or__ = __ror__ = __and__

        def __invert__(self) -> NoReturn:
            raise refused(f"`~` turns a condition round, and {self._path} alone is none", hint="write ~(...) around it")

        def __add__(self, other: object) -> NoReturn:
            raise refused(f"{self._path} cannot be computed with: it has no value yet", hint="compare it, or name it")

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = __add__

        def __len__(self) -> NoReturn:
            raise refused(f"{self._path} cannot be computed with: it has no value yet", hint="compare it, or name it")

        __int__ = __float__ = __neg__ = __abs__ = __len__


def reference(field: Field) -> Reference:
    """Return what may be stored of a field."""
    return Reference(
        field._path, field.kind, field._setting, own=field._own, points=field._sum, reckoned=field._reckoned
    )


def unknown_field(owner: object, path: str, name: str) -> UnknownField:
    """Return the error for a field that is not there, with the nearest one that is."""
    kind = owner.kind if isinstance(owner, Field) else None
    hidden = () if kind is None else ("kind",)
    fields = [each for each in dir(type(owner)) if not each.startswith("_") and each not in hidden]
    if name in ("is_true", "is_false") and kind is not None:
        message = f"{path} is {spoken(kind)}, and only a flag has {name}()"
        return UnknownField(message, code="DW912", hint=_SAYS[kind])
    if name == "or_":
        hint = f"in a text write {{{{ {path} or 'there' }}}}; numbers, amounts, days and moments have or_()"
        return UnknownField(f"{path} has no 'or_'", code="DW912", hint=hint)
    hint = did_you_mean(name, fields) or (f"it has {', '.join(fields)}" if fields else "")
    error = UnknownField(f"{path} has no {name!r}", code="DW912", hint=hint)
    error.name, error.obj = name, owner
    return error


_ORDERED = frozenset({"number", "money", "day", "moment"})
_MIRRORED: dict[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_FACTS_ONLY = frozenset({"tags", "choices"})


def compared(field: Field, op: Operator, other: object) -> Condition:
    """Return the comparison if both sides are of one type.

    Python asks a setting first, since its class extends the other's: the sides are put back, the fact on the left.
    """
    if field._setting is not None and isinstance(other, Field) and other._setting is None:
        return compared(other, _MIRRORED[op], field)
    if field._sum is None and isinstance(other, Field) and other._sum is not None and other.kind == field.kind:
        return compared(other, _MIRRORED[op], field)
    if isinstance(other, Field) and (field._sum or other._sum) and (field._reckoned or other._reckoned):
        hint = "compare points(...) with a number or with a field"
        raise refused("a sum of points is not compared with arithmetic", hint=hint, code="DW234")
    if field.kind in _FACTS_ONLY:
        hint = f'write {field._path}.has("vip")'
        raise refused(f"{field._path} may hold several, and is asked with has()", hint=hint)
    if op not in ("==", "!=") and field.kind not in _ORDERED:
        raise refused(f"{field._path} is {spoken(field.kind)}, which has no order", hint="compare it with == or !=")
    return Comparison(reference(field), op, operand(field, other))


def operand(field: Field, value: object) -> object:
    """Return the other side of a comparison as it may be stored, if it fits the field."""
    if isinstance(value, Field):
        if value.kind != field.kind:
            raise refused(
                f"{field._path} is {spoken(field.kind)} and {value._path} {spoken(value.kind)}: they do not compare",
                hint=_alike(field, value),
            )
        return reference(value)
    kind = field.kind
    fits: dict[FieldType, tuple[type, ...]] = {
        "text": (str,),
        "id": (str,),
        "number": (int, float, Decimal),
        "money": (int, float, Decimal, Amount),
        "day": (date,),
        "moment": (datetime,),
        "stage": (StageLike,),
        "flag": (bool,),
        "choice": (str,),
        "phone": (str,),
        "email": (str,),
        "link": (str,),
    }
    ok = is_pipeline(value) if kind == "pipeline" else isinstance(value, fits.get(kind, ()))
    if isinstance(value, bool) and kind != "flag":
        ok = False
    if kind == "day" and isinstance(value, datetime):
        ok = False
    if not ok:
        shown = repr(value) if isinstance(value, str | int | float | Decimal) else f"a {type(value).__name__}"
        raise refused(f"{field._path} is {spoken(kind)}, and {shown[:80]} is not", hint=_of_their_own(kind, value))
    if field._own is not None and field._own.options:
        checked_option(field, value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise refused(f"{value!r} has no time zone", hint="write datetime(..., tzinfo=ZoneInfo(...))")
    options = field._setting.options if field._setting is not None else ()
    if options and value not in options:
        hint = did_you_mean(str(value), options) or f"it may be {', '.join(options)}"
        raise refused(f"{field._path} can never be {value!r:.80}: it is none of its options", hint=hint)
    return number(value) if isinstance(value, int | float | Decimal) and kind != "flag" else value


def _of_their_own(kind: FieldType, value: object) -> str:
    """What to compare with instead of a value of another type: the stage of that key, if it looks like one."""
    said = _SAYS[kind]
    return said.replace(".won", f".{value}") if kind == "stage" and _is_key(value) else said


def _is_key(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _alike(field: Field, other: Field) -> str:
    """What to compare a field with instead of one of another type."""
    for setting, wanted in ((other._setting, field.kind), (field._setting, other.kind)):
        if setting is not None and wanted in _SET_AS:
            return f'make it a setting of its own: setting("{setting.key}", {_SET_AS[wanted]}, default=...)'
    return _SAYS[field.kind]


_SET_AS: Final[Mapping[str, str]] = {"number": "int", "money": "Money", "text": "str", "flag": "bool"}
"""How a setting is written that compares with a field of this type."""


def checked_option(field: Field, value: object) -> str:
    """Return the option if it is one of the field's."""
    options = field._own.options if field._own is not None else ()
    if not isinstance(value, str) or value not in options:
        near = (isinstance(value, str) and did_you_mean(value, options)) or f"one of {', '.join(options)}"[:400]
        shown = repr(value)[:80] if isinstance(value, str | int | float) else f"a {type(value).__name__}"
        raise refused(f"{shown} is no option of {field._path}", hint=near)
    return value


_SAYS: dict[FieldType, str] = {
    "text": 'compare it with a text: == "Berlin"',
    "id": "compare it with another id",
    "number": "compare it with a number: > 3",
    "money": 'compare it with a number in the account\'s currency, or with Money("100", "EUR")',
    "day": "compare it with a day: > date(2026, 3, 14)",
    "moment": "compare it with a moment: > datetime(2026, 3, 14, 9, 0, tzinfo=...)",
    "stage": "compare it with a stage: == NewBusiness.won",
    "pipeline": "compare it with a pipeline: == NewBusiness",
    "user": 'compare it with another user, or its e-mail: deal.owner.email == "ana@example.com"',
    "choice": "compare it with one of its options",
    "choices": 'write .has("...") with one of its options',
    "phone": 'compare it with a phone number: == "+15550100"',
    "email": 'compare it with an e-mail address: == "ana@example.com"',
    "link": 'compare it with an address: == "https://example.com/"',
    "flag": "write .is_true() or .is_false()",
    "tags": 'write .has("vip")',
}


def plain(field: Field) -> Field:
    """Return the field if it is one, and nothing that is reckoned of several."""
    if field._reckoned is not None:
        raise refused(
            f"{field._path} is compared, with ==, <, > and the like", hint="ask the fields that it is reckoned of"
        )
    return field


class Settable(Field):
    """A field that may be unset."""

    __slots__ = ()

    def is_set(self) -> Condition:
        """It has a value; never unknown."""
        return Presence(reference(plain(self)))

    def is_unset(self) -> Condition:
        """It has no value; never unknown."""
        return Negation(Presence(reference(plain(self))))


def one_of(field: Field, values: tuple[Any, ...]) -> Condition:
    """Return the condition that the field is one of the literals."""
    if not values:
        raise refused(f"{field._path}.is_in() names nothing", hint="name at least one value")
    for value in values:
        if isinstance(value, Field | list | tuple | set):
            raise refused(
                f"{field._path}.is_in() takes literals, one by one", hint="write is_in(a, b), not is_in([a, b])"
            )
    return Membership(reference(plain(field)), tuple(operand(field, value) for value in values))
