"""Companies: list, read, rename, give own fields, merge. One comes into being with the first deal that names it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright.errors import NotFound
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import CompanyId, found, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.fields import ABSENT, Given, Id, Line, Name
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.own_fields import OwnFilter, OwnGiven
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import CompanyOut, CompanyPage
from dealwright_embedded_crm.company_reads import Company, CompanyQuery

router: Final = APIRouter(prefix="/companies", tags=["companies"])

_CHANGED: Final = succeeds(200, "The company as it is now.", write=True)


class CompanyFilter(OwnFilter):
    """Which companies."""

    name: Annotated[Line, Field(description="A part of the name, in this case.")] | None = None


class CompanyPatch(Given):
    """What to change in a company: another name is that of all its deals; null clears a field."""

    name: Annotated[Name, ABSENT] = ""
    fields: Annotated[OwnGiven, ABSENT] = Field(default_factory=dict)


class CompanyMerge(Given):
    """Two companies that are one: `absorb` is merged into `keep`, and its id means that one from now on."""

    keep: Id
    absorb: Id


@router.get("", response_model=CompanyPage, responses={**documented(), **succeeds(200, "One page of companies.")})
def list_companies(caller: Asking, wanted: Annotated[CompanyFilter, Query()]) -> Response:
    """List companies, oldest first."""
    eyes = Eyes(caller)
    query = CompanyQuery(name=wanted.name, own=eyes.wanted("company", wanted.fields))
    page = caller.crm.page_companies(query, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(CompanyPage, eyes.company, page)))


@router.post("/merge", response_model=CompanyOut, responses={**documented(409), **_CHANGED})
def merge_companies(write: Writing, wanted: CompanyMerge) -> Response:
    """Merge two companies into one: all deals are with it, its empty own fields are filled."""

    def act() -> Answer:
        for field, company_id in (("keep", wanted.keep), ("absorb", wanted.absorb)):
            with named_in_body(field):
                _check_id(write, company_id)
        kept = write.crm.merge_companies(wanted.keep, wanted.absorb, actor=write.actor)
        return Answer(body=write.eyes.company(kept))

    return write.do("merge_companies", act)


@router.get("/{company_id:id}", response_model=CompanyOut, responses={**documented(), **succeeds(200, "The company.")})
def get_company(caller: Asking, company_id: CompanyId) -> Response:
    """Read one company."""
    return shown(Answer(body=Eyes(caller).company(found(caller.crm.company_of_id(company_id), "company", company_id))))


@router.patch("/{company_id:id}", response_model=CompanyOut, responses={**documented(409), **_CHANGED})
def change_company(write: Writing, company_id: CompanyId, wanted: CompanyPatch) -> Response:
    """Rename a company, or set its own fields."""

    def act() -> Answer:
        before: Company = found(write.crm.company_of_id(company_id), "company", company_id)
        custom = write.eyes.given("company", wanted.fields)
        name = wanted.name if "name" in wanted.model_fields_set else None
        changed = write.crm.change_company(before.id, name=name, custom=custom or (), actor=write.actor)
        return Answer(body=write.eyes.company(changed))

    return write.do("change_company", act)


def _check_id(write: Writing, company_id: str) -> None:
    """Refuse an id that is none: a company whose *name* looks like it is not meant."""
    if write.crm.company_of_id(company_id) is None:
        raise NotFound(f"there is no company {company_id}")
