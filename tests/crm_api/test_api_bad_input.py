"""Whatever is sent, the answer is a refusal in one shape: never a failure, and never half of the thing."""

from __future__ import annotations

from typing import Any

import pytest
from api_world import World

pytestmark = pytest.mark.slow  # a CRM for each case

NEW = {"title": "Chairs", "pipeline": "sales", "stage": "prospecting"}


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"{'title': 1}", 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b'{"title": "\xff"}', 400, "malformed"),
        (b'{"title": NaN}', 400, "malformed"),
        (b'{"title": 1e999}', 422, "invalid"),
        (b'{"title": "a", "title": "b"}', 400, "malformed"),
        (b'{"title": ' + b"9" * 5_000 + b"}", 400, "malformed"),
        (b'{"title": ' + b"9" * 400 + b"}", 422, "invalid"),
        (b"[" * 33 + b"]" * 33, 400, "too_deep"),
        (b"[" * 200_000, 400, "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "too_deep"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b'"deal"', 422, "invalid"),
        (b"", 422, "invalid"),
        (b" " * 1_048_577, 413, "too_large"),
        (b'{"title": "' + b"x" * 1_000_000 + b'"}', 422, "invalid"),
        (b'{"title": "\\ud800"}', 422, "invalid"),
        (b"\xef\xbb\xbf{}", 400, "malformed"),
    ],
)
def test_a_body_that_cannot_be_used(world: World, raw: bytes, status: int, code: str) -> None:
    reply = world.owner("POST", "/deals", raw=raw, headers={"content-type": "application/json"})
    assert (reply.status, reply.code) == (status, code), reply.body[:300]
    assert world.crm.deals() == []


def test_half_a_character_in_a_members_name_is_called_so(world: World) -> None:
    """It was: the body is no JSON."""
    for raw in (b'{"\\ud800": 1}', b'{"fields": {"\\udfffx": 1}}'):
        reply = world.owner("POST", "/deals", raw=raw, headers={"content-type": "application/json"})
        assert (reply.status, reply.code) == (400, "malformed")
        assert b"the name of a member holds half a character (a lone surrogate)" in reply.body


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", ""]
)
def test_a_body_of_another_kind(world: World, kind: str) -> None:
    reply = world.owner("POST", "/deals", NEW, headers={"content-type": kind})
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


def test_a_content_type_may_name_its_charset(world: World) -> None:
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert world.owner("POST", "/deals", NEW, headers=kind).status == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a" * 10_001}, "title"),
        ({"title": 7}, "title"),
        ({"pipeline": None}, "pipeline"),
        ({"titel": "x"}, "titel"),
        ({"contacts": ["1"] * 101}, "contacts"),
        ({"contacts": [str(n) for n in range(1, 100_001)]}, "contacts"),
        ({"contacts": [1]}, "contacts.0"),
        ({"contacts": ["0"]}, "contacts.0"),
        ({"contacts": ["9" * 30]}, "contacts.0"),
        ({"amount": 12.5}, "amount"),
        ({"amount": {"amount": 12.5, "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": "1e3", "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": "-1", "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": "1\n", "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": "٣", "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": "1", "currency": "usd"}}, "amount.currency"),
        ({"amount": {"amount": "1"}}, "amount.currency"),
        ({"close_date": "2026-02-30"}, "close_date"),
        ({"close_date": "2026-1-1"}, "close_date"),
        ({"close_date": 1_700_000_000}, "close_date"),
        ({"close_date": "2026-01-01T00:00:00Z"}, "close_date"),
        ({"tags": "vip"}, "tags"),
        ({"tags": ["\u0000"]}, "tags.0"),
        ({"reference": "a\u0000b"}, "reference"),
        ({"company": "\ud800"}, "company"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_not_repeated(
    world: World, change: dict[str, Any], field: str
) -> None:
    reply = world.owner("POST", "/deals", {**NEW, **change})
    assert (reply.status, reply.code) == (422, "invalid"), reply.body[:300]
    assert reply.json["error"]["field"] == field
    assert len(reply.body) < 400
    assert world.crm.deals() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": {"amount": "1.005", "currency": "USD"}}, "bad_amount"),
        ({"amount": {"amount": "1", "currency": "XXQ"}}, "bad_currency"),
        ({"owner": "nobody"}, "unknown_owner"),
        ({"contacts": ["77"]}, "unknown_reference"),
        ({"pipeline": "nowhere"}, "unknown_pipeline"),
        ({"stage": "nowhere"}, "unknown_stage"),
        ({"title": "€" * 9_999}, "bad_title"),
    ],
)
def test_a_value_that_the_crm_refuses_has_its_code(both: World, change: dict[str, Any], code: str) -> None:
    reply = both.owner("POST", "/deals", {**NEW, **change})
    assert (reply.status, reply.code) == (422, code), reply.body
    assert both.crm.deals() == []


def test_right_to_left_tricks_are_kept_and_come_back_as_ascii(world: World) -> None:
    made = world.owner("POST", "/deals", {**NEW, "title": "\u202egpj.exe\u2066 😀"})
    assert made.status == 201
    assert world.owner("GET", f"/deals/{made.json['id']}").json["title"] == "\u202egpj.exe\u2066 😀"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/deals?limit=0", 422, "invalid"),
        ("/deals?limit=201", 422, "invalid"),
        ("/deals?limit=1.0", 422, "invalid"),
        ("/deals?limit=" + "9" * 5_000, 422, "invalid"),
        ("/deals?limit=", 422, "invalid"),
        ("/deals?limti=5", 422, "invalid"),
        ("/deals?limit=5&limit=6", 400, "malformed"),
        ("/deals?name=%00", 422, "invalid"),
        ("/deals?name=%ff", 400, "malformed"),
        ("/deals?name=" + "a" * 9_000, 400, "malformed"),
        ("/deals?cursor=nonsense", 422, "bad_cursor"),
        ("/deals?cursor=%00", 422, "invalid"),
        ("/deals?sort=secret", 422, "invalid"),
        ("/deals?owner=Nobody", 422, "invalid"),
        ("/deals?created_from=2026-01-01", 422, "invalid"),
        ("/deals?created_from=2026-01-01T00:00:00", 422, "invalid"),
        ("/deals?created_from=0001-01-01T00:00:00%2B14:00", 422, "invalid"),
        ("/deals/0", 404, "not_found"),
        ("/deals/77", 404, "not_found"),
        ("/deals/" + "9" * 40, 404, "not_found"),
        ("/deals/-1", 404, "not_found"),
        ("/deals/\u0000", 404, "not_found"),
        ("/deals/", 404, "not_found"),
        ("/nothing", 404, "not_found"),
        ("/pipelines/no..such", 404, "not_found"),
        ("/events?after=-1", 422, "invalid"),
    ],
)
def test_an_address_that_cannot_be_used(both: World, path: str, status: int, code: str) -> None:
    reply = both.owner("GET", path)
    assert (reply.status, reply.code) == (status, code), reply.body


def test_a_wrong_method_says_all_that_are_right(world: World) -> None:
    for path, allowed in [("/deals", "GET, POST"), ("/deals/1", "DELETE, GET, PATCH"), ("/deals/bulk-update", None)]:
        for method in ("PUT", "OPTIONS", "HEAD", "TRACE"):
            reply = world.owner(method, path)
            assert reply.status == 405 and (allowed is None or reply.headers["allow"] == allowed)
            assert method == "HEAD" or reply.code == "method_not_allowed"


@pytest.mark.parametrize("header", ["authorization", "idempotency-key", "content-type"])
def test_a_header_that_is_there_twice_is_refused(world: World, header: str) -> None:
    from dealwright_embedded_crm.api.front import _headers
    from dealwright_embedded_crm.api.problems import Problem

    twice = {"headers": [(header.encode(), b"a"), (header.encode(), b"b")]}
    with pytest.raises(Problem) as caught:
        _headers(twice)
    assert caught.value.status == 400


def test_a_stranger_is_refused_before_the_body_is_read(world: World) -> None:
    reply = world.client(None)("POST", "/deals", raw=b" " * 2_000_000)
    assert reply.status == 401
