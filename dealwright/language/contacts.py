"""What all contacts of a deal have, taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from dealwright.language.fields import Field
from dealwright.language.origin import refused


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
