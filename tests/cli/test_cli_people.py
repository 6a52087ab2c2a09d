"""Who stands behind roles, from the command line: told by name, audited, and what was held goes on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cli_world import AUTOMATIONS, Company, Sales, Shell

from dealwright import Account, Criteria, DealFields, Lost, Pipeline, Stage, Won
from dealwright.cli.manual import keys
from dealwright.cli.people import BreachCount
from dealwright.compile.lower import lower

deal = DealFields()


class Strict(Pipeline, key="strict", name="Strict"):
    """A pipeline with criteria, in another company than the one that has lived."""

    sent_out = Stage(
        "Sent the quote",
        task=None,
        because="test",
        entry=Criteria([deal.company.is_set()], says="Name the company"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


@pytest.fixture(autouse=True)
def staff(company: Company) -> None:
    """Two more users, of whom two have one name."""
    company.crm.add_user("Ben Ode", "ben@acme.example")
    company.crm.add_user("Ben Ode", "ben.o@acme.example")


def test_who_is_named_stands_behind_the_role_and_what_was_held_goes_on(company: Company, typed: Shell) -> None:
    (closers,) = typed.json("people", "ls")
    assert closers == {"role": "closers", "uses": True, "members": []}
    assert "nobody stands behind role closers" in typed("people", "ls").stdout
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


def test_breaches_are_counted_by_whose_deal_it_was(company: Company, typed: Shell) -> None:
    assert "no deal has missed" in typed("people", "breaches").stdout
    account = Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales, Strict], automations=AUTOMATIONS
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    company.crm.shape(lowered.pipelines, apply=True)
    company.journal.record_release(lowered)
    for owner in ("1", "2", "1"):
        company.crm.create_deal(pipeline="strict", stage="sent_out", title="New", owner=owner)
    company.work()
    counted = typed.json("people", "breaches", "--since", "7d")
    assert [(each["name"], each["count"]) for each in counted] == [("Ana Lima", 2), ("Ben Ode", 1)]
    assert {(each["pipeline"], each["stage"], each["side"], each["done"]) for each in counted} == {
        ("strict", "sent_out", "entry", "report")
    }
    assert set(counted[0]) == {key.path for key in keys(BreachCount)}
    assert "strict.sent_out" in typed("people", "breaches").stdout


def test_who_has_left_is_out_and_their_work_goes_to_others(company: Company, typed: Shell) -> None:
    typed("people", "set", "--role", "closers", "1", "2", "3")
    said = typed("people", "offboard", "Ana Lima").stdout
    assert "Ana Lima stands behind no role any more (was of closers)" in said
    assert "still open in their hands: 16 deals, 15 tasks" in said
    moved = typed.json("people", "offboard", "Ana Lima", "--to", "closers")
    assert (moved["roles"], moved["handed_deals"], moved["open_deals"], moved["open_tasks"]) == ([], 16, 0, 0)
    shares = Counter(each.owner.id for each in company.crm.deals() if each.owner and each.stage not in ("won", "lost"))
    assert sorted(shares.values()) == [8, 8]
    assert {task.owner.id for task in company.crm.tasks() if task.owner and not task.done} <= {"2", "3"}
    again = typed.json("people", "offboard", "2", "--to", "Ana Lima")
    assert (again["roles"], again["handed_deals"], again["open_tasks"]) == (["closers"], 8, 0)
    assert "nobody else of role closers is there" in typed("people", "offboard", "3", "--to", "closers", code=2).stderr
    assert "is who leaves" in typed("people", "offboard", "3", "--to", "3", code=2).stderr
    assert [each["what"] for each in typed.json("people", "log", "--limit", 2)] == ["offboarded", "offboarded"]
