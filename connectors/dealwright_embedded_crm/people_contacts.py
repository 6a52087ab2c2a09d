"""Contacts as people work with them: made, changed, merged, deleted and listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dealwright.model.crm import Contact
from dealwright.model.custom import Customs
from dealwright.model.requests import ContactChanges
from dealwright_embedded_crm import merging, paging, reads, removal
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals
from dealwright_embedded_crm.reads import EVERY_CONTACT, ContactQuery


class Contacts(Base):
    """What people do with contacts."""

    def create_contact(
        self,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        name: str | None = None,
        phone: str | None = None,
        email: str | None = None,
        custom: Customs = msgspec.UNSET,
        actor: str = SOMEBODY,
    ) -> Contact:
        """Make a contact; without `name`, first and last name are put together."""
        wanted = Contact(
            id="", first_name=first_name, last_name=last_name, name=name, phone=phone, email=email, custom=custom
        )
        return self.create_contacts([wanted], actor=actor)[0]

    def create_contacts(self, contacts: Sequence[Contact], *, actor: str = SOMEBODY) -> list[Contact]:
        """Make contacts, all or none; the ids they come with are replaced."""
        return self._do(lambda change: [change.add_contact(contact) for contact in contacts])

    def update_contact(self, contact_id: str, *, actor: str = SOMEBODY, **fields: Any) -> Contact:
        """Change a contact's own fields (`name`, `first_name`, `last_name`, `phone`, `email`; None clears), and
        those of the company's own that `custom` names.

        One event tells it, with the contact's open deals; the id of a contact that was merged away means the kept one.
        """
        changes = msgspec.convert(fields, ContactChanges)

        def act(change: Change) -> Contact:
            change.update_contact(contact_id, changes, Origin(actor=actor))
            return change.contact(contact_id)

        return self._do(act, contacts=[contact_id])

    def merge_contacts(self, kept: str, absorbed: str, *, actor: str = SOMEBODY) -> Contact:
        """Make two contacts one: deals and activities of `absorbed` become those of `kept`, whose blanks it fills.

        The absorbed id means the kept contact from now on.
        """
        return self._do(
            lambda change: merging.merge_contacts(change, kept, absorbed, Origin(actor=actor)),
            contacts=[kept, absorbed],
        )

    def delete_contact(self, contact_id: str, *, actor: str = SOMEBODY) -> None:
        """Delete a contact that is on no deal, for ever."""
        self._do(lambda change: removal.delete_contact(change, contact_id), contacts=[contact_id])

    def contact(self, contact_id: str) -> Contact | None:
        """Return a contact (for the id of one that was merged away, the kept one), or None."""
        with self._read() as connection:
            return reads.contacts_by_id(connection, [contact_id]).get(contact_id)

    def contacts(self, limit: int | None = None) -> list[Contact]:
        """Return contacts, oldest first."""
        with self._read() as connection:
            return paging.contacts(connection, ContactQuery(), limit=limit)

    def page_contacts(
        self, query: ContactQuery = EVERY_CONTACT, *, after: str | None = None, limit: int = 50
    ) -> Page[Contact]:
        """Return one page of the contacts that a query selects, oldest first."""
        with self._read() as connection, refusals():
            return paging.page_of_contacts(connection, query, after, limit)
