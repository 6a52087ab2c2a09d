"""Notes and activities: what somebody wrote down about a deal, and the calls, meetings and e-mails that happened."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright.model.crm import ActivityKind
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import Paged, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.deals import Owner
from dealwright_embedded_crm.api.fields import Given, Id, Line, Moment, Paragraph
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import ActivityOut, ActivityPage, NoteOut, NotePage

router: Final = APIRouter(tags=["notes and activities"])


class OfDeal(Paged):
    """Which notes or activities: of one deal, or of all."""

    deal: Id | None = None


class NoteNew(Given):
    """A note to write down."""

    deal_id: Id
    text: Paragraph


class ActivityNew(Given):
    """Something that happened: now, and by the token's user, unless it is said."""

    deal_id: Id
    kind: ActivityKind
    at: Moment | None = None
    outcome: Line | None = None
    text: Paragraph | None = None
    by: Annotated[Owner, Field(description="A user's id, e-mail or exact name.")] | None = None
    contact_id: Id | None = None


@router.get("/notes", responses={**documented(), **succeeds(200, "One page of notes.")}, response_model=NotePage)
def list_notes(caller: Asking, wanted: Annotated[OfDeal, Query()]) -> Response:
    """List notes, oldest first."""
    page = caller.crm.page_notes(wanted.deal, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(NotePage, NoteOut.of, page)))


@router.post(
    "/notes",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The note.", write=True)},
    response_model=NoteOut,
)
def add_note(write: Writing, wanted: NoteNew) -> Response:
    """Write a note down at a deal."""

    def act() -> Answer:
        with named_in_body("deal_id"):
            return Answer(
                status=201, body=NoteOut.of(write.crm.add_note(wanted.deal_id, wanted.text, actor=write.actor))
            )

    return write.do("add_note", act)


@router.get(
    "/activities",
    responses={**documented(), **succeeds(200, "One page of activities.")},
    response_model=ActivityPage,
)
def list_activities(caller: Asking, wanted: Annotated[OfDeal, Query()]) -> Response:
    """List activities, in the order they were written down."""
    page = caller.crm.page_activities(wanted.deal, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(ActivityPage, ActivityOut.of, page)))


@router.post(
    "/activities",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The activity.", write=True)},
    response_model=ActivityOut,
)
def log_activity(write: Writing, wanted: ActivityNew) -> Response:
    """Write down a call, meeting or e-mail that happened."""

    def act() -> Answer:
        with named_in_body():
            logged = write.crm.log_activity(
                wanted.deal_id,
                wanted.kind,
                wanted.at,
                outcome=wanted.outcome,
                text=wanted.text,
                by=wanted.by,
                contact=wanted.contact_id,
                actor=write.actor,
            )
        return Answer(status=201, body=ActivityOut.of(logged))

    return write.do("log_activity", act)
