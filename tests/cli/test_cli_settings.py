"""Settings from the command line: refused in words, audited, and what the next decision is made on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cli_world import Company, Shell
from sqlalchemy import text

from dealwright.model.crm import Money
from dealwright.model.requests import DealChanges

KEY = "largest-quote"


def quote(company: Company, deal: str, amount: int) -> None:
    company.crm.update_deal(deal, DealChanges(amount=Money(Decimal(amount), "USD")), actor="user:ana")
    company.work()


def test_what_is_set_decides_from_then_on_and_stands_in_the_trace(company: Company, typed: Shell) -> None:
    (before,) = typed.json("settings", "ls")
    assert (before["value"], before["set"], before["set_by"]) == ("1000000.00 USD", False, "")
    assert "5000.00 USD from now on" in typed("settings", "set", KEY, "5000").stdout
    quote(company, "7", 6000)
    assert "settings.largest-quote = 5,000.00 USD" in typed("history", "7").stdout
    (late,) = typed.json("executions", "ls", "--deal", 7, "--automation", "quote-large", "--limit", 1)
    assert late["state"] == "skipped"
    typed("settings", "set", KEY, "7000.50 usd")
    quote(company, "7", 6001)
    (late,) = typed.json("executions", "ls", "--deal", 7, "--automation", "quote-large", "--limit", 1)
    assert late["state"] == "done"


def test_every_change_is_kept_with_who_and_when(typed: Shell) -> None:
    for value in ("5000", "6000"):
        typed("settings", "set", KEY, value)
    shown = typed.json("settings", "show", KEY)
    assert [change["value"] for change in shown["changes"]] == ["6000.00 USD", "5000.00 USD"]
    assert all(change["set_by"].startswith("user:") and change["set_at"] for change in shown["changes"])
    assert "head of sales decides" in typed("settings", "show", KEY).stdout


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("lots", "write a number"),
        ("NaN", "finite"),
        ("1e30", "finite"),
        ("9000001", "write an amount in USD, at least 0, at most 9000000"),
        ("10000 MXN", "write an amount in USD, such as 100"),
        ("20.000", "USD has 2 decimals; write thousands without a mark, such as 20000"),
        ("10.001 USD", "USD has 2 decimals"),
        ("5 dollars", "write an amount"),
        ("٥", "finite"),
        ("", "write a number"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(typed: Shell, value: str, said: str) -> None:
    refused = typed("settings", "set", KEY, value, code=2)
    assert said in refused.stderr
    assert typed.json("settings", "show", KEY)["changes"] == []


def test_a_wrong_key_is_told_the_nearest(typed: Shell) -> None:
    assert "did you mean largest-quote?" in typed("settings", "set", "largest-quotes", "1", code=2).stderr


def test_what_no_longer_fits_counts_no_more_and_is_told(company: Company, typed: Shell) -> None:
    with company.journal.database.write() as connection:
        connection.execute(
            text("insert into setting_log values (1, 'acme', :key, '9999999 USD', 1, 'user:ana')"), {"key": KEY}
        )
    assert "the default 1000000.00 USD counts" in typed("settings", "ls").stderr
