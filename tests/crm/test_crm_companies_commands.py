"""Companies, and amounts in the account's currency, as a person types them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from crm_world import drain, opened
from test_crm_commands import Shell

from dealwright_embedded_crm import EmbeddedCrm


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before a CRM on SQLite."""
    made = Shell(sqlite_url, monkeypatch)
    yield made
    for each in made.project.opened:
        each.close()


@pytest.fixture
def crm(shell: Shell) -> Iterator[EmbeddedCrm]:
    """The same CRM, from Python, with a user and a deal of each of two companies."""
    found = opened(shell.url)
    found.add_user("Ann", "ann@example.com")
    for company in ("Acme", "Beta"):
        found.create_deal(pipeline="sales", stage="incoming", title="x", company=company)
    drain(found)
    yield found
    found.close()


def test_a_company_is_renamed_and_merged(shell: Shell, crm: EmbeddedCrm) -> None:
    assert shell("companies", "rename", "Acme", "Acme\x1b[2J Ltd", "--as", "Ann").stdout == (
        "company 1 is called 'Acme [2J Ltd'\n"
    )
    (told,) = drain(crm)
    assert (told.kind, told.changed, told.actor) == ("deal_updated", ("company",), "user:1")
    assert "is called so" in shell("companies", "rename", "1", "Beta", code=1).stderr
    assert "there is no company 'Acme'" in shell("companies", "rename", "Acme", "x", code=2).stderr
    assert shell("companies", "merge", "1", "Beta", code=1).exit_code == 1, "nobody said yes"
    assert "cannot be merged with itself" in shell("companies", "merge", "1", "1", "--yes", code=2).stderr
    assert shell("companies", "merge", "1", "Beta", "--yes").stdout == "company 2 was merged into company 1\n"
    assert {row["company"] for row in shell.json("deals", "ls")} == {"Acme [2J Ltd"}
    assert '"name": "Acme [2J Ltd"' in shell("companies", "show", "2", "--json").stdout


def test_an_amount_without_a_currency_is_in_the_accounts(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("deals", "add", "--title", "A", "--amount", "9000")
    shell("deals", "add", "--title", "B", "--amount", "9000.5 eur")
    shell("deals", "edit", "1", "--amount", "1.5")
    assert [row["amount"] for row in shell.json("deals", "ls")] == [
        {"amount": "1.50", "currency": "USD"},
        None,
        {"amount": "9000.00", "currency": "USD"},
        {"amount": "9000.50", "currency": "EUR"},
    ]
    for bad in ("", "USD", "ten", "NaN", "1e400", "\u0661", "9000 XXQ", "-1", "1.005"):
        assert shell("deals", "add", "--title", "C", "--amount", bad, code=2 if bad in BY_CLICK else 1).exit_code
    assert len(crm.deals()) == 4


BY_CLICK = ("", "USD", "ten", "\u0661")
"""What is no amount at all; the others are refused by the CRM."""


def test_before_a_release_the_currency_is_that_of_the_definitions(
    shell: Shell, crm: EmbeddedCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreleased = SimpleNamespace(active_release=lambda key: None, close=lambda: None)
    monkeypatch.setattr(shell.project, "open_journal", lambda: unreleased)
    shell("deals", "add", "--title", "A", "--amount", "9000")
    without = SimpleNamespace(**{**vars(shell.project.in_force("acme")), "currency": None})
    monkeypatch.setattr(shell.project, "in_force", lambda key: without)
    said = shell("deals", "add", "--title", "A", "--amount", "9000", code=2).stderr.replace("\n", " ")
    assert "write the amount with one, such as '9000 USD'" in said
    shell("deals", "add", "--title", "A", "--amount", "9000 USD")
