"""The codec of byte columns: what goes in comes out, and what is not known is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_world import created, deal, one, receive, route

from dealwright.journal.payload import PayloadError, pack, seal, unpack, unseal
from dealwright.journal.store import Journal
from dealwright.model.crm import Contact, Deal, Money
from dealwright.model.events import DealCreated, Event

texts = st.text(max_size=40)
deals = st.builds(
    Deal,
    id=texts,
    title=texts,
    pipeline=st.just("sales"),
    stage=st.just("won"),
    amount=st.none() | st.builds(Money, st.decimals(allow_nan=False, allow_infinity=False), st.just("USD")),
    tags=st.lists(texts, max_size=3).map(tuple),
    contacts=st.lists(st.builds(Contact, id=texts, phone=st.none() | texts, email=st.none() | texts), max_size=2).map(
        tuple
    ),
    created_at=st.datetimes(timezones=st.just(UTC)),
    updated_at=st.datetimes(timezones=st.just(UTC)),
    stage_since=st.datetimes(timezones=st.just(UTC)),
    version=st.integers(0, 2**40),
)


@given(st.binary(max_size=5000))
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    assert unpack(pack(data)) == data


@given(deals)
def test_values_come_back_as_they_were(value: Deal) -> None:
    assert unseal(seal(value), Deal) == value


def test_an_event_comes_back_as_the_kind_it_was() -> None:
    event = DealCreated(
        source_id="1",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        actor="user:ana",
        after=deal("a", contacts=[Contact(id="c", name="Zoë")]),
    )
    assert unseal(seal(event), Event) == event  # type: ignore[arg-type]  # a union, which decodes by its tag


def test_a_long_payload_is_deflated_and_a_short_one_is_not() -> None:
    long = b"the same again " * 1000
    assert pack(long)[:3] == bytes((1, 1, 0))
    assert len(pack(long)) < len(long) / 10
    assert pack(b"short") == bytes((1, 0, 0)) + b"short"


@pytest.mark.parametrize("envelope", [(2, 0, 0), (1, 2, 0), (1, 0, 1), (1, 1, 7), (0, 0, 0)])
def test_an_envelope_of_another_version_or_key_is_refused(envelope: tuple[int, int, int]) -> None:
    with pytest.raises(PayloadError, match="not known to this version"):
        unpack(bytes(envelope) + b"{}")


def test_a_payload_that_is_cut_off_is_refused() -> None:
    for cut in (b"", b"\x01", b"\x01\x00"):
        with pytest.raises(PayloadError):
            unpack(cut)


def test_a_payload_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        unseal(seal({"amount": Decimal(1)}), Deal)


def test_the_last_known_state_of_a_deal_is_written_through_the_codec(journal: Journal) -> None:
    known = deal("a", 3, [Contact(id="c", phone="212 555 0101")])
    receive(journal, created("1", known))
    route(journal)
    assert unseal(one(journal, "select body from mirror_deals"), Deal) == known


def test_a_large_body_is_small_in_the_journal(journal: Journal) -> None:
    receive(journal, msgspec.structs.replace(created("1", deal("a")), raw=b'{"note": "' + b"x" * 100_000 + b'"}'))
    assert one(journal, "select length(raw) from events") < 2000
    receive(journal, created("2", msgspec.structs.replace(deal("b"), title="y" * 100_000)))
    assert one(journal, "select length(body) from events where source_id = '2'") < 2000
    assert journal.unrouted("acme", 10)[1].event.after.title == "y" * 100_000
