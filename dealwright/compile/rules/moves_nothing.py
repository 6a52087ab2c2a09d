"""DW244: a move that moves nothing, since it goes back, or that closes a deal in another pipeline than its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import not_one_of, one_of, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import Place, found_in
from dealwright.model.crm import PipelineShape
from dealwright.model.stage_demands import CLOSED


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        moves = [step for step in all_steps(automation.do) if isinstance(step, ir.MoveDealStep)]
        if automation.origin != "authored" or not moves:
            continue
        for place in subject.places(account, automation):
            shape = account.pipeline(place.step.to.pipeline) if isinstance(place.step, ir.MoveDealStep) else None
            if shape is None:
                continue
            path, line = subject.step_at(automation, place.step.name)
            if _goes_back(place, shape):
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{place.step.name!r} moves nothing: where it is reached the deal stands behind"
                    f" {_to(place)} already, and a move goes forward only",
                    hint="name a stage further on, or write only_forward=False if it shall go back",
                )
            elif _closes_another(place, account, automation, shape, moves):
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{place.step.name!r} closes the deal in {_to(place)}, and it is of another pipeline",
                    hint=f"name that of its own pipeline; or move it into an open stage of {shape.key} first",
                )


def _to(place: Place) -> str:
    assert isinstance(place.step, ir.MoveDealStep)
    return f"{place.step.to.pipeline}.{place.step.to.stage}"


def _goes_back(place: Place, shape: PipelineShape) -> bool:
    """Say whether the deal stands behind the stage, or there, wherever the step is reached."""
    step = place.step
    assert isinstance(step, ir.MoveDealStep)
    if not step.only_forward or not possible(*place.lately):
        return False
    there = [
        ir.StageValue(pipeline=shape.key, stage=each.key) for each in shape.stages[shape.position(step.to.stage) :]
    ]
    behind = one_of("deal.stage", there[1:])
    return possible(*place.lately, behind) and not possible(*place.lately, not_one_of("deal.stage", there))


def _closes_another(
    place: Place, account: ir.Account, automation: ir.Automation, shape: PipelineShape, moves: list[ir.MoveDealStep]
) -> bool:
    """Say whether the deal is never of the pipeline whose Won or Lost it is moved to, and nothing moves it there."""
    step = place.step
    assert isinstance(step, ir.MoveDealStep)
    stage = shape.stage(step.to.stage)
    if stage is None or stage.kind not in CLOSED or any(_opens(shape, each) for each in moves):
        return False
    known = (*place.known, *found_in(automation, account))
    there = one_of("deal.pipeline", [ir.PipelineValue(pipeline=shape.key)])
    return possible(*known) and not possible(*known, there)


def _opens(shape: PipelineShape, move: ir.MoveDealStep) -> bool:
    """Say whether a step moves deals into an open stage of the pipeline."""
    stage = shape.stage(move.to.stage) if move.to.pipeline == shape.key else None
    return stage is not None and stage.kind not in CLOSED


RULE: Final = Rule(
    code="DW244",
    severity="warning",
    title="a move that moves nothing, or closes a deal where it never was",
    reason=(
        "A move goes forward only unless it says otherwise: one to a stage that lies before the deal's own, or out of "
        "Won back into the pipeline, is done and moves nothing. A move to Won or Lost of another pipeline takes the "
        "deal out of its own one, in which it is then neither won nor lost: the figures of both are wrong."
    ),
    bad="""
back = Automation(
    key="back",
    on=entered(Sales.quoted),
    do=[move_deal("again", to=Sales.met)],
)
""",
    good="""
back = Automation(
    key="back",
    on=entered(Sales.quoted),
    do=[move_deal("again", to=Sales.met, only_forward=False)],
)
""",
    look=_look,
)
