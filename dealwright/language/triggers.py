"""Triggers: which events an automation answers. The object is positional, relations are keyword-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dealwright.language.fields import Field
from dealwright.language.origin import refused
from dealwright.language.pipeline import PipelineType, StageLike, is_pipeline
from dealwright.language.schema import UPDATABLE, did_you_mean

Place: TypeAlias = PipelineType | StageLike
"""A pipeline, or one stage of it."""


@dataclass(frozen=True, slots=True)
class DealCreated:
    """Answers a deal that was created."""

    in_: tuple[Place, ...]
    kind = "deal_created"


@dataclass(frozen=True, slots=True)
class DealUpdated:
    """Answers a change of a deal's fields."""

    fields: tuple[str, ...]
    in_: tuple[PipelineType, ...]
    kind = "deal_updated"


@dataclass(frozen=True, slots=True)
class StageChanged:
    """Answers a deal that moved."""

    from_: tuple[StageLike, ...]
    to: tuple[StageLike, ...]
    in_: tuple[PipelineType, ...]
    kind = "stage_changed"


@dataclass(frozen=True, slots=True)
class Entered:
    """Answers a deal that came into a stage, created there or moved there."""

    stages: tuple[StageLike, ...]
    kind = "entered"


@dataclass(frozen=True, slots=True)
class ContactAdded:
    """Answers a contact that was linked to a deal."""

    in_: tuple[PipelineType, ...]
    kind = "contact_added"


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """Answers a contact that was unlinked from a deal."""

    in_: tuple[PipelineType, ...]
    kind = "contact_removed"


Trigger: TypeAlias = DealCreated | DealUpdated | StageChanged | Entered | ContactAdded | ContactRemoved
"""Any trigger."""


def deal_created(*, in_: Place | Sequence[Place] = ()) -> DealCreated:
    """A deal was created, in this pipeline or stage (without `in_`: in any pipeline of the account)."""
    places = _several(in_)
    for place in places:
        if not is_pipeline(place) and not isinstance(place, StageLike):
            raise _no_place(place, "in_ of deal_created()", "a pipeline or a stage")
    return DealCreated(tuple(place for place in places if is_pipeline(place) or isinstance(place, StageLike)))


def deal_updated(
    *, fields: Field | Sequence[Field] = (), in_: PipelineType | Sequence[PipelineType] = ()
) -> DealUpdated:
    """One of these fields of a deal changed (without `fields`: any of them)."""
    given = (fields,) if isinstance(fields, Field) else tuple(fields)
    return DealUpdated(tuple(_updatable(field) for field in given), _pipelines(in_, "in_ of deal_updated()"))


def stage_changed(
    *,
    from_: StageLike | Sequence[StageLike] = (),
    to: StageLike | Sequence[StageLike] = (),
    in_: PipelineType | Sequence[PipelineType] = (),
) -> StageChanged:
    """A deal moved, from one of these stages, to one of these (each without: any)."""
    return StageChanged(
        _stages(from_, "from_ of stage_changed()"),
        _stages(to, "to of stage_changed()"),
        _pipelines(in_, "in_ of stage_changed()"),
    )


def entered(stage: StageLike, /, *others: StageLike) -> Entered:
    """A deal came into one of these stages: created there, or moved there."""
    return Entered(_stages((stage, *others), "entered()"))


def contact_added(*, in_: PipelineType | Sequence[PipelineType] = ()) -> ContactAdded:
    """A contact was linked to a deal; texts may name `event.contact`."""
    return ContactAdded(_pipelines(in_, "in_ of contact_added()"))


def contact_removed(*, in_: PipelineType | Sequence[PipelineType] = ()) -> ContactRemoved:
    """A contact was unlinked from a deal; texts may name `event.contact`."""
    return ContactRemoved(_pipelines(in_, "in_ of contact_removed()"))


def _several(given: object) -> tuple[object, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _pipelines(given: object, what: str) -> tuple[PipelineType, ...]:
    items = _several(given)
    for item in items:
        if not is_pipeline(item):
            raise _no_place(item, what, "a pipeline")
    return tuple(item for item in items if is_pipeline(item))


def _stages(given: object, what: str) -> tuple[StageLike, ...]:
    items = _several(given)
    for item in items:
        if not isinstance(item, StageLike):
            raise _no_place(item, what, "a stage")
    return tuple(item for item in items if isinstance(item, StageLike))


def _no_place(item: object, what: str, wanted: str) -> Exception:
    shown = (
        item.__name__ if isinstance(item, type) else repr(item)[:80] if isinstance(item, str) else type(item).__name__
    )
    return refused(
        f"{what} names {wanted}, and {shown} is none", hint="write NewBusiness, or NewBusiness.won for a stage"
    )


def _updatable(field: object) -> str:
    if not isinstance(field, Field):
        raise refused(
            f"fields of deal_updated() are fields of a deal, not {type(field).__name__}", hint="fields=[deal.amount]"
        )
    name = field._path.removeprefix("deal.")
    if name in UPDATABLE:
        return name
    hint = did_you_mean(name, UPDATABLE) or f"there are {', '.join(sorted(UPDATABLE))}"
    if name.startswith("owner."):
        hint = "write deal.owner"
    elif name.startswith(("stage", "pipeline")):
        hint = "write stage_changed(...) or entered(...)"
    elif name.startswith("main_contact"):
        hint = "write contact_added() or contact_removed()"
    raise refused(f"deal_updated() cannot watch {field._path}", hint=hint)
