"""Why an automation does not begin with a deal when something happens to it, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.enrol import places
from dealwright.engine.route import begins
from dealwright.model.crm import Deal, PipelineShape
from dealwright.model.events import (
    ActivityLogged,
    ContactUpdated,
    DealEnrolled,
    DealUpdated,
    Event,
    EventReceived,
    MessageReceived,
    RecordUpdated,
    StageChanged,
    record_of,
)
from dealwright.model.stage_demands import CLOSED

_SAYS: Final = "the deal is {kind}, and what its contacts write or change is told to open deals only"


def is_closed(deal: Deal, pipelines: Iterable[PipelineShape]) -> bool:
    """Say whether the deal is won or lost."""
    return _kind(deal, pipelines) in CLOSED


def unanswered(account: ir.Account, automation: ir.Automation, event: Event, deal: Deal) -> str:
    """Return why the trigger does not answer this event for this deal; empty if it does."""
    if isinstance(event, ContactUpdated | MessageReceived) and is_closed(deal, account.pipelines):
        return _SAYS.format(kind=_kind(deal, account.pipelines))
    if begins(automation.on, event, deal):
        return ""
    return _other_place(automation.on, event, deal) or _other_thing(automation.on, event)


def _kind(deal: Deal, pipelines: Iterable[PipelineShape]) -> str:
    shape = next((each for each in pipelines if each.key == deal.pipeline), None)
    stage = None if shape is None else shape.stage(deal.stage)
    return "" if stage is None else stage.kind


def _other_place(on: ir.Trigger, event: Event, deal: Deal) -> str:
    pipelines = getattr(on, "pipelines", ())
    if pipelines and deal.pipeline not in pipelines:
        return f"the deal is in {deal.pipeline}, and not in {' or '.join(pipelines)}"
    targets = places(on) if isinstance(event, DealEnrolled) else _targets(on)
    if targets and not _stands(deal, targets):
        return f"the deal is in {deal.pipeline}.{deal.stage}, and not in {_named(targets)}"
    if isinstance(on, ir.OnStageChanged) and on.from_ and isinstance(event, StageChanged):
        was = event.before
        if was is not None and not _stands(was, on.from_):
            return f"the deal came from {was.pipeline}.{was.stage}, and not from {_named(on.from_)}"
    return ""


def _targets(on: ir.Trigger) -> Sequence[ir.StageValue]:
    match on:
        case ir.OnDealCreated(stages=stages) | ir.OnEntered(stages=stages) | ir.OnStageChanged(to=stages):
            return stages
    return ()


def _other_thing(on: ir.Trigger, event: Event) -> str:
    fields = getattr(on, "fields", ())
    if isinstance(event, DealUpdated | ContactUpdated | RecordUpdated) and fields:
        return f"{', '.join(event.changed) or 'nothing'} changed, and not {' or '.join(fields)}"
    if isinstance(event, DealUpdated) and isinstance(on, ir.OnOwnerChanged):
        return f"{', '.join(event.changed) or 'nothing'} changed, and not the owner"
    if isinstance(event, ActivityLogged) and isinstance(on, ir.OnActivityLogged):
        return f"it was {event.activity.kind}, and not {' or '.join(on.kinds)}"
    if isinstance(event, EventReceived) and isinstance(on, ir.OnEventReceived):
        meant = on.name if on.source is None else f"{on.name} from {on.source}"
        return f"{event.name} came from {event.source}, and not {meant}"
    record = record_of(event)
    kind = getattr(on, "record", None)
    if record is not None and kind is not None and record.kind != kind:
        return f"it was about a record {record.kind}, and not {kind}"
    if isinstance(event, MessageReceived) and isinstance(on, ir.OnReplied):
        return f"it came by {event.message.via}, and not by {on.via}"
    return f"what happened was {event.kind.replace('_', ' ')}"


def _stands(deal: Deal, stages: Iterable[ir.StageValue]) -> bool:
    return any((each.pipeline, each.stage) == (deal.pipeline, deal.stage) for each in stages)


def _named(stages: Iterable[ir.StageValue]) -> str:
    return " or ".join(f"{each.pipeline}.{each.stage}" for each in stages)
