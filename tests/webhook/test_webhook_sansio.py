"""The wire format: what is sent, how it is signed, what answers mean."""

from __future__ import annotations

from datetime import timedelta

import pytest
from webhook_world import WHEN, event

from dealwright.model.requests import Call, Outcome, Refused, SendEvent, Sent, TryAgain, Unknown
from dealwright.signature import sign
from dealwright_webhook import sansio

SECRET = b"0123456789abcdef"


def encoded(call: Call) -> bytes:
    assert isinstance(call.request, SendEvent)
    return sansio.encode(call, call.request)


def signed(body: bytes, key: str = "k1") -> dict[str, str]:
    return {name.lower(): value for name, value in sansio.headers(SECRET, key, body, WHEN).items()}


def test_the_body_is_the_documented_json_and_the_same_at_every_attempt() -> None:
    assert (
        encoded(event("k1"))
        == encoded(event("k1"))
        == (
            '{"id":"k1","event":"won","occurred_at":"2026-03-02T09:00:00Z","account":"acme","deal_id":"77",'
            '"data":{"title":"Désk","amount":"10.50","vip":true,"none":null}}'
        ).encode()
    )


def test_the_signature_is_the_documented_hmac() -> None:
    # printf '1772442000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
    expected = "v1=5ad22d4b8dd431907bbf464aa94ccb5783620bd8d1736f09fac3123d6a14a2e3"
    assert sign(SECRET, 1772442000, b"{}") == expected


def test_what_was_signed_is_verified() -> None:
    body = encoded(event("k1"))
    assert sansio.verify(SECRET, signed(body), body, WHEN).deal_id == "77"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dealwright-signature": ""}, "does not fit"),
        ({"dealwright-signature": "v1=é"}, "does not fit"),
        ({"dealwright-timestamp": ""}, "missing or no number"),
        ({"dealwright-timestamp": "1" * 30}, "missing or no number"),
        ({"dealwright-timestamp": "1772442001"}, "does not fit"),
        ({"dealwright-id": "k2"}, "is not the body's id"),
    ],
)
def test_a_forged_request_is_known(change: dict[str, str], says: str) -> None:
    body = encoded(event("k1"))
    with pytest.raises(sansio.Forged, match=says):
        sansio.verify(SECRET, signed(body) | change, body, WHEN)


def test_another_secret_another_body_and_an_old_request_are_refused() -> None:
    body = encoded(event("k1"))
    with pytest.raises(sansio.Forged, match="does not fit"):
        sansio.verify(b"another secret!!", signed(body), body, WHEN)
    with pytest.raises(sansio.Forged, match="does not fit"):
        sansio.verify(SECRET, signed(body), body.replace(b"10.50", b"99.50"), WHEN)
    with pytest.raises(sansio.Forged, match="more than 300 s off"):
        sansio.verify(SECRET, signed(body), body, WHEN + timedelta(seconds=301))
    with pytest.raises(sansio.Forged, match="not the JSON"):
        sansio.verify(SECRET, signed(b"[]"), b"[]", WHEN)


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Sent(receipt={"status": 200})),
        (204, {}, Sent(receipt={"status": 204})),
        (200, {"Dealwright-Repeated": "true"}, Sent(receipt={"status": 200}, repeated=True)),
        (409, {"Dealwright-Repeated": "true"}, Sent(receipt={"status": 409}, repeated=True)),
        (409, {}, Refused(code="http_409", message="erp answered 409")),
        (429, {"Retry-After": "7"}, TryAgain(reason="erp answered 429", after=7.0)),
        (408, {}, TryAgain(reason="erp answered 408", after=1.0)),
        (503, {"Retry-After": "2"}, TryAgain(reason="erp answered 503", after=2.0)),
        (503, {}, Unknown(reason="erp answered 503")),
        (500, {}, Unknown(reason="erp answered 500")),
        (504, {"Retry-After": "2"}, Unknown(reason="erp answered 504")),
        (302, {}, Refused(code="http_302", message="erp answered 302")),
        (422, {}, Refused(code="http_422", message="erp answered 422")),
    ],
)
def test_every_answer_has_its_outcome(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    assert sansio.outcome("erp", status, headers, WHEN) == outcome


def test_an_actor_that_is_no_automation_names_no_account() -> None:
    call = event("k1")
    body = encoded(Call(key="k1", actor="user:7", request=call.request))
    assert b'"account":null' in body
