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
from dealwright.model.crm import User

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


def _ended(journal: Journal, name: str, state: str = "done") -> str:
    """Take one deal's event down the road, with a question and a pick of its execution; return the execution's id."""
    act(journal, name, state)
    id_ = str(one(journal, f"select id from executions where subject = 'deal:{name}'"))
    with journal.database.write() as connection:
        connection.execute(_QUESTION, {"id": f"q-{id_}", "execution": id_, "body": b"12345"})
    return id_


_QUESTION = text(
    "insert into questions (id, account, execution_id, automation, step, subject, state, asked_at, until, actor, body)"
    " values (:id, 'acme', :execution, 'greet', 'ask', 'deal:x', 'open', 1, 1, '', :body)"
)
_PICK = text(
    "insert into picks (execution_id, step, account, n, space, role, user_id, task, contact, company, at, body)"
    " values (:execution, 'give', 'acme', :n, 'live', 'closers', 'u1', false, :contact, :company, 1, :body)"
)


def _pick(journal: Journal, execution: str, n: int, contact: str | None = None, company: str | None = None) -> None:
    with journal.database.write() as connection:
        connection.execute(
            _PICK, {"execution": execution, "n": n, "contact": contact, "company": company, "body": b"123"}
        )


def test_questions_and_picks_go_with_the_executions_that_they_were_of(journal: Journal, clock: HandClock) -> None:
    old, failed = _ended(journal, "old"), _ended(journal, "failed", "failed")
    clock.business += LONG
    young = _ended(journal, "young")
    for n, execution in enumerate((old, failed, young), start=1):
        _pick(journal, execution, n)
    told = journal.prune(KEEP, dry_run=True)
    assert (told.questions, told.picks) == (1, 1)
    assert journal.prune(KEEP) == told
    wanted = sorted([failed, young])  # a failed one may be retried: it asks nobody twice, and picks nobody else
    for table in ("questions", "picks"):
        rows = journal.database.rows(text(f"select execution_id from {table}"))
        assert sorted(row["execution_id"] for row in rows) == wanted
    assert journal.prune(KEEP) == Pruned()


def test_the_last_pick_of_a_person_a_company_and_the_account_stays(journal: Journal, clock: HandClock) -> None:
    ids = [_ended(journal, name) for name in "abcdef"]
    _pick(journal, ids[0], 1, contact="c1", company="f1")
    _pick(journal, ids[1], 2, contact="c1", company="f2")  # the last one of f2
    _pick(journal, ids[2], 3, contact="c1", company="f1")
    _pick(journal, ids[3], 4, contact="c2")
    _pick(journal, ids[4], 5)
    _pick(journal, ids[5], 6)  # the last one of all: its number is what the next one counts from
    clock.business += LONG
    assert journal.prune(KEEP).picks == 2
    rows = journal.database.rows(text("select n from picks order by n"))
    assert [row["n"] for row in rows] == [2, 3, 4, 6]
    assert journal.last_pick("acme") == 6


def test_who_changed_what_about_people_goes_by_the_wall_clock(journal: Journal, clock: HandClock) -> None:
    journal.set_role("acme", "closers", [User(id="u1", name="Ana")], actor="user:ana")
    clock.on_the_wall += LONG
    journal.set_role("acme", "closers", [], actor="user:ana")
    assert journal.prune(KEEP).people_log == 1
    assert one(journal, "select count(*) from people_log") == 1
