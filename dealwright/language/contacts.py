"""What all contacts of a deal have, taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from dealwright.language.conditions import AnyContact, Condition, conditions
from dealwright.language.fields import Field, NumberField, UnknownField
from dealwright.language.groups import Group
from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean


class OfContactsField(Field):
    """What all contacts of a deal have, such as their phone numbers: to be matched by or watched, not compared."""

    __slots__ = ()
    kind = "text"

    if TYPE_CHECKING:

        def __eq__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]
        def __ne__(self, other: NoReturn) -> NoReturn: ...  # type: ignore[override]

    else:

        def __eq__(self, other: object) -> NoReturn:
            raise self._refused(other)

        def __ne__(self, other: object) -> NoReturn:
            raise self._refused(other)

        __hash__ = Field.__hash__

        def __getattr__(self, name: str) -> NoReturn:
            if name in ("is_set", "is_unset", "is_in"):
                raise self._refused("...")
            super().__getattr__(name)

        def _refused(self, other: object) -> Exception:
            part = self._path.rpartition(".")[2]
            said = repr(other)[:80] if isinstance(other, str) else "..."
            hint = f"write deal.contacts.any(contact.{part} == {said}), or ask for {part} of deal.main_contact"
            if part == "role":
                hint = 'write deal.contact_as("buyer").id.is_set()'
            return refused(f"{self._path} is that of many contacts, and cannot be compared", hint=hint)


class _Count(NumberField):
    """How many there are. Lists and many tools have a count() that is called."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __call__(self, *args: object) -> NoReturn:
            hint = f"write {self._path} without parentheses"
            raise refused(f"{self._path} is a number, and is not called", hint=hint)


class ContactsFields(Group):
    """All contacts of a deal together."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if not name.startswith("__") and not did_you_mean(name, ("count", "phone", "email", "role", "any"), 0.75):
                deal = self._path.removesuffix(".contacts")
                hint = f'one of them is {deal}.main_contact or {deal}.contact_as("buyer"); all are asked with any(...)'
                raise UnknownField(f"{self._path} has no {name!r}", code="DW912", hint=hint)
            super().__getattr__(name)

    @property
    def count(self) -> NumberField:
        """How many contacts the deal has."""
        return _Count(f"{self._path}.count")

    @property
    def phone(self) -> OfContactsField:
        """The phone of any of them: what an event from outside is matched by."""
        return OfContactsField(f"{self._path}.phone")

    @property
    def email(self) -> OfContactsField:
        """The e-mail address of any of them: what an event from outside is matched by."""
        return OfContactsField(f"{self._path}.email")

    @property
    def role(self) -> OfContactsField:
        """What any of them is on the deal: `deal_updated(fields=[deal.contacts.role])` watches it."""
        return OfContactsField(f"{self._path}.role")

    def any(self, *of: Condition) -> Condition:
        """At least one contact is such that all of this is true; `contact` in it is that contact."""
        if self._path != "deal.contacts":
            raise refused(f"{self._path}.any() cannot be asked", hint="only deal.contacts.any(...) is known")
        asked = conditions(of, "deal.contacts.any()")
        if not asked:
            raise refused("deal.contacts.any() asks for nothing", hint="write any(contact.email.is_set())")
        together = asked[0]
        for each in asked[1:]:
            together &= each
        return AnyContact(together)
