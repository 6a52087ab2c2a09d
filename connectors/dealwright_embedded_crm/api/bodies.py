"""What a request may carry: its size, its kind, and JSON that every program reads alike."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from dealwright_embedded_crm.api.problems import Problem

LARGEST: Final = 1_048_576
DEEPEST: Final = 32
LONGEST_QUERY: Final = 8_192

HEARD_OUT: Final = 4 * LARGEST
"""Bytes of a body that is too large which are read and thrown away, so that its sender can read the answer."""

HEARD_OUT_SECONDS: Final = 1.0

_HALF: Final = re.compile("[\ud800-\udfff]")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def check_query(raw: bytes) -> None:
    """Check a query string: each parameter once, and nothing that no database keeps.

    Raises:
        Problem: 400.
    """
    if len(raw) > LONGEST_QUERY:
        raise Problem(400, "malformed", f"the query is longer than {LONGEST_QUERY:,} bytes")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:  # percent signs that are no UTF-8, or bytes that are not percent-encoded
        raise Problem(400, "malformed", "the query is not percent-encoded UTF-8") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Problem(400, "malformed", "a query parameter is given twice")


async def read_body(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """Read a whole body and check that it is JSON of a sensible size and depth.

    Raises:
        Problem: 400, 413 or 415.
    """
    said = headers.get(b"content-length", b"0")
    if not said.isdigit():
        raise Problem(400, "malformed", "Content-Length is no number")
    if len(said) > 18 or int(said) > LARGEST:
        await _hear_out(receive)
        raise _too_large()
    body = await _collect(receive)
    if not body:
        return body
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Problem(415, "unsupported_media_type", "send the body as Content-Type: application/json")
    check_json(body)
    return body


def check_json(body: bytes) -> None:
    """Check that bytes are JSON: UTF-8, no NaN, no member twice, not too deep.

    Raises:
        Problem: 400.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_members, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # malformed, no UTF-8, a member twice, or a number of thousands of digits
        message = "the body is no JSON in UTF-8, or a member or a number of it is not read alike by all programs"
        raise Problem(400, "malformed", message) from None
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise _too_deep()


async def _collect(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "malformed", "the body broke off")
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            if message.get("more_body", False):
                await _hear_out(receive)
            raise _too_large()
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _hear_out(receive: Receive) -> None:
    """Throw away what is still coming, up to a limit and for a moment: who is cut off while sending never reads why."""
    left = HEARD_OUT
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HEARD_OUT_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose members have each a name of their own: programs differ in which of two they take."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    if any(not name.isascii() and _HALF.search(name) for name in members):
        raise Problem(400, "malformed", "the name of a member holds half a character (a lone surrogate)")
    return members


def _no_number(_constant: str) -> float:
    raise ValueError("NaN and Infinity are no JSON")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, dict | list)]
    return [each for each in value if isinstance(each, dict | list)] if isinstance(value, list) else []


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"the JSON is nested deeper than {DEEPEST} levels")


def _too_large() -> Problem:
    return Problem(413, "too_large", f"the body is larger than {LARGEST:,} bytes", headers={"Connection": "close"})
