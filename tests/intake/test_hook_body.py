"""What a signed body may say: read strictly, refused with a reason that repeats nothing of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hook_world import BODY, NOW, HandClock, signed, source, take
from hypothesis import given
from hypothesis import strategies as st

from dealwright.errors import Rejected
from dealwright.intake.told import read

MARK = "Zaphod"
"""Stands in what is refused, and must not stand in the refusal."""


def told(**changes: Any) -> bytes:
    return json.dumps({**BODY, **changes}).encode()


def test_numbers_keep_their_digits_and_flags_are_texts() -> None:
    data = b'{"a":120.50,"b":1e400,"c":true,"d":false,"e":null,"f":"","g":12345678901234567890}'
    raw = b'{"id":"1","event":"e","data":' + data + b"}"
    assert read(raw, NOW).data == {
        "a": "120.50",
        "b": "1e400",
        "c": "true",
        "d": "false",
        "f": "",
        "g": "12345678901234567890",
    }


def test_a_deal_is_named_by_id_by_reference_or_not_at_all() -> None:
    assert read(b'{"id":"1","event":"e","deal":12}', NOW).deal == "12"
    assert read(b'{"id":"1","event":"e","deal":"12"}', NOW).deal == "12"
    assert read(b'{"id":"1","event":"e","reference":"INV-1"}', NOW).reference == "INV-1"
    nothing = read(b'{"id":"1","event":"e","deal":null,"data":null}', NOW)
    assert (nothing.deal, nothing.reference, nothing.data) == (None, None, {})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T09:30:00+01:00", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T09:30:00.5Z", datetime(2026, 3, 2, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2019-12-31T23:59:59Z", datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_has_a_zone(text: str, moment: datetime) -> None:
    assert read(told(occurred_at=text), NOW).occurred_at == moment


REFUSED = [
    (b"", "empty"),
    (b"not json", "no JSON in UTF-8"),
    (b"\xff\xfe{}", "no JSON in UTF-8"),
    (b"\xef\xbb\xbf{}", "no JSON in UTF-8"),
    (b"[1]", "no object"),
    (b'"Zaphod"', "no object"),
    (b"[" * 60_000, "more than 16 objects and lists"),
    (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "more than 16 objects and lists"),
    (b'{"a":"' + b"[" * 99 + b'\\"[","b":' + b"[" * 15 + b"]" * 15 + b"}", "2 of the body's names are not known"),
    (b'{"id":"1","event":"e","event":"Zaphod"}', "one name twice"),
    (b'{"id":"1","event":"e","data":{"a":1,"a":2}}', "one name twice"),
    (b'{"id":"1","event":"e","data":{"a":NaN}}', "NaN"),
    (b'{"id":"1","event":"e","data":{"a":-Infinity}}', "NaN"),
    (told(refrence=MARK), "1 of the body's names is not known"),
    (told(deal_id="12"), "1 of the body's names is not known"),
    (told(deal="12"), "by one of them"),
    (told(id=None), "id is missing"),
    (told(id=7), "id is not what it should be"),
    (told(id=f"{MARK} 7"), "without blanks"),
    (told(id="x" * 201), "id is not what it should be"),
    (told(event=""), "event is not what it should be"),
    (told(event=f"{MARK}\n"), "event is not what it should be"),
    (told(event="Invoice-Paid"), "event is not what it should be"),
    (told(event="e" * 61), "event is not what it should be"),
    (told(event=None), "event is missing"),
    (told(reference=""), "reference is a text"),
    (told(reference=f" {MARK}"), "without blanks around"),
    (told(reference=f"{MARK}\u202e"), "reference is a text"),
    (told(reference=[MARK]), "reference is a text"),
    (told(reference=True), "reference is a text"),
    (told(reference="x" * 201), "reference is a text"),
    (told(occurred_at="2026-03-02T09:30:00"), "with its zone"),
    (told(occurred_at="yesterday"), "with its zone"),
    (told(occurred_at=1772460000), "with its zone"),
    (told(occurred_at="0001-01-01T00:00:00+14:00"), "with its zone"),
    (told(occurred_at="1999-12-31T23:59:59Z"), "before 2000"),
    (told(occurred_at=(NOW + timedelta(days=1, seconds=1)).isoformat()), "more than a day ahead"),
    (told(data=[MARK]), "data is no object"),
    (told(data={"a": [MARK]}), "value 1 of data is a list"),
    (told(data={"ok": 1, MARK: {"a": 1}}), "value 2 of data is a list or an object"),
    (told(data={"a": f"{MARK}\x00"}), "control character, NUL"),
    (told(data={"a": f"{MARK}\x1b[31m"}), "control character"),
    (told(data={"a": f"{MARK}\ud800"}), "surrogate"),
    (told(data={"a": "x" * 2_001}), "longer than 2000"),
    (told(data={f"{MARK}\ud800": "a"}), "the name of value 1"),
    (told(data={"": "a"}), "the name of value 1"),
    (told(data={"x" * 65: "a"}), "the name of value 1"),
    (told(data={f"n{number}": 1 for number in range(51)}), "more than 50"),
]


@pytest.mark.parametrize(("raw", "why"), REFUSED)
def test_what_cannot_be_understood_is_refused_with_the_reason_alone(raw: bytes, why: str) -> None:
    with pytest.raises(Rejected, match=why) as refused:
        read(raw, NOW)
    assert MARK not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_line_breaks_and_every_script_may_stand_in_a_value() -> None:
    texts = {"a": "one\ntwo\tthree\r\n", "b": "שלום ‏42", "c": "👩‍👩‍👧 ñ 漢字"}
    assert read(told(data=texts), NOW).data == texts


def test_the_header_id_if_there_is_one_is_the_bodys() -> None:
    assert take(source(HandClock()), *signed(BODY, dealwright_id="evt-1"))
    with pytest.raises(Rejected, match="not the body's id"):
        take(source(HandClock()), *signed(BODY, dealwright_id="evt-2"))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "event", "deal", "reference", "occurred_at", "data", "account", "deal_id", "other"])


@given(st.dictionaries(NAMES, ANYTHING), st.booleans())
def test_any_json_is_read_or_refused_and_what_is_read_can_be_stored(table: dict[str, Any], good: bool) -> None:
    raw = json.dumps(({"id": "1", "event": "e"} if good else {}) | table).encode()
    try:
        found = read(raw, NOW)
    except Rejected:
        return
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
    assert "\x00" not in "".join([found.id, found.event, found.deal or "", found.reference or "", *found.data.values()])


@given(st.binary())
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Rejected):
        read(raw, NOW)
