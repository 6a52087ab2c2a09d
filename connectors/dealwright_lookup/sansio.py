"""What a question looks like on the wire, and what an answer may be, without any I/O.

    GET <url><path>?vat=DE123&strict=true          or    POST <url><path>   {"vat": "DE123", "strict": true}
    Accept: application/json

The answer is one JSON object. Every name that the definition gives must be there, with a value of its type (what is
optional may be missing, or null); whatever else is there is not read. Anything else is an error, in words of ours: what
a stranger's system writes is not repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from dealwright.model.requests import Lookup, Scalar
from dealwright.model.values import is_number

MAX_TEXT: Final = 4_000
"""The longest text that an answer may hold, in characters."""

_NULL: Final = msgspec.Raw(b"null")
_MOST_WHOLE: Final = 2**53
_MOST_DIGITS: Final = 30


class Wrong(Exception):
    """The answer is not what was to be given; the text says how, without its content."""


def query(request: Lookup) -> str:
    """Return what is asked as a query."""
    return urlencode({name: _plain(value) for name, value in request.ask.items()})


def body(request: Lookup) -> bytes:
    """Return what is asked as a JSON body."""
    return msgspec.json.encode(request.ask)


def _plain(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(request: Lookup, data: bytes) -> dict[str, Scalar]:
    """Return what the answer gives, each value of its type.

    Raises:
        Wrong: it is no JSON object, or a value is missing or of another type.
    """
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        names = json.loads(data, object_pairs_hook=_names, parse_int=str, parse_float=str)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Wrong("the answer is no JSON object") from None
    for name in request.gives:
        if names.count(name) > 1:  # programs differ in which of the two they take
            raise Wrong(f"the answer has {name!r} twice")
    missing = {name for name in request.optional if found.get(name) in (None, _NULL)}
    return {name: _value(name, kind, found.get(name)) for name, kind in request.gives.items() if name not in missing}


def _names(pairs: list[tuple[str, Any]]) -> list[str]:
    """Return the names of an object in its place: all that is wanted of it is whether one is there twice."""
    return [name for name, _ in pairs]


def _value(name: str, kind: str, raw: msgspec.Raw | None) -> Scalar:
    if raw is None:
        raise Wrong(f"the answer has no {name!r}")
    try:
        value: Scalar = _READ[kind](raw)
        if isinstance(value, str):
            value.encode()
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
        raise Wrong(f"{name!r} of the answer is no {kind}") from None
    return value


def _flag(raw: msgspec.Raw) -> bool:
    return msgspec.json.decode(raw, type=bool)


def _text(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw, type=str)
    if len(value) > MAX_TEXT or "\x00" in value:  # which no database keeps
        raise ValueError
    return value


def _whole(raw: msgspec.Raw) -> int:
    value = msgspec.json.decode(raw, type=int)
    if abs(value) > _MOST_WHOLE:
        raise ValueError
    return value


def _number(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw, type=Decimal)
    if bytes(raw).lstrip().startswith(b'"') and not is_number(msgspec.json.decode(raw, type=str)):
        raise ValueError
    _, digits, exponent = value.as_tuple()
    if not value.is_finite() or len(digits) > _MOST_DIGITS or not -_MOST_DIGITS <= int(exponent) <= _MOST_DIGITS:
        raise ValueError
    return f"{value:f}"


def _day(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=date).isoformat()


_READ: Final[Mapping[str, Callable[[msgspec.Raw], Any]]] = {
    "flag": _flag,
    "text": _text,
    "whole": _whole,
    "number": _number,
    "day": _day,
}
