"""The operator's switches: stop holds and never drops, resume runs or drops, and every change is logged."""

from __future__ import annotations

import pytest
from journal_world import (
    HOLD,
    HandClock,
    Open,
    answer,
    claim,
    created,
    deal,
    execute,
    gate,
    headless,
    one,
    plan,
    receive,
    results,
    route,
    settle,
    states,
    updated,
)
from sqlalchemy import text

from dealwright.engine.records import Claimed
from dealwright.journal.store import Journal
from dealwright.journal.switches import Pile
from dealwright.model.requests import Unknown


def held(journal: Journal, count: int = 3) -> list[Claimed]:
    """Let a stopped automation hold that many executions."""
    receive(journal, *(created(f"e{n}", deal(f"d{n}")) for n in range(count)))
    route(journal)
    journal.stop("acme", "greet", actor="ana", reason="wrong text")
    claimed = list(claim(journal))
    effects = plan(journal, claimed)
    assert set(results(gate(journal, effects, HOLD))) == {"held"}
    settle(journal, claimed, "held", reason="stop")
    return claimed


def test_a_stop_holds_and_says_how_many_since_when(journal: Journal, clock: HandClock) -> None:
    held(journal)
    since = one(journal, "select min(started_at) from executions")
    assert journal.held_by_stop("acme") == [Pile(automation="greet", held=3, since=since)]
    assert journal.held_by_stop("acme", "watch") == []
    assert states(journal, "effects") == ["held"] * 3


def test_resume_run_lets_the_pile_come_back_late(journal: Journal) -> None:
    held(journal)
    assert journal.resume("acme", "greet", "run", actor="ana") == 3
    assert not journal.controls("acme").is_stopped("greet")
    claimed = claim(journal)
    assert [item.late for item in claimed] == [True] * 3
    assert headless(journal) == 0
    effects = plan(journal, claimed)
    assert results(gate(journal, effects)) == ["sending"] * 3


def test_resume_drop_cancels_the_pile_and_nothing_of_it_leaves(journal: Journal) -> None:
    held(journal)
    assert journal.resume("acme", "greet", "drop", actor="ana") == 3
    assert states(journal) == ["cancelled"] * 3
    assert states(journal, "effects") == ["dropped"] * 3
    assert one(journal, "select count(*) from transitions where actor = 'ana'") == 3
    assert not journal.controls("acme").is_stopped("greet")
    assert claim(journal) == ()


@pytest.mark.slow
def test_resume_goes_through_a_pile_of_more_than_one_transaction(journal: Journal) -> None:
    held(journal, 510)
    assert journal.resume("acme", "greet", "run", actor="ana") == 510
    assert set(states(journal)) == {"ready"}


def test_resume_touches_only_what_the_stop_holds(journal: Journal) -> None:
    held(journal, 1)
    receive(journal, updated("u", deal("x")))
    route(journal)
    settle(journal, claim(journal, "watch"), "held", reason="quiet hours")
    settle(journal, claim(journal, "follow"), "parked", reason="stop")
    assert journal.resume("acme", "greet", "drop", actor="ana") == 1
    assert sorted(states(journal)) == ["cancelled", "held", "parked"]


@pytest.mark.parametrize("what", ["run", "drop"])
def test_resuming_the_account_leaves_what_an_automations_own_stop_holds(journal: Journal, what: str) -> None:
    held(journal, 2)
    journal.stop("acme", "", actor="ana")
    assert journal.resume("acme", "", what, actor="ana") == 0  # type: ignore[arg-type]
    assert states(journal) == ["held"] * 2
    assert journal.resume("acme", "greet", what, actor="ana") == 2  # type: ignore[arg-type]


def test_a_pile_whose_resume_died_is_woken_by_the_engine(journal: Journal) -> None:
    """The stop was lifted, and the process died before it let the pile go."""
    held(journal, 2)
    assert journal.wake_unstopped("acme") == frozenset()
    execute(journal, "delete from switches")
    assert journal.wake_unstopped("acme") == {"greet"}
    assert [item.late for item in claim(journal)] == [True] * 2


def test_what_is_held_while_the_stop_is_lifted_does_not_rest_for_ever(journal: Journal) -> None:
    """The gate held it, resume looked through the pile, and only then was it settled."""
    receive(journal, created("1", deal("a")))
    route(journal)
    journal.stop("acme", "greet", actor="ana")
    claimed = claim(journal)
    gate(journal, plan(journal, claimed), HOLD)
    assert journal.resume("acme", "greet", "run", actor="ana") == 0
    settle(journal, claimed, "held", reason="stop")
    assert states(journal) == ["ready"]
    (back,) = claim(journal)
    assert back.late
    assert results(gate(journal, plan(journal, [back]))) == ["sending"]


def test_what_one_stop_still_holds_stays_held_when_another_is_lifted(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    journal.stop("acme", "", actor="ana")
    journal.stop("acme", "greet", actor="ana")
    claimed = claim(journal)
    gate(journal, plan(journal, claimed), HOLD)
    journal.resume("acme", "", "run", actor="ana")
    settle(journal, claimed, "held", reason="stop")
    assert states(journal) == ["held"]


def test_what_was_held_after_an_unknown_outcome_comes_back_unknown(journal: Journal) -> None:
    """Its delivery class must decide, as if it had never been held."""
    receive(journal, created("1", deal("a")))
    route(journal)
    claimed = claim(journal)
    effects = plan(journal, claimed)
    gate(journal, effects)
    answer(journal, effects, Unknown(reason="no answer"))
    settle(journal, claimed, "retrying")
    journal.stop("acme", "greet", actor="ana")
    claimed = claim(journal)
    gate(journal, claimed[0].effects, HOLD)
    settle(journal, claimed, "held", reason="stop")
    journal.resume("acme", "greet", "run", actor="ana")
    (back,) = claim(journal)
    assert [(effect.state, effect.attempts) for effect in back.effects] == [("unknown", 1)]


def test_stop_of_an_account_covers_its_automations_and_of_one_only_itself(journal: Journal) -> None:
    journal.stop("acme", "greet", actor="ana")
    controls = journal.controls("acme")
    assert (controls.is_stopped("greet"), controls.is_stopped("watch")) == (True, False)
    journal.stop("acme", "", actor="ana")
    assert journal.controls("acme").is_stopped("watch")
    assert not journal.controls("other").is_stopped("greet")


def test_mode_is_the_stricter_of_the_automations_and_the_accounts(journal: Journal) -> None:
    journal.set_mode("acme", "greet", "live", actor="ana")
    journal.set_mode("acme", "", "shadow", actor="ana")
    controls = journal.controls("acme")
    assert (controls.mode("greet"), controls.mode("watch")) == ("shadow", "shadow")
    journal.set_mode("acme", "", "live", actor="ana")
    assert journal.controls("acme").mode("greet") == "live"


def test_pause_is_no_stop_and_raises_no_epoch(journal: Journal) -> None:
    before = journal.controls("acme").epoch
    journal.set_paused("acme", "greet", True, actor="prefect")
    assert journal.paused("acme") == {"greet"}
    assert journal.controls("acme").epoch == before
    assert not journal.controls("acme").is_stopped("greet")
    journal.set_paused("acme", "greet", False, actor="prefect")
    assert journal.paused("acme") == set()


def test_every_change_of_a_switch_is_logged(journal: Journal) -> None:
    journal.stop("acme", "greet", actor="ana", reason="wrong text")
    journal.set_mode("acme", "", "shadow", actor="bob")
    journal.set_paused("acme", "greet", True, actor="prefect")
    journal.resume("acme", "greet", "drop", actor="ana")
    rows = journal.database.rows(text("select automation, name, value, actor, reason from switch_log order by id"))
    assert [tuple(row.values()) for row in rows] == [
        ("greet", "stop", "on", "ana", "wrong text"),
        ("", "mode", "shadow", "bob", ""),
        ("greet", "pause", "on", "prefect", ""),
        ("greet", "stop", "", "ana", ""),
    ]


def test_a_switch_of_one_process_is_seen_by_the_gate_of_another(journal: Journal, open_journal: Open) -> None:
    other = open_journal()
    receive(journal, created("1", deal("a")))
    route(journal)
    effects = plan(journal, claim(journal))
    epoch = journal.controls("acme").epoch
    other.stop("acme", "", actor="ana")
    assert journal.controls("acme").epoch == epoch + 1
    assert results(gate(journal, effects, HOLD)) == ["held"]
