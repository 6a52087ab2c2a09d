"""`dealwright unmatched`: events from outside without a deal are listed, shown, given to one, dropped."""

from __future__ import annotations

import pytest
from cli_world import Company, Shell


@pytest.fixture
def shell(company: Company, typed: Shell) -> Shell:
    """A shell before a company in whose tray three events wait."""
    company.outside()
    return typed


def test_what_waits_is_listed_without_what_it_tells(shell: Shell) -> None:
    listed = shell.json("unmatched", "ls")
    assert [(row["id"], row["source"], row["name"], row["state"], row["deals"]) for row in listed] == [
        (number, "agenda", "agenda.visit", "waiting", ["7", "8"]) for number in (3, 2, 1)
    ]
    assert shell.json("unmatched", "ls", "--event", "agenda.other") == []
    assert shell.json("unmatched", "ls", "--state", "assigned") == []
    for words in (("ls",), ("ls", "--json")):
        assert "Zaphod" not in shell("unmatched", *words).output
    assert shell.json("unmatched", "show", 1)["told"] == {"patient": "Zaphod"}
    assert "tells patient" in shell("unmatched", "show", 1).output
    assert "unmatched ls" in shell("unmatched", "show", 99, code=2).output
    assert "3 events from outside without a deal" in shell("status", code=1).output


def test_it_is_given_to_a_deal_once_and_that_says_who(shell: Shell) -> None:
    assert "has no deal 999" in shell("unmatched", "assign", 1, 999, code=2).output
    (done,) = shell.json("unmatched", "assign", 1, "deal:8", 7)
    assert (done["done"], done["deals"]) == (True, ["8", "7"])
    assert "was assigned to deal 8, 7 already, by user:" in shell("unmatched", "assign", 1, 9, code=1).output
    assert "was assigned to deal 8, 7 already" in shell("unmatched", "drop", 1, code=1).output
    shown = shell.json("unmatched", "show", 1)
    assert (shown["state"], shown["deals"]) == ("assigned", ["8", "7"])
    assert shown["actor"].startswith("user:")
    told = [row["source_id"] for row in shell.json("events", "ls", "--kind", "event_received", "--limit", 2)]
    assert told == ["visit-1 deal:7", "visit-1 deal:8"]


def test_what_is_for_no_segment_goes_to_no_whole_segment(shell: Shell) -> None:
    assert "is for no segment; say which deal" in shell("unmatched", "assign", 1, "--all", code=1).output
    for words in ((1,), (1, 8, "--all")):
        assert "give the deals, or --all" in shell("unmatched", "assign", *words, code=2).output
    assert len(shell.json("unmatched", "ls")) == 3


def test_it_is_dropped_for_good_or_looked_at_again(shell: Shell) -> None:
    assert shell.json("unmatched", "retry") == {"count": 0}, "a choice is a person's, unless they ask for it"
    assert shell.json("unmatched", "retry", 1, 3) == {"count": 2}
    assert "1 event will be looked at again" in shell("unmatched", "retry", 2).output
    assert "aborted" in shell("unmatched", "drop", 1, 2, 3, code=1, input="n\n").output
    assert [row["done"] for row in shell.json("unmatched", "drop", 1, 2, 3, "--yes")] == [True] * 3
    assert "the tray is empty" in shell("unmatched", "ls").output
    assert shell.json("unmatched", "retry") == {"count": 0}
