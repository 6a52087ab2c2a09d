"""`dealwright enrol`: what automations would begin with is said beforehand, and a person lets it go or drops it."""

from __future__ import annotations

import pytest
from cli_world import Company, Shell, compiled
from msgspec.structs import replace

from dealwright.compile import ir

KEY = "hand-over"


def enrolling(account: ir.Account) -> ir.Account:
    """Return the company with an automation that enrols: some deals stand where it points."""
    on = ir.OnEntered(stages=(ir.StageValue(pipeline="sales", stage="quoted"),))
    rules = [
        replace(each, on=on, key="chase", existing="enrol") if each.key == KEY else each for each in account.automations
    ]
    return replace(account, automations=tuple(rules))


@pytest.fixture
def waiting(company: Company, typed: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell before a company with a rule that waits, since more deals stand there than go by themselves."""
    monkeypatch.setattr("dealwright.journal.enrolments.AT_MOST", 1)
    company.journal.record_release(enrolling(compiled()))
    company.work()
    company.forget_workers()
    return typed


def test_where_nothing_enrols_that_is_said(shell: Shell) -> None:
    assert 'no automation has existing="enrol"' in shell("enrol", "ls").output
    assert shell.json("enrol", "ls") == []


def test_what_the_next_up_would_begin_with_is_said_beforehand(
    company: Company, typed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = enrolling(compiled())
    monkeypatch.setattr(typed.project, "definitions", lambda key: wanted)
    (row,) = typed.json("enrol", "ls")
    assert (row["automation"], row["mode"], row["state"], row["deals"]) == ("chase", "live", "ahead", 3)
    monkeypatch.setattr("dealwright.engine.enrol.AT_MOST", 2)
    (row,) = typed.json("enrol", "ls")
    assert (row["state"], row["waits"]) == ("ahead", True)
    assert "it will wait, for they are more than" in " ".join(typed("enrol", "ls").output.split())
    assert company.journal.enrolments("acme") == []


def test_what_waits_is_listed_and_needs_somebody(waiting: Shell) -> None:
    (row,) = waiting.json("enrol", "ls")
    assert (row["automation"], row["state"], row["deals"], row["begun"]) == ("chase", "waiting", 3, 0)
    assert "chase waits: dealwright enrol go chase" in waiting("enrol", "ls").output
    assert "chase of acme waits to begin with 3 deals" in waiting("status", code=1).output


def test_a_person_lets_it_go_once_and_is_asked_first(waiting: Shell, company: Company) -> None:
    assert "begin with 3 deals?" in waiting("enrol", "go", "chase", code=1, input="n\n").output
    assert company.journal.enrolments("acme")[0].state == "waiting"
    assert waiting.json("enrol", "go", "chase", "--yes") == {"automation": "chase", "state": "going", "deals": 3}
    again = waiting("enrol", "go", "chase", "--yes", code=1).output
    assert "chase of account acme waits for nobody: its enrolment is going by user:" in again
    company.work()
    (row,) = waiting.json("enrol", "ls")
    assert (row["state"], row["begun"]) == ("done", 3)


def test_or_drops_it_for_good(waiting: Shell, company: Company) -> None:
    assert "begins with none of the 3 deals that stood there" in waiting("enrol", "drop", "chase").output
    company.work()
    (row,) = waiting.json("enrol", "ls")
    assert (row["state"], row["begun"]) == ("dropped", 0)
    assert row["actor"].startswith("user:")


def test_an_automation_that_there_is_not_and_one_that_enrols_nobody(shell: Shell) -> None:
    assert "did you mean greet?" in shell("enrol", "go", "gret", code=2).output
    assert "greet of account acme waits for nobody" in shell("enrol", "drop", "greet", code=1).output
