"""Compares the kinds of records that the CRM knows with those a release names, and makes what is missing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from dealwright.errors import InputError
from dealwright.model.custom import RecordShape
from dealwright.ports import ShapeChange
from dealwright_embedded_crm import schema, values
from dealwright_embedded_crm.own_fields import HOLDERS, OwnFields

MOST_KINDS: Final = 100

_KEY: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", re.ASCII)


def compare(connection: Connection, present: OwnFields, wanted: Sequence[RecordShape]) -> list[ShapeChange]:
    """Return how the kinds differ from the wanted ones; of their fields nothing is said here.

    Raises:
        InputError: two wanted kinds have keys that are, or look, the same, or there are too many.
    """
    _check(wanted)
    changes = [change for each in wanted for change in _differences(present, each)]
    keys = [each.key for each in wanted]
    for kind in present.kinds:
        if kind.released and kind.key not in keys:
            many = holding(connection, kind.key)
            there = f" (there {'is 1' if many == 1 else f'are {many:,}'})" if many else ""
            what = f"keep records of kind {kind.key}, which no release names any more{there}"
            changes.append(ShapeChange(what=what))
    known = [kind.key for kind in present.kinds]
    if [key for key in known if key in keys] != [key for key in keys if key in known]:
        changes.append(ShapeChange(what="reorder the kinds of records"))
    return changes


def apply(connection: Connection, present: OwnFields, wanted: Sequence[RecordShape]) -> None:
    """Make the wanted kinds; their fields are made elsewhere. `compare` has said that nothing is refused."""
    table = schema.record_kinds
    known = {kind.key for kind in present.kinds}
    for position, each in enumerate(wanted):
        row = {"label": each.label, "position": position, "released": True}
        if each.key in known:
            connection.execute(update(table).where(table.c.key == each.key).values(row))
        else:
            connection.execute(insert(table), [{"key": each.key, **row}])
    gone = sorted(known - {each.key for each in wanted})
    connection.execute(update(table).where(table.c.key.in_(gone)).values(released=False))
    fields = schema.fields
    connection.execute(update(fields).where(fields.c.holder.in_(gone)).values(released=False))


def holding(connection: Connection, kind: str) -> int:
    """Return how many records of a kind there are."""
    table = schema.records
    query = select(func.count()).select_from(table).where(table.c.kind == kind)
    return int(connection.execute(query).scalar_one())


def forget(connection: Connection, kind: str) -> None:
    """Delete a kind that has no records, with its fields."""
    connection.execute(delete(schema.fields).where(schema.fields.c.holder == kind))
    connection.execute(delete(schema.record_kinds).where(schema.record_kinds.c.key == kind))


def _differences(present: OwnFields, want: RecordShape) -> Iterator[ShapeChange]:
    have = next((kind for kind in present.kinds if kind.key == want.key), None)
    if have is None:
        yield ShapeChange(what=f"create records of kind {want.key}", refused=_unusable(present, want.key))
        return
    if not have.released:
        yield ShapeChange(what=f"take back records of kind {want.key}, which the release names again")
    if have.label != want.label:
        yield ShapeChange(what=f"change records of kind {want.key}: label {have.label!r} -> {want.label!r}")


def _unusable(present: OwnFields, key: str) -> str | None:
    """Say why no kind can be called so."""
    if key in HOLDERS:
        return f"{key} is what the CRM calls something else; give the kind another key"
    if not _KEY.fullmatch(key):
        return "a key is of letters from a to z, digits, - and _, 100 at most"
    twin = next((kind.key for kind in present.kinds if _look(kind.key) == _look(key)), None)
    return None if twin is None else f"it looks like {twin}, which is there already; give it another key"


def _check(wanted: Sequence[RecordShape]) -> None:
    if len(wanted) > MOST_KINDS:
        raise InputError(f"there are at most {MOST_KINDS} kinds of records, not {len(wanted):,}")
    seen: dict[str, str] = {}
    for each in wanted:
        look = _look(each.key)
        if look in seen:
            twins = f"{values.shown(seen[look])} and {values.shown(each.key)}"
            raise InputError(f"two kinds of records have keys that are, or look, the same: {twins}")
        seen[look] = each.key


def _look(key: str) -> str:
    """Return what a key looks like: without case, accents and the letters' width, and with one sign for - and _."""
    plain = unicodedata.normalize("NFKD", key).casefold().replace("-", "_")
    return "".join(each for each in plain if not unicodedata.combining(each))
