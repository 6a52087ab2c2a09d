"""The wire format of Meta's Conversions API, without any I/O: what an event is, and what an answer means.

    POST {url}/{version}/{dataset}/events
    Content-Type: application/json

    {"data": [{"event_name": ..., "event_time": <seconds>, "event_id": <key>, "action_source": "system_generated",
               "user_data": {"em": [<sha256>], "ph": [<sha256>], "lead_id": ...},
               "custom_data": {"event_source": "crm", "lead_event_source": ..., "value": ..., "currency": ...}}],
     "access_token": ...}

The token is in the body and never in the address, for addresses are logged everywhere. An event that is sent again has
the same name and id, and Meta counts it once within 48 hours. If one event of a request is refused, all of them are,
and Meta does not say which.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from dealwright.errors import ConnectorError, OutcomeUnknown, RateLimited, Rejected, Unauthorized
from dealwright.model.requests import Call, Refused, SendConversion
from dealwright_http.classify import retry_after
from dealwright_meta import normalise

MOST_EVENTS: Final = 1000
"""How many events one request may carry."""

OLDEST: Final = timedelta(days=7)
"""How long ago an event may have happened when it is sent; one older costs all events of its request."""

DEDUPES_FOR: Final = timedelta(hours=48)
"""How long Meta knows an event's name and id."""

NEED_VALUE: Final = frozenset({"Purchase"})

_DEFAULT_WAIT: Final = 60.0
_THROTTLED: Final = frozenset({4, 17, 32, 613, *range(80000, 80015)})
_NO_TOKEN: Final = frozenset({102, 104, 190})
_NO_PERMISSION: Final = frozenset({3, 10, *range(200, 300)})
_TRANSIENT: Final = frozenset({1, 2, 341, 368, 5000, 21009})
_NO_OBJECT: Final = 33
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class GraphError(msgspec.Struct, frozen=True, kw_only=True):
    """What Graph says went wrong; its texts may repeat what was sent, so nobody is shown them."""

    code: int = 0
    error_subcode: int | None = None
    is_transient: bool = False


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    error: GraphError


class _Accepted(msgspec.Struct, frozen=True, kw_only=True):
    events_received: int


class BadBatch(Exception):
    """A request is refused for what is in it: for one of its events, or for all; nothing of it was taken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def refused(self) -> Refused:
        """What it means for the one event of a request."""
        return Refused(code=self.code, message=str(self))


def event(call: Call, request: SendConversion, crm: str) -> dict[str, Any] | Refused:
    """Return a conversion as a server event, or why Meta would refuse it."""
    person = user_data(request)
    if not person:
        return Refused(
            code="no_user_data",
            message="neither the phone nor the e-mail address is one, and there is no lead id: nobody can be matched",
        )
    if request.value is None and request.event in NEED_VALUE:
        return Refused(code="no_value", message=f"a {request.event} needs a value and a currency")
    custom: dict[str, Any] = {name: value for name, value in request.data.items() if value is not None}
    custom |= {"event_source": "crm", "lead_event_source": crm}
    if request.value is not None:
        custom |= {"value": Decimal(request.value.amount), "currency": request.value.currency}
    return {
        "event_name": request.event,
        "event_time": math.floor(request.occurred_at.timestamp()),
        "event_id": call.key,
        "action_source": "system_generated",
        "user_data": person,
        "custom_data": custom,
    }


def too_old(request: SendConversion, now: datetime) -> Refused | None:
    """Return why an event that happened long ago is not sent; None if it is not too old."""
    if now - request.occurred_at < OLDEST:
        return None
    return Refused(
        code="too_old", message=f"it happened more than {OLDEST.days} days ago, and Meta takes no event that old"
    )


def user_data(request: SendConversion) -> dict[str, Any]:
    """Return who it was, normalised and hashed; empty if Meta could match it to nobody."""
    found: dict[str, Any] = {}
    lead_id = normalise.lead_id(request.lead_id)
    if lead_id is not None:
        found["lead_id"] = lead_id
    for key, given in (("em", request.email), ("ph", request.phone)):
        if given and (digest := normalise.of_person(key, given, dialled_in=request.country)):
            found[key] = [digest]
    if not found:
        return {}
    for key, given in (("fn", request.first_name), ("ln", request.last_name)):
        if given and (digest := normalise.of_person(key, given)):
            found[key] = [digest]
    return found


def body(events: Sequence[Mapping[str, Any]], token: str, test_code: str | None) -> bytes:
    """Return the body of a request."""
    whole: dict[str, Any] = {"data": events, "access_token": token}
    if test_code is not None:
        whole["test_event_code"] = test_code
    return _encode(whole)


def judge(status: int, headers: Mapping[str, str], content: bytes, *, events: int | None, now: datetime) -> None:
    """Return if all `events` are taken (None: it was a question); `headers` are looked up without regard to case.

    Raises:
        BadBatch: Meta refuses at least one of the events, and took none.
        RateLimited, Unauthorized, Rejected: it took none, for what does not lie in the events.
        OutcomeUnknown: nobody can say.
    """
    if 200 <= status < 300 and events is None:
        return
    if 200 <= status < 300:
        try:
            received = msgspec.json.decode(content, type=_Accepted).events_received
        except msgspec.DecodeError:
            raise OutcomeUnknown(f"Meta answered {status} with something else than its JSON") from None
        if received != events:
            raise OutcomeUnknown(f"Meta says that it has {received} of {events} events")
        return
    if status == 413:
        raise BadBatch("http_413", "Meta finds the request too large")
    try:
        error = msgspec.json.decode(content, type=_Failed).error
    except msgspec.DecodeError:
        raise _without_json(status, headers, now) from None
    code = f"{error.code}/{error.error_subcode}" if error.error_subcode else str(error.code)
    if status == 429 or error.code in _THROTTLED:
        raise RateLimited(f"Meta throttles (code {code})", retry_after=_wait(headers, now))
    if error.code in _NO_TOKEN:
        raise Unauthorized(f"Meta refuses the access token (code {code}): make a new one, see docs/meta.md")
    if error.is_transient or error.code in _TRANSIENT or status >= 500:
        raise OutcomeUnknown(f"Meta answered {status} (code {code})")
    if error.code in _NO_PERMISSION or (error.code, error.error_subcode) == (100, _NO_OBJECT):
        raise Unauthorized(f"Meta knows no such dataset, or the token may not write to it (code {code})")
    if error.code == 100:
        raise BadBatch(f"meta_{code.replace('/', '_')}", f"Meta refuses the event (code {code})")
    raise Rejected(f"Meta refuses the request (code {code})", code=f"meta_{code.replace('/', '_')}")


def _without_json(status: int, headers: Mapping[str, str], now: datetime) -> ConnectorError:
    """Judge an answer that is not of Graph but of what stands before it."""
    if status == 429:
        return RateLimited(f"Meta answered {status}", retry_after=_wait(headers, now))
    if status in (401, 403):
        return Unauthorized(f"Meta answered {status}: check the access token and the dataset")
    if 300 <= status < 500:
        return Rejected(
            f"Meta answered {status} with something else than its JSON: check the url", code=f"http_{status}"
        )
    return OutcomeUnknown(f"Meta answered {status}")


def _wait(headers: Mapping[str, str], now: datetime) -> float:
    """The longest wait that the answer asks for: minutes in its usage header, seconds in Retry-After."""
    asked = [
        _minutes(headers.get("X-Business-Use-Case-Usage")) * 60.0,
        retry_after(headers.get("Retry-After"), now) or 0.0,
    ]
    return max(asked) or _DEFAULT_WAIT


def _minutes(header: str | None) -> float:
    """`{"<business>": [{"type": ..., "estimated_time_to_regain_access": <minutes>, ...}]}`"""
    try:
        usage = msgspec.json.decode(header or "{}", type=dict[str, list[dict[str, Any]]])
    except msgspec.DecodeError:
        return 0.0
    waits = [each.get("estimated_time_to_regain_access", 0) for uses in usage.values() for each in uses]
    return max((float(wait) for wait in waits if isinstance(wait, int | float)), default=0.0)
