"""The bytes that go to Meta, held against its documents, and what each answer means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from dealwright.errors import OutcomeUnknown, RateLimited, Rejected, Unauthorized
from dealwright.model.crm import Money
from dealwright.model.requests import Call, Refused, SendConversion
from dealwright_meta import sansio
from dealwright_meta.normalise import hashed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "dw-0123456789abcdef0123456789abcd"


def conversion(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "deal_id": "77",
        "contact_id": "9",
        "event": "Purchase",
        "occurred_at": NOW,
        "value": Money(Decimal("10.50"), "USD"),
        "email": "John_Smith@gmail.com",
        "country": "US",
    }
    return Call(key=KEY, actor="automation:acme.won", request=SendConversion(**fields | changes))


def event_of(**changes: Any) -> Any:
    call = conversion(**changes)
    assert isinstance(call.request, SendConversion)
    return sansio.event(call, call.request, "Dealwright")


def test_an_event_of_a_crm_as_the_documents_show_it() -> None:
    event = event_of(
        phone="(650) 555-1212", first_name="Mary", last_name="O'Brien", lead_id="1234567890123456", data={"plan": "a"}
    )
    body = msgspec.json.decode(sansio.body([event], "token", "TEST1"))
    assert body == {
        "data": [
            {
                "event_name": "Purchase",
                "event_time": 1772442000,
                "event_id": KEY,
                "action_source": "system_generated",
                "user_data": {
                    "lead_id": 1234567890123456,
                    "em": ["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"],
                    "ph": ["e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"],
                    "fn": ["6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"],
                    "ln": [hashed("obrien")],
                },
                "custom_data": {
                    "event_source": "crm",
                    "lead_event_source": "Dealwright",
                    "plan": "a",
                    "value": 10.5,
                    "currency": "USD",
                },
            }
        ],
        "access_token": "token",
        "test_event_code": "TEST1",
    }


def test_an_amount_keeps_every_digit() -> None:
    event = event_of(value=Money(Decimal("12345678901234567.89"), "USD"))
    assert b'"value":12345678901234567.89,' in sansio.body([event], "t", None)


def test_nothing_of_a_person_goes_out_as_it_is() -> None:
    event = event_of(phone="(650) 555-1212", first_name="Mary", last_name="Unusual")
    said = sansio.body([event], "t", None).decode().lower()
    for personal in ("john_smith", "gmail", "6505551212", "555-1212", "mary", "unusual"):
        assert personal not in said


def test_the_same_event_is_the_same_bytes_at_every_attempt() -> None:
    assert sansio.body([event_of()], "t", None) == sansio.body([event_of()], "t", None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": None}, "no_user_data"),
        ({"email": "bad", "phone": "12", "first_name": "Mary", "lead_id": "INV-1"}, "no_user_data"),
        ({"value": None}, "no_value"),
    ],
)
def test_what_meta_would_refuse_is_refused_before_it_costs_the_others(changes: dict[str, Any], code: str) -> None:
    refused = event_of(**changes)
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_an_event_of_more_than_seven_days_is_not_sent() -> None:
    request = conversion(occurred_at=NOW).request
    assert isinstance(request, SendConversion)
    assert sansio.too_old(request, NOW + timedelta(days=7) - timedelta(seconds=1)) is None
    refused = sansio.too_old(request, NOW + timedelta(days=7))
    assert refused is not None
    assert refused.code == "too_old"


# --- answers ----------------------------------------------------------------------------------------------------------


def judged(status: int, answer: Any, headers: dict[str, str] | None = None, events: int = 2) -> None:
    content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    sansio.judge(status, headers or {}, content, events=events, now=NOW)


def failure(code: int, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    text = {"message": "Invalid parameter for maria@example.com", "type": "OAuthException", "fbtrace_id": "A6Uy"}
    return {"error": text | {"code": code, "error_subcode": subcode} | more}


def test_all_events_taken_is_success() -> None:
    judged(200, {"events_received": 2, "messages": [], "fbtrace_id": "x"})
    judged(200, {"events_received": 2})


TOO_OLD = failure(100, 2804003, error_user_title="Event Timestamp Too Old", is_transient=False)


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, TOO_OLD, sansio.BadBatch),
        (400, failure(100), sansio.BadBatch),
        (413, b"<html>", sansio.BadBatch),
        (400, failure(190, 463), Unauthorized),
        (401, failure(190), Unauthorized),
        (400, failure(104), Unauthorized),
        (400, failure(100, 33), Unauthorized),
        (403, failure(200), Unauthorized),
        (403, failure(10), Unauthorized),
        (400, failure(4), RateLimited),
        (400, failure(17), RateLimited),
        (403, failure(32), RateLimited),
        (400, failure(613), RateLimited),
        (400, failure(80003), RateLimited),
        (400, failure(80004, 2446079), RateLimited),
        (429, b"<html>slow down", RateLimited),
        (500, failure(1), OutcomeUnknown),
        (500, failure(2, is_transient=True), OutcomeUnknown),
        (400, failure(100, is_transient=True), OutcomeUnknown),
        (400, failure(368), OutcomeUnknown),
        (500, failure(100), OutcomeUnknown),
        (502, b"<html>Bad Gateway</html>", OutcomeUnknown),
        (503, b"", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, {"events_received": 1}, OutcomeUnknown),
        (400, failure(2635), Rejected),
        (404, b"<html>", Rejected),
        (302, b"", Rejected),
        (403, b"Forbidden", Unauthorized),
    ],
)
def test_what_an_answer_means(status: int, answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        judged(status, answer)
    assert type(raised.value) is error
    assert "maria" not in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Business-Use-Case-Usage": '{"7":[{"type":"x","estimated_time_to_regain_access":3}]}'}, 180.0),
        ({"X-Business-Use-Case-Usage": '{"7":[{"estimated_time_to_regain_access":0}]}', "Retry-After": "9"}, 9.0),
        ({"Retry-After": "9"}, 9.0),
        ({"X-Business-Use-Case-Usage": "nonsense"}, 60.0),
        ({"X-Business-Use-Case-Usage": '{"7":[{"estimated_time_to_regain_access":"soon"}]}'}, 60.0),
        ({}, 60.0),
    ],
)
def test_a_throttle_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(RateLimited) as raised:
        judged(400, failure(80004), headers)
    assert raised.value.retry_after == seconds
