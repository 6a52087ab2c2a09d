"""One caller's eyes: deals, contacts and records as they see them, and what they may give to own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import UNSET

from dealwright.model import crm
from dealwright.model.custom import Custom, Customs, CustomValue
from dealwright_embedded_crm.api.caller import Caller
from dealwright_embedded_crm.api.problems import Problem
from dealwright_embedded_crm.api.views import CompanyOut, ContactOut, DealOut, RecordOut
from dealwright_embedded_crm.company_reads import Company
from dealwright_embedded_crm.own_sight import Sight
from dealwright_embedded_crm.people_fields import FieldReader
from dealwright_embedded_crm.record_reads import KeptRecord
from dealwright_embedded_crm.values import Refusal


class Eyes:
    """Shows records to one caller, and takes what they give to own fields."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @cached_property
    def _sight(self) -> Sight:
        return self._caller.sight

    @cached_property
    def _reader(self) -> FieldReader:
        return self._caller.crm.field_reader()

    def deal(self, deal: crm.Deal) -> DealOut:
        """Return a deal as the caller sees it."""
        own = deal.custom or any(contact.custom for contact in deal.contacts)
        return DealOut.of(deal, self._sight if own else None)

    def contact(self, contact: crm.Contact) -> ContactOut:
        """Return a contact as the caller sees it."""
        return ContactOut.of(contact, self._sight if contact.custom else None)

    def company(self, company: Company) -> CompanyOut:
        """Return a company as the caller sees it."""
        return CompanyOut.of(company, self._sight if company.custom else None)

    def record(self, kept: KeptRecord) -> RecordOut:
        """Return a record under a deal as the caller sees it."""
        return RecordOut.of(kept, self._sight if kept.record.custom else None)

    def kind(self, key: str) -> None:
        """Check that there is such a kind of records.

        Raises:
            Problem: 422.
        """
        try:
            self._reader.fields.kind(key)
        except Refusal as refusal:
            raise Problem(422, refusal.code, refusal.message, field="kind") from None

    def given(self, holder: str, given: Mapping[str, Any]) -> Customs:
        """Return what a body gives to own fields.

        Raises:
            Problem: 422, there is no such field, or it cannot hold that; 403, it is not the caller's to set.
        """
        if not given:
            return UNSET
        return tuple(self._one(holder, key, self._reader.json, value) for key, value in given.items())

    def wanted(self, holder: str, wanted: Mapping[str, str]) -> tuple[tuple[str, CustomValue], ...]:
        """Return the values that a query wants in own fields.

        Raises:
            Problem: as for what is given.
        """
        found = []
        for key, text in wanted.items():
            each = self._one(holder, key, self._reader.text, text)
            if each.value is None:
                raise Problem(422, "bad_field", "a value is needed to look for", field=f"fields.{key}")
            found.append((each.key, each.value))
        return tuple(found)

    def _one(self, holder: str, key: str, read: Callable[[str, str, Any], Custom], value: Any) -> Custom:
        try:
            definition = self._reader.fields.find(holder, key)
            if not self._sight.shows(holder, definition.key):
                message = f"{definition.name} is sensitive: only a token of an account owner sees and sets it"
                raise Problem(403, "forbidden", message, field=f"fields.{key}")
            return read(holder, key, value)
        except Refusal as refusal:
            raise Problem(422, refusal.code, refusal.message, field=f"fields.{key}") from None
