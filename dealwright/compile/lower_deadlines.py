"""Lowering of what stages say about time: how soon somebody answers, and how long a deal may lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.lower_scope import length
from dealwright.language.durations import Length
from dealwright.language.pipeline import PipelineParts, StageLike
from dealwright.model.calendar import Duration

_STAGE: Final = ir.Ref(path="deal.stage", type="stage")
_OWNER: Final = ir.Ref(path="deal.owner", type="user")
_SOON: Final = Duration(amount=1, unit="working_hours")


def deadlines(pipeline: PipelineParts, where: ir.Where) -> Iterator[ir.Automation]:
    """Return the automations that the times of a pipeline's stages mean: what they say to people is in no language."""
    for key, stage in pipeline.stages.items():
        place = ir.StageValue(pipeline=pipeline.key, stage=key)
        if stage.first_response is not None:
            yield _first_response(pipeline, stage, stage.first_response, place, where)
        if stage.rot_after is not None:
            yield _rotting(pipeline, stage, stage.rot_after, place, where)


def _first_response(
    pipeline: PipelineParts, stage: StageLike, within: Length, place: ir.StageValue, where: ir.Where
) -> ir.Automation:
    """Return what watches that an inquiry is answered: by an activity, a finished task, or a move."""
    text = _called(stage)
    return ir.Automation(
        key=f"{pipeline.key}.first-response",
        on=ir.OnDealCreated(stages=(place,)),
        when=ir.All(of=()),
        again=ir.Once(per="deal"),
        do=(
            ir.WaitUntilStep(
                name="answered",
                on=(ir.OnActivityLogged(), ir.OnStageChanged(), ir.OnTaskCompleted()),
                timeout=length(within),
                on_timeout=(
                    ir.SetTaskStep(name="answer", text=text, due=_SOON),
                    ir.NotifyStep(name="tell", who=_OWNER, text=text),
                ),
            ),
        ),
        origin="first-response",
        why=f"Every inquiry in {pipeline.name} is answered in time.",
        where=where,
    )


def _rotting(
    pipeline: PipelineParts, stage: StageLike, after: Length, place: ir.StageValue, where: ir.Where
) -> ir.Automation:
    """Return what finds deals of the stage for which nothing was done for so long."""
    return ir.Automation(
        key=f"{pipeline.key}.rot-{place.stage.replace('_', '-')}",
        on=ir.OnNoActivity(for_=length(after)),
        when=ir.Compare(field=_STAGE, op="==", value=place),
        again=ir.Once(per="stage_visit"),
        do=(ir.SetTaskStep(name="nudge", text=_called(stage), due=_SOON),),
        origin="rotting",
        why=f"No deal of {pipeline.name} is forgotten.",
        where=where,
    )


def _called(stage: StageLike) -> ir.TemplateText:
    name = stage.name if "{" not in stage.name else stage.key
    return ir.TemplateText(source=f"\u23f0 {{{{ deal.title }}}}: {name}")
