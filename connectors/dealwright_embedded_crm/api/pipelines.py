"""Pipelines and their stages: list with statistics, create, rename, put in order, delete when empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from dealwright.model.crm import PipelineShape, StageShape
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import PipelineKey, StageKey, found, named_in_body, succeeds
from dealwright_embedded_crm.api.fields import ABSENT, UNIQUE, WHOLE, Flag, Given, Key, MoneyOut, Name, Shown
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import StageKind
from dealwright_embedded_crm.people import People, StageCount

router: Final = APIRouter(prefix="/pipelines", tags=["pipelines"])

MOST_STAGES: Final = 100

Percent = Annotated[int, Field(ge=0, le=100, examples=[20]), WHOLE]
Keys = Annotated[list[Key], Field(min_length=1, max_length=MOST_STAGES), *UNIQUE]


class StageOut(Shown):
    """One stage, with how many deals stand in it and what they are worth, by currency."""

    key: Key
    name: str
    kind: StageKind
    probability: int | None
    reasons: Annotated[list[str], Field(description="The reasons a deal can be lost for; empty means any.")]
    required: Annotated[list[str], Field(description="Fields that a deal must have to stand here.")]
    reason_required: bool
    deals: int
    amounts: list[MoneyOut]

    @classmethod
    def of(cls, stage: StageShape, counted: StageCount | None) -> StageOut:
        """Return the stage as shown."""
        return cls(
            key=stage.key,
            name=stage.name,
            kind=stage.kind,
            probability=stage.probability,
            reasons=list(stage.reasons),
            required=list(stage.required),
            reason_required=stage.reason_required,
            deals=counted.deals if counted else 0,
            amounts=[MoneyOut.of(amount) for amount in counted.amounts] if counted else [],
        )


class PipelineOut(Shown):
    """A pipeline with its stages in order; a released one is made by definitions, and cannot be changed here."""

    key: Key
    name: str
    released: bool
    stages: list[StageOut]


class PipelinesOut(Shown):
    """All pipelines, in order."""

    items: list[PipelineOut]


class LossReasons(Shown):
    """Why deals can be lost in one pipeline; an empty list means that any text will do."""

    stage: Key | None
    reasons: list[str]
    required: bool


class PipelineNew(Given):
    """A pipeline to make: open stages of these names, Won and Lost, and Incoming before if it is wanted."""

    name: Name
    key: Key | None = None
    stages: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, examples=[["Qualified"]])] = ("New",)
    incoming: Flag = False


class Rename(Given):
    """Another name; the key stays."""

    name: Name


class Order(Given):
    """All keys, in the order wanted."""

    keys: Keys


class StageNew(Given):
    """An open stage to add before Won and Lost."""

    name: Name
    key: Key | None = None
    probability: Percent | None = None


class StagePatch(Given):
    """What to change in a stage; only an open stage has a probability of its own."""

    name: Annotated[Name, ABSENT] = ""
    probability: Annotated[Percent, ABSENT] = 0


def view(crm: People, keys: set[str] | None = None) -> list[PipelineOut]:
    """Return the pipelines of these keys (or all) as shown, with their statistics."""
    counted = {(each.pipeline, each.stage): each for each in crm.count_by_stage()}
    released = crm.released_pipelines()
    return [
        PipelineOut(
            key=shape.key,
            name=shape.name,
            released=shape.key in released,
            stages=[StageOut.of(stage, counted.get((shape.key, stage.key))) for stage in shape.stages],
        )
        for shape in crm.pipelines()
        if keys is None or shape.key in keys
    ]


def changed(write: Writing, kind: str, act: Callable[[], PipelineShape], status: int = 200) -> Response:
    """Carry out a change of one pipeline, and answer with the whole pipeline."""

    def acted() -> Answer:
        return Answer(status=status, body=view(write.crm, {act().key})[0])

    return write.do(kind, acted)


_ONE: Final = succeeds(200, "The pipeline as it is now.", write=True)
_MADE: Final = succeeds(201, "The pipeline as it is now.", write=True)


@router.get("", responses={**documented(), **succeeds(200, "All pipelines.")}, response_model=PipelinesOut)
def list_pipelines(caller: Asking) -> Response:
    """List all pipelines with their stages and statistics."""
    return shown(Answer(body=PipelinesOut(items=view(caller.crm))))


@router.post("", status_code=201, responses={**documented(409), **_MADE}, response_model=PipelineOut)
def create_pipeline(write: Writing, wanted: PipelineNew) -> Response:
    """Make a pipeline; there are at most 10."""
    return changed(
        write,
        "create_pipeline",
        lambda: write.crm.create_pipeline(wanted.name, key=wanted.key, stages=wanted.stages, incoming=wanted.incoming),
        201,
    )


@router.put(
    "", responses={**documented(409), **succeeds(200, "All pipelines.", write=True)}, response_model=PipelinesOut
)
def order_pipelines(write: Writing, wanted: Order) -> Response:
    """Put all pipelines in this order."""

    def act() -> Answer:
        with named_in_body("keys"):
            write.crm.order_pipelines(wanted.keys)
        return Answer(body=PipelinesOut(items=view(write.crm)))

    return write.do("order_pipelines", act)


@router.get("/{pipeline}", responses={**documented(), **succeeds(200, "The pipeline.")}, response_model=PipelineOut)
def get_pipeline(caller: Asking, pipeline: PipelineKey) -> Response:
    """Read one pipeline with its stages and statistics."""
    seen = view(caller.crm, {pipeline})
    return shown(Answer(body=found(seen[0] if seen else None, "pipeline", pipeline)))


@router.patch("/{pipeline}", responses={**documented(409), **_ONE}, response_model=PipelineOut)
def rename_pipeline(write: Writing, pipeline: PipelineKey, wanted: Rename) -> Response:
    """Give a pipeline another name."""
    return changed(write, "rename_pipeline", lambda: write.crm.rename_pipeline(pipeline, wanted.name))


@router.delete("/{pipeline}", status_code=204, responses={**documented(409), **succeeds(204, "It is gone.")})
def delete_pipeline(write: Writing, pipeline: PipelineKey) -> Response:
    """Delete a pipeline that holds no deal."""

    def act() -> Answer:
        write.crm.delete_pipeline(pipeline)
        return Answer(status=204)

    return write.do("delete_pipeline", act)


@router.get(
    "/{pipeline}/loss-reasons", responses={**documented(), **succeeds(200, "The reasons.")}, response_model=LossReasons
)
def loss_reasons(caller: Asking, pipeline: PipelineKey) -> Response:
    """List why deals of a pipeline can be lost."""
    shape = found(next((each for each in caller.crm.pipelines() if each.key == pipeline), None), "pipeline", pipeline)
    lost = next((stage for stage in shape.stages if stage.kind == "lost"), None)
    reasons = LossReasons(
        stage=lost and lost.key,
        reasons=list(lost.reasons) if lost else [],
        required=lost is not None and lost.reason_required,
    )
    return shown(Answer(body=reasons))


@router.post("/{pipeline}/stages", status_code=201, responses={**documented(409), **_MADE}, response_model=PipelineOut)
def create_stage(write: Writing, pipeline: PipelineKey, wanted: StageNew) -> Response:
    """Add an open stage before Won and Lost."""
    return changed(
        write,
        "create_stage",
        lambda: write.crm.create_stage(pipeline, wanted.name, key=wanted.key, probability=wanted.probability),
        201,
    )


@router.put("/{pipeline}/stages", responses={**documented(409), **_ONE}, response_model=PipelineOut)
def order_stages(write: Writing, pipeline: PipelineKey, wanted: Order) -> Response:
    """Put all stages in this order: Incoming stays first, Won and Lost last."""
    return changed(write, "order_stages", lambda: write.crm.order_stages(pipeline, wanted.keys))


@router.patch("/{pipeline}/stages/{stage}", responses={**documented(409), **_ONE}, response_model=PipelineOut)
def change_stage(write: Writing, pipeline: PipelineKey, stage: StageKey, wanted: StagePatch) -> Response:
    """Rename a stage, or set an open stage's probability."""
    return changed(write, "update_stage", lambda: write.crm.update_stage(pipeline, stage, **wanted.given()))


@router.delete("/{pipeline}/stages/{stage}", responses={**documented(409), **_ONE}, response_model=PipelineOut)
def delete_stage(write: Writing, pipeline: PipelineKey, stage: StageKey) -> Response:
    """Delete a stage that holds no deal; Won, Lost and the only open stage stay."""
    return changed(write, "delete_stage", lambda: write.crm.delete_stage(pipeline, stage))
