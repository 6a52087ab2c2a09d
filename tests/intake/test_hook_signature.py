"""Who may tell us something: signatures, their age, the two secrets of a rotation."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hook_world import BODY, NOW, SECRET, HandClock, signed, source, take
from hypothesis import given
from hypothesis import strategies as st

from dealwright.errors import InputError, Unauthorized
from dealwright.intake.secrets import FileSecret, FixedSecret
from dealwright.intake.settings import hook_sources
from dealwright.intake.signed import signed_json
from dealwright.model.events import EventReceived
from dealwright.model.requests import Call, SendEvent
from dealwright_webhook import sansio

OLD, NEW = b"the secret until today", b"the secret from today on"


def test_a_signed_body_is_one_event() -> None:
    clock = HandClock()
    clock.business = NOW - timedelta(days=400)  # business time may be played; the age of a signature is real
    headers, raw = signed(BODY)
    (item,) = take(source(clock), headers, raw)
    assert item.raw == raw
    assert item.event == EventReceived(
        source_id="evt-1",
        occurred_at=clock.business,
        actor="hook:billing",
        source="billing",
        name="invoice-paid",
        reference="INV-12",
        data={"amount": "120"},
    )


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_timestamp_may_be_five_minutes_off(seconds: int) -> None:
    headers, raw = signed(BODY, at=NOW + timedelta(seconds=seconds))
    assert take(source(HandClock()), headers, raw)


@pytest.mark.parametrize(("seconds", "why"), [(-301, "301 s old"), (301, "301 s ahead"), (-86_400 * 400, "s old")])
def test_a_replay_and_a_wrong_clock_are_told_by_how_much(seconds: int, why: str) -> None:
    headers, raw = signed(BODY, at=NOW + timedelta(seconds=seconds))
    with pytest.raises(Unauthorized, match=why):
        take(source(HandClock()), headers, raw)


def test_the_age_is_told_only_to_who_has_the_secret() -> None:
    headers, raw = signed(BODY, secret=b"another secret altogether", at=NOW - timedelta(hours=1))
    with pytest.raises(Unauthorized, match="fits no secret"):
        take(source(HandClock()), headers, raw)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dealwright-signature", ""),
        ("dealwright-signature", "v1="),
        ("dealwright-signature", "v1=" + "0" * 64),
        ("dealwright-signature", "\xff\xfe"),
        ("dealwright-timestamp", ""),
        ("dealwright-timestamp", "-5"),
        ("dealwright-timestamp", "١٧٧"),
        ("dealwright-timestamp", "²"),
        ("dealwright-timestamp", "1" * 13),
        ("dealwright-timestamp", " 1772460000"),
        ("dealwright-timestamp", "1772460000.0"),
        ("dealwright-timestamp", "1772460001"),
    ],
)
def test_forged_headers_are_refused(name: str, value: str) -> None:
    headers, raw = signed(BODY)
    with pytest.raises(Unauthorized):
        take(source(HandClock()), headers | {name: value}, raw)


@given(st.text(), st.text(), st.binary())
def test_no_headers_and_no_body_do_more_than_be_refused(stamp: str, signature: str, body: bytes) -> None:
    headers = {"dealwright-timestamp": stamp, "dealwright-signature": signature}
    with pytest.raises(Unauthorized):
        take(source(HandClock()), headers, body)


@given(st.data())
def test_one_changed_byte_anywhere_spoils_the_signature(data: st.DataObject) -> None:
    headers, raw = signed(BODY)
    place = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.integers(1, 255))
    changed = raw[:place] + bytes([raw[place] ^ other]) + raw[place + 1 :]
    with pytest.raises(Unauthorized, match="fits no secret"):
        take(source(HandClock()), headers, changed)


def test_what_a_dealwright_sends_a_dealwright_understands() -> None:
    request = SendEvent(
        to="other", name="deal-won", occurred_at=NOW, deal_id="77", body={"reference": "INV-9", "a": True}
    )
    call = Call(key="k-1", request=request, actor="automation:acme.tell")
    raw = sansio.encode(call, request)
    headers = {name.lower(): value for name, value in sansio.headers(SECRET, call.key, raw, NOW).items()}
    (item,) = take(source(HandClock()), headers, raw)
    event = item.event
    assert isinstance(event, EventReceived)
    # Its deal is not ours: only what its definition sends can name our deal.
    assert (event.source_id, event.name, event.deal_id, event.reference) == ("k-1", "deal-won", None, "INV-9")
    assert event.data == {"reference": "INV-9", "a": "true"}


# --- secrets --------------------------------------------------------------------------------------------------------


def test_two_secrets_are_valid_while_one_is_changed() -> None:
    clock = HandClock()
    both = source(clock, NEW, OLD)
    for secret in (OLD, NEW):
        assert take(both, *signed(BODY, secret=secret))
    with pytest.raises(Unauthorized):
        take(source(clock, NEW), *signed(BODY, secret=OLD))
    with pytest.raises(InputError, match="3 secrets"):
        source(clock, NEW, OLD, SECRET)


def test_a_changed_file_is_the_secret_at_once(tmp_path: Path) -> None:
    file, old = tmp_path / "secret", tmp_path / "old"
    known = signed_json("billing", [FileSecret("w", file), FileSecret("w", old)], HandClock())
    with pytest.raises(InputError, match="no secret"):
        take(known, *signed(BODY))
    file.write_bytes(OLD + b"\n")
    assert take(known, *signed(BODY, secret=OLD))
    old.write_bytes(OLD)
    file.write_bytes(NEW)
    assert take(known, *signed(BODY, secret=OLD)) and take(known, *signed(BODY, secret=NEW))
    old.unlink()
    with pytest.raises(Unauthorized):
        take(known, *signed(BODY, secret=OLD))


@pytest.mark.parametrize("good_is_old", [True, False])
def test_a_secret_that_is_half_written_takes_nothing_from_the_other(tmp_path: Path, good_is_old: bool) -> None:
    half = FileSecret("w", tmp_path / "half")
    (tmp_path / "half").write_text("half")
    good = FixedSecret("w", NEW)
    known = signed_json("billing", [half, good] if good_is_old else [good, half], HandClock())
    assert take(known, *signed(BODY, secret=NEW))
    with pytest.raises(InputError, match="shorter than 16"):  # not 401: it may be signed with the one that is unusable
        take(known, *signed(BODY, secret=OLD))
    (tmp_path / "half").write_bytes(OLD)
    assert take(known, *signed(BODY, secret=OLD))


def test_secrets_that_are_none_are_told_without_being_shown(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("hunter2")
    for make in (lambda: FixedSecret("hooks.a", "hunter2"), lambda: FileSecret("hooks.a", tmp_path / "short").reveal()):
        with pytest.raises(InputError, match=r"\[hooks.a\] the secret is shorter than 16") as refused:
            make()
        assert "hunter2" not in str(refused.value)
    assert "secret of some" not in repr(FixedSecret("hooks.a", SECRET))
    (tmp_path / "dir").mkdir()
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        FileSecret("hooks.a", tmp_path / "dir").reveal()


def test_the_target_file_names_sources_and_their_secrets(tmp_path: Path) -> None:
    table = {
        "billing": {"secret_env": "BILLING", "old_secret_env": "BILLING_OLD"},
        "shop-2": {"secret_file": str(tmp_path / "shop")},
    }
    environ = {"BILLING": NEW.decode(), "BILLING_OLD": OLD.decode()}
    billing, shop = hook_sources(table, environ=environ, clock=HandClock())
    assert (billing.name, shop.name) == ("billing", "shop-2")
    assert take(billing, *signed(BODY, secret=OLD)) and take(billing, *signed(BODY, secret=NEW))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"billing": {}}, "needs one of secret_file"),
        ({"billing": 5}, "is a single value"),
        ({"billing": {"secret": "x" * 20}}, "has no setting 'secret'"),
        ({"billing": {"secret_file": "a", "secret_env": "B"}}, "takes one of them"),
        ({"billing": {"secret_env": "ABSENT"}}, "not set in the environment"),
        ({"billing": {"secret_env": "SHORT"}}, "shorter than 16"),
        ({"billing": {"secret_file": 7}}, "secret_file is a path"),
        ({"Bill ing": {"secret_file": "a"}}, "lower-case letters"),
        ({"replay": {"secret_file": "a"}}, "no source is called 'replay'"),
        ({"enrol": {"secret_file": "a"}}, "no source is called 'enrol'"),
        ({"b" * 61: {"secret_file": "a"}}, "lower-case letters"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(table: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why) as refused:
        hook_sources(table, environ={"SHORT": "hunter2"}, clock=HandClock())
    assert "hunter2" not in str(refused.value)
