"""Compares an account's pipelines and stages with those that definitions name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.model.crm import PipelineShape, StageShape
from dealwright.ports import ShapeChange
from dealwright_kommo.settings import LOST, WON, KommoSettings, PipelineIds
from dealwright_kommo.wire import WirePipeline, WireStatus

INCOMING: Final = 1
"""The type of the stage in which Kommo keeps incoming leads."""


def compare(
    wanted: Sequence[PipelineShape], found: Sequence[WirePipeline], settings: KommoSettings
) -> list[ShapeChange]:
    """Return what is missing or differs; `refused` where rules could not work, with what a person has to do."""
    by_id = {pipeline.id: pipeline for pipeline in found}
    return [change for shape in wanted for change in _pipeline(shape, by_id, settings)]


def _pipeline(shape: PipelineShape, found: dict[int, WirePipeline], settings: KommoSettings) -> Iterator[ShapeChange]:
    ids = settings.pipelines.get(shape.key)
    if ids is None:
        yield ShapeChange(
            what=f"pipeline {shape.key}",
            refused=f"the target file has no [kommo.pipelines.{shape.key}]; write its id and those of its stages there",
        )
        return
    pipeline = found.get(ids.id)
    if pipeline is None or pipeline.is_archive:
        yield ShapeChange(
            what=f"pipeline {shape.key}",
            refused=f"the account has no pipeline {ids.id}: make it in Kommo, and write its id into the target file",
        )
        return
    if pipeline.name != shape.name:
        yield ShapeChange(what=f"pipeline {shape.key} is called {pipeline.name!r} in Kommo, not {shape.name!r}")
    statuses = {status.id: status for status in pipeline.parts.statuses}
    for stage in shape.stages:
        yield from _stage(shape, stage, ids, statuses)


def _stage(
    shape: PipelineShape, stage: StageShape, ids: PipelineIds, statuses: dict[int, WireStatus]
) -> Iterator[ShapeChange]:
    what = f"stage {shape.key}.{stage.key}"
    id_ = ids.stages.get(stage.key)
    if id_ is None:
        yield ShapeChange(what=what, refused=f"[kommo.pipelines.{shape.key}] stages has no id of it")
        return
    status = statuses.get(id_)
    if status is None:
        yield ShapeChange(
            what=what, refused=f"the pipeline in Kommo has no stage {id_}: make it there, and write its id"
        )
        return
    fixed = {"won": WON, "lost": LOST}.get(stage.kind)
    if (fixed is None and id_ in (WON, LOST)) or (fixed is not None and id_ != fixed):
        yield ShapeChange(what=what, refused=f"Kommo's won is always {WON}, and lost {LOST}; the target file has {id_}")
    elif stage.kind == "open" and status.type == INCOMING:
        yield ShapeChange(what=what, refused="in Kommo that is the stage of incoming leads; name another one")
    elif status.name != stage.name:
        yield ShapeChange(what=f"{what} is called {status.name!r} in Kommo, not {stage.name!r}")
