"""Who stands behind roles, from the command line: told by name, audited, and what was held goes on."""

from __future__ import annotations

import pytest
from cli_world import Company, Shell


@pytest.fixture(autouse=True)
def staff(company: Company) -> None:
    """Two more users, of whom two have one name."""
    company.crm.add_user("Ben Ode", "ben@acme.example")
    company.crm.add_user("Ben Ode", "ben.o@acme.example")


def test_who_is_named_stands_behind_the_role_and_what_was_held_goes_on(company: Company, typed: Shell) -> None:
    (closers,) = typed.json("people", "ls")
    assert closers == {"role": "closers", "uses": True, "members": []}
    assert "nobody stands behind closers" in typed("people", "ls").stdout
    company.crm.remove_contact("2", "2", actor="user:ana")
    company.work()
    (held,) = typed.json("executions", "ls", "--automation", "look-after")
    assert (held["state"], held["reason"][:36]) == ("held", "nobody stands behind role closers: d")
    said = typed("people", "set", "--role", "Closers", "ben@acme.example", "3", "ana  LIMA").stdout
    assert "behind closers of account acme stands from now on: Ben Ode, Ben Ode, Ana Lima" in said
    company.work()
    (done,) = typed.json("executions", "ls", "--automation", "look-after")
    assert done["state"] == "done"
    assert "somebody of closers (in turn)" in typed("history", "2").stdout
    assert [change["what"] for change in typed.json("people", "log")] == ["added", "added", "added"]


def test_days_away_are_said_shown_and_taken_back(typed: Shell) -> None:
    typed("people", "set", "--role", "closers", "Ana Lima")
    typed("people", "leave", "Ana Lima", "--to", "2026-03-20")
    (closers,) = typed.json("people", "ls")
    assert closers["members"][0]["back"] == "2026-03-21"
    assert "away until 2026-03-20" in typed("people", "ls").stdout
    assert "Ana Lima is there" in typed("people", "leave", "Ana Lima", "--cancel").stdout
    assert typed.json("people", "ls")[0]["members"][0]["back"] is None
    assert "no leave that could be taken back" in typed("people", "leave", "Ana Lima", "--cancel", code=2).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "--role", "closers", "Ben Ode"], "may be 2 (ben@acme.example), 3 (ben.o@acme.example): write the id"),
        (["set", "--role", "closers", "Anna Lima"], "did you mean Ana Lima?"),
        (["set", "--role", "closers"], "name who stands behind the role"),
        (["set", "--role", "closers", "--nobody", "Ana Lima"], "name who stands behind the role"),
        (["set", "--role", "closers", "1", "Ana Lima"], "one of them is named twice"),
        (["set", "--role", "closer", "Ana Lima"], "did you mean closers?"),
        (["set", "--role", "cl\u043esers", "Ana Lima"], "name no role"),
        (["leave", "Ana Lima"], "say until when"),
        (["leave", "Ana Lima", "--from", "2026-05-02", "--to", "2026-05-01"], "2026-05-01 is before 2026-05-02"),
        (["leave", "Ana Lima", "--from", "2020-01-01", "--to", "2020-01-02"], "2020-01-02 is over"),
    ],
)
def test_what_is_not_clear_is_refused_and_changes_nothing(typed: Shell, words: list[str], said: str) -> None:
    assert said in typed("people", *words, code=2).stderr
    assert typed.json("people", "log") == []
