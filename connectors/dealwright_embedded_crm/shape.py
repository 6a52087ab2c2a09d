"""Compares the CRM's pipelines with those a release names, and makes what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from dealwright.errors import InputError
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.ports import ShapeChange
from dealwright_embedded_crm import schema
from dealwright_embedded_crm.catalog import read_pipelines
from dealwright_embedded_crm.pipelines import MOST_PIPELINES, PARKED

_COMPARED: Final = ("name", "kind", "probability", "reasons", "required", "reason_required")


def compare(connection: Connection, wanted: Sequence[PipelineShape]) -> list[ShapeChange]:
    """Return how the CRM differs from the wanted pipelines; those that it alone has are left alone.

    Raises:
        InputError: two wanted pipelines, or two stages of one, have one key.
    """
    _check_keys(wanted)
    present = {pipeline.key: pipeline for pipeline in read_pipelines(connection)}
    held = _held(connection)
    changes: list[ShapeChange] = []
    many = len(present)
    for pipeline in wanted:
        have = present.get(pipeline.key)
        if have is None:
            many += 1
            changes.append(_creation(pipeline, many))
        elif have != pipeline:
            changes.extend(_differences(have, pipeline, held))
    return changes


def apply(connection: Connection, wanted: Sequence[PipelineShape]) -> None:
    """Make the wanted pipelines; `compare` has said that nothing is refused."""
    present = {pipeline.key: pipeline for pipeline in read_pipelines(connection)}
    for pipeline in wanted:
        have = present.get(pipeline.key)
        if have == pipeline:
            continue
        if have is None:
            last = connection.execute(select(func.coalesce(func.max(schema.pipelines.c.position), -1))).scalar_one()
            row = {"key": pipeline.key, "name": pipeline.name, "position": last + 1}
            connection.execute(insert(schema.pipelines), [row])
        else:
            table = schema.pipelines
            connection.execute(update(table).where(table.c.key == pipeline.key).values(name=pipeline.name))
        _write_stages(connection, have, pipeline)


def _write_stages(connection: Connection, have: PipelineShape | None, wanted: PipelineShape) -> None:
    table = schema.stages
    ours = table.c.pipeline == wanted.key
    gone = [stage.key for stage in (have.stages if have else ()) if wanted.stage(stage.key) is None]
    if gone:
        connection.execute(delete(table).where(ours, table.c.key.in_(gone)))
    connection.execute(update(table).where(ours).values(position=table.c.position + PARKED))
    for position, stage in enumerate(wanted.stages):
        fields: dict[str, Any] = {
            "name": stage.name,
            "kind": stage.kind,
            "probability": stage.probability,
            "reasons": msgspec.json.encode(stage.reasons).decode(),
            "position": position,
            "required": msgspec.json.encode(stage.required).decode(),
            "reason_required": stage.reason_required,
        }
        if have is None or have.stage(stage.key) is None:
            connection.execute(insert(table), [{"pipeline": wanted.key, "key": stage.key, **fields}])
        else:
            connection.execute(update(table).where(ours, table.c.key == stage.key).values(fields))


def _differences(have: PipelineShape, want: PipelineShape, held: dict[tuple[str, str], int]) -> list[ShapeChange]:
    changes: list[ShapeChange] = []
    if have.name != want.name:
        changes.append(ShapeChange(what=f"rename pipeline {want.key} to {want.name!r}"))
    changes.extend(
        _removal(want.key, stage.key, held.get((want.key, stage.key), 0))
        for stage in have.stages
        if want.stage(stage.key) is None
    )
    for stage in want.stages:
        old = have.stage(stage.key)
        if old is None:
            changes.append(ShapeChange(what=f"create stage {want.key}.{stage.key}"))
        elif old != stage:
            changes.append(ShapeChange(what=f"change stage {want.key}.{stage.key}: {_what(old, stage)}"))
    kept = [stage.key for stage in have.stages if want.stage(stage.key) is not None]
    if kept != [stage.key for stage in want.stages if have.stage(stage.key) is not None]:
        changes.append(ShapeChange(what=f"reorder the stages of {want.key}"))
    return changes


def _creation(pipeline: PipelineShape, many: int) -> ShapeChange:
    what = f"create pipeline {pipeline.key} with {len(pipeline.stages)} stages"
    if many <= MOST_PIPELINES:
        return ShapeChange(what=what)
    most = f"it would be pipeline {many}, and the CRM has at most {MOST_PIPELINES}"
    return ShapeChange(what=what, refused=f"{most}; delete an empty one that no release names")


def _removal(pipeline: str, stage: str, deals: int) -> ShapeChange:
    what = f"remove stage {pipeline}.{stage}"
    if not deals:
        return ShapeChange(what=what)
    holds = f"it holds {deals:,} {'deal' if deals == 1 else 'deals'}"
    return ShapeChange(what=what, refused=f"{holds}; move them first, or keep the stage")


def _what(old: StageShape, new: StageShape) -> str:
    fields = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    return ", ".join(f"{name} {_shown(getattr(old, name))} -> {_shown(getattr(new, name))}" for name in fields)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _held(connection: Connection) -> dict[tuple[str, str], int]:
    deals = schema.deals.c
    query = select(deals.pipeline, deals.stage, func.count().label("many")).group_by(deals.pipeline, deals.stage)
    return {(row.pipeline, row.stage): row.many for row in connection.execute(query)}


def _check_keys(wanted: Sequence[PipelineShape]) -> None:
    keys = [pipeline.key for pipeline in wanted]
    if len(set(keys)) != len(keys):
        raise InputError(f"two pipelines have one key: {', '.join(keys)}")
    for pipeline in wanted:
        stages = [stage.key for stage in pipeline.stages]
        if len(set(stages)) != len(stages):
            raise InputError(f"two stages of pipeline {pipeline.key} have one key: {', '.join(stages)}")
