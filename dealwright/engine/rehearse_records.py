"""What stands under a deal while an automation is rehearsed: what its steps put there, change and take away."""

from __future__ import annotations

import msgspec

from dealwright.model.crm import Deal, Record
from dealwright.model.custom import Custom, merged
from dealwright.model.requests import CreateRecord, RemoveRecord, Request, UpdateRecord


def with_records(deal: Deal, request: Request) -> Deal:
    """Return the deal as the CRM would have it after the request, as far as records go."""
    records = deal.records or ()
    match request:
        case CreateRecord(record=kind, custom=custom):
            records = (*records, Record(id=f"new {len(records) + 1}", kind=kind, custom=custom))
        case UpdateRecord(record_id=id_, custom=custom):
            records = tuple(_changed(each, custom) if each.id == id_ else each for each in records)
        case RemoveRecord(record_id=id_):
            records = tuple(each for each in records if each.id != id_)
        case _:
            return deal
    return msgspec.structs.replace(deal, records=records or msgspec.UNSET)


def _changed(record: Record, custom: tuple[Custom, ...]) -> Record:
    return msgspec.structs.replace(record, custom=merged(record.custom, custom))
