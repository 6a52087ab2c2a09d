"""A company's own fields as the engine asks for them, made once for each release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.model.crm import Contact, Deal, Record
from dealwright.model.custom import FieldShape, under_new_names
from dealwright.model.events import ContactUpdated, DealUpdated, Event, RecordUpdated
from dealwright.model.shapes import of_any_kind

_KEPT: Final = 64
_made: Final[dict[int, tuple[ir.Account, Own]]] = {}
"""By the identity of the account, which is kept beside so that nothing else can have it."""


class Own(msgspec.Struct, frozen=True):
    """The own fields of deals, contacts, companies and records by key, and the new name of each old one.

    `sensitive`: at least one of them is. `records` are those of each kind of records; `record` has the fields of all
    kinds, and of several of a name one that is sensitive.
    """

    deal: Mapping[str, FieldShape]
    contact: Mapping[str, FieldShape]
    company: Mapping[str, FieldShape]
    sensitive: bool
    old_of_deal: Mapping[str, str]
    old_of_contact: Mapping[str, str]
    old_of_company: Mapping[str, str]
    records: Mapping[str, Mapping[str, FieldShape]]
    record: Mapping[str, FieldShape]
    old_of_record: Mapping[str, Mapping[str, str]]

    def settled(self, deal: Deal) -> Deal:
        """Return the deal with its own fields, and those of its contacts, under the names that they have now."""
        if self.old_of_deal:
            deal = msgspec.structs.replace(deal, custom=under_new_names(deal.custom, self.old_of_deal))
        if self.old_of_company:
            company = under_new_names(deal.company_custom, self.old_of_company)
            deal = msgspec.structs.replace(deal, company_custom=company)
        if self.old_of_contact:
            deal = msgspec.structs.replace(deal, contacts=tuple(map(self.settled_contact, deal.contacts)))
        if self.old_of_record and deal.records:
            deal = msgspec.structs.replace(deal, records=tuple(map(self.settled_record, deal.records)))
        return deal

    def settled_record(self, record: Record) -> Record:
        """Return the record with its fields under the names that they have now."""
        old = self.old_of_record.get(record.kind)
        return record if old is None else msgspec.structs.replace(record, custom=under_new_names(record.custom, old))

    def settled_contact(self, contact: Contact) -> Contact:
        """Return the contact with its own fields under the names that they have now."""
        if not self.old_of_contact:
            return contact
        return msgspec.structs.replace(contact, custom=under_new_names(contact.custom, self.old_of_contact))

    def told(self, event: Event) -> Event:
        """Return the event with what changed under the names that fields have now: it may be older than they are."""
        if isinstance(event, DealUpdated):
            old = self.old_of_deal
        elif isinstance(event, ContactUpdated):
            old = self.old_of_contact
        elif isinstance(event, RecordUpdated):
            old = self.old_of_record.get(event.record.kind, {})
        else:
            return event
        return msgspec.structs.replace(event, changed=tuple(old.get(name, name) for name in event.changed))

    @property
    def renamed(self) -> bool:
        """Whether any field has had another name."""
        return bool(self.old_of_deal or self.old_of_contact or self.old_of_company or self.old_of_record)


def own_of(account: ir.Account) -> Own:
    """Return the account's own fields."""
    found = _made.get(id(account))
    if found is None:
        if len(_made) >= _KEPT:
            _made.clear()
        found = _made[id(account)] = (account, _own(account))
    return found[1]


def _own(account: ir.Account) -> Own:
    return Own(
        deal=_by_key(account.deal_fields),
        contact=_by_key(account.contact_fields),
        company=_by_key(account.company_fields),
        sensitive=any(
            shape.sensitive
            for shapes in (
                account.deal_fields,
                account.contact_fields,
                account.company_fields,
                *(kind.fields for kind in account.records),
            )
            for shape in shapes
        ),
        old_of_deal=_old(account.deal_fields),
        old_of_contact=_old(account.contact_fields),
        old_of_company=_old(account.company_fields),
        records={kind.key: _by_key(kind.fields) for kind in account.records},
        record=of_any_kind(kind.fields for kind in account.records),
        old_of_record={kind.key: old for kind in account.records if (old := _old(kind.fields))},
    )


def _by_key(shapes: Iterable[FieldShape]) -> dict[str, FieldShape]:
    return {shape.key: shape for shape in shapes}


def _old(shapes: Iterable[FieldShape]) -> dict[str, str]:
    return {old: shape.key for shape in shapes for old in shape.renamed_from}
