"""Prune: what is old goes, and everything by which a duplicate is known stays."""

from __future__ import annotations

from datetime import timedelta

from journal_world import (
    ACME,
    HandClock,
    Open,
    answer,
    claim,
    created,
    deal,
    gate,
    once,
    one,
    plan,
    receive,
    results,
    route,
    settle,
    states,
)
from sqlalchemy import text

from dealwright.journal.prune import Pruned
from dealwright.journal.store import Journal

KEEP = timedelta(days=90)
LONG = timedelta(days=100)
VIEWS = ("dw_events", "dw_executions", "dw_effects", "transitions", "attempts", "receipts", "reservations")


def act(journal: Journal, name: str, state: str = "done") -> None:
    """Take one deal's event down the whole road, holding a reservation."""
    receive(journal, created(name, deal(name)))
    route(journal)
    claimed = claim(journal)
    effects = plan(journal, claimed)
    assert results(gate(journal, effects, once(f"deal:{name}"))) == ["sending"]
    answer(journal, effects)
    settle(journal, claimed, state)


def seen(journal: Journal) -> dict[str, list[dict[str, object]]]:
    """Return everything that has to stay as it was."""
    rows = {name: journal.database.rows(text(f"select * from {name}")) for name in VIEWS}
    return {name: sorted(map(dict, found), key=str) for name, found in rows.items()}


def left(journal: Journal) -> tuple[int, int, int]:
    """Count what may go: turns, raw bodies, and executions that know their progress."""
    return (
        one(journal, "select count(*) from turns"),
        one(journal, "select count(*) from events where length(raw) > 3"),
        one(journal, "select count(*) from executions where progress is not null"),
    )


def test_what_is_old_goes_and_what_audits_need_stays(journal: Journal, clock: HandClock) -> None:
    act(journal, "old")
    act(journal, "failed", "failed")
    clock.business += LONG
    act(journal, "young")
    before = seen(journal)
    told = journal.prune(KEEP, dry_run=True)
    assert (told.raw_bodies, told.turns, told.progress) == (2, 2, 1)
    assert left(journal) == (3, 3, 3)
    pauses: list[float] = []
    assert journal.prune(KEEP, rest=pauses.append) == told
    assert left(journal) == (1, 1, 2)  # a failed one may be retried, and keeps how far it was
    assert seen(journal) == before
    assert pauses
    assert journal.prune(KEEP) == Pruned()


def test_duplicates_are_known_after_pruning(journal: Journal, clock: HandClock) -> None:
    act(journal, "1")
    clock.business += LONG
    journal.prune(KEEP)
    assert receive(journal, created("1", deal("1"))) == 0
    receive(journal, created("2", deal("1")))
    route(journal)
    assert results(gate(journal, plan(journal, claim(journal)), once("deal:1"))) == ["lost"]


def test_what_was_pruned_can_be_retried(journal: Journal, clock: HandClock) -> None:
    act(journal, "1", "failed")
    clock.business += LONG
    journal.prune(KEEP)
    journal.retry_execution(one(journal, "select id from executions"), actor="user:ana")
    (claimed,) = claim(journal)
    assert (claimed.turn, claimed.late, claimed.progress.passed) == (1, True, True)
    plan(journal, [claimed], step="next")
    settle(journal, [claimed])
    assert states(journal) == ["done"]


def test_what_has_not_ended_is_not_touched(journal: Journal, clock: HandClock) -> None:
    receive(journal, created("1", deal("1")))
    route(journal)
    claimed = claim(journal)
    plan(journal, claimed)
    settle(journal, claimed, "parked")
    receive(journal, created("2", deal("2")))  # not routed yet
    clock.business += LONG
    assert journal.prune(KEEP).turns == 0
    assert left(journal) == (1, 1, 1)


def test_the_engine_goes_on_between_two_pieces(open_journal: Open, clock: HandClock) -> None:
    journal, engine = open_journal(), open_journal()
    journal.record_release(ACME)
    act(journal, "old")
    clock.business += LONG

    def work(_seconds: float) -> None:
        engine.append("acme", "crm", [created(f"new-{one(engine, 'select count(*) from events')}", deal("new"))])

    assert journal.prune(KEEP, rest=work).raw_bodies == 1
    assert one(engine, "select count(*) from events where routed_at is null") > 1
