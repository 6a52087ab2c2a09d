"""Records under deals: list, add, read, change and remove them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright.model.custom import Customs
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import DealId, Paged, RecordId, found, paged, succeeds
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.fields import ABSENT, Given, Key
from dealwright_embedded_crm.api.once import Answer, IfMatch, Writing, check_version, shown
from dealwright_embedded_crm.api.own_fields import OwnGiven
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import RecordOut, RecordPage
from dealwright_embedded_crm.record_reads import KeptRecord

router: Final = APIRouter(tags=["records"])

_ONE: Final = succeeds(200, "The record.", etag=True)
_CHANGED: Final = succeeds(200, "The record as it is now.", etag=True, write=True)
_MADE: Final = succeeds(201, "The new record.", etag=True, write=True)

Kind = Annotated[Key, Field(examples=["instalment"])]


class RecordFilter(Paged):
    """Which records of a deal."""

    kind: Annotated[Kind, Field(description="Only this kind: its key.")] | None = None


class RecordNew(Given):
    """A record to put under a deal."""

    kind: Kind
    fields: Annotated[OwnGiven, ABSENT] = Field(default_factory=dict)


class RecordPatch(Given):
    """What to change in a record: null clears, and what is absent is left alone."""

    fields: Annotated[OwnGiven, ABSENT] = Field(default_factory=dict)


@router.get(
    "/deals/{deal_id:id}/records",
    response_model=RecordPage,
    responses={**documented(), **succeeds(200, "One page of records.")},
)
def list_records(caller: Asking, deal_id: DealId, wanted: Annotated[RecordFilter, Query()]) -> Response:
    """List what is under a deal, oldest first."""
    found(caller.crm.deal(deal_id), "deal", deal_id)
    eyes = Eyes(caller)
    if wanted.kind is not None:
        eyes.kind(wanted.kind)
    page = caller.crm.page_records(deal_id, kind=wanted.kind, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(RecordPage, eyes.record, page)))


@router.post(
    "/deals/{deal_id:id}/records",
    status_code=201,
    response_model=RecordOut,
    responses={**documented(409, 412), **_MADE},
)
def add_record(write: Writing, deal_id: DealId, wanted: RecordNew, if_match: IfMatch = None) -> Response:
    """Put a record under a deal, which is at its next version then."""

    def act() -> Answer:
        check_version(found(write.crm.deal(deal_id), "deal", deal_id), if_match)
        write.eyes.kind(wanted.kind)
        custom = write.eyes.given(wanted.kind, wanted.fields)
        made = write.crm.add_record(deal_id, wanted.kind, custom, actor=write.actor)
        return Answer(
            status=201,
            body=write.eyes.record(made),
            version=made.deal_version,
            location=f"{MOUNTED_AT}/records/{made.record.id}",
        )

    return write.do("add_record", act)


@router.get("/records/{record_id:id}", response_model=RecordOut, responses={**documented(), **_ONE})
def get_record(caller: Asking, record_id: RecordId) -> Response:
    """Read one record."""
    record: KeptRecord = found(caller.crm.record(record_id), "record", record_id)
    return shown(Answer(body=Eyes(caller).record(record), version=record.deal_version))


@router.patch("/records/{record_id:id}", response_model=RecordOut, responses={**documented(409, 412), **_CHANGED})
def change_record(write: Writing, record_id: RecordId, wanted: RecordPatch, if_match: IfMatch = None) -> Response:
    """Change fields of a record; its deal is at its next version then."""

    def act() -> Answer:
        before = _expect(write, record_id, if_match)
        custom: Customs = write.eyes.given(before.record.kind, wanted.fields)
        changed = write.crm.update_record(record_id, custom or (), actor=write.actor)
        return Answer(body=write.eyes.record(changed), version=changed.deal_version)

    return write.do("update_record", act)


@router.delete(
    "/records/{record_id:id}",
    status_code=204,
    responses={**documented(409, 412), **succeeds(204, "It is gone for ever.")},
)
def remove_record(write: Writing, record_id: RecordId, if_match: IfMatch = None) -> Response:
    """Take a record away from under its deal, for ever."""

    def act() -> Answer:
        _expect(write, record_id, if_match)
        write.crm.remove_record(record_id, actor=write.actor)
        return Answer(status=204)

    return write.do("remove_record", act)


def _expect(write: Writing, record_id: str, if_match: str | None) -> KeptRecord:
    record: KeptRecord = found(write.crm.record(record_id), "record", record_id)
    check_version(record.deal_version, if_match)
    return record
