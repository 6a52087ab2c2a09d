"""Days without work, as an account says them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime

import pytest

from dealwright import Account
from dealwright.errors import DefinitionError
from dealwright.model.calendar import Span


def account(**more: object) -> Account:
    return Account("acme", zone="Europe/Berlin", country="DE", **more)  # type: ignore[arg-type]


def test_an_account_says_its_days_in_any_order_and_form() -> None:
    calendar = account(
        holidays=["DE-BY", "AT", "AT"],
        closed=[(date(2026, 12, 27), date(2026, 12, 31)), date(2026, 12, 24)],
        open_on=[date(2026, 5, 1), (date(2026, 6, 4), date(2026, 6, 5))],
    ).calendar
    assert calendar.holidays == ("DE-BY", "AT")
    assert calendar.closed == (
        Span(first=date(2026, 12, 24), last=date(2026, 12, 24)),
        Span(first=date(2026, 12, 27), last=date(2026, 12, 31)),
    )
    assert calendar.open_on == (date(2026, 5, 1), date(2026, 6, 4), date(2026, 6, 5))
    assert account(holidays="MX").calendar.holidays == ("MX",)
    assert account().calendar.holidays == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"holidays": "Germany"}, "no holidays are known of 'Germany'"),
        ({"holidays": "DE-XX"}, "no holidays are known of 'DE-XX'"),
        ({"holidays": ["DE", 5]}, "lists a int"),
        ({"holidays": 5}, "is no int"),
        ({"closed": ["2026-12-24"]}, "which is no date"),
        ({"closed": [datetime(2026, 12, 24)]}, "which is no date"),  # noqa: DTZ001
        ({"closed": date(2026, 12, 24)}, "a list of dates"),
        ({"closed": [(date(2026, 12, 31), date(2026, 12, 27))]}, "ends before it begins"),
        ({"closed": [(date(2026, 1, 1), date(2036, 12, 31))]}, "more than 2,000 days"),
        ({"open_on": [(date(1, 1, 1), date(9999, 12, 31))]}, "more than 2,000 days"),
    ],
)
def test_what_names_no_days_is_refused_in_words(more: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        account(**more)


def test_who_keeps_no_holidays_does_not_wait_for_the_library() -> None:
    code = "import sys, dealwright; dealwright.Account('a', zone='UTC', country='DE'); print('holidays' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
