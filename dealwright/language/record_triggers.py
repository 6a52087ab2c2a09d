"""Triggers of records under a deal: one was added, one was changed, one was taken away."""

from __future__ import annotations

from collections.abc import Sequence

from dealwright.language.fields import Field, reference
from dealwright.language.origin import refused
from dealwright.language.pipeline import PipelineType
from dealwright.language.records import RecordType, checked_kind
from dealwright.language.triggers import RecordAdded, RecordRemoved, RecordUpdated, pipelines, watched


def record_added(kind: RecordType, /, *, in_: PipelineType | Sequence[PipelineType] = ()) -> RecordAdded:
    """A deal got a record of this kind; its fields are `Instalment.amount`, in texts `{{ record.amount }}`."""
    return RecordAdded(checked_kind(kind, "record_added()"), pipelines(in_, "in_ of record_added()"))


def record_updated(
    kind: RecordType,
    /,
    *,
    fields: Field | Sequence[Field] = (),
    in_: PipelineType | Sequence[PipelineType] = (),
) -> RecordUpdated:
    """One of these fields of such a record changed (without `fields`: any of them)."""
    kind = checked_kind(kind, "record_updated()")
    given = watched(fields, f"record_updated({kind.__name__})")
    for each in given:
        if not isinstance(each, Field) or each._own is None or each._own.owner is not kind or each._reckoned:
            shown = each._path if isinstance(each, Field) else repr(each)[:60]
            hint = f"write fields=[{kind.__name__}.<field>]"
            raise refused(f"record_updated({kind.__name__}) watches fields of it, and {shown} is none", hint=hint)
    own = tuple(map(reference, given))
    return RecordUpdated(kind, own, pipelines(in_, "in_ of record_updated()"))


def record_removed(kind: RecordType, /, *, in_: PipelineType | Sequence[PipelineType] = ()) -> RecordRemoved:
    """A record of this kind was taken away from a deal; its fields are what they were last."""
    return RecordRemoved(checked_kind(kind, "record_removed()"), pipelines(in_, "in_ of record_removed()"))
