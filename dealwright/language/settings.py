"""Settings: values that a company's people change without a release; in code each has a type, bounds and a default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, overload

from dealwright.language.custom import Money
from dealwright.language.fields import Field, FlagField, MoneyField, NumberField, TextField
from dealwright.language.keys import checked_key, checked_name
from dealwright.language.money import number
from dealwright.language.origin import Origin, here, refused
from dealwright.language.own_names import refuse_twins
from dealwright.language.schema import did_you_mean
from dealwright.language.values import MAX_TEXT

SettingKind = Literal["whole", "number", "money", "flag", "text"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a setting may hold: `least` and `most` are bounds, `options` the only texts, `editable_by` who decides."""

    key: str
    kind: SettingKind
    default: Decimal | Money | bool | str
    least: Decimal | None
    most: Decimal | None
    options: tuple[str, ...]
    editable_by: str
    origin: Origin


class NumberSetting(NumberField):
    """A setting that is a number."""

    __slots__ = ("_setting",)


class MoneySetting(MoneyField):
    """A setting that is an amount."""

    __slots__ = ("_setting",)


class FlagSetting(FlagField):
    """A setting that is a yes or a no."""

    __slots__ = ("_setting",)


class TextSetting(TextField):
    """A setting that is a text."""

    __slots__ = ("_setting",)


_Number = int | float | Decimal


@overload
def setting(key: str, type: type[bool], *, default: bool, editable_by: str = "") -> FlagSetting: ...  # type: ignore[overload-overlap]
@overload
def setting(
    key: str, type: type[int], *, default: int, editable_by: str = "", min: int | None = None, max: int | None = None
) -> NumberSetting: ...
@overload
def setting(
    key: str,
    type: type[float] | type[Decimal],
    *,
    default: float | Decimal,
    editable_by: str = "",
    min: float | Decimal | None = None,
    max: float | Decimal | None = None,
) -> NumberSetting: ...
@overload
def setting(
    key: str,
    type: type[Money],
    *,
    default: Money,
    editable_by: str = "",
    min: float | Decimal | None = None,
    max: float | Decimal | None = None,
) -> MoneySetting: ...
@overload
def setting(key: str, type: type[str], *, default: str, editable_by: str = "") -> TextSetting: ...
@overload
def setting(key: str, type: Sequence[str], *, default: str, editable_by: str = "") -> TextSetting: ...
def setting(
    key: str,
    type: object,
    *,
    default: object,
    editable_by: str = "",
    min: _Number | None = None,
    max: _Number | None = None,
) -> Field:
    """Define a value that people change with `dealwright settings set`, without a release.

    `type` is `int`, `float`, `Decimal`, `bool`, `str`, `Money`, or a list of the texts that may be chosen. `default`
    counts until somebody sets another; it must itself fit. `min` and `max` bound numbers and amounts. `editable_by`
    says in words whose decision it is; it is shown and not enforced.

    Raises:
        DefinitionError: the key is none, or the default or a bound does not fit the type.
    """
    checked_key(key, "a setting")
    what = f"the setting {key!r}"
    if isinstance(default, Field):
        hint = "write a plain value; a setting is never made of another one"
        raise refused(f"the default of {what} is a field, which has no value yet", hint=hint)
    kind, options = _kind(type, what)
    if editable_by:
        checked_name(editable_by, f"whoever may change {what}")
    if kind in ("flag", "text") and (min is not None or max is not None):
        raise refused(f"{what} is a {kind}, which has no min and max", hint="leave them out")
    least, most = (None if bound is None else _number(bound, kind, what) for bound in (min, max))
    if least is not None and most is not None and least > most:
        raise refused(f"{what} has min {least} above max {most}: nothing fits", hint="exchange them")
    kept = _default(default, kind, options, what)
    plain = kept.amount if isinstance(kept, Money) else kept
    if isinstance(plain, Decimal) and ((least is not None and plain < least) or (most is not None and plain > most)):
        raise refused(f"the default of {what} is {plain}, outside its bounds", hint="write a default that fits")
    definition = Setting(key, kind, kept, least, most, options, editable_by, here())
    made: Field
    match kind:
        case "money":
            made = MoneySetting(f"settings.{key}")
        case "flag":
            made = FlagSetting(f"settings.{key}")
        case "text":
            made = TextSetting(f"settings.{key}")
        case _:
            made = NumberSetting(f"settings.{key}")
    object.__setattr__(made, "_setting", definition)
    return made


def _kind(given: object, what: str) -> tuple[SettingKind, tuple[str, ...]]:
    if given is bool:
        return "flag", ()
    if given is int:
        return "whole", ()
    if given is float or given is Decimal:
        return "number", ()
    if given is Money:
        return "money", ()
    if given is str:
        return "text", ()
    if isinstance(given, list | tuple) and given:
        for option in given:
            checked_name(option, f"an option of {what}")
        if len(set(given)) != len(given):
            raise refused(f"{what} lists an option twice", hint="list each once")
        refuse_twins(given, f"the options of {what}")
        return "text", tuple(given)
    hint = 'write int, float, Decimal, bool, str, Money, or a list of texts such as ["soft", "firm"]'
    raise refused(f"{what} has no type that a setting can have", hint=hint)


def _number(value: object, kind: SettingKind, what: str) -> Decimal:
    kept = number(value, f"a number for {what}")
    if kind == "whole" and kept != kept.to_integral_value():
        raise refused(f"{what} is a whole number, and {kept} is none", hint="write float instead of int, or round it")
    return kept


def _default(value: object, kind: SettingKind, options: tuple[str, ...], what: str) -> Decimal | Money | bool | str:
    match kind:
        case "flag" if isinstance(value, bool):
            return value
        case "money" if isinstance(value, Money):
            return value
        case "text" if isinstance(value, str) and len(value) <= MAX_TEXT and "{{" not in value and value.strip():
            if options and value not in options:
                hint = did_you_mean(value, options) or f"it may be {', '.join(options)}"
                raise refused(f"the default of {what} is {value!r}, which is none of its options", hint=hint)
            return value
        case "whole" | "number" if isinstance(value, int | float | Decimal):
            return _number(value, kind, what)
    says = {"flag": "True or False", "money": 'Money("100", "EUR")', "text": "a text", "whole": "a whole number"}
    raise refused(f"the default of {what} does not fit its type", hint=f"write {says.get(kind, 'a number')}")
