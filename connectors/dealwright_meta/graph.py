"""What Meta's own side checks: how a request of events may be written, and which events it refuses. No I/O.

Meta takes JSON and forms, the list of events as JSON in a form's field, each event as an object or as JSON once more
(its own Python library does that), and the token in the query, the form or the body, or as a Bearer header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from dealwright_http.server import Answer, Received
from dealwright_meta.sansio import MOST_EVENTS, NEED_VALUE, OLDEST

HASHED: Final = ("em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge")
ACTION_SOURCES: Final = frozenset(
    {
        "email",
        "website",
        "app",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    }
)
OLDEST_IN_STORE: Final = timedelta(days=62)
"""How old an event of `physical_store` may be: shops upload theirs late."""

AHEAD: Final = timedelta(minutes=5)
"""How far the sender's clock may be ahead."""

_SHA256: Final = re.compile(r"[a-f0-9]{64}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_WEAK: Final = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which Graph says no."""

    title: str
    status: int = 400
    code: int = 100
    subcode: int | None = None
    transient: bool = False

    def body(self, trace: str) -> bytes:
        """Return the error as Graph writes it."""
        error: dict[str, Any] = {
            "message": "Invalid parameter" if self.code == 100 else self.title,
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.transient,
            "error_user_title": self.title,
            "error_user_msg": f"{self.title}.",
            "fbtrace_id": trace,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return msgspec.json.encode({"error": error})

    def answer(self, trace: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer that carries it."""
        kind = {"Content-Type": "application/json; charset=UTF-8"}
        return Answer(status=self.status, body=self.body(trace), headers=kind | dict(headers or {}))


NO_TOKEN: Final = Problem(title="An access token is required to request this resource", code=104)
BAD_TOKEN: Final = Problem(title="Invalid OAuth access token - Cannot parse access token", code=190, subcode=467)
NO_OBJECT: Final = Problem(title="Object does not exist, or cannot be loaded due to missing permissions", subcode=33)
NO_PATH: Final = Problem(title="Unknown path components", code=2500)
NO_METHOD: Final = Problem(title="Unsupported request method", code=100, subcode=33)
TRANSIENT: Final = Problem(title="Service temporarily unavailable", status=500, code=2, transient=True)
THROTTLED: Final = Problem(title="There have been too many calls to this account", code=80004, subcode=2446079)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was understood."""

    events: list[Any]
    token: str | None


def asked(request: Received, query: str) -> Asked | Problem:
    """Return what a request asks for."""
    fields: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            given = msgspec.json.decode(request.body or b"{}")
            if not isinstance(given, dict):
                return Problem(title="The body is not an object")
            fields |= given
        elif kind == "application/x-www-form-urlencoded":
            fields |= parse_qsl(request.body.decode(), keep_blank_values=True)
        elif kind == "multipart/form-data":
            fields |= _parts(request)
        elif request.body:
            return Problem(title=f"Unsupported content type {kind[:40]!r}")
        events = fields.get("data")
        if isinstance(events, str):
            events = msgspec.json.decode(events)
        if isinstance(events, list):
            events = [msgspec.json.decode(each) if isinstance(each, str) else each for each in events]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem(title="The parameter data is not valid JSON")
    token = fields.get("access_token")
    if token is None:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        token = rest if scheme.lower() == "bearer" else None
    if not isinstance(events, list) or not events:
        events = []
    return Asked(events=events, token=token if isinstance(token, str) and token else None)


def _parts(request: Received) -> Iterator[tuple[str, str]]:
    """Return the fields of a multipart form, which Meta's libraries for Java and Ruby send."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + request.body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, content.decode()


def refused(events: list[Any], now: float, *, strict: bool, any_age: bool) -> Problem | None:
    """Return why the whole request is refused: for the first event that is, and Graph does not say which one."""
    if not events:
        return Problem(title="The parameter data is required")
    if len(events) > MOST_EVENTS:
        return Problem(title=f"Too many events: {MOST_EVENTS} at most")
    for event in events:
        problem = _refused(event, now, strict=strict, any_age=any_age)
        if problem is not None:
            return problem
    return None


def _refused(event: Any, now: float, *, strict: bool, any_age: bool) -> Problem | None:
    if not isinstance(event, dict):
        return Problem(title="An event is not an object")
    if not isinstance(event.get("event_name"), str) or not event["event_name"]:
        return Problem(title="Event Name Missing")
    at = event.get("event_time")
    if isinstance(at, str) and _SECONDS.fullmatch(at):
        at = int(at)  # Graph reads numbers in texts
    if not isinstance(at, int) or isinstance(at, bool):
        return Problem(title="Event Time Missing")
    if not any_age:
        oldest = OLDEST_IN_STORE if event.get("action_source") == "physical_store" else OLDEST
        if at < now - oldest.total_seconds():
            return Problem(title="Event Timestamp Too Old", subcode=2804003)
        if at > now + AHEAD.total_seconds():
            return Problem(title="Event Timestamp In The Future")
    if event.get("action_source") not in ACTION_SOURCES:
        return Problem(title="Invalid Action Source")
    identifier = event.get("event_id")
    if identifier is not None and not isinstance(identifier, str):
        return Problem(title="Invalid Event Id")
    person = event.get("user_data")
    if not isinstance(person, dict) or not person or any(person.keys() <= weak for weak in _WEAK):
        return Problem(title="Insufficient Customer Information Parameters", subcode=2804050)
    if event["action_source"] == "website" and not (event.get("event_source_url") and person.get("client_user_agent")):
        return Problem(title="Missing Website Parameters")
    if strict and not all(_hashed(person[key]) for key in HASHED if key in person):
        return Problem(title="Customer Information Is Not Hashed")
    return _worthless(event)


def _worthless(event: dict[str, Any]) -> Problem | None:
    custom = event.get("custom_data") or {}
    if not isinstance(custom, dict):
        return Problem(title="Invalid Custom Data")
    value, currency = custom.get("value"), custom.get("currency")
    if event["event_name"] in NEED_VALUE and (value is None or currency is None):
        return Problem(title="Missing Value Or Currency For Purchase Event", subcode=2804009)
    if value is not None and not _is_number(value):
        return Problem(title="Invalid Value", subcode=2804019)
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        return Problem(title="Invalid Currency", subcode=2804019)
    return None


def _hashed(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str) and _SHA256.fullmatch(each) for each in values)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)
