"""The webhook's wire format, without any I/O: how an event is encoded, signed and verified, and what an answer means.

    POST <url>
    Content-Type: application/json
    Dealwright-Id: <key>                          the same for every attempt; receivers keep it to know repeats
    Dealwright-Timestamp: <seconds since 1970>    of this attempt
    Dealwright-Signature: v1=<hex>                HMAC-SHA256 of "<timestamp>.<body>" with the target's secret

    {"id": key, "event": name, "occurred_at": ..., "account": ..., "deal_id": ..., "data": {...}}

Amounts in `data` are texts of exact decimals. The body is the same bytes at every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from dealwright.model.requests import Call, Outcome, Refused, SendEvent, Sent, TryAgain, Unknown
from dealwright.signature import ID, SIGNATURE, TIMESTAMP, TOLERANCE, fits, signed
from dealwright_http.classify import Verdict, of_status, retry_after

REPEATED: Final = "Dealwright-Repeated"
"""Header by which a receiver says that it knew the key already: `true`."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    id: str
    event: str
    occurred_at: datetime
    account: str | None
    deal_id: str
    data: dict[str, str | bool | None]


class Forged(Exception):
    """A request whose signature, timestamp or headers are not what the secret's holder would send."""


def encode(call: Call, request: SendEvent) -> bytes:
    """Return the body of a call."""
    return msgspec.json.encode(
        Body(
            id=call.key,
            event=request.name,
            occurred_at=request.occurred_at,
            account=_account(call.actor),
            deal_id=request.deal_id,
            data={name: _exact(value) for name, value in request.body.items()},
        )
    )


def headers(secret: bytes, key: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of one attempt."""
    return signed(secret, key, body, int(now.timestamp()))


def verify(secret: bytes, received: Mapping[str, str], body: bytes, now: datetime) -> Body:
    """Return the body of a request that was sent by the secret's holder, lately; header names in lower case.

    Raises:
        Forged: it was not, or the body is not what it should be.
    """
    stamp = received.get(TIMESTAMP.lower(), "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Forged(f"{TIMESTAMP} is missing or no number")
    if not fits(secret, int(stamp), body, received.get(SIGNATURE.lower(), "")):
        raise Forged(f"{SIGNATURE} does not fit the body")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE:
        raise Forged(f"{TIMESTAMP} is more than {TOLERANCE} s off")
    try:
        decoded = msgspec.json.decode(body, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Forged("the body is not the JSON it should be") from None
    if decoded.id != received.get(ID.lower()):
        raise Forged(f"{ID} is not the body's id")
    return decoded


UNAUTHORIZED_WAIT: Final = 60.0
"""Seconds until what was refused for its signature is sent again, signed anew."""


def outcome(target: str, status: int, received: Mapping[str, str], now: datetime) -> Outcome:
    """Judge an answer.

    A receiver that knows the key says so with `Dealwright-Repeated: true`, beside a 2xx or a 409: both are sent. A 503
    with Retry-After did nothing; any other 5xx may have been carried out. A 401 says nothing against the event: the
    secret was changed on one side only, or a clock is wrong, and each attempt is signed anew.
    """
    repeated = received.get(REPEATED, "").strip().lower() == "true"
    if status == 409 and repeated:
        return Sent(receipt={"status": status}, repeated=True)
    wait = retry_after(received.get("Retry-After"), now)
    if status == 401:
        reason = f"{target} answered 401: is its secret the same on both sides, and are the clocks right?"
        return TryAgain(reason=reason, after=UNAUTHORIZED_WAIT if wait is None else wait)
    verdict = of_status(status, hint=wait is not None)
    if verdict is Verdict.DONE:
        return Sent(receipt={"status": status}, repeated=repeated)
    if verdict is Verdict.LATER:
        return TryAgain(reason=f"{target} answered {status}", after=1.0 if wait is None else wait)
    if verdict is Verdict.REFUSED:
        return Refused(code=f"http_{status}", message=f"{target} answered {status}")
    return Unknown(reason=f"{target} answered {status}")


def _account(actor: str) -> str | None:
    kind, _, name = actor.partition(":")
    return name.partition(".")[0] if kind == "automation" else None


def _exact(value: str | bool | Decimal | None) -> str | bool | None:
    # As text, in plain digits: a receiver that reads JSON numbers as floats would round money.
    return format(value, "f") if isinstance(value, Decimal) else value
