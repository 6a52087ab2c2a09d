"""The company's own fields as people see them: which there are, what a text means in them, how one goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dealwright.model.custom import Custom
from dealwright_embedded_crm import record_kinds, shape_fields
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.own_texts import PLAIN, Reading, from_json, from_text
from dealwright_embedded_crm.own_values import Definition, checked
from dealwright_embedded_crm.people_base import Base, refusals
from dealwright_embedded_crm.values import Refusal


class KeptField(msgspec.Struct, frozen=True, kw_only=True):
    """A field, and how many records hold something in it if no release names it any more."""

    definition: Definition
    held: int | None = None


class FieldReader:
    """Reads values as people and programs write them, by the fields and users that there are."""

    def __init__(self, fields: OwnFields, catalog: Catalog) -> None:
        self.fields = fields
        self._catalog = catalog

    def text(self, holder: str, key: str, text: str, reading: Reading = PLAIN) -> Custom:
        """Return what a text means in a field; an empty one clears.

        Raises:
            Refusal: there is no such field, or it cannot hold that.
        """
        definition = self.fields.find(holder, key)
        value = from_text(definition, text, reading)
        return Custom(definition.key, None if value is None else checked(definition, value, self._catalog.owner))

    def json(self, holder: str, key: str, value: Any) -> Custom:
        """Return what a JSON value means in a field; null clears.

        Raises:
            Refusal: as for a text.
        """
        definition = self.fields.find(holder, key)
        read = from_json(definition, value)
        return Custom(definition.key, None if read is None else checked(definition, read, self._catalog.owner))


class Fields(Base):
    """What people ask of the company's own fields."""

    def kept_fields(self) -> list[KeptField]:
        """Return all fields, in order; those that no release names any more with how many records hold one."""
        with self._read() as connection:
            fields = OwnFields.read(connection)
            return [
                KeptField(
                    definition=each,
                    held=None if each.released else shape_fields.holding(connection, holder, each.key),
                )
                for holder in fields.holders
                for each in fields.of(holder)
            ]

    def field_reader(self, fields: OwnFields | None = None) -> FieldReader:
        """Return what reads values of the fields that there are, or of these, as everything else stands now."""
        with self._read() as connection:
            return FieldReader(OwnFields.read(connection) if fields is None else fields, Catalog(connection))

    def read_texts(self, holder: str, texts: Mapping[str, str], reading: Reading = PLAIN) -> tuple[Custom, ...]:
        """Return what texts mean in own fields, by key; an empty one clears.

        Raises:
            Rejected: there is no such field, or it cannot hold that.
        """
        if not texts:
            return ()
        reader = self.field_reader()
        with refusals():
            return tuple(reader.text(holder, key, text, reading) for key, text in texts.items())

    def remove_kind(self, key: str) -> None:
        """Delete a kind of records that no release names, with its fields; no record of it may be left.

        Raises:
            NotFound: there is no such kind.
            Rejected: the active release names it, or there are records of it.
        """
        with self._write() as connection, refusals():
            found = next((kind for kind in OwnFields.read(connection).kinds if kind.key == key), None)
            if found is None:
                raise Refusal("not_found", f"there is no kind of records {key}")
            if found.released:
                message = f"records of kind {key} are named by the active release: take its class out first"
                raise Refusal("released_field", message)
            if many := record_kinds.holding(connection, key):
                there = "there is 1 record" if many == 1 else f"there are {many:,} records"
                raise Refusal("in_use", f"{there} of kind {key}: remove what is there first")
            record_kinds.forget(connection, key)

    def remove_field(self, holder: str, key: str) -> int:
        """Delete a field that no release names, with all its values, for ever; return how many there were.

        Raises:
            NotFound: there is no such field.
            Rejected: the active release names it.
        """
        with self._write() as connection, refusals():
            found = OwnFields.read(connection).get(holder, key)
            if found is None:
                raise Refusal("not_found", f"there is no field {holder}.{key}")
            if found.released:
                message = f"field {found.name} is named by the active release: take it out of its class first"
                raise Refusal("released_field", message)
            return shape_fields.forget(connection, holder, key)
