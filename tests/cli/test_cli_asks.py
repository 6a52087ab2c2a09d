"""Questions from the command line: listed, shown, answered once, and refused in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from cli_world import Company, Shell

from dealwright.model.requests import DealChanges


@pytest.fixture
def question(company: Company, typed: Shell) -> dict[str, Any]:
    """A question of the owner of deal 17, which the engine has asked."""
    company.crm.update_deal("17", DealChanges(close_date=date(2026, 6, 1)), actor="user:ana")
    company.work()
    (found,) = typed.json("asks", "ls")
    assert isinstance(found, dict)
    return found


def test_an_open_question_is_listed_shown_and_counted(typed: Shell, question: dict[str, Any]) -> None:
    assert (question["state"], question["deal"], question["who"]) == ("open", "17", ["Ana Lima"])
    assert question["question"] == "Is 1 Jun 2026 sure?"
    line = typed("asks", "ls").stdout
    assert "Is 1 Jun 2026 sure?" in line
    assert "Sure | a guess" in line
    assert "asked Ana Lima" in typed("asks", "show", question["id"][3:9]).stdout
    (account,) = typed.json("status", code=1)["accounts"]
    assert account["questions"] == 1
    assert "1 question waiting for an answer" in typed("status", code=1).stdout


def test_an_answer_goes_its_way_and_is_recorded(company: Company, typed: Shell, question: dict[str, Any]) -> None:
    said = typed("asks", "answer", question["id"], "sure", "--by", "ANA@acme.example", "--note", "[red]by phone").stdout
    assert said == "Ana Lima answered 'Sure' to 'Is 1 Jun 2026 sure?'\n"
    company.work()
    assert [note.text for note in company.crm.notes("17")] == ["Ana Lima is sure"]
    found = typed.json("asks", "show", question["id"])
    assert (found["state"], found["answered_by"], found["note"]) == ("answered", "Ana Lima", "[red]by phone")
    assert found["typed_by"].startswith("user:")
    assert "note: [red]by phone" in typed("asks", "show", question["id"]).stdout
    assert typed("asks", "ls").stdout == "no question is open\n"
    assert [each["state"] for each in typed.json("asks", "ls", "--all")] == ["answered"]
    again = typed("asks", "answer", question["id"], "a guess", "--by", "Ana Lima", code=1).stderr
    assert "was answered 'Sure' by Ana Lima already" in again


@pytest.mark.parametrize(
    ("answer", "by", "said"),
    [
        ("sure", "Bo", "was asked of Ana Lima, and not of 'Bo'"),
        ("sure", "", "was asked of Ana Lima"),
    ],
)
def test_what_may_not_be_is_refused(typed: Shell, question: dict[str, Any], answer: str, by: str, said: str) -> None:
    assert said in typed("asks", "answer", question["id"], answer, "--by", by, code=2).stderr
    assert typed.json("asks", "show", question["id"])["state"] == "open"


def test_what_is_no_answer_is_refused(typed: Shell, question: dict[str, Any]) -> None:
    refused = typed("asks", "answer", question["id"], "perhaps", "--by", "Ana Lima", code=1).stderr
    assert "takes 'Sure', 'a guess', and not 'perhaps'" in refused
    assert typed.json("asks", "show", question["id"])["state"] == "open"


def test_somebody_decides_in_their_place_if_they_say_so(typed: Shell, question: dict[str, Any]) -> None:
    typed("asks", "answer", question["id"], "a guess", "--by", "Bo", "--in-their-place")
    assert typed.json("asks", "show", question["id"])["answered_by"] == "Bo"


def test_a_late_answer_and_a_wrong_id_are_refused(company: Company, typed: Shell, question: dict[str, Any]) -> None:
    company.clock.move(timedelta(days=7))
    assert "its time was over" in typed("asks", "answer", question["id"], "sure", "--by", "1", code=1).stderr
    assert typed("asks", "ls").stdout == "no question is open\n"
    assert "no question whose id starts with dead" in typed("asks", "show", "dead", code=2).stderr


def test_offboarding_names_what_only_they_were_asked_and_they_answer_no_more(
    typed: Shell, question: dict[str, Any]
) -> None:
    left = typed.json("people", "offboard", "Ana Lima")
    assert (left["open_questions"], left["shared_questions"], left["handed_questions"]) == ([question["id"]], 0, 0)
    said = typed("people", "offboard", "Ana Lima").stdout
    assert f"nobody else was asked question {question['id']}: dealwright asks answer" in said
    for more in ((), ("--in-their-place",)):
        refused = typed("asks", "answer", question["id"], "sure", "--by", "Ana Lima", *more, code=2).stderr
        assert "Ana Lima was offboarded, and does not answer" in refused
    assert typed.json("asks", "show", question["id"])["state"] == "open"
    typed("people", "set", "--role", "closers", "Ana Lima")  # a mistake: she is back
    typed("asks", "answer", question["id"], "sure", "--by", "Ana Lima")


def test_offboarding_to_a_user_asks_them_instead(company: Company, typed: Shell, question: dict[str, Any]) -> None:
    company.crm.add_user("Ben Ode", "ben@acme.example")
    left = typed.json("people", "offboard", "Ana Lima", "--to", "Ben Ode")
    assert (left["handed_questions"], left["open_questions"]) == (1, [])
    assert typed.json("asks", "show", question["id"])["who"] == ["Ben Ode"]
    assert [each["what"] for each in typed.json("people", "log")] == ["asked", "offboarded"]
    typed("asks", "answer", question["id"], "sure", "--by", "ben@acme.example")
    company.work()
    assert [note.text for note in company.crm.notes("17")] == ["Ben Ode is sure"]


def test_who_is_in_the_asked_role_now_may_answer(company: Company, typed: Shell, question: dict[str, Any]) -> None:
    for name in ("Ben Ode", "Cy Pool", "Di Rey"):
        company.crm.add_user(name, f"{name.split()[0].lower()}@acme.example")
    typed("people", "set", "--role", "closers", "Ben Ode", "Cy Pool")
    typed("people", "offboard", "Ana Lima", "--to", "closers")
    assert typed.json("asks", "show", question["id"])["who"] == ["Ben Ode", "Cy Pool"]
    assert typed.json("people", "offboard", "Ben Ode")["shared_questions"] == 1
    typed("people", "set", "--role", "closers", "Cy Pool", "Di Rey")
    assert "Cy Pool or Di Rey may answer" in typed(
        "asks", "answer", question["id"], "sure", "--by", "Ben Ode", code=2
    ).stderr.replace("\n", " ")
    typed("asks", "answer", question["id"], "sure", "--by", "Di Rey")
    assert typed.json("asks", "show", question["id"])["answered_by"] == "Di Rey"
