"""Webhooks over the API: made, seen, deleted; what is sent is what `GET /events` answers."""

from __future__ import annotations

import asyncio
import json

import pytest
from api_world import World

from dealwright_embedded_crm.webhooks_out import Deliverer
from dealwright_http.server import Answer, Received, Server

URL = "https://shop.example.com/crm-events"


def test_a_webhook_is_made_seen_and_deleted_and_its_secret_is_shown_once(both: World) -> None:
    both.deal()
    ask = both.client("administrator")
    made = ask("POST", "/webhooks", {"url": URL, "kinds": ["deal_created"], "after": "0"})
    assert made.status == 201 and made.headers["location"] == "/api/crm/v1/webhooks/1"
    assert made.headers["cache-control"] == "no-store"
    secret = made.json["secret"]
    assert made.json == {
        "id": "1",
        "url": URL,
        "kinds": ["deal_created"],
        "after": "0",
        "made_by": f"user:{both.ann.id}",
        "created_at": "2026-03-02T09:00:00.000000Z",
        "failures": 0,
        "not_before": None,
        "last_status": None,
        "disabled_at": None,
        "disabled_reason": None,
        "secret": secret,
    }
    assert ask("POST", "/webhooks", {"url": URL}).json["after"] == "1"
    listed = ask("GET", "/webhooks")
    assert [each["after"] for each in listed.json["items"]] == ["0", "1"] and secret not in listed.body.decode()
    first = ask("DELETE", "/webhooks/1", headers={"idempotency-key": "a"})
    again = ask("DELETE", "/webhooks/1", headers={"idempotency-key": "a"})
    assert first.status == 200 and first.json == again.json == listed.json["items"][0]
    assert ask("DELETE", "/webhooks/1").status == 404
    assert [each.id for each in both.crm.webhooks()] == ["2"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "https://10.0.0.1/"}, "private_address"),
        ({"url": "http://shop.example.com/"}, "bad_url"),
        ({"url": URL, "allow_private": True}, "invalid"),
        ({"url": URL, "kinds": ["deal_craeted"]}, "invalid"),
        ({"url": URL, "kinds": ["deal_created", "deal_created"]}, "invalid"),
        ({"url": URL, "after": "7"}, "bad_after"),
        ({"url": URL, "after": 0}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(world: World, body: dict[str, object], code: str) -> None:
    reply = world.owner("POST", "/webhooks", body)
    assert (reply.status, reply.code) == (422, code)
    assert world.crm.webhooks() == []


def test_too_many_are_a_conflict(world: World) -> None:
    for _ in range(20):
        assert world.owner("POST", "/webhooks", {"url": URL}).status == 201
    reply = world.owner("POST", "/webhooks", {"url": URL})
    assert (reply.status, reply.code) == (409, "too_many_webhooks")


def test_the_same_objects_are_sent_and_answered(world: World) -> None:
    world.crm.create_contact(first_name="Bo")
    world.deal("Éclair")
    world.crm.move_deal("1", "sales", "won")
    sent: list[object] = []

    async def handle(request: Received) -> Answer:
        sent.append(json.loads(request.body))
        return Answer(status=204)

    async def deliver() -> None:
        server = Server(handle)
        port = await server.start()
        world.crm.add_webhook(f"http://127.0.0.1:{port}/", after=0, allow_private=True)
        assert await Deliverer(world.crm, world.clock).once() == 2
        await server.stop()

    asyncio.run(deliver())
    assert sent == world.owner("GET", "/events").json["items"]
