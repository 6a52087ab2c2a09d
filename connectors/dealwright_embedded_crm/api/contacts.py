"""Contacts: list and search, read, create, change, merge; their deals, and deals created from them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import ContactId, Paged, answer, found, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.deals import DealFields, Tags
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.fields import ABSENT, Given, Id, Key, Line, Title
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.own_fields import OwnFilter, OwnGiven
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import ContactOut, ContactPage, DealOut, DealPage
from dealwright_embedded_crm.reads import ContactQuery, DealQuery

router: Final = APIRouter(prefix="/contacts", tags=["contacts"])


class ContactFilter(OwnFilter):
    """Which contacts."""

    name: Annotated[Line, Field(description="A part of the name, in any case.")] | None = None
    phone: Annotated[Line, Field(description="Exactly as it is kept.")] | None = None
    email: Annotated[Line, Field(description="Exactly as it is kept.")] | None = None


class ContactFields(Given):
    """The fields of a contact; in a change, null clears and what is absent is left alone."""

    name: Annotated[Line, Field(description="Made of first and last name when it is absent.")] | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    fields: Annotated[OwnGiven, ABSENT] = Field(default_factory=dict)

    def values(self, eyes: Eyes) -> dict[str, Any]:
        """Return the fields that were sent, as the domain has them."""
        given = self.given()
        if given.pop("fields", None):
            given["custom"] = eyes.given("contact", self.fields)
        return given


class ContactMerge(Given):
    """Two contacts that are the same person: `absorb` is merged into `keep`, and its id means that one from now on."""

    keep: Id
    absorb: Id


class ContactDealNew(DealFields):
    """A deal to create for a contact; without a title it takes the contact's name."""

    pipeline: Key
    stage: Key
    title: Title | None = None
    tags: Tags = ()


class DealsFilter(Paged):
    """Which of a contact's deals."""

    state: Literal["open", "closed", "all"] = "all"


@router.get("", response_model=ContactPage, responses={**documented(), **succeeds(200, "One page of contacts.")})
def list_contacts(caller: Asking, wanted: Annotated[ContactFilter, Query()]) -> Response:
    """List contacts, oldest first."""
    eyes = Eyes(caller)
    own = eyes.wanted("contact", wanted.fields)
    query = ContactQuery(name=wanted.name, phone=wanted.phone, email=wanted.email, own=own)
    page = caller.crm.page_contacts(query, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(ContactPage, eyes.contact, page)))


@router.post(
    "", status_code=201, response_model=ContactOut, responses={**documented(409), **succeeds(201, "Made.", write=True)}
)
def create_contact(write: Writing, wanted: ContactFields) -> Response:
    """Create a contact; it needs a name, a phone or an e-mail."""

    def act() -> Answer:
        made = write.crm.create_contact(**wanted.values(write.eyes), actor=write.actor)
        return Answer(status=201, body=write.eyes.contact(made), location=f"{MOUNTED_AT}/contacts/{made.id}")

    return write.do("create_contact", act)


@router.post(
    "/merge", response_model=ContactOut, responses={**documented(409), **succeeds(200, "The contact.", write=True)}
)
def merge_contacts(write: Writing, wanted: ContactMerge) -> Response:
    """Merge two contacts into one: it stands on all their deals, its empty fields are filled."""

    def act() -> Answer:
        with named_in_body():
            return answer(write.eyes.contact, write.crm.merge_contacts(wanted.keep, wanted.absorb, actor=write.actor))

    return write.do("merge_contacts", act)


@router.get("/{contact_id:id}", response_model=ContactOut, responses={**documented(), **succeeds(200, "The contact.")})
def get_contact(caller: Asking, contact_id: ContactId) -> Response:
    """Read one contact."""
    return shown(answer(Eyes(caller).contact, found(caller.crm.contact(contact_id), "contact", contact_id)))


@router.patch(
    "/{contact_id:id}",
    response_model=ContactOut,
    responses={**documented(409), **succeeds(200, "The contact.", write=True)},
)
def change_contact(write: Writing, contact_id: ContactId, wanted: ContactFields) -> Response:
    """Change fields of a contact."""

    def act() -> Answer:
        changes = wanted.values(write.eyes)
        return answer(write.eyes.contact, write.crm.update_contact(contact_id, actor=write.actor, **changes))

    return write.do("update_contact", act)


@router.get(
    "/{contact_id:id}/deals", response_model=DealPage, responses={**documented(), **succeeds(200, "Its deals.")}
)
def deals_of_contact(caller: Asking, contact_id: ContactId, wanted: Annotated[DealsFilter, Query()]) -> Response:
    """List the open and the closed deals of a contact."""
    found(caller.crm.contact(contact_id), "contact", contact_id)
    closed = None if wanted.state == "all" else wanted.state == "closed"
    page = caller.crm.page_deals(DealQuery(contact=contact_id, closed=closed), after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(DealPage, Eyes(caller).deal, page)))


@router.post(
    "/{contact_id:id}/deals",
    status_code=201,
    response_model=DealOut,
    responses={**documented(409), **succeeds(201, "The new deal.", etag=True, write=True)},
)
def create_deal_for_contact(write: Writing, contact_id: ContactId, wanted: ContactDealNew) -> Response:
    """Create a deal whose main contact this is."""

    def act() -> Answer:
        found(write.crm.contact(contact_id), "contact", contact_id)
        with named_in_body():
            deal = write.crm.create_deal(contacts=[contact_id], **wanted.values(write.eyes), actor=write.actor)
        return Answer(
            status=201, body=write.eyes.deal(deal), version=deal.version, location=f"{MOUNTED_AT}/deals/{deal.id}"
        )

    return write.do("create_deal", act)
