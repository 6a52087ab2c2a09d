"""The one retry classifier: what a status or a broken connection says about whether the request was carried out."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

LONGEST_WAIT: Final = 3600.0
"""A server may ask for an hour at most; a longer wait is an operator's decision."""

_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
)
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Verdict(enum.Enum):
    """What is known of a request that must not be carried out twice."""

    DONE = "carried out"
    LATER = "surely not carried out, may be tried again"
    REFUSED = "surely not carried out, and would be refused again"
    UNKNOWN = "it left, and nobody can say"


def of_status(status: int, *, hint: bool = False) -> Verdict:
    """Judge an answer; `hint` says that the server named a time to come back (a 503 with one did nothing)."""
    if 200 <= status < 300:
        return Verdict.DONE
    if status in _LATER or (status == HTTPStatus.SERVICE_UNAVAILABLE and hint):
        return Verdict.LATER
    if 300 <= status < 500:
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def of_failure(error: Exception) -> Verdict:
    """Judge a request that got no answer: only what failed before a byte left surely did nothing."""
    return Verdict.LATER if isinstance(error, _NOTHING_LEFT) else Verdict.UNKNOWN


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, at most an hour, or None if it says nothing usable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), LONGEST_WAIT)
