"""Webhooks: the change feed, sent to an address as it happens."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import WebhookId, succeeds
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.fields import KEPT, UNIQUE, Given, Id, Moment, Shown
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.subscriptions import Kind, Subscription

router: Final = APIRouter(prefix="/webhooks", tags=["events"])

_EVENT_ID: Final = "^(0|[1-9][0-9]{0,17})$"


class WebhookNew(Given):
    """An address to send events to; it must be https and out on the internet."""

    url: Annotated[
        str,
        Field(strict=True, min_length=9, max_length=1_000),
        KEPT,
    ]
    kinds: Annotated[tuple[Kind, ...], Field(max_length=8, description="Which events; none: all."), *UNIQUE] = ()
    after: Annotated[
        Annotated[str, Field(strict=True, pattern=_EVENT_ID), KEPT] | None,
        Field(description="The id of the last event that you have seen, 0 for all; null: what happens from now on."),
    ] = None


class WebhookOut(Shown):
    """A webhook, without its secret."""

    id: Id
    url: str
    kinds: Annotated[list[str], Field(description="Which events; none: all.", examples=[["deal_created"]])]
    after: Annotated[str, Field(description="The id of the last event that was delivered.", examples=["41"])]
    made_by: Annotated[str, Field(examples=["user:1"])]
    created_at: Moment
    failures: Annotated[int, Field(description="Attempts in a row that failed.")]
    not_before: Annotated[Moment | None, Field(description="When it is tried again.")]
    last_status: Annotated[str | None, Field(examples=["http 204"])]
    disabled_at: Moment | None
    disabled_reason: str | None

    @classmethod
    def of(cls, one: Subscription) -> WebhookOut:
        """Return the subscription as shown."""
        return cls(
            id=one.id,
            url=one.url,
            kinds=list(one.kinds),
            after=one.after,
            made_by=one.made_by,
            created_at=one.created_at,
            failures=one.failures,
            not_before=one.not_before,
            last_status=one.last_status,
            disabled_at=one.disabled_at,
            disabled_reason=one.disabled_reason,
        )


class WebhookMade(WebhookOut):
    """A new webhook with the secret that signs its requests, which is shown this once."""

    secret: Annotated[str, Field(examples=["dwhook_..."])]


class WebhooksOut(Shown):
    """All webhooks."""

    items: list[WebhookOut]


@router.get("", responses={**documented(), **succeeds(200, "All webhooks.")}, response_model=WebhooksOut)
def list_webhooks(caller: Asking) -> Response:
    """List all webhooks: how far each has come, and how it fares."""
    return shown(Answer(body=WebhooksOut(items=[WebhookOut.of(each) for each in caller.crm.webhooks()])))


@router.post(
    "", status_code=201, responses={**documented(409), **succeeds(201, "The webhook.")}, response_model=WebhookMade
)
def create_webhook(caller: Asking, wanted: WebhookNew) -> Response:
    """Send what happens to an address; the secret that signs is in this answer and nowhere else.

    It takes no Idempotency-Key: to answer a repeat, the secret would have to be shown twice. The webhook goes on when
    the token that made it was revoked.
    """
    made, secret = caller.crm.add_webhook(
        wanted.url,
        wanted.kinds,
        after=None if wanted.after is None else int(wanted.after),
        actor=caller.actor,
    )
    body = WebhookMade(**WebhookOut.of(made).model_dump(), secret=secret)
    return shown(Answer(status=201, body=body, location=f"{MOUNTED_AT}/webhooks/{made.id}"))


@router.delete(
    "/{webhook_id:id}",
    responses={**documented(409), **succeeds(200, "The webhook, as it was.", write=True)},
    response_model=WebhookOut,
)
def delete_webhook(write: Writing, webhook_id: WebhookId) -> Response:
    """Send nothing any more; the answer's `after` is where another one can go on."""

    def act() -> Answer:
        return Answer(body=WebhookOut.of(write.crm.remove_webhook(webhook_id)))

    return write.do("remove_webhook", act)
