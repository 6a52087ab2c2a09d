"""Idempotency keys and versions: at most once, whatever is repeated, crashes or comes at the same time."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from api_world import World

NEW = {"title": "Chairs", "pipeline": "sales", "stage": "prospecting"}
KEY = {"Idempotency-Key": "order-1"}


def test_the_same_request_again_gets_the_same_answer_and_changes_nothing(both: World) -> None:
    first = both.owner("POST", "/deals", NEW, headers=KEY)
    assert first.status == 201 and "idempotency-replayed" not in first.headers
    both.owner("PATCH", f"/deals/{first.json['id']}", {"title": "Tables"})
    raw = b'{ "stage": "prospecting", "pipeline": "sales", "title": "Chairs" }'
    again = both.owner("POST", "/deals", raw=raw, headers=KEY)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("etag", "location"):
        assert again.headers[name] == first.headers[name]
    assert len(both.crm.deals()) == 1


@pytest.mark.parametrize(
    ("path", "body"), [("/deals", {**NEW, "title": "Tables"}), ("/contacts", {"name": "Bo"}), ("/deals/1/clone", {})]
)
def test_a_key_of_another_request_is_a_conflict(world: World, path: str, body: dict[str, Any]) -> None:
    assert world.owner("POST", "/deals", NEW, headers=KEY).status == 201
    reply = world.owner("POST", path, body, headers=KEY)
    assert (reply.status, reply.code) == (409, "key_reused")
    assert len(world.crm.deals()) == 1 and world.crm.contacts() == []


def test_each_token_has_keys_of_its_own(world: World) -> None:
    assert world.owner("POST", "/deals", NEW, headers=KEY).status == 201
    other = world.client("administrator")("POST", "/deals", NEW, headers=KEY)
    assert other.status == 201 and "idempotency-replayed" not in other.headers
    assert len(world.crm.deals()) == 2


def test_a_refused_request_keeps_no_key(world: World) -> None:
    assert world.owner("POST", "/deals", {**NEW, "stage": "nowhere"}, headers=KEY).status == 422
    assert world.owner("POST", "/deals", NEW, headers=KEY).status == 201


def test_the_key_is_kept_with_the_write_or_not_at_all(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: Any, **__: Any) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(both.crm, "keep", torn)
        reply = both.owner("POST", "/deals", NEW, headers=KEY)
        assert (reply.status, reply.code) == (500, "internal")
    assert both.crm.deals() == []
    assert both.owner("POST", "/deals", NEW, headers=KEY).status == 201
    assert [deal.title for deal in both.crm.deals()] == ["Chairs"]


def test_the_same_request_from_many_at_once_is_carried_out_once(both: World) -> None:
    replies: list[Any] = []
    threads = [
        threading.Thread(target=lambda: replies.append(both.owner("POST", "/deals", NEW, headers=KEY)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in replies] == [201] * 6
    assert len({reply.body for reply in replies}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 5
    assert len(both.crm.deals()) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ü"])
def test_a_key_is_a_short_word(world: World, key: str) -> None:
    reply = world.owner("POST", "/deals", NEW, headers={"Idempotency-Key": key})
    assert (reply.status, reply.code) == (422, "invalid")
    assert world.crm.deals() == []


@pytest.mark.parametrize("method", ["PATCH", "POST", "DELETE"])
def test_a_deal_is_changed_only_at_the_version_that_was_seen(both: World, method: str) -> None:
    deal = both.deal()
    seen = both.owner("GET", f"/deals/{deal}").headers["etag"]
    assert both.owner("PATCH", f"/deals/{deal}", {"title": "A"}, headers={"If-Match": seen}).status == 200
    path = f"/deals/{deal}/move" if method == "POST" else f"/deals/{deal}"
    body = {"PATCH": {"title": "B"}, "POST": {"stage": "won"}, "DELETE": None}[method]
    late = both.owner(method, path, body, headers={"If-Match": seen})
    assert (late.status, late.code) == (412, "version_changed")
    kept = both.crm.deal(deal)
    assert kept is not None and (kept.title, kept.stage) == ("A", "prospecting")
    assert both.owner(method, path, body, headers={"If-Match": f'"7", "{kept.version}"'}).status in (200, 204)


@pytest.mark.parametrize(("tag", "status"), [("*", 200), ('W/"1"', 412), ("1", 412), ("", 412), ('"1"', 200)])
def test_if_match_is_read_as_the_standard_says(world: World, tag: str, status: int) -> None:
    deal = world.deal()
    assert world.owner("PATCH", f"/deals/{deal}", {"title": "B"}, headers={"If-Match": tag}).status == status
