"""What the CRM keeps, what it cleans, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crm_world import DUE, call, perform
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from dealwright.errors import InputError, Rejected
from dealwright.language.shown import shown
from dealwright.model.crm import Money
from dealwright.model.custom import MomentHeld
from dealwright.model.iso import DECIMALS
from dealwright.model.requests import Refused, SetTask
from dealwright_embedded_crm import EmbeddedCrm, connector, tables, values
from dealwright_embedded_crm.own_texts import as_text

HOSTILE = "=cmd|' /C calc'!A1 [red]x[/] **b** <script>alert(1)</script> {{ 7*7 }} {% for %}\r\nBcc: x\x1b[31m\x00\u2028"


def make(crm: EmbeddedCrm, **fields: Any) -> Any:
    return crm.create_deal(**{"pipeline": "sales", "stage": "incoming", "title": "x", **fields})


def test_a_hostile_title_is_kept_as_one_line_of_text(crm: EmbeddedCrm) -> None:
    deal = make(crm, title=HOSTILE)
    assert deal.title == (
        "=cmd|' /C calc'!A1 [red]x[/] **b** <script>alert(1)</script> {{ 7*7 }} {% for %} Bcc: x [31m"
    )
    assert crm.deal(deal.id) == deal
    assert crm.pull(1)[0].event.after == deal


def test_a_task_keeps_its_lines_and_nothing_else_that_steers(crm: EmbeddedCrm) -> None:
    deal = make(crm)
    assert crm.set_task(deal.id, "one\r\ntwo\x1b[1m\x00three", DUE).text == "one\ntwo [1m three"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": ""}, "bad_title"),
        ({"title": " \x00\n"}, "bad_title"),
        ({"title": "x" * 1_000_000}, "bad_title"),
        ({"title": "half \ud800"}, "bad_title"),
        ({"reference": "x" * 1_001}, "bad_reference"),
        ({"tags": [str(n) for n in range(101)]}, "bad_tags"),
        ({"amount": Money(Decimal("NaN"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("sNaN"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("Infinity"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("-Infinity"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("-0.01"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("0.001"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("1e30"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal("1e999999"), "USD")}, "bad_amount"),
        ({"amount": Money(Decimal(1), "usd")}, "bad_currency"),
        ({"amount": Money(Decimal(1), "XXX")}, "bad_currency"),
        ({"contacts": [str(n) for n in range(101)]}, "bad_contacts"),
        ({"contacts": ["1"] * 2}, "not_found"),
    ],
)
def test_what_cannot_be_kept_is_refused_without_repeating_it(small: EmbeddedCrm, fields: Any, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        make(small, **fields)
    assert refusal.value.code == code
    assert len(str(refusal.value)) < 200
    assert small.deals() == []


def test_a_contact_of_whom_nothing_is_known_is_refused(small: EmbeddedCrm) -> None:
    with pytest.raises(Rejected, match="needs a name, a phone or an e-mail"):
        small.create_contact(name=" ")
    with pytest.raises(Rejected, match="another user has this e-mail"):
        for _ in range(2):
            small.add_user("Ann", "ann@example.com")


def test_a_due_date_needs_a_zone(small: EmbeddedCrm) -> None:
    deal = make(small)
    (refused,) = perform(small, call("1", SetTask(deal_id=deal.id, text="x", due_at=DUE.replace(tzinfo=None))))
    assert isinstance(refused, Refused) and refused.code == "bad_due_at"


@pytest.mark.parametrize(
    "edge", [datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, 20, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)]
)
def test_a_moment_that_some_clocks_cannot_show_is_refused_and_shown_if_it_is_kept(edge: datetime) -> None:
    """Listings in zones west of UTC broke of 0001-01-01."""
    with pytest.raises(values.Refusal, match="is beyond the calendar: it ends with 9999-12-30"):
        values.aware("due_at", edge)
    for zone in (ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")):
        year = "1-" if edge.year == 1 else "9999-"
        assert tables.when(edge, zone).lstrip("0").startswith(year)
        assert as_text(MomentHeld(edge), zone).lstrip("0").startswith(year)
        assert shown(edge, zone) is not None
    within = datetime(1, 1, 2, tzinfo=UTC)
    assert values.aware("due_at", within) == within


@given(st.integers(0, values.MOST_MINOR), st.sampled_from(sorted(DECIMALS)))
def test_amounts_survive_exactly(minor: int, currency: str) -> None:
    assert values.to_minor(values.from_minor(minor, currency)) == minor


@given(st.text(max_size=200).filter(lambda text: text.isprintable() or not text.isprintable()))
def test_a_line_holds_no_control_character_and_cleaning_twice_is_cleaning_once(written: str) -> None:
    once = values.line("title", written)
    if once is not None:
        assert values.line("title", once) == once
        assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in once)


def test_there_are_all_currencies_with_their_decimals() -> None:
    assert len(DECIMALS) > 160
    assert {code: DECIMALS[code] for code in ("USD", "EUR", "JPY", "BHD", "CLF")} == {
        "USD": 2, "EUR": 2, "JPY": 0, "BHD": 3, "CLF": 4,
    }  # fmt: skip
    assert all(len(code) == 3 and code.isupper() for code in DECIMALS)


@pytest.mark.parametrize(
    "statement",
    [
        "update deals set amount_minor = -1, currency = 'USD'",
        "update deals set currency = 'USD'",
        "update deals set stage = 'nowhere'",
        "update deals set owner_id = 99",
        "update deals set title = ''",
        "update deals set version = 0",
        "delete from stages where key = 'incoming' and pipeline = 'sales'",
        "insert into deal_contacts (deal_id, contact_id, position) values (1, 99, 0)",
        "update stages set kind = 'closed'",
        "update stages set probability = 101",
        "update stages set position = 0 where pipeline = 'sales'",
        "insert into tasks (id, deal_id, text, due_at, done, created_at)"
        " values (1, 99, 'x', '2026-01-01', false, '2026-01-01')",
    ],
)
def test_the_database_itself_refuses_what_must_not_be(crm: EmbeddedCrm, statement: str) -> None:
    make(crm)
    with pytest.raises(IntegrityError), crm._database._engine.begin() as connection:
        connection.execute(text(statement))


def test_an_error_of_the_database_shows_no_values(crm: EmbeddedCrm) -> None:
    make(crm, title="Secret title")
    with pytest.raises(Rejected) as error, crm._database.write() as connection:
        connection.execute(text("insert into users (id, name) values (1, 'Jane Roe'), (1, 'Jane Roe')"))
    assert "Jane" not in str(error.value) and error.value.code == "database"
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("make_it", "says"),
    [
        (lambda: connector({}, environ={}, clock=None), "needs url"),  # type: ignore[arg-type]
        (lambda: connector({"path": "x"}, environ={}, clock=None), "no setting 'path'"),  # type: ignore[arg-type]
        (lambda: connector({"url": "x", "patience": -1}, environ={}, clock=None), "patience is a number"),  # type: ignore[arg-type]
        (lambda: connector({"url_env": "CRM"}, environ={}, clock=None), "CRM, which is not set"),  # type: ignore[arg-type]
        (lambda: EmbeddedCrm("mysql://x/y", None), "an SQLite file"),  # type: ignore[arg-type]
        (lambda: EmbeddedCrm("sqlite://", None), "an SQLite file"),  # type: ignore[arg-type]
        (lambda: EmbeddedCrm("not a url", None), "cannot be read"),  # type: ignore[arg-type]
    ],
)
def test_a_database_that_cannot_be_meant_is_refused(make_it: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        make_it()
