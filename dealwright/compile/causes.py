"""Causes: which automation can set off which, by what its steps do. For `dealwright graph` and the rule on cycles.

It says *can*, never *will*: conditions are not looked at, only triggers and what steps change. What sets nothing off
(a task, a note, a message, an event sent out) is in no edge.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dealwright.compile import ir


class Edge(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One automation's step can set another one off; `new_deal` says that it does so for a deal it has made."""

    cause: str
    step: str
    effect: str
    new_deal: bool = False


def edges(automations: Sequence[ir.Automation]) -> list[Edge]:
    """Return every edge among these automations, in order."""
    found: list[Edge] = []
    for cause in automations:
        here = pipelines_of(cause.on)
        for step in ir.actions(cause.do):
            found.extend(
                Edge(cause=cause.key, step=step.name, effect=effect.key, new_deal=isinstance(step, ir.CreateDealStep))
                for effect in automations
                if can_set_off(step, here, effect.on)
            )
    return sorted(found)


def can_set_off(step: ir.ActionStep, pipelines: frozenset[str] | None, trigger: ir.Trigger) -> bool:
    """Say whether what a step does can be what a trigger answers; `pipelines` are those its deal may be in (None: any).

    A step that moves the deal elsewhere before is not thought of: the deal is taken to be where its event found it.
    """
    match step:
        case ir.CreateDealStep(stage=stage):
            match trigger:
                case ir.OnDealCreated():
                    return _in(trigger.pipelines, stage) and _at(trigger.stages, stage)
                case ir.OnEntered():
                    return _at(trigger.stages, stage)
        case ir.MoveDealStep(to=to):
            match trigger:
                case ir.OnStageChanged():
                    return _in(trigger.pipelines, to) and _at(trigger.to, to)
                case ir.OnEntered():
                    return _at(trigger.stages, to)
        case ir.UpdateDealStep(changes=changes):
            return _updates(frozenset(changes), pipelines, trigger)
        case ir.ChangeTagsStep():
            return _updates(frozenset({"tags"}), pipelines, trigger)
        case ir.CompleteTasksStep():
            return isinstance(trigger, ir.OnTaskCompleted) and _meet(pipelines, trigger.pipelines)
        case ir.CreateContactStep():
            return isinstance(trigger, ir.OnContactAdded) and _meet(pipelines, trigger.pipelines)
        case ir.UpdateContactStep(changes=changes):
            # The contact may be on deals of any pipeline.
            watched = isinstance(trigger, ir.OnContactUpdated) and trigger.fields
            return isinstance(trigger, ir.OnContactUpdated) and (not watched or not changes.keys().isdisjoint(watched))
    return False


def pipelines_of(trigger: ir.Trigger) -> frozenset[str] | None:
    """Return the pipelines that a deal is in when the trigger answers it (None: any)."""
    match trigger:
        case ir.OnEntered(stages=stages):
            return frozenset(stage.pipeline for stage in stages)
        case ir.OnDealCreated(pipelines=pipelines, stages=stages):
            named = {*pipelines, *(stage.pipeline for stage in stages)}
        case ir.OnStageChanged(pipelines=pipelines, to=to):
            named = {*pipelines, *(stage.pipeline for stage in to)}
        case _:
            named = set(trigger.pipelines)
    return frozenset(named) or None


def _updates(fields: frozenset[str], pipelines: frozenset[str] | None, trigger: ir.Trigger) -> bool:
    match trigger:
        case ir.OnDealUpdated(fields=watched):
            return (not watched or not fields.isdisjoint(watched)) and _meet(pipelines, trigger.pipelines)
        case ir.OnOwnerChanged():
            return "owner" in fields and _meet(pipelines, trigger.pipelines)
    return False


def _meet(pipelines: frozenset[str] | None, named: Sequence[str]) -> bool:
    return pipelines is None or not named or not pipelines.isdisjoint(named)


def _in(pipelines: Sequence[str], stage: ir.StageValue) -> bool:
    return not pipelines or stage.pipeline in pipelines


def _at(stages: Sequence[ir.StageValue], stage: ir.StageValue) -> bool:
    return not stages or stage in stages
