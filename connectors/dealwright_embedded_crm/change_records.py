"""Changes of what stands under deals: records are added, changed and removed, and each change is told once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, update

from dealwright.model.crm import MOST_RECORDS, Deal, Record
from dealwright.model.custom import Custom, held_in, merged
from dealwright.model.events import DealUpdated, RecordAdded, RecordRemoved, RecordUpdated
from dealwright.model.requests import CreateRecord
from dealwright_embedded_crm import deal_records, own_reads, reads, record_reads, schema, values
from dealwright_embedded_crm.change_base import Origin
from dealwright_embedded_crm.change_messages import MessageChange
from dealwright_embedded_crm.values import Refusal

_UPDATE = (
    update(schema.records)
    .where(schema.records.c.id == bindparam("record"))
    .values(custom=bindparam("custom"), updated_at=bindparam("updated_at"))
)


class _Under(msgspec.Struct, frozen=True):
    """A record, and the deal that it is under."""

    deal_id: str
    record: Record


class RecordChange(MessageChange):
    """What happens to records under deals."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection, now)
        self._under: dict[str, _Under] = {}
        self._fresh: dict[str, None] = {}
        self._altered: dict[str, None] = {}

    def load_records(self, ids: Iterable[str]) -> None:
        """Read the records that the changes will name, in bulk."""
        found = record_reads.by_id(self.connection, set(ids) - self._under.keys())
        self._under.update((each.record.id, _Under(each.deal_id, each.record)) for each in found.values())

    def deal_of_record(self, record_id: str) -> str:
        """Return the id of the deal that a loaded record is under.

        Raises:
            Refusal: there is no such record.
        """
        found = self._under.get(record_id)
        if found is None:
            raise Refusal("unknown_record", f"there is no record {values.shown(record_id)}")
        return found.deal_id

    def add_record(self, wanted: CreateRecord, origin: Origin) -> Record:
        """Put a record of a kind under a loaded deal.

        Raises:
            Refusal: there is no such deal, kind or field, or a field cannot hold what it is given.
        """
        before = self.deal(wanted.deal_id)
        kind = self.own_fields.kind(wanted.record, by_step=origin.cause is not None)
        own = merged(UNSET, self.own(kind.key, wanted.custom or (), origin))
        made = Record(id=self._next("record"), kind=kind.key, custom=own)
        self._under[made.id] = _Under(before.id, made)
        self._fresh[made.id] = None
        shown = before.records or ()
        if len(shown) < MOST_RECORDS:
            after = self._next_version(before, records=(*shown, made))
        else:
            after = self._next_version(before, records_beyond=(before.records_beyond or 0) + 1)
        self._tell(RecordAdded, origin, before, after, record=made)
        return made

    def update_record(self, deal_id: str, record_id: str, given: Iterable[Custom], origin: Origin) -> tuple[str, ...]:
        """Set fields of a loaded record under a loaded deal; return the names of those that are different now.

        Raises:
            Refusal: there is no such deal, the record is none of it, or a field cannot hold what it is given.
        """
        before = self.deal(deal_id)
        old = self._of(before, record_id)
        if old is None:
            raise Refusal("unknown_record", f"there is no record {values.shown(record_id)}")
        custom = self.own(old.kind, given, origin)
        own = tuple(each for each in custom if held_in(old.custom, each.key) != each.value)
        if not own:
            return ()
        new = replace(old, custom=merged(old.custom, own))
        self._under[new.id] = _Under(before.id, new)
        self._altered[new.id] = None
        shown = tuple(new if each.id == new.id else each for each in before.records or ())
        after = self._next_version(before, records=shown or UNSET)
        changed = tuple(each.key for each in own)
        self._tell(RecordUpdated, origin, before, after, record=new, previous=old, changed=changed)
        return changed

    def remove_record(self, deal_id: str, record_id: str, origin: Origin) -> bool:
        """Take a loaded record away from under a loaded deal, for ever; return whether it was there.

        Raises:
            Refusal: there is no such deal, or the record is under another one.
        """
        before = self.deal(deal_id)
        old = self._of(before, record_id)
        if old is None:
            return False
        beyond = before.records_beyond or 0
        left = tuple(each for each in before.records or () if each.id != old.id)
        if beyond:
            if len(left) < MOST_RECORDS:
                left = (*left, self._one_further(before))
            beyond -= 1
        del self._under[old.id]
        if old.id in self._fresh:
            del self._fresh[old.id]
        else:
            table = schema.records
            self.connection.execute(delete(table).where(table.c.id == int(old.id)))
        self._altered.pop(old.id, None)
        after = self._next_version(before, records=left or UNSET, records_beyond=beyond or UNSET)
        self._tell(RecordRemoved, origin, before, after, record=old)
        return True

    def move_records(self, kept: str, absorbed: str, origin: Origin) -> None:
        """Put all that is under one loaded deal under another one, which is told once: nothing was added to the world.

        Raises:
            Refusal: one of the deals is not there.
        """
        before, other = self.deal(kept), self.deal(absorbed)
        if not other.records:
            return
        self.flush()
        table = schema.records
        moved = update(table).where(table.c.deal_id == int(other.id)).values(deal_id=int(before.id))
        self.connection.execute(moved)
        self._under.clear()
        many = sum(len(deal.records or ()) + (deal.records_beyond or 0) for deal in (before, other))
        rows = deal_records.rows_under(self.connection, {int(before.id): many})
        users = reads.users_named(self.connection, (row.custom for row in rows))
        shown = deal_records.grouped(rows, users)[int(before.id)]
        after = self._next_version(before, records=shown, records_beyond=many - len(shown) or UNSET)
        self._tell(DealUpdated, origin, before, after, changed=("records",))

    def _of(self, deal: Deal, record_id: str) -> Record | None:
        found = self._under.get(record_id)
        if found is not None and found.deal_id != deal.id:
            raise Refusal("unknown_record", f"record {values.shown(record_id)} is none of deal {deal.id}")
        return None if found is None else found.record

    def _one_further(self, deal: Deal) -> Record:
        """Return the first of the records that were not read."""
        self.flush()
        last = max(int(each.id) for each in deal.records or ())
        row = deal_records.next_under(self.connection, int(deal.id), last)
        assert row is not None, "the deal has more records than were read"
        return deal_records.record_of(row, reads.users_named(self.connection, [row.custom]))

    def _write_around(self) -> None:
        super()._write_around()
        rows = []
        for each in self._fresh:
            under = self._under[each]
            rows.append({**_row(under.record, self.now), "deal_id": int(under.deal_id), "kind": under.record.kind})
        self._rows["records"] += [{**row, "id": row.pop("record"), "created_at": self.now} for row in rows]
        changed = [_row(self._under[each].record, self.now) for each in self._altered if each not in self._fresh]
        if changed:
            self.connection.execute(_UPDATE, changed)
        self._fresh, self._altered = {}, {}


def _row(record: Record, now: datetime) -> dict[str, Any]:
    return {"record": int(record.id), "custom": own_reads.stored(record.custom), "updated_at": now}
