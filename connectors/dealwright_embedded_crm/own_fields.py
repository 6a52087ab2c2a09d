"""A company's own fields as one transaction knows them: which there are, of what, and who may write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

import msgspec
from sqlalchemy import Connection, select

from dealwright.model.custom import Custom, FieldShape, FieldShapes, Holder
from dealwright_embedded_crm import schema, values
from dealwright_embedded_crm.mapping import near
from dealwright_embedded_crm.own_values import Definition, Owners, checked
from dealwright_embedded_crm.values import Refusal

HOLDERS: Final[tuple[Holder, ...]] = get_args(Holder)

_texts = msgspec.json.Decoder(tuple[str, ...]).decode


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of records under a deal; `released` says whether the active release names it."""

    key: str
    label: str = ""
    released: bool = True


class OwnFields:
    """All fields there are, by holder and key, in order; of records the holder is the key of their kind."""

    def __init__(self, definitions: Iterable[Definition], kinds: Iterable[Kind] = ()) -> None:
        self._kinds = {kind.key: kind for kind in kinds}
        self._by_holder: dict[str, dict[str, Definition]] = {holder: {} for holder in (*HOLDERS, *self._kinds)}
        for each in definitions:
            self._by_holder[each.holder][each.key] = each
        self._older = {
            holder: {old: each for each in fields.values() for old in reversed(each.shape.renamed_from)}
            for holder, fields in self._by_holder.items()
        }

    @classmethod
    def read(cls, connection: Connection) -> OwnFields:
        """Read what the last release that the CRM was told of says."""
        table, kinds = schema.fields, schema.record_kinds
        rows = connection.execute(
            select(table).order_by(table.c.holder, table.c.released.desc(), table.c.position, table.c.key)
        )
        definitions = [
            Definition(
                holder=row.holder,
                shape=FieldShape(
                    key=row.key,
                    type=row.type,
                    options=_texts(row.options),
                    renamed_from=_texts(row.renamed_from),
                    sensitive=row.sensitive,
                    label=row.label,
                ),
                released=row.released,
            )
            for row in rows
        ]
        ordered = select(kinds).order_by(kinds.c.released.desc(), kinds.c.position, kinds.c.key)
        known = [Kind(key=row.key, label=row.label, released=row.released) for row in connection.execute(ordered)]
        return cls(definitions, known)

    @classmethod
    def wanted(cls, shapes: FieldShapes) -> OwnFields:
        """Return the fields as a release wants them."""
        kinds = [Kind(key=each.key, label=each.label) for each in shapes.records]
        return cls(
            (Definition(holder=holder, shape=each) for holder, fields in by_holder(shapes) for each in fields), kinds
        )

    @property
    def holders(self) -> tuple[str, ...]:
        """What can have fields: deals, contacts, companies, and the kinds of records."""
        return tuple(self._by_holder)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of records, in order."""
        return tuple(self._kinds.values())

    def kind(self, key: str, *, by_step: bool = True) -> Kind:
        """Return the kind of records of that key; unless `by_step` it must be one that the active release names.

        Raises:
            Refusal: there is no such kind, or nobody may add records of it any more.
        """
        found = self._kinds.get(key)
        if found is None:
            known = [each.key for each in self.kinds if each.released]
            raise Refusal("unknown_kind", f"there is no kind of records {values.shown(key)}{near(key, known)}")
        if not (found.released or by_step):
            message = f"records of kind {key} are in no release any more: those that are there are kept"
            raise Refusal("retired_kind", message)
        return found

    def of(self, holder: str) -> tuple[Definition, ...]:
        """Return the fields of deals, contacts, companies or a kind of records, in order."""
        return tuple(self._by_holder.get(holder, {}).values())

    def get(self, holder: str, key: str) -> Definition | None:
        """Return the field of exactly that key, or None."""
        return self._by_holder.get(holder, {}).get(key)

    def find(self, holder: str, key: str) -> Definition:
        """Return the field of that key; the key that a field had before means the field.

        Raises:
            Refusal: there is no such field, or no such kind of records.
        """
        if holder not in self._by_holder:
            self.kind(holder)
        found = self._by_holder[holder].get(key) or self._older[holder].get(key)
        if found is None:
            known = [each.key for each in self.of(holder) if each.released]
            hint = near(key, known)
            raise Refusal("unknown_field", f"{plural(holder)} have no field {values.shown(key)}{hint}")
        return found

    def checked(
        self, holder: str, given: Iterable[Custom], owners: Owners, *, by_step: bool = False
    ) -> tuple[Custom, ...]:
        """Return new values as they are kept; None and what is empty clear.

        Who follows an older release (`by_step`) may still write a field that the newest one does not name.

        Raises:
            Refusal: there is no such field, or it cannot hold what it is given; the message names the field only.
        """
        found: dict[str, Custom] = {}
        changes = tuple(given)
        named = {change.key for change in changes}
        for change in changes:
            if len(change.key) > values.LINE_BYTES:
                raise Refusal("unknown_field", f"{plural(holder)} have no field {values.shown(change.key)}")
            definition = self.find(holder, change.key)
            if definition.key != change.key and definition.key in named:
                continue  # the old key of a field that is given by its new one
            value = None if change.value is None else checked(definition, change.value, owners)
            if value is not None and not definition.released and not by_step:
                message = f"{definition.name} is in no release any more: what it holds is kept, and can be cleared"
                raise Refusal("retired_field", message)
            found[definition.key] = Custom(definition.key, value)
        return tuple(found.values())


def by_holder(shapes: FieldShapes) -> list[tuple[str, tuple[FieldShape, ...]]]:
    """Return all wanted fields by what holds them, the kinds of records last."""
    return [*((holder, shapes.of(holder)) for holder in HOLDERS), *((each.key, each.fields) for each in shapes.records)]


def plural(holder: str) -> str:
    """Return what messages call all that can hold a field."""
    return _SEVERAL.get(holder) or f"records of kind {holder}"


_SEVERAL: Final = {"deal": "deals", "contact": "contacts", "company": "companies"}
