"""What a signed JSON body tells: read strictly, because nobody looks at it before a rule acts on it.

    {"id": "evt-7", "event": "invoice-paid", "reference": "INV-12", "occurred_at": "2026-03-02T09:30:00+01:00",
     "data": {"number": "INV-12", "amount": 120.50, "first": true}}

`deal` (our id of a deal) or `reference` (the deal's reference) names the deal; without either the event is kept and no
automation runs. Names that are not known are refused: a misspelt `refrence` would make an event that nobody answers.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

import msgspec

from dealwright.errors import Rejected, TooMuch
from dealwright.intake.limits import DEEPEST, LONGEST_ID, LONGEST_NAME, LONGEST_VALUE, PAIRS
from dealwright.language.characters import UNSAFE

FUTURE: Final = timedelta(days=1)
"""How far ahead of us an event may say it happened."""

PAST: Final = datetime(2000, 1, 1, tzinfo=UTC)

_NAMES: Final = ("id", "event", "deal", "reference", "occurred_at", "data")
_SENDERS: Final = ("account", "deal_id")
"""What a Dealwright that sends events writes beside: its own account and its own deal, which are not ours."""

_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_ID}}}")
_EVENT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
"""What event_received(...) can name: an event of another name could never be answered."""

_INVISIBLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text may hold; line breaks and tabs may stand in a value."""


_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[{}\[\]]")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event as its sender tells it."""

    id: str
    event: str
    deal: str | None
    reference: str | None
    occurred_at: datetime | None
    data: dict[str, str]


def read(body: bytes, now: datetime) -> Told:
    """Read a body.

    Raises:
        TooMuch: it is deeper, or has more values, than is read.
        Rejected: it is not what it should be; the text says what and where, and repeats nothing of it.
    """
    table = _object(body)
    known = (*_NAMES, *_SENDERS) if "account" in table else _NAMES
    if unknown := len(set(table) - set(known)):
        _refuse(
            "unknown_name",
            f"{unknown} of the body's names {'is' if unknown == 1 else 'are'} not known; there are {', '.join(_NAMES)},"
            " and everything else belongs into data",
        )
    data = _data(table.get("data"))
    deal, reference = _name_of_deal(table, "deal"), _name_of_deal(table, "reference")
    if "account" in table and deal is None and reference is None:
        # Another Dealwright can name our deal only in what its send_event(...) carries.
        reference = _identity("data.reference", data["reference"]) if data.get("reference") else None
    if deal is not None and reference is not None:
        _refuse("two_deals", "the body has deal and reference; name the deal by one of them")
    return Told(
        id=_matching("id", table.get("id"), _ID, f"a text of 1-{LONGEST_ID} visible ASCII characters without blanks"),
        event=_matching("event", table.get("event"), _EVENT, "a name such as invoice-paid of a-z, 0-9, . _ -"),
        deal=deal,
        reference=reference,
        occurred_at=_moment(table.get("occurred_at"), now),
        data=data,
    )


class _Number(str):
    """A JSON number, as it was written: through a float, 120.50 would come out as 120.5."""

    __slots__ = ()


def _object(body: bytes) -> dict[str, Any]:
    if not body:
        _refuse("not_json", "the body is empty; it should be a JSON object")
    _refuse_depths(body)
    try:
        table = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once_each,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        _refuse("not_json", f"the body is no JSON in UTF-8{where}")
    if not isinstance(table, dict):
        _refuse("not_json", "the body is JSON, but no object")
    return table


def _refuse_depths(body: bytes) -> None:
    """Count brackets before a reader that follows them down is let in."""
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"{[" else -1
        if depth > DEEPEST:
            raise TooMuch(f"more than {DEEPEST} objects and lists stand within each other", code="too_deep") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        _refuse("name_twice", "an object has one name twice; readers differ in which of the two they take")
    return table


def _no_number(_: str) -> NoReturn:
    _refuse("not_json", "NaN and Infinity are no JSON numbers")


def _data(data: object) -> dict[str, str]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        _refuse("data", 'data is no object; it should be such as {"number": "INV-12"}')
    if len(data) > PAIRS:
        raise TooMuch(f"data has more than {PAIRS} values", code="too_many") from None
    found = {}
    for place, (name, value) in enumerate(data.items(), start=1):
        where = f"value {place} of data"
        if not 0 < len(name) <= LONGEST_NAME or UNSAFE.search(name):
            _refuse("data", f"the name of {where} has 1-{LONGEST_NAME} visible characters")
        if value is not None:  # no value is told as no value
            found[name] = _text(where, value)
    return found


def _text(where: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        amount, currency = value["amount"], value["currency"]
        if isinstance(amount, str) and isinstance(currency, str):
            value = f"{amount} {currency}"
    if not isinstance(value, str):  # a number is one too
        _refuse("data", f"{where} is a list or an object; data is flat: texts, numbers, amounts, true and false")
    if len(value) > LONGEST_VALUE:
        _refuse("data", f"{where} is longer than {LONGEST_VALUE} characters")
    if _INVISIBLE.search(value):
        _refuse("data", f"{where} holds a control character, NUL or half of a surrogate pair")
    return str(value)


def _name_of_deal(table: dict[str, Any], name: str) -> str | None:
    return None if table.get(name) is None else _identity(name, table[name])


def _identity(name: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or UNSAFE.search(value) or value != value.strip():
        _refuse(name, f"{name} is a text of 1-{LONGEST_ID} visible characters, without blanks around it")
    return str(value)


def _matching(name: str, value: object, pattern: re.Pattern[str], should: str) -> str:
    if not isinstance(value, str) or isinstance(value, _Number) or pattern.fullmatch(value) is None:
        _refuse(name, f"{name} {'is missing' if value is None else 'is not what it should be'}: {should}")
    return value


def _moment(value: object, now: datetime) -> datetime | None:
    if value is None:
        return None
    should = "occurred_at is an ISO 8601 time with its zone, such as 2026-03-02T09:30:00+01:00"
    if not isinstance(value, str) or isinstance(value, _Number):
        _refuse("occurred_at", should)
    try:
        read_as = datetime.fromisoformat(value)
        if read_as.tzinfo is None:
            _refuse("occurred_at", should)
        moment = read_as.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse("occurred_at", should)
    if not PAST <= moment <= now + FUTURE:
        _refuse("occurred_at", "occurred_at lies before 2000 or more than a day ahead")
    return moment


def _refuse(code: str, message: str) -> NoReturn:
    # Not chained: what was being read may stand in the other error's text.
    raise Rejected(message, code=code) from None
