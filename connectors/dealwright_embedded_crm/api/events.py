"""The change feed: everything that happened in the CRM, in order, to be pulled from wherever one stopped."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from dealwright_embedded_crm import feed
from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import succeeds
from dealwright_embedded_crm.api.fields import KEPT, WHOLE, Given, Shown
from dealwright_embedded_crm.api.once import Answer, shown
from dealwright_embedded_crm.api.problems import documented

router: Final = APIRouter(prefix="/events", tags=["events"])


class EventFilter(Given):
    """Which events: those after one that was seen."""

    after: Annotated[
        str,
        Field(
            strict=True,
            pattern="^(0|[1-9][0-9]{0,17})$",
            description="The id of the last event that you have seen; 0 for all.",
        ),
        KEPT,
    ] = "0"
    limit: Annotated[int, Field(ge=1, le=500), WHOLE] = 100


class EventOut(Shown):
    """Something that happened, as the automations see it."""

    id: Annotated[str, Field(examples=["1"])]
    kind: Annotated[str, Field(examples=["deal_created"])]
    occurred_at: Annotated[str, Field(examples=["2026-01-31T09:00:00Z"])]
    actor: Annotated[str, Field(examples=["user:1"])]
    cause: Annotated[str | None, Field(description="The key of the effect that made the change, if one did.")]
    data: Annotated[
        dict[str, Any],
        Field(description="The rest of the event: `before` and `after` of a deal, the `contact`, the `task` ..."),
    ]


class EventsOut(Shown):
    """Events in order; `after` is what to ask for next, also when there was nothing new."""

    items: list[EventOut]
    after: str


@router.get("", responses={**documented(), **succeeds(200, "Events, oldest first.")}, response_model=EventsOut)
def list_events(caller: Asking, wanted: Annotated[EventFilter, Query()]) -> Response:
    """Pull the change feed.

    Nothing is ever inserted before an event that was shown: whoever asks with the last `after` misses nothing.
    """
    found = caller.crm.events(after=int(wanted.after), limit=wanted.limit)
    sight = caller.sight if any(feed.names_own_fields(raw) for _, raw in found) else None
    items = [EventOut(**feed.told(number, raw, sight)) for number, raw in found]
    return shown(Answer(body=EventsOut(items=items, after=items[-1].id if items else wanted.after)))
