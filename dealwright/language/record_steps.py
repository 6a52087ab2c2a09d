"""Steps about records under the deal: put one there, change the one that set the automation off, take it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dealwright.language import values
from dealwright.language.custom import fields_of
from dealwright.language.fields import FlagField, IdField
from dealwright.language.keys import checked_step
from dealwright.language.origin import refused
from dealwright.language.records import RecordType, checked_kind
from dealwright.language.schema import did_you_mean
from dealwright.language.steps import CustomLike, Step
from dealwright.language.values import Stored


@dataclass(frozen=True, kw_only=True)
class CreateRecord(Step):
    """Puts a record under the deal; later steps may name `record_id`."""

    kind = "create_record"
    record: RecordType
    fields: Mapping[str, Stored]

    @property
    def record_id(self) -> IdField:
        """The id of the record; unset if the step was passed by."""
        return IdField(self._receipt("record_id"))


@dataclass(frozen=True, kw_only=True)
class UpdateRecord(Step):
    """Changes the record that the execution is about; later steps may name `changed`."""

    kind = "update_record"
    record: RecordType
    changes: Mapping[str, Stored]

    @property
    def changed(self) -> FlagField:
        """Whether anything was different; unset if the step was passed by."""
        return FlagField(self._receipt("changed"))


@dataclass(frozen=True, kw_only=True)
class RemoveRecord(Step):
    """Takes the record that the execution is about away; later steps may name `removed`."""

    kind = "remove_record"
    record: RecordType

    @property
    def removed(self) -> FlagField:
        """Whether it was there; unset if the step was passed by."""
        return FlagField(self._receipt("removed"))


def create_record(step: str, record: RecordType, /, **fields: CustomLike) -> CreateRecord:
    """Put a record of a kind under the deal: each field is given a literal, a field, or a text."""
    step = checked_step(step)
    record = checked_kind(record, f"{step!r}")
    if not fields:
        first = next(iter(fields_of(record)))
        hint = f'create_record("{step}", {record.__name__}, {first}=...)'
        raise refused(f"{step!r} puts a record under the deal in which nothing stands", hint=hint)
    return CreateRecord(name=step, record=record, fields=_given(step, record, fields))


def update_record(step: str, record: RecordType, /, **fields: CustomLike) -> UpdateRecord:
    """Change the record that set the automation off: each field is given a literal, a field, or None to clear."""
    step = checked_step(step)
    record = checked_kind(record, f"{step!r}")
    if not fields:
        raise refused(f"{step!r} changes nothing", hint=f'update_record("{step}", {record.__name__}, paid=True)')
    return UpdateRecord(name=step, record=record, changes=_given(step, record, fields))


def remove_record(step: str, record: RecordType, /) -> RemoveRecord:
    """Take the record that set the automation off away from the deal."""
    step = checked_step(step)
    return RemoveRecord(name=step, record=checked_kind(record, f"{step!r}"))


def _given(step: str, record: RecordType, fields: Mapping[str, object]) -> Mapping[str, Stored]:
    known = fields_of(record)
    for key in fields:
        if key not in known:
            hint = did_you_mean(key, known) or f"it has {', '.join(known)}"[:400]
            raise refused(f"{step!r} names {key!r}, which is no field of {record.__name__}", hint=hint)
    return MappingProxyType({key: values.own(value, f"{key} of {step!r}") for key, value in fields.items()})
