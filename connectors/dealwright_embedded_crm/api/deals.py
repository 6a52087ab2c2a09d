"""Deals one by one: list, read, create, change, move, accept, decline, clone, delete, and their contacts."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright.model import crm
from dealwright.model.requests import DealChanges
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import ContactId, DealId, answer, found, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.fields import ABSENT, Day, Given, Id, Key, Line, Moment, Money, Name, Title
from dealwright_embedded_crm.api.once import Answer, IfMatch, Writing, check_version, shown
from dealwright_embedded_crm.api.own_fields import OwnFilter, OwnGiven
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import DealOut, DealPage
from dealwright_embedded_crm.reads import DealQuery

router: Final = APIRouter(prefix="/deals", tags=["deals"])

_ONE: Final = succeeds(200, "The deal.", etag=True)
_CHANGED: Final = succeeds(200, "The deal as it is now.", etag=True, write=True)
_MADE: Final = succeeds(201, "The new deal.", etag=True, write=True)

Tags = Annotated[tuple[Line, ...], Field(max_length=100, examples=[["fair"]])]
Owner = Annotated[Name, Field(description="A user's id, e-mail or exact name.", examples=["1"])]
Role = Annotated[Line, Field(max_length=60, examples=["payer"])]
Contacts = Annotated[tuple[Id, ...], Field(max_length=100, description="Ids; the first is the main contact.")]


class DealFilter(OwnFilter):
    """Which deals, in which order: all filters hold; `created_to` itself is not included, the day `close_to` is."""

    name: Annotated[Line, Field(description="A part of the title, in any case.")] | None = None
    pipeline: Key | None = None
    stage: Key | None = None
    owner: Annotated[Id, Field(description="A user's id.")] | None = None
    contact: Annotated[Id, Field(description="A contact's id.")] | None = None
    reference: Line | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    close_from: Day | None = None
    close_to: Day | None = None
    sort: Literal["name", "stage", "created", "close_date", "amount"] = "created"
    order: Literal["asc", "desc"] = "asc"

    def query(self, eyes: Eyes) -> DealQuery:
        """Return the domain's query."""
        return DealQuery(
            name=self.name,
            pipeline=self.pipeline,
            stage=self.stage,
            owner=self.owner,
            contact=self.contact,
            reference=self.reference,
            sort=self.sort,
            created_from=self.created_from,
            created_to=self.created_to,
            close_from=self.close_from,
            close_to=self.close_to,
            own=eyes.wanted("deal", self.fields),
            descending=self.order == "desc",
        )


class DealFields(Given):
    """The fields of a deal that a client may set; in a change, null clears and what is absent is left alone."""

    owner: Owner | None = None
    amount: Money | None = None
    close_date: Day | None = None
    reference: Line | None = None
    company: Line | None = None
    fields: Annotated[OwnGiven, ABSENT] = Field(default_factory=dict)

    def values(self, eyes: Eyes) -> dict[str, Any]:
        """Return the fields that were sent, as the domain has them."""
        given = self.given()
        if given.pop("fields", None):
            given["custom"] = eyes.given("deal", self.fields)
        if self.amount is not None:
            given["amount"] = self.amount.value()
        return given


class DealNew(DealFields):
    """A deal to create; without a title it takes its main contact's name."""

    pipeline: Key
    stage: Key
    title: Title | None = None
    contacts: Contacts = ()
    tags: Tags = ()


class DealPatch(DealFields):
    """What to change in a deal."""

    title: Annotated[Title, ABSENT] = ""
    tags: Annotated[Tags, ABSENT] = ()

    def changes(self, eyes: Eyes) -> DealChanges:
        """Return the domain's changes."""
        return DealChanges(**self.values(eyes))


class DealMove(Given):
    """Where to move a deal; without `pipeline` it stays in the one it is in."""

    stage: Key
    pipeline: Key | None = None
    lost_reason: Line | None = None


class DealAccept(Given):
    """Who takes an incoming deal, and into which stage (the first open one unless it is said)."""

    owner: Owner
    stage: Key | None = None


class DealDecline(Given):
    """Why an incoming deal is declined."""

    reason: Line | None = None


class DealClone(Given):
    """What a copy is called; without it, as the deal is."""

    title: Title | None = None


class ContactLink(Given):
    """A contact to add, last; `role` is what it is on this deal, such as its payer."""

    contact_id: Id
    role: Role | None = None


class ContactIs(Given):
    """What a contact is on this deal; null is nothing in particular."""

    role: Role | None


@router.get("", response_model=DealPage, responses={**documented(), **succeeds(200, "One page of deals.")})
def list_deals(caller: Asking, wanted: Annotated[DealFilter, Query()]) -> Response:
    """List deals."""
    page = caller.crm.page_deals(wanted.query(Eyes(caller)), after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(DealPage, Eyes(caller).deal, page)))


@router.post("", status_code=201, response_model=DealOut, responses={**documented(409), **_MADE})
def create_deal(write: Writing, wanted: DealNew) -> Response:
    """Create a deal."""

    def act() -> Answer:
        fields = wanted.values(write.eyes)
        with named_in_body():
            return _made(write, write.crm.create_deal(**fields, actor=write.actor))

    return write.do("create_deal", act)


@router.get("/{deal_id:id}", response_model=DealOut, responses={**documented(), **_ONE})
def get_deal(caller: Asking, deal_id: DealId) -> Response:
    """Read one deal."""
    return shown(answer(Eyes(caller).deal, found(caller.crm.deal(deal_id), "deal", deal_id)))


@router.patch("/{deal_id:id}", response_model=DealOut, responses={**documented(409, 412), **_CHANGED})
def change_deal(write: Writing, deal_id: DealId, wanted: DealPatch, if_match: IfMatch = None) -> Response:
    """Change fields of a deal."""

    def act() -> Answer:
        _expect(write, deal_id, if_match)
        return answer(write.eyes.deal, write.crm.update_deal(deal_id, wanted.changes(write.eyes), actor=write.actor))

    return write.do("update_deal", act)


@router.delete(
    "/{deal_id:id}", status_code=204, responses={**documented(409, 412), **succeeds(204, "It is gone for ever.")}
)
def delete_deal(write: Writing, deal_id: DealId, if_match: IfMatch = None) -> Response:
    """Delete a deal for ever, with its records, tasks, notes and activities."""

    def act() -> Answer:
        _expect(write, deal_id, if_match)
        write.crm.delete_deals([deal_id], actor=write.actor)
        return Answer(status=204)

    return write.do("delete_deal", act)


@router.post("/{deal_id:id}/move", response_model=DealOut, responses={**documented(409, 412), **_CHANGED})
def move_deal(write: Writing, deal_id: DealId, wanted: DealMove, if_match: IfMatch = None) -> Response:
    """Move a deal to a stage, forwards or backwards."""

    def act() -> Answer:
        deal = _expect(write, deal_id, if_match)
        pipeline = wanted.pipeline or deal.pipeline
        with named_in_body("stage"):
            moved = write.crm.move_deal(
                deal_id, pipeline, wanted.stage, lost_reason=wanted.lost_reason, actor=write.actor
            )
        return answer(write.eyes.deal, moved)

    return write.do("move_deal", act)


@router.post("/{deal_id:id}/accept", response_model=DealOut, responses={**documented(409, 412), **_CHANGED})
def accept_deal(write: Writing, deal_id: DealId, wanted: DealAccept, if_match: IfMatch = None) -> Response:
    """Accept an incoming deal: it gets an owner and stands in the pipeline."""

    def act() -> Answer:
        _expect(write, deal_id, if_match)
        with named_in_body():
            accepted = write.crm.accept_deal(deal_id, owner=wanted.owner, stage=wanted.stage, actor=write.actor)
        return answer(write.eyes.deal, accepted)

    return write.do("accept_deal", act)


@router.post("/{deal_id:id}/decline", response_model=DealOut, responses={**documented(409, 412), **_CHANGED})
def decline_deal(write: Writing, deal_id: DealId, wanted: DealDecline, if_match: IfMatch = None) -> Response:
    """Decline an incoming deal: it is lost."""

    def act() -> Answer:
        _expect(write, deal_id, if_match)
        return answer(write.eyes.deal, write.crm.decline_deal(deal_id, reason=wanted.reason, actor=write.actor))

    return write.do("decline_deal", act)


@router.post("/{deal_id:id}/clone", status_code=201, response_model=DealOut, responses={**documented(409), **_MADE})
def clone_deal(write: Writing, deal_id: DealId, wanted: DealClone) -> Response:
    """Make a copy of a deal, in the same stage and with the same contacts."""
    return write.do(
        "clone_deal", lambda: _made(write, write.crm.clone_deal(deal_id, title=wanted.title, actor=write.actor))
    )


@router.post("/{deal_id:id}/contacts", response_model=DealOut, responses={**documented(409), **_CHANGED})
def add_contact(write: Writing, deal_id: DealId, wanted: ContactLink) -> Response:
    """Add a contact to a deal, after those it has."""

    def act() -> Answer:
        _expect(write, deal_id, None)
        with named_in_body("contact_id"):
            linked = write.crm.add_contact(deal_id, wanted.contact_id, role=wanted.role, actor=write.actor)
            return answer(write.eyes.deal, linked)

    return write.do("add_contact", act)


@router.patch(
    "/{deal_id:id}/contacts/{contact_id:id}", response_model=DealOut, responses={**documented(409), **_CHANGED}
)
def set_contact_role(write: Writing, deal_id: DealId, contact_id: ContactId, wanted: ContactIs) -> Response:
    """Say what a contact is on a deal, such as its payer."""

    def act() -> Answer:
        deal = _expect(write, deal_id, None)
        found(next((each for each in deal.contacts if each.id == contact_id), None), "contact of the deal", contact_id)
        return answer(write.eyes.deal, write.crm.set_contact_role(deal_id, contact_id, wanted.role, actor=write.actor))

    return write.do("set_contact_role", act)


@router.delete(
    "/{deal_id:id}/contacts/{contact_id:id}", response_model=DealOut, responses={**documented(409), **_CHANGED}
)
def remove_contact(write: Writing, deal_id: DealId, contact_id: ContactId) -> Response:
    """Take a contact off a deal; the next one becomes the main contact."""

    def act() -> Answer:
        deal = _expect(write, deal_id, None)
        found(next((each for each in deal.contacts if each.id == contact_id), None), "contact of the deal", contact_id)
        return answer(write.eyes.deal, write.crm.remove_contact(deal_id, contact_id, actor=write.actor))

    return write.do("remove_contact", act)


def _expect(write: Writing, deal_id: str, if_match: str | None) -> crm.Deal:
    deal: crm.Deal = found(write.crm.deal(deal_id), "deal", deal_id)
    check_version(deal, if_match)
    return deal


def _made(write: Writing, deal: crm.Deal) -> Answer:
    return Answer(
        status=201, body=write.eyes.deal(deal), version=deal.version, location=f"{MOUNTED_AT}/deals/{deal.id}"
    )
