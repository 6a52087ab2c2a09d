"""Compares the CRM's fields with those a release names, and makes what is missing; no value is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, insert, select, true, update

from dealwright.errors import InputError
from dealwright.model.crm import User
from dealwright.model.custom import ChoicesHeld, Custom, CustomValue, FieldShape, FieldShapes, TextHeld, held_in
from dealwright.ports import ShapeChange
from dealwright_embedded_crm import lookups, own_reads, reads, record_kinds, schema
from dealwright_embedded_crm.own_fields import OwnFields, by_holder
from dealwright_embedded_crm.own_values import CALLED, Definition, checked
from dealwright_embedded_crm.values import Refusal

TABLES: Final[dict[str, Table]] = {"deal": schema.deals, "contact": schema.contacts, "company": schema.companies}
"""Where values are kept: in the column `custom`, by what holds them; those of any other kind are in `records`."""

MOST_FIELDS: Final = 500
"""How many fields deals, or contacts, or companies, or one kind of records have at most."""

_encode = msgspec.json.encode


def compare(connection: Connection, wanted: FieldShapes) -> list[ShapeChange]:
    """Return how the CRM's fields differ from the wanted ones.

    Raises:
        InputError: two wanted fields of one holder have one key.
    """
    present = OwnFields.read(connection)
    changes = record_kinds.compare(connection, present, wanted.records)
    for holder, fields in by_holder(wanted):
        changes.extend(_Holder(connection, holder, present).compare(fields))
    return changes


def apply(connection: Connection, wanted: FieldShapes) -> None:
    """Make the wanted fields; `compare` has said that nothing is refused."""
    present = OwnFields.read(connection)
    record_kinds.apply(connection, present, wanted.records)
    for holder, fields in by_holder(wanted):
        _Holder(connection, holder, present).apply(fields)


def holding(connection: Connection, holder: str, key: str) -> int:
    """Return how many deals, contacts, companies or records have a value of that field."""
    table, theirs = _kept_in(holder)
    holds = own_reads.holds(connection, table.c.custom, key)
    query = select(func.count()).select_from(table).where(theirs, holds)
    return int(connection.execute(query).scalar_one())


def forget(connection: Connection, holder: str, key: str) -> int:
    """Delete a field with all its values, for ever; return how many there were."""
    cleared = _rewrite(connection, holder, key, None)
    table = schema.fields
    connection.execute(delete(table).where(table.c.holder == holder, table.c.key == key))
    return cleared


class _Holder:
    """The fields of deals, or of contacts, or of companies, or of one kind of records."""

    def __init__(self, connection: Connection, holder: str, present: OwnFields) -> None:
        self._connection = connection
        self._holder = holder
        self._present = {each.key: each for each in present.of(holder)}

    def compare(self, wanted: Sequence[FieldShape]) -> Iterator[ShapeChange]:
        keys = [shape.key for shape in wanted]
        if len(set(keys)) != len(keys):
            raise InputError(f"two fields of a {self._holder} have one key: {', '.join(keys)}")
        if len(keys) > MOST_FIELDS:
            raise InputError(f"a {self._holder} has at most {MOST_FIELDS} fields, not {len(keys):,}")
        gone = dict(self._present)
        for shape in wanted:
            olds = self._olds(shape, keys)
            have = self._present.get(shape.key)
            for position, old in enumerate(olds):
                gone.pop(old, None)
                what = "rename" if have is None else "move what is held of"
                refused = self._unfit(shape, old) or self._clash(old, (shape.key, *olds[:position]))
                yield ShapeChange(what=f"{what} field {self._holder}.{old} to {self._name(shape)}", refused=refused)
            gone.pop(shape.key, None)
            before = have or next((self._present[old] for old in olds if old in self._present), None)
            if before is None:
                if not olds:
                    refused = self._unfit(shape, shape.key)
                    yield ShapeChange(what=f"create field {self._name(shape)} ({shape.type})", refused=refused)
            else:
                yield from self._differences(before, shape)
        for each in gone.values():
            if each.released:
                what = f"keep field {each.name}, which no release names any more{self._many(each.key)}"
                yield ShapeChange(what=what)
        kept = [key for key in self._present if key in keys]
        if kept != [key for key in keys if key in self._present]:
            yield ShapeChange(what=f"reorder the fields of a {self._holder}")

    def apply(self, wanted: Sequence[FieldShape]) -> None:
        keys = [shape.key for shape in wanted]
        table = schema.fields
        ours = table.c.holder == self._holder
        for position, shape in enumerate(wanted):
            for old in self._olds(shape, keys):
                _rewrite(self._connection, self._holder, old, shape.key)
                self._connection.execute(delete(table).where(ours, table.c.key == old))
                self._present.pop(old, None)
            row: dict[str, Any] = {
                "label": shape.label,
                "type": shape.type,
                "options": _encode(shape.options).decode(),
                "sensitive": shape.sensitive,
                "renamed_from": _encode(shape.renamed_from).decode(),
                "position": position,
                "released": True,
            }
            if shape.key in self._present:
                self._connection.execute(update(table).where(ours, table.c.key == shape.key).values(row))
            else:
                self._connection.execute(insert(table), [{"holder": self._holder, "key": shape.key, **row}])
        retired = ours & table.c.key.not_in(keys) & table.c.released.is_(True)
        self._connection.execute(update(table).where(retired).values(released=False))

    def _name(self, shape: FieldShape) -> str:
        return f"{self._holder}.{shape.key}"

    def _olds(self, shape: FieldShape, wanted: Sequence[str]) -> list[str]:
        """Return the keys that a field had before and under which something is still known or kept."""
        olds = [old for old in shape.renamed_from if old not in wanted]
        found = [old for old in olds if old in self._present]
        if shape.key not in self._present:  # values from before there were definitions
            found += [old for old in olds if old not in found and holding(self._connection, self._holder, old)]
        return found

    def _differences(self, have: Definition, want: FieldShape) -> Iterator[ShapeChange]:
        old, name = have.shape, self._name(want)
        if not have.released:
            yield ShapeChange(what=f"take back field {name}, which the release names again")
        if old.type != want.type:
            refused = self._unfit(want, have.key)
            yield ShapeChange(what=f"change field {name}: type {old.type} -> {want.type}", refused=refused)
        for option in want.options:
            if option not in old.options and old.options:
                yield ShapeChange(what=f"new option {option!r} of field {name}")
        for option in old.options:
            if option not in want.options and want.options:
                yield ShapeChange(what=f"remove option {option!r} of field {name}{self._having(have, option)}")
        kept = [option for option in old.options if option in want.options]
        if kept != [option for option in want.options if option in old.options]:
            yield ShapeChange(what=f"reorder the options of field {name}")
        told = [
            f"{what} {_shown(before)} -> {_shown(after)}"
            for what, before, after in (
                ("label", old.label, want.label),
                ("sensitive", old.sensitive, want.sensitive),
                ("renamed_from", old.renamed_from, want.renamed_from),
            )
            if before != after and not (what == "renamed_from" and have.key != want.key)
        ]
        if told:
            yield ShapeChange(what=f"change field {name}: {', '.join(told)}")

    def _many(self, key: str) -> str:
        many = holding(self._connection, self._holder, key)
        return f" ({_counted(many, self._holder)} it)" if many else ""

    def _having(self, definition: Definition, option: str) -> str:
        table, theirs = _kept_in(self._holder)
        several = definition.shape.type == "choices"
        value: CustomValue = ChoicesHeld((option,)) if several else TextHeld(option)
        has = own_reads.has(self._connection, table.c.custom, definition.key, value)
        many = self._connection.execute(select(func.count()).select_from(table).where(theirs, has)).scalar_one()
        return f" ({_counted(many, self._holder)} it)" if many else ""

    def _unfit(self, shape: FieldShape, key: str) -> str | None:
        """Say what stands in the way of holding under a shape what is held under a key."""
        before = self._present.get(key)
        if before is not None and before.shape.type == shape.type:
            return None  # what it holds of options that are none any more stays
        wanted = Definition(holder=self._holder, shape=shape)
        many = sum(not _fits(wanted, value) for value in _values(self._connection, self._holder, key))
        if not many:
            return None
        fits = f"{_counted(many, self._holder)} what is not {CALLED[shape.type]}"
        return f"{fits}; clear it there first, or name the field otherwise"

    def _clash(self, old: str, others: Sequence[str]) -> str | None:
        """Say what holds one value under a key and another one where it would move, or where that came from."""
        many = 0
        clashing: set[str] = set()
        for rows in _rows(self._connection, self._holder, old):
            for _, raw in rows:
                fields = {each.key: each.value for each in own_reads.read(raw, {}) or ()}
                theirs = {key for key in others if key in fields and fields[key] != fields[old]}
                clashing |= theirs
                many += bool(theirs)
        if not many:
            return None
        names = ", ".join(f"{self._holder}.{key}" for key in others if key in clashing)
        differ = f"{_counted(many, self._holder)} different values in {self._holder}.{old} and in {names}"
        return f"{differ}; empty one of them there first, or choose another name"


def _fits(definition: Definition, value: CustomValue) -> bool:
    try:
        return checked(definition, value, lambda text: User(id=text, name="")) is not None
    except Refusal:
        return False


def _values(connection: Connection, holder: str, key: str) -> Iterator[CustomValue]:
    for rows in _rows(connection, holder, key):
        for _, raw in rows:
            value = held_in(own_reads.read(raw, {}), key)
            if value is not None:
                yield value


def _rows(connection: Connection, holder: str, key: str) -> Iterator[list[tuple[int, str]]]:
    """Yield what holds a field, some thousands at a time."""
    table, theirs = _kept_in(holder)
    last = 0
    while True:
        query = select(table.c.id, table.c.custom).where(
            theirs, table.c.id > last, own_reads.holds(connection, table.c.custom, key)
        )
        rows = [(row.id, row.custom) for row in connection.execute(query.order_by(table.c.id).limit(reads.CHUNK))]
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _rewrite(connection: Connection, holder: str, old: str, new: str | None) -> int:
    """Move what is held under one key to another one, unless that holds it already; None clears it."""
    table, _ = _kept_in(holder)
    done = 0
    write = update(table).where(table.c.id == bindparam("record")).values(custom=bindparam("own"))
    for rows in _rows(connection, holder, old):
        changed, dropped = [], []
        for record, raw in rows:
            fields = {each.key: each for each in own_reads.read(raw, {}) or ()}
            moved = fields.pop(old)
            if new is not None and new not in fields:
                fields[new] = Custom(new, moved.value)
            else:
                dropped.append(record)
            left = tuple(fields[key] for key in sorted(fields))
            changed.append({"record": record, "own": own_reads.stored(left)})
        connection.execute(write, changed)
        if holder in ("deal", "company"):
            lookups.forget_field(connection, holder, old, dropped)
        done += len(rows)
    if holder in ("deal", "company") and new is not None:
        lookups.rename_field(connection, holder, old, new)
    return done


def _kept_in(holder: str) -> tuple[Table, ColumnElement[bool]]:
    """Return where the values of a holder are kept, and which rows there are its own."""
    table = TABLES.get(holder)
    if table is not None:
        return table, true()
    return schema.records, schema.records.c.kind == holder


_COUNTED: Final = {"deal": ("deal", "deals"), "contact": ("contact", "contacts"), "company": ("company", "companies")}


def _counted(many: int, holder: str) -> str:
    one, several = _COUNTED.get(holder, ("record", "records"))
    return f"1 {one} holds" if many == 1 else f"{many:,} {several} hold"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if value else "none"
