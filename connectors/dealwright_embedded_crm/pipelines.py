"""Pipelines and stages that people make, rename, order and delete; what a release names is left to its definitions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, case, delete, func, insert, select, update

from dealwright.model.crm import PipelineShape, StageShape
from dealwright_embedded_crm import schema, values
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.values import Refusal

MOST_PIPELINES: Final = 10
MOST_STAGES: Final = 50
LONGEST_KEY: Final = 100

PARKED: Final = 1_000_000
"""Where positions wait while an order is rewritten, so that no two ever share one."""

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NO_KEY: Final = re.compile(r"[^a-z0-9]+")


def released(connection: Connection) -> frozenset[str]:
    """Return the keys of the pipelines that the active release names."""
    table = schema.pipelines.c
    return frozenset(connection.execute(select(table.key).where(table.released.is_(True))).scalars())


def claim(connection: Connection, keys: Collection[str]) -> None:
    """Let these pipelines, and no others, be those of the release: what it names no longer is people's."""
    table = schema.pipelines
    named = table.c.key.in_(list(keys))
    connection.execute(update(table).where(named, table.c.released.is_(False)).values(released=True))
    connection.execute(update(table).where(~named, table.c.released.is_(True)).values(released=False))


def create(connection: Connection, name: str, *, key: str | None, stages: Sequence[str], incoming: bool) -> str:
    """Make a pipeline with open stages of these names, Won and Lost; return its key.

    Raises:
        Refusal: there are ten already, or a name or key cannot be used.
    """
    known = Catalog(connection).pipelines
    if len(known) >= MOST_PIPELINES:
        raise Refusal("too_many_pipelines", f"there are {len(known)} pipelines, and {MOST_PIPELINES} are the most")
    if not stages:
        raise Refusal("bad_stages", "a pipeline needs an open stage besides Won and Lost")
    made = _Stages()
    if incoming:
        made.add("Incoming", "incoming", None)
    for stage in stages:
        made.add(stage, "open", None)
    made.add("Won", "won", 100)
    made.add("Lost", "lost", 0)
    clean = _name(name)
    key = _free_key(key, clean, known)
    connection.execute(insert(schema.pipelines), [{"key": key, "name": clean, "position": _last(connection) + 1}])
    rows = [_stage_row(key, stage, position) for position, stage in enumerate(made.shapes)]
    connection.execute(insert(schema.stages), rows)
    return key


def rename(connection: Connection, pipeline: str, name: str) -> None:
    """Give a pipeline of people another name.

    Raises:
        Refusal: there is no such pipeline, a release names it, or the name cannot be used.
    """
    _own(connection, pipeline)
    table = schema.pipelines
    connection.execute(update(table).where(table.c.key == pipeline).values(name=_name(name)))


def order(connection: Connection, keys: Sequence[str]) -> None:
    """Put all pipelines in this order.

    Raises:
        Refusal: one is missing, unknown or named twice.
    """
    known = Catalog(connection).pipelines
    _check_all("pipelines", keys, known)
    _write_order(connection, schema.pipelines, schema.pipelines.c.key.in_(list(keys)), keys)


def delete_pipeline(connection: Connection, pipeline: str) -> None:
    """Delete a pipeline of people that holds no deal.

    Raises:
        Refusal: there is no such pipeline, a release names it, or it holds deals.
    """
    _own(connection, pipeline)
    _check_empty(connection, f"pipeline {pipeline}", schema.deals.c.pipeline == pipeline)
    connection.execute(delete(schema.stages).where(schema.stages.c.pipeline == pipeline))
    connection.execute(delete(schema.pipelines).where(schema.pipelines.c.key == pipeline))


def create_stage(connection: Connection, pipeline: str, name: str, *, key: str | None, probability: int | None) -> None:
    """Add an open stage to a pipeline of people, before Won and Lost.

    Raises:
        Refusal: there is no such pipeline, a release names it, or a value cannot be used.
    """
    shape = _own(connection, pipeline)
    if len(shape.stages) >= MOST_STAGES:
        raise Refusal("too_many_stages", f"pipeline {pipeline} has {MOST_STAGES} stages, and more cannot be shown")
    clean = _name(name)
    stage = StageShape(
        key=_free_key(key, clean, [each.key for each in shape.stages]),
        name=clean,
        kind="open",
        probability=_probability(probability),
    )
    connection.execute(insert(schema.stages), [_stage_row(pipeline, stage, len(shape.stages))])
    closed = [each.key for each in shape.stages if each.kind in ("won", "lost")]
    others = [each.key for each in shape.stages if each.key not in closed]
    _order_stages(connection, pipeline, [*others, stage.key, *closed])


def update_stage(
    connection: Connection, pipeline: str, stage: str, *, name: str | None, probability: int | None
) -> None:
    """Change a stage of a pipeline of people; None leaves a field alone.

    Raises:
        Refusal: there is no such stage, a release names its pipeline, or a value cannot be used.
    """
    shape = _stage(_own(connection, pipeline), stage)
    fields: dict[str, Any] = {}
    if name is not None:
        fields["name"] = _name(name)
    if probability is not None:
        if shape.kind != "open":
            raise Refusal("bad_probability", "only an open stage's probability can be set: Won has 100, Lost 0")
        fields["probability"] = _probability(probability)
    if fields:
        table = schema.stages
        connection.execute(update(table).where(table.c.pipeline == pipeline, table.c.key == stage).values(fields))


def order_stages(connection: Connection, pipeline: str, keys: Sequence[str]) -> None:
    """Put all stages of a pipeline of people in this order.

    Raises:
        Refusal: one is missing, unknown or named twice, or Incoming would not be first or Won and Lost not last.
    """
    shape = _own(connection, pipeline)
    _check_all(f"stages of {pipeline}", keys, [stage.key for stage in shape.stages])
    ranks = {"incoming": 0, "open": 1, "won": 2, "lost": 3}
    kinds = {stage.key: ranks[stage.kind] for stage in shape.stages}
    if [kinds[key] for key in keys] != sorted(kinds.values()):
        raise Refusal("bad_order", "Incoming stays first, Won and Lost stay last")
    _order_stages(connection, pipeline, keys)


def delete_stage(connection: Connection, pipeline: str, stage: str) -> None:
    """Delete a stage of a pipeline of people that holds no deal.

    Raises:
        Refusal: there is no such stage, a release names its pipeline, it holds deals, or it must stay.
    """
    shape = _own(connection, pipeline)
    found = _stage(shape, stage)
    if found.kind in ("won", "lost"):
        raise Refusal("fixed_stage", "Won and Lost cannot be deleted")
    if found.kind == "open" and sum(each.kind == "open" for each in shape.stages) == 1:
        raise Refusal("fixed_stage", f"{stage} is the only open stage of {pipeline}")
    deals = schema.deals.c
    _check_empty(connection, f"stage {pipeline}.{stage}", (deals.pipeline == pipeline) & (deals.stage == stage))
    table = schema.stages
    connection.execute(delete(table).where(table.c.pipeline == pipeline, table.c.key == stage))


class _Stages:
    """Stages of a pipeline in the making, each with a key of its own."""

    def __init__(self) -> None:
        self.shapes: list[StageShape] = []

    def add(self, name: str, kind: Any, probability: int | None) -> None:
        """Add one stage."""
        clean = _name(name)
        key = _free_key(None, clean, [shape.key for shape in self.shapes])
        self.shapes.append(StageShape(key=key, name=clean, kind=kind, probability=probability))
        if len(self.shapes) > MOST_STAGES:
            raise Refusal("too_many_stages", f"a pipeline has at most {MOST_STAGES} stages")


def _own(connection: Connection, pipeline: str) -> PipelineShape:
    shape = Catalog(connection).pipelines.get(pipeline)
    if shape is None:
        raise Refusal("not_found", f"there is no pipeline {values.shown(pipeline)}")
    if pipeline in released(connection):
        message = f"pipeline {pipeline} is named by the active release: change it in its definition, and release that"
        raise Refusal("released_pipeline", message)
    return shape


def _stage(pipeline: PipelineShape, key: str) -> StageShape:
    found = pipeline.stage(key)
    if found is None:
        raise Refusal("not_found", f"pipeline {pipeline.key} has no stage {values.shown(key)}")
    return found


def _check_empty(connection: Connection, what: str, where: ColumnElement[bool]) -> None:
    held = connection.execute(select(func.count()).select_from(schema.deals).where(where)).scalar_one()
    if held:
        deals = "1 deal" if held == 1 else f"{held:,} deals"
        raise Refusal("not_empty", f"{what} holds {deals}; move or delete them first")


def _check_all(what: str, keys: Sequence[str], known: Collection[str]) -> None:
    if len(set(keys)) != len(keys) or set(keys) != set(known):
        raise Refusal("bad_order", f"name all {what}, each once: {', '.join(known)}")


def _order_stages(connection: Connection, pipeline: str, keys: Sequence[str]) -> None:
    _write_order(connection, schema.stages, schema.stages.c.pipeline == pipeline, keys)


def _write_order(connection: Connection, table: Table, where: ColumnElement[bool], keys: Sequence[str]) -> None:
    connection.execute(update(table).where(where).values(position=table.c.position + PARKED))
    places = case({key: place for place, key in enumerate(keys)}, value=table.c.key)
    connection.execute(update(table).where(where).values(position=places))


def _name(name: str) -> str:
    clean = values.line("name", name)
    if clean is None:
        raise Refusal("bad_name", "it needs a name")
    return clean


def _probability(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= 100:
        raise Refusal("bad_probability", "a probability is 0 to 100 percent")
    return value


def _free_key(given: str | None, name: str, taken: Collection[str]) -> str:
    """Return the key that was asked for, or one made of the name's letters."""
    if given is not None:
        if len(given) > LONGEST_KEY or not _KEY.fullmatch(given):
            raise Refusal("bad_key", "a key is made of a-z, 0-9, - and _")
        if given in taken:
            raise Refusal("duplicate", f"{given} is there already")
        return given
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = _NO_KEY.sub("-", letters).strip("-")[: LONGEST_KEY - 5].strip("-") or "p"
    numbered = (base if place == 1 else f"{base}-{place}" for place in range(1, len(taken) + 2))
    return next(key for key in numbered if key not in taken)


def _last(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(schema.pipelines.c.position), -1))).scalar_one())


def _stage_row(pipeline: str, stage: StageShape, position: int) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "key": stage.key,
        "name": stage.name,
        "kind": stage.kind,
        "probability": stage.probability,
        "reasons": "[]",
        "position": position,
    }
