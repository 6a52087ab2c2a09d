"""Invariants that the database itself keeps, whoever writes to it."""

from __future__ import annotations

import pytest
from journal_world import SEND, answer, claim, created, deal, execute, gate, plan, receive, route, updated
from sqlalchemy.exc import DBAPIError, IntegrityError

from dealwright.journal.store import Journal

INSERT = (
    "insert into executions (id, account, automation, subject, event_id, release, lane, state, pos, head, seen_event, "
    "worker) select :id, account, :automation, subject, event_id, release, lane, :state, :pos, :head, seen_event, "
    ":worker from executions where automation = 'greet'"
)


@pytest.fixture
def busy(journal: Journal) -> Journal:
    """A journal with one execution, claimed, whose effect was sent."""
    receive(journal, created("1", deal("1")))
    route(journal)
    effects = plan(journal, claim(journal))
    gate(journal, effects, SEND)
    answer(journal, effects)
    journal.stop("acme", "greet", actor="ana")
    return journal


def test_what_is_appended_is_never_changed_not_even_by_hand(busy: Journal) -> None:
    for table in ("transitions", "switch_log"):
        for verb in ("update {} set actor = 'nobody'", "delete from {}"):
            with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                execute(busy, verb.format(table))


def test_a_lane_has_one_head(busy: Journal) -> None:
    with pytest.raises(IntegrityError, match=r"executions_one_head|executions\.lane"):
        execute(busy, INSERT, id="x", automation="other", state="ready", pos=5, head=True, worker=None)


def test_one_event_makes_one_execution_of_an_automation_on_a_subject(busy: Journal) -> None:
    with pytest.raises(IntegrityError, match=r"executions_once_per_event|executions\.event_id"):
        execute(busy, INSERT, id="x", automation="greet", state="ready", pos=5, head=False, worker=None)


def test_an_execution_in_an_impossible_state_is_refused(busy: Journal) -> None:
    impossible: list[tuple[str, int | None, bool, str | None, str]] = [
        ("ready", None, False, None, "executions_hold_a_place"),
        ("waiting", 3, False, None, "executions_hold_a_place"),
        ("done", None, True, None, "executions_head_holds"),
        ("running", 3, True, None, "executions_running_is_leased"),
        ("ready", 3, False, "somebody", "executions_running_is_leased"),
        ("running", 3, False, "somebody", "executions_only_heads_run"),
        ("asleep", None, False, None, "executions_state_known"),
    ]
    for state, pos, head, worker, constraint in impossible:
        with pytest.raises(IntegrityError, match=constraint):
            execute(busy, INSERT, id="x", automation="other", state=state, pos=pos, head=head, worker=worker)


def test_an_execution_needs_its_event_and_its_lane(busy: Journal) -> None:
    for column, value in (("event_id", 4711), ("lane", "nowhere")):
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            execute(busy, f"update executions set {column} = :value", value=value)


def test_a_step_has_one_effect_on_each_target_of_each_visit(busy: Journal) -> None:
    columns = "execution_id, account, automation, step, visit, target, kind, delivery, request, attempts, planned_at"
    with pytest.raises(IntegrityError, match=r"effects_once_per_step_visit_target|effects\.execution_id"):
        execute(
            busy,
            f"insert into effects (key, state, {columns}) select 'another', 'held', {columns} from effects",
        )


def test_an_effect_in_an_impossible_state_is_refused(busy: Journal) -> None:
    for change, constraint in (
        ("state = 'lost'", "effects_state_known"),
        ("sent_at = null", "effects_sent_when"),
        ("attempts = 0", "effects_sent_is_attempted"),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            execute(busy, f"update effects set {change}")


def test_an_event_of_a_source_is_kept_once(busy: Journal) -> None:
    columns = "account, source, source_id, kind, subject, occurred_at, received_at, raw, body"
    with pytest.raises(IntegrityError, match=r"events_once_per_source_id|events\.source_id"):
        execute(busy, f"insert into events ({columns}) select {columns} from events")


def test_an_account_has_one_active_release(busy: Journal) -> None:
    columns = "account, behaviour, metadata, ir, recorded_wall, active"
    with pytest.raises(IntegrityError, match=r"releases_one_active|releases\.account"):
        execute(busy, f"insert into releases (digest, {columns}) select 'another', {columns} from releases")


def test_a_refused_write_leaves_the_journal_usable(busy: Journal) -> None:
    with pytest.raises(DBAPIError):
        execute(busy, "delete from transitions")
    assert receive(busy, updated("2", deal("1", 2))) == 1
