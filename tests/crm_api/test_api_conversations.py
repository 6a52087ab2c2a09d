"""Conversations over HTTP: read, written, answered, each write once, bad input refused."""

from __future__ import annotations

from typing import Any

import pytest
from api_world import World


def test_a_conversation_is_written_answered_and_read(both: World) -> None:
    bo = both.contact()
    deal = both.deal(contacts=[bo])
    sent = both.owner("POST", f"/contacts/{bo}/messages", {"text": "Hi\nBo", "deal_id": deal})
    assert sent.status == 201 and sent.json["direction"] == "out" and sent.json["text"] == "Hi\nBo"
    assert sent.json["deal_id"] == deal and sent.json["buttons"] == []
    came = both.owner("POST", f"/contacts/{bo}/replies", {"text": "Yes?", "reply_to": sent.json["id"]})
    assert came.status == 201 and (came.json["direction"], came.json["author"]) == ("in", "Bo Li")
    listed = both.owner("GET", f"/contacts/{bo}/messages").json
    assert listed == {"items": [sent.json, came.json], "next": None}
    (conversation,) = both.owner("GET", "/conversations").json["items"]
    assert (conversation["messages"], conversation["last"], conversation["contact"]["id"]) == (2, came.json, bo)
    kinds = [each["kind"] for each in both.owner("GET", "/events").json["items"]]
    assert kinds[-1] == "message_received"


def test_an_answer_is_taken_once_for_its_key(both: World) -> None:
    bo = both.contact()
    for replayed in (False, True):
        answer = both.owner("POST", f"/contacts/{bo}/replies", {"text": "Hi"}, headers={"Idempotency-Key": "k"})
        assert answer.status == 201 and ("idempotency-replayed" in answer.headers) is replayed
    other = both.owner("POST", f"/contacts/{bo}/replies", {"text": "Ho"}, headers={"Idempotency-Key": "k"})
    assert (other.status, other.code) == (409, "key_reused")
    assert [each.text for each in both.crm.messages(bo)] == ["Hi"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("replies", {}, 422, "bad_text"),
        ("replies", {"text": ""}, 422, "invalid"),
        ("replies", {"text": 7}, 422, "invalid"),
        ("replies", {"text": "x" * 4_097}, 422, "invalid"),
        ("replies", {"text": "Hi", "button": "no"}, 422, "unknown_button"),
        ("replies", {"text": "Hi", "reply_to": "77"}, 422, "unknown_reference"),
        ("replies", {"text": "Hi", "direction": "out"}, 422, "invalid"),
        ("messages", {}, 422, "invalid"),
        ("messages", {"text": "Hi", "deal_id": "77"}, 422, "unknown_reference"),
        ("messages", {"text": "Hi", "deal_id": 1}, 422, "invalid"),
        ("messages", {"text": "Hi\u0000"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_said_is_refused(world: World, path: str, body: dict[str, Any], status: int, code: str) -> None:
    bo = world.contact()
    refused = world.owner("POST", f"/contacts/{bo}/{path}", body)
    assert (refused.status, refused.code) == (status, code)
    assert world.crm.messages(bo) == []


def test_nobody_has_a_conversation_with_who_is_not_there(world: World) -> None:
    assert world.owner("GET", "/contacts/77/messages").status == 404
    assert world.owner("POST", "/contacts/77/messages", {"text": "Hi"}).status == 404
    assert world.owner("POST", "/contacts/77/replies", {"text": "Hi"}).status == 404
    assert world.owner("GET", "/conversations?cursor=x").code == "bad_cursor"
