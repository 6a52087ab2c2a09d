"""A company's own fields: `class ClinicDeal(DealFields): dentist = Text("Doctor")`.

What is written in a class is a declaration: what the field holds. Where it stands is known when it is named:
`deal.dentist` is at `deal.dentist`, `ClinicDeal(event.before).dentist` at `event.before.dentist`. A class may have
a place of its own (`_place`), as one of events from outside has: there the class itself is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, overload

from dealwright.errors import DefinitionError
from dealwright.language.fields import (
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    FlagField,
    LinkField,
    MomentField,
    MoneyField,
    NumberField,
    PhoneField,
    TextField,
    UserField,
)
from dealwright.language.money import Amount
from dealwright.language.origin import Origin, here, refused
from dealwright.language.own_names import checked_key, checked_label, checked_options, looks_like
from dealwright.language.schema import did_you_mean
from dealwright.model.custom import CustomType, FieldShape

Old = str | Sequence[str]
"""One key that a field had before, or several."""


class CustomField:
    """Base of all custom fields: a label for people, and a key that is the name of its attribute."""

    holds: ClassVar[CustomType]
    options: tuple[str, ...] = ()

    def __init__(self, label: str = "", *, sensitive: bool = False, renamed_from: Old = ()) -> None:
        self.label = checked_label(label, type(self).__name__)
        if not isinstance(sensitive, bool):
            raise refused(f"sensitive of a field is True or False, not {type(sensitive).__name__}")
        self.sensitive = sensitive
        self.renamed_from = _keys(renamed_from)
        self.key = ""
        self.owner: type | None = None
        self.origin = here()
        self._again = ""

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the attribute for its key; that it got a second one is told when the class is whole."""
        if self.owner is None:
            self.key, self.owner = name, owner
        elif (owner, name) != (self.owner, self.key):
            self._again = name

    @property
    def second_name(self) -> str:
        """The name of another attribute that is the same field; empty if there is none."""
        return self._again

    def shape(self) -> FieldShape:
        """Return the field as the model has it."""
        return FieldShape(
            key=self.key,
            type=self.holds,
            options=self.options,
            renamed_from=self.renamed_from,
            sensitive=self.sensitive,
            label=self.label,
        )

    def _path(self, holder: Any, kind: type | None) -> str:
        place = getattr(kind, "_place", None) if holder is None else holder._path
        if not isinstance(place, str):
            name = kind.__name__ if kind is not None else "its class"
            raise refused(
                f"{self.key} is a field of a {name}, and {name} is only the kind of it",
                hint=f"write deal = {name}() above, and deal.{self.key}, or deal.main_contact.{self.key}",
            )
        return f"{place}.{self.key}"


class Text(CustomField):
    """A text."""

    holds = "text"

    def __get__(self, holder: object, kind: type | None = None) -> TextField:
        """Return the field where it stands."""
        return TextField(self._path(holder, kind), self)


class Number(CustomField):
    """A number."""

    holds = "number"

    def __get__(self, holder: object, kind: type | None = None) -> NumberField:
        """Return the field where it stands."""
        return NumberField(self._path(holder, kind), self)


class Flag(CustomField):
    """A yes or a no."""

    holds = "flag"

    def __get__(self, holder: object, kind: type | None = None) -> FlagField:
        """Return the field where it stands."""
        return FlagField(self._path(holder, kind), self)


class Day(CustomField):
    """A calendar day."""

    holds = "day"

    def __get__(self, holder: object, kind: type | None = None) -> DayField:
        """Return the field where it stands."""
        return DayField(self._path(holder, kind), self)


class Moment(CustomField):
    """An instant."""

    holds = "moment"

    def __get__(self, holder: object, kind: type | None = None) -> MomentField:
        """Return the field where it stands."""
        return MomentField(self._path(holder, kind), self)


class Phone(CustomField):
    """A phone number, as people write it."""

    holds = "phone"

    def __get__(self, holder: object, kind: type | None = None) -> PhoneField:
        """Return the field where it stands."""
        return PhoneField(self._path(holder, kind), self)


class Email(CustomField):
    """An e-mail address."""

    holds = "email"

    def __get__(self, holder: object, kind: type | None = None) -> EmailField:
        """Return the field where it stands."""
        return EmailField(self._path(holder, kind), self)


class Link(CustomField):
    """An address of the web: it begins with http:// or https://."""

    holds = "link"

    def __get__(self, holder: object, kind: type | None = None) -> LinkField:
        """Return the field where it stands."""
        return LinkField(self._path(holder, kind), self)


class Owner(CustomField):
    """A user of the CRM, such as who does the work after the sale."""

    holds = "user"

    def __get__(self, holder: object, kind: type | None = None) -> UserField:
        """Return the field where it stands."""
        return UserField(self._path(holder, kind), self)


class Person(Owner):
    """A user of the CRM: another name for `Owner`, where nobody owns anything."""


class _Optional(CustomField):
    """A field that takes of its options only."""

    if TYPE_CHECKING:

        def __init__(
            self, label: str, options: Sequence[str], *, sensitive: bool = False, renamed_from: Old = ()
        ) -> None: ...

    else:

        def __init__(self, label, options=(), *, sensitive=False, renamed_from=()) -> None:
            kind = type(self).__name__
            if isinstance(label, list | tuple):
                shown = ", ".join(map(repr, label))[:200]
                raise refused(f"the label of a {kind} comes first", hint=f'{kind}("Region", [{shown}])')
            super().__init__(label, sensitive=sensitive, renamed_from=renamed_from)
            self.options = checked_options(options, kind)


class Choice(_Optional):
    """One of several options."""

    holds = "choice"

    def __get__(self, holder: object, kind: type | None = None) -> ChoiceField:
        """Return the field where it stands."""
        return ChoiceField(self._path(holder, kind), self.options, self)


class Choices(_Optional):
    """Any number of several options."""

    holds = "choices"

    def __get__(self, holder: object, kind: type | None = None) -> ChoicesField:
        """Return the field where it stands."""
        return ChoicesField(self._path(holder, kind), self.options, self)


if TYPE_CHECKING:

    class Money(Amount):
        """An amount in a named currency, `Money("99.50", "EUR")`; in a class of fields one that is an amount."""

        @overload
        def __new__(cls, amount: float | Decimal | str, currency: str) -> Money: ...
        @overload
        def __new__(cls, label: str = ..., *, sensitive: bool = ..., renamed_from: Old = ...) -> MoneyOwn: ...
        def __new__(cls, *given: Any, **more: Any) -> Any: ...

    class MoneyOwn(Money, CustomField):
        """An amount."""

        def __get__(self, holder: object, kind: type | None = None) -> MoneyField: ...

else:

    class MoneyOwn(CustomField):
        """An amount."""

        holds = "money"

        def __get__(self, holder, kind=None):
            """Return the field where it stands."""
            return MoneyField(self._path(holder, kind), self)

    class Money(Amount):
        """An amount in a named currency, `Money("99.50", "EUR")`; in a class of fields one that is an amount."""

        def __new__(cls, *given, **more):
            """Return the amount if there is a currency, else the field."""
            if len(given) < 2 and "currency" not in more and "amount" not in more:
                return MoneyOwn(*given, **more)
            return super().__new__(cls)


class _Body(dict[str, Any]):
    """The body of a class of fields while it is read: a field is not written twice."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), CustomField):
            raise refused(
                f"the field {name!r} is written twice in one class", hint="give one of them another name", code="DW232"
            )
        super().__setitem__(name, value)


class FieldsMeta(type):
    """Makes classes of fields: no field twice, and a slip in one of them arrives as itself."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> _Body:
        """Return the body that refuses a second field of one name."""
        return _Body()

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **kwargs: Any) -> FieldsMeta:
        """Make the class and note where it was written."""
        body = dict(body)
        for attribute, kind in body.get("__annotations__", {}).items() if bases else ():
            if attribute not in body and not attribute.startswith("_"):
                shown = kind if isinstance(kind, str) else getattr(kind, "__name__", "Kind")
                raise refused(
                    f"{attribute} of {name} has a type and no value, so it is nothing",
                    hint=f"write {attribute}: {shown} = {shown}()",
                )
        if bases:
            body["_origin"] = here()
        return super().__new__(mcs, name, bases, body, **kwargs)


def fields_of(kind: type) -> dict[str, CustomField]:
    """Return the custom fields of a class, by key."""
    found: dict[str, CustomField] = {}
    for each in reversed(kind.__mro__):
        found.update((name, field) for name, field in vars(each).items() if isinstance(field, CustomField))
    return found


def shapes_of(kind: type) -> tuple[FieldShape, ...]:
    """Return the custom fields of a class as the model has them, in the order they were written."""
    return tuple(field.shape() for field in fields_of(kind).values())


def origin_of(kind: type) -> Origin:
    """Return where a class of fields was written."""
    origin = vars(kind).get("_origin")
    return origin if isinstance(origin, Origin) else Origin("", 0)


def check_names(kind: type, built_in: type, what: str, taken: Iterable[str] = ()) -> None:
    """Refuse custom fields that cannot be named so, are named like what every `what` has, or take another's old name.

    Raises:
        DefinitionError: with the place of the field.
    """
    check_only_fields(kind, ("contact", "company") if what == "a deal" else ())
    fields = fields_of(kind)
    kept = sorted({name for name in dir(built_in) if not name.startswith("_")} | {*taken})
    for name, field in fields.items():
        if name in dir(built_in) or name in taken:
            hint = f"give the field another name; {', '.join(kept)} are taken"
            raise _at(field, refused(f"a field of {what} cannot be named {name!r}: that name is taken", hint=hint))
        checked_key(name)
        if field.second_name:
            raise refused(
                f"one field of {kind.__name__} has two names, {field.key!r} and {field.second_name!r}",
                hint="write a field of its own for each",
                code="DW232",
            )
    labelled: dict[str, CustomField] = {}
    for field in fields.values():
        other = labelled.setdefault(looks_like(field.label), field) if field.label.strip() else field
        if other is not field:
            message = f"the fields {other.key!r} and {field.key!r} of {kind.__name__} are both called {field.label!r}"
            hint = "give each a label of its own: people could not tell them apart"
            raise _at(field, refused(message, hint=hint, code="DW232"))
    _check_renames(kind.__name__, fields, frozenset(kept))


def check_only_fields(kind: type, parts: Collection[str] = ()) -> None:
    """Refuse what is no field: with a comma behind it, or without its parentheses, one would vanish silently.

    `parts` are names of something else that stands in the class.

    Raises:
        DefinitionError: something else stands there; with the place of the field, if it was to be one.
    """
    for name, value in vars(kind).items():
        if name.startswith("_") or name in parts or isinstance(value, CustomField | FunctionType | property):
            continue
        first = value[0] if isinstance(value, tuple) and len(value) == 1 else None
        if isinstance(first, CustomField):
            message = f"there is a comma after {name} = ..., which makes a tuple of it"
            raise _at(first, refused(message, hint="take the comma out", code="DW210"))
        bare = isinstance(value, type) and issubclass(value, CustomField)
        hint = did_you_mean(name, parts) or f'write {name} = Text("..."), or take it out'
        hint = f"write {name} = {value.__name__}(...)" if bare else hint
        raise refused(f"{name!r} of {kind.__name__} is no field, but of type {type(value).__name__}", hint=hint)


def _check_renames(owner: str, fields: Mapping[str, CustomField], built_in: Collection[str]) -> None:
    """An old name belongs to one field, and to none that is there under it: who would hold what was held?

    What everything of the kind has, such as a title, was never an own field: nothing would move, and whoever looks for
    the field would find what has the title.
    """
    claimed: dict[str, str] = {}
    for name, field in fields.items():
        for old in field.renamed_from:
            message = ""
            if old == name:
                message = f"the field {name!r} of {owner} is renamed from itself"
                hint = "leave renamed_from out, or write the name that it had"
            elif old in built_in:
                message = f"{name!r} of {owner} is renamed from {old!r}, which is no field of the company's own"
                hint = "leave renamed_from out; to fill the new field from the old one, write a rule, or import it"
            elif old in fields:
                message = f"{name!r} of {owner} is renamed from {old!r}, which is still a field of it"
                hint = f"take the field {old!r} out"
                if name in fields[old].renamed_from:
                    hint = "two fields cannot take each other's names: give one of them a new one"
                elif fields[old].renamed_from:
                    hint = f"write every name that it had in one list: renamed_from={[old, *fields[old].renamed_from]}"
            elif old in claimed:
                message = f"{claimed[old]!r} and {name!r} of {owner} are both renamed from {old!r}"
                hint = "say it of one of them: what was held under the old name is held under one new name"
            if message:
                raise _at(field, refused(message, hint=hint, code="DW233"))
            claimed[old] = name


def _at(field: CustomField, error: DefinitionError) -> DefinitionError:
    """Return the error with the place of the field instead of its class's."""
    notes = [note for note in getattr(error, "__notes__", ()) if not note.startswith("at ")]
    error.__notes__ = [*notes, f"at {field.origin.file}:{field.origin.line}"]
    error.place = (field.origin.file, field.origin.line)
    return error


def _keys(given: object) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, list | tuple):
        raise refused("renamed_from is the key that the field had, or a list of them", hint='renamed_from="doctor"')
    kept = tuple(checked_key(name) for name in names)
    if len(set(kept)) < len(kept):
        raise refused("renamed_from names a key twice", hint="write each once", code="DW233")
    return kept
