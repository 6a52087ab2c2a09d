"""Turns steps about records under the deal into requests."""

from __future__ import annotations

from dealwright.compile import ir
from dealwright.engine.facts import View
from dealwright.engine.render_custom import customs
from dealwright.engine.render_values import NothingToDo
from dealwright.model.crm import Record
from dealwright.model.custom import merged
from dealwright.model.requests import CreateRecord, RemoveRecord, UpdateRecord


def create_record(step: ir.CreateRecordStep, view: View) -> CreateRecord:
    """Return the request for a record under the deal; what is unset stays unset in it."""
    found = customs(step.fields, (), view.own.records.get(step.record, {}), view)
    return CreateRecord(deal_id=view.deal.id, record=step.record, custom=merged((), found))


def update_record(step: ir.UpdateRecordStep, view: View) -> UpdateRecord:
    """Return the request for changes of the record that the execution is about.

    Only `None`, as the author wrote it, clears a field: a fact that is unset here must not wipe out what is known.
    """
    record = _record(step.record, view)
    found = customs(step.changes, (), view.own.records.get(step.record, {}), view, record.custom)
    kept = tuple(
        each
        for each in found
        if each.value is not None or each.key not in step.changes or isinstance(step.changes[each.key], ir.Cleared)
    )
    if not kept:
        raise NothingToDo(f"{', '.join(step.changes)} unset, which changes nothing of the record")
    return UpdateRecord(deal_id=view.deal.id, record_id=record.id, custom=kept)


def remove_record(step: ir.RemoveRecordStep, view: View) -> RemoveRecord:
    """Return the request to take the record away that the execution is about."""
    return RemoveRecord(deal_id=view.deal.id, record_id=_record(step.record, view).id)


def _record(kind: str, view: View) -> Record:
    record = view.known.record
    if record is None or record.kind != kind:
        raise NothingToDo("the record is not there any more")
    return record
