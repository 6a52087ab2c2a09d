"""A company's own fields: `class ClinicDeal(DealFields): dentist = Text("Doctor")`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dealwright.language.fields import ChoiceField, DayField, FlagField, MomentField, NumberField, TextField
from dealwright.language.origin import refused
from dealwright.model.custom import CustomType, FieldShape


class CustomField:
    """Base of all custom fields: a label for people, and a key that is the name of its attribute."""

    holds: ClassVar[CustomType]

    def __init__(self, label: str = "") -> None:
        if not isinstance(label, str):
            raise refused(f"the label of a field is a text, not a {type(label).__name__}", hint='Text("Doctor")')
        self.label = label
        self.key = ""
        self.options: tuple[str, ...] = ()

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the attribute for its key."""
        self.key = name

    def shape(self) -> FieldShape:
        """Return the field as the model has it."""
        return FieldShape(key=self.key, type=self.holds, options=self.options)

    def _path(self, holder: Any) -> str:
        if holder is None:
            raise refused(f"{self.key} is a field of a deal, and not of its class", hint="deal = ClinicDeal() first")
        return f"{holder._path}.{self.key}"


class Text(CustomField):
    """A text."""

    holds = "text"

    def __get__(self, holder: object, kind: type | None = None) -> TextField:
        """Return the field of a deal."""
        return TextField(self._path(holder))


class Number(CustomField):
    """A number."""

    holds = "number"

    def __get__(self, holder: object, kind: type | None = None) -> NumberField:
        """Return the field of a deal."""
        return NumberField(self._path(holder))


class Flag(CustomField):
    """A yes or a no."""

    holds = "flag"

    def __get__(self, holder: object, kind: type | None = None) -> FlagField:
        """Return the field of a deal."""
        return FlagField(self._path(holder))


class Day(CustomField):
    """A calendar day."""

    holds = "day"

    def __get__(self, holder: object, kind: type | None = None) -> DayField:
        """Return the field of a deal."""
        return DayField(self._path(holder))


class Moment(CustomField):
    """An instant."""

    holds = "moment"

    def __get__(self, holder: object, kind: type | None = None) -> MomentField:
        """Return the field of a deal."""
        return MomentField(self._path(holder))


class Choice(CustomField):
    """One of several options."""

    holds = "choice"

    def __init__(self, label: str, options: Sequence[str]) -> None:
        super().__init__(label)
        given = options if isinstance(options, list | tuple) else ()
        if not given or not all(isinstance(option, str) and option.strip() for option in given):
            raise refused("the options of a choice are a list of texts", hint='Choice("Source", ["ads", "fair"])')
        if len(set(given)) < len(given):
            raise refused("the options of a choice name one twice", hint="write each option once")
        self.options = tuple(given)

    def __get__(self, holder: object, kind: type | None = None) -> ChoiceField:
        """Return the field of a deal."""
        return ChoiceField(self._path(holder), self.options)


def fields_of(kind: type) -> dict[str, CustomField]:
    """Return the custom fields of a class, by key."""
    found: dict[str, CustomField] = {}
    for each in reversed(kind.__mro__):
        found.update((name, field) for name, field in vars(each).items() if isinstance(field, CustomField))
    return found


def check_names(kind: type, built_in: type) -> None:
    """Refuse custom fields that cannot be named so, or are named like a field that every deal has."""
    for name in fields_of(kind):
        if name in dir(built_in) or name == "name":
            raise refused(
                f"a field of a deal cannot be named {name!r}: that name is taken", hint="give the field another name"
            )
        if not name.isascii() or name.startswith("_") or len(name) > 60:
            raise refused(f"{name[:80]!r} is not the name of a field", hint="write it in ASCII, 60 characters at most")
