"""Deals together: bulk changes and deletions, all or none, and merging."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from dealwright_embedded_crm.api.common import answer, named_in_body, succeeds
from dealwright_embedded_crm.api.deals import DealPatch
from dealwright_embedded_crm.api.fields import MOST_IDS, UNIQUE, WHOLE, Given, Id, Shown
from dealwright_embedded_crm.api.once import Answer, Writing
from dealwright_embedded_crm.api.problems import Problem, documented
from dealwright_embedded_crm.api.views import DealOut

router: Final = APIRouter(prefix="/deals", tags=["deals"])

Ids = Annotated[list[Id], Field(min_length=1, max_length=MOST_IDS), *UNIQUE]
Count = Annotated[
    int,
    Field(ge=1, le=MOST_IDS, description="How many deals are meant: it must be the number of `ids`.", examples=[2]),
    WHOLE,
]


class BulkUpdate(Given):
    """The same changes to many deals; `count` confirms how many."""

    ids: Ids
    count: Count
    changes: DealPatch


class BulkDelete(Given):
    """Many deals to delete for ever; `count` confirms how many."""

    ids: Ids
    count: Count


class Merge(Given):
    """Two deals that are the same one: `absorb` is merged into `keep`, and is gone."""

    keep: Id
    absorb: Id


class BulkDone(Shown):
    """How many deals a bulk call changed, and which."""

    count: int
    ids: list[Id]


@router.post(
    "/bulk-update", response_model=BulkDone, responses={**documented(409), **succeeds(200, "Done.", write=True)}
)
def update_deals(write: Writing, wanted: BulkUpdate) -> Response:
    """Change many deals, all or none."""
    _confirmed(wanted.ids, wanted.count)

    def act() -> Answer:
        with named_in_body("ids"):
            write.crm.update_deals(wanted.ids, wanted.changes.changes(write.eyes), actor=write.actor)
        return Answer(body=BulkDone(count=len(wanted.ids), ids=wanted.ids))

    return write.do("update_deals", act)


@router.post(
    "/bulk-delete", response_model=BulkDone, responses={**documented(409), **succeeds(200, "Done.", write=True)}
)
def delete_deals(write: Writing, wanted: BulkDelete) -> Response:
    """Delete many deals for ever, all or none."""
    _confirmed(wanted.ids, wanted.count)

    def act() -> Answer:
        with named_in_body("ids"):
            write.crm.delete_deals(wanted.ids, actor=write.actor)
        return Answer(body=BulkDone(count=len(wanted.ids), ids=wanted.ids))

    return write.do("delete_deals", act)


@router.post(
    "/merge", response_model=DealOut, responses={**documented(409), **succeeds(200, "The deal.", etag=True, write=True)}
)
def merge_deals(write: Writing, wanted: Merge) -> Response:
    """Merge two deals into one: contacts, tasks, notes and activities join, and own fields that it has nothing in."""

    def act() -> Answer:
        with named_in_body():
            return answer(write.eyes.deal, write.crm.merge_deals(wanted.keep, wanted.absorb, actor=write.actor))

    return write.do("merge_deals", act)


def _confirmed(ids: list[str], count: int) -> None:
    if count != len(ids):
        message = f"count says {count}, and ids are {len(ids)}: nothing was changed"
        raise Problem(422, "not_confirmed", message, field="count")
