"""What the CRM would answer in a rehearsal: the embedded one, if all goes well, with what it refuses and passes by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import msgspec

from dealwright.engine.came_to import came_to_nothing
from dealwright.engine.records import Receipt
from dealwright.model.crm import Deal, PipelineShape, StageShape
from dealwright.model.custom import held_in
from dealwright.model.requests import (
    AddNote,
    AskPerson,
    ChangeTags,
    CompleteTasks,
    CreateContact,
    CreateDeal,
    CreateRecord,
    Lookup,
    MoveBack,
    MoveDeal,
    Notify,
    Refused,
    RemoveRecord,
    Request,
    SendConversion,
    SendEmail,
    SendEvent,
    SendMessage,
    Sent,
    SetTask,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)
from dealwright.model.stage_demands import CLOSED, OWNERLESS, missing_in, reasonless, unknown_reason

_NEW: Final = "new"
"""The id of what would be made."""

Pipelines = tuple[PipelineShape, ...]


def answered(request: Request, deal: Deal, pipelines: Pipelines, step: str, now: datetime) -> Sent | Refused:
    """Return what the other side would answer about a deal that stands so."""
    refused = _refused(request, deal, pipelines, now)
    return refused if refused is not None else Sent(receipt=_receipt(request, deal, pipelines, step))


def dated(deal: Deal, request: Request, said: Sent, pipelines: Pipelines, today: date) -> Deal:
    """Return the deal with the day on which a move has closed it, if it had none: the CRM writes that down."""
    if not isinstance(request, MoveDeal | MoveBack) or not said.receipt.get("moved") or deal.close_date is not None:
        return deal
    stage = _stage(pipelines, request.pipeline, request.stage)
    return msgspec.structs.replace(deal, close_date=today) if stage and stage.kind in CLOSED else deal


def _refused(request: Request, deal: Deal, pipelines: Pipelines, now: datetime) -> Refused | None:
    match request:
        case MoveDeal(lost_reason=reason):
            stage = _stage(pipelines, request.pipeline, request.stage)
            if stage is None:
                return None
            if not _would_move(request, deal, pipelines):
                return unknown_reason(stage, reason)
            return reasonless(stage, reason) or unknown_reason(stage, reason) or _short(stage, deal, now)
        case MoveBack():
            stage = _stage(pipelines, request.pipeline, request.stage)
            moves = stage is not None and _stands_where_left(request, deal)
            return reasonless(stage, None) or _short(stage, deal, now) if moves and stage is not None else None
        case CreateDeal():
            stage = _stage(pipelines, request.pipeline, request.stage)
            if stage is None or _beside(request, deal, pipelines):
                return None
            closed_on = now.date() if stage.kind in CLOSED else None
            fields = msgspec.structs.asdict(request) | {
                "close_date": request.close_date or closed_on,
                "owner": request.owner or stage.kind != "incoming",
            }
            return reasonless(stage, None) or missing_in(stage, fields, request.custom)
        case UpdateDeal(changes=changes):
            stage = _stage(pipelines, deal.pipeline, deal.stage)
            return None if stage is None else _emptied(stage, changes.given(), deal)
    return None


def _short(stage: StageShape, deal: Deal, now: datetime) -> Refused | None:
    """The refusal of a deal that comes into the stage without what it requires; the CRM itself gives it an owner."""
    closed_on = now.date() if stage.kind in CLOSED else None
    fields = msgspec.structs.asdict(deal) | {
        "close_date": deal.close_date or closed_on,
        "owner": deal.owner or stage.kind != "incoming",
    }
    return missing_in(stage, fields, deal.custom)


def _emptied(stage: StageShape, given: dict[str, Any], deal: Deal) -> Refused | None:
    """The refusal of a change that empties what the stage requires and what is there."""
    custom = given.pop("custom", ())
    if "owner" in given and given["owner"] is None and deal.owner is not None and stage.kind != "incoming":
        return OWNERLESS
    emptied = {name: value for name, value in given.items() if getattr(deal, name) != value}
    own = {each.key: each.value for each in custom if held_in(deal.custom, each.key) != each.value}
    return missing_in(stage, emptied | own)


def nothing_of(request: Request, answer: Sent | Refused) -> str:
    """Say why nothing comes of what is asked for; empty if something does."""
    if isinstance(answer, Refused):
        return f"refused ({answer.code}): {answer.message}"
    return came_to_nothing(request, answer.receipt)


def _stage(pipelines: Pipelines, pipeline: str, stage: str) -> StageShape | None:
    shape = _shape(pipelines, pipeline)
    return None if shape is None else shape.stage(stage)


def _shape(pipelines: Pipelines, pipeline: str) -> PipelineShape | None:
    return next((shape for shape in pipelines if shape.key == pipeline), None)


def _receipt(request: Request, deal: Deal, pipelines: Pipelines, step: str) -> Receipt:
    """What the other side would answer if all went well."""
    match request:
        case CreateDeal():
            beside = _beside(request, deal, pipelines)
            return {"deal_id": None, "open_deal": deal.id} if beside else {"deal_id": _NEW}
        case UpdateDeal(changes=changes):
            given = {name: value for name, value in changes.given().items() if name != "owner"}
            owner = changes.given().get("owner", msgspec.UNSET)
            same_owner = owner is msgspec.UNSET or owner in _names(deal)
            own = given.pop("custom", ())
            if any(held_in(deal.custom, each.key) != each.value for each in own):
                return {"changed": True}
            return {"changed": not same_owner or any(getattr(deal, name) != value for name, value in given.items())}
        case MoveBack():
            moves = _stands_where_left(request, deal)
            return {"moved": moves, "from_stage": deal.stage, "to_stage": request.stage if moves else deal.stage}
        case MoveDeal():
            moves = _would_move(request, deal, pipelines)
            return {"moved": moves, "from_stage": deal.stage, "to_stage": request.stage if moves else deal.stage}
        case SetTask():
            return {"task_id": _NEW}
        case SendEvent():
            return {"status": 200}
        case ChangeTags(add=add, remove=remove):
            tags = set(deal.tags)
            return {"changed": not set(add) <= tags or not tags.isdisjoint(remove)}
        case CompleteTasks():
            return {"completed": 1}
        case AddNote():
            return {"note_id": _NEW}
        case CreateContact():
            return {"contact_id": _NEW}
        case UpdateContact() | UpdateCompany() | UpdateRecord():
            return {"changed": True}
        case CreateRecord():
            return {"record_id": _NEW}
        case RemoveRecord():
            return {"removed": True}
        case SendMessage(contact_id=contact_id):
            return {"message_id": f"{_NEW}-{step}", "contact_id": contact_id}  # an answer says which it answers
        case SendEmail() | Notify():
            return {"message_id": _NEW}
        case SendConversion():
            return {"event_id": _NEW}
        case AskPerson():
            return {"told": 1}
        case Lookup():
            return {}


def _names(deal: Deal) -> tuple[str | None, ...]:
    return (None,) if deal.owner is None else (deal.owner.id, deal.owner.name)


def _would_move(request: MoveDeal, deal: Deal, pipelines: Pipelines) -> bool:
    if deal.pipeline != request.pipeline:
        return True
    shape = _shape(pipelines, deal.pipeline)
    if shape is None or not request.only_forward:
        return deal.stage != request.stage
    return shape.position(request.stage) > shape.position(deal.stage)


def _stands_where_left(request: MoveBack, deal: Deal) -> bool:
    return (deal.pipeline, deal.stage) == (request.leaves_pipeline, request.leaves_stage)


def _beside(request: CreateDeal, deal: Deal, pipelines: Pipelines) -> bool:
    """Say whether the deal itself is the open one that no other is to be made beside."""
    stage = _stage(pipelines, deal.pipeline, deal.stage)
    if request.unless_open != deal.pipeline or (stage is not None and stage.kind in CLOSED):
        return False
    shared = {each.id for each in deal.contacts} & {*request.contacts, *(request.unless_contacts or ())}
    return bool(shared) or (request.company is not None and request.company == deal.company)
