"""What a person decides about single executions and events: what is done, what is refused, and who did it."""

from __future__ import annotations

import pytest
from journal_world import (
    ACME,
    HOLD,
    MONDAY,
    Open,
    answer,
    at_once,
    claim,
    created,
    deal,
    effect_of,
    execute,
    gate,
    headless,
    once,
    one,
    plan,
    receive,
    results,
    route,
    settle,
    states,
    turn_of,
    window,
)
from msgspec.structs import replace
from sqlalchemy import text

from dealwright import faults
from dealwright.clock import SystemClock
from dealwright.engine.act import remedy
from dealwright.engine.records import Claimed, EffectRow, Verdict, request_digest
from dealwright.errors import JournalError
from dealwright.journal.store import Journal
from dealwright.model.delivery import AtMostOnce
from dealwright.model.events import EventReceived
from dealwright.model.requests import Refused, Sent, TryAgain, Unknown
from dealwright.ports import FeedItem

APPROVE = Verdict(decision="hold", guard="approve", reason="approve")


def begin(journal: Journal, *ids: str) -> list[Claimed]:
    """Have an execution of `greet` claimed for each deal."""
    receive(journal, *(created(f"e-{id_}", deal(id_)) for id_ in ids or ("a",)))
    route(journal)
    return list(claim(journal))


def leave(journal: Journal, state: str, *ids: str, reason: str = "") -> list[Claimed]:
    """Have executions left in a state."""
    claimed = begin(journal, *ids)
    settle(journal, claimed, state, reason=reason)
    return claimed


def fail(journal: Journal, *ids: str) -> tuple[list[Claimed], list[EffectRow]]:
    """Have effects refused, and their executions fail."""
    claimed = begin(journal, *ids)
    effects = plan(journal, claimed)
    gate(journal, effects)
    answer(journal, effects, Refused(code="no", message="no"))
    settle(journal, claimed, "failed", reason="call: refused (no)")
    return claimed, effects


def park(journal: Journal) -> tuple[Claimed, EffectRow]:
    """Have an effect without an answer park its execution."""
    (claimed,) = begin(journal)
    (effect,) = plan(journal, [claimed], delivery=AtMostOnce())
    gate(journal, [effect])
    answer(journal, [effect], Unknown(reason="no answer"))
    settle(journal, [claimed], "parked", reason="call: outcome unknown")
    return claimed, effect


def told(journal: Journal) -> list[tuple[str, str, str]]:
    """Return the last transition of every execution: state, reason, actor."""
    rows = journal.database.rows(
        text(
            "select to_state, reason, actor from transitions where id in "
            "(select max(id) from transitions group by execution_id) order by id"
        )
    )
    return [(row["to_state"], row["reason"], row["actor"]) for row in rows]


def newest(journal: Journal) -> int:
    """Return the id of the newest event."""
    return int(one(journal, "select max(id) from events"))


# --- retry -----------------------------------------------------------------------------------------------------------


def test_a_failed_execution_that_is_retried_sends_what_was_refused_under_its_key(journal: Journal) -> None:
    (first,), (effect,) = fail(journal)
    journal.retry_execution(first.id, actor="user:ana")
    assert told(journal) == [("ready", "retried", "user:ana")]
    assert one(journal, "select ended_at from executions") is None
    (again,) = claim(journal)
    assert (again.id, again.late) == (first.id, True)
    (planned,) = plan(journal, [again])
    assert planned.key == effect.key
    assert results(gate(journal, [planned])) == ["sending"]
    answer(journal, [planned])
    settle(journal, [again])
    assert states(journal, "effects") == ["sent"]


def test_what_was_dropped_as_it_failed_is_not_taken_for_done_when_it_is_retried(journal: Journal) -> None:
    """An effect that was planned, and dropped because its execution failed, has never been decided against."""
    (claimed,) = begin(journal)
    plan(journal, [claimed])
    settle(journal, [claimed], "failed", reason="cannot be decided")
    assert states(journal, "effects") == ["dropped"]
    journal.retry_execution(claimed.id, actor="ana")
    (again,) = claim(journal)
    assert [effect.state for effect in again.effects] == ["planned"]


def test_what_shadow_dropped_stays_dropped_when_its_execution_is_retried(journal: Journal) -> None:
    (claimed,) = begin(journal)
    gate(journal, plan(journal, [claimed]), Verdict(decision="drop", guard="mode", reason="shadow"))
    settle(journal, [claimed], "failed", reason="shadow")
    journal.retry_execution(claimed.id, actor="ana")
    (again,) = claim(journal)
    assert [effect.state for effect in again.effects] == ["dropped"]


def test_a_retried_execution_stands_at_the_end_of_its_lane(journal: Journal) -> None:
    (first,), _ = fail(journal)
    receive(journal, created("e-2", deal("a", 2)), created("e-3", deal("a", 3)))
    route(journal)
    journal.retry_execution(first.id, actor="ana")
    assert headless(journal) == 0
    order = []
    for _ in range(3):
        (head,) = claim(journal)
        order.append(head.event_id)
        settle(journal, [head])
    assert order == [first.event_id + 1, first.event_id + 2, first.event_id]


def test_an_effect_that_may_have_arrived_is_repeated_only_when_that_is_said(journal: Journal) -> None:
    claimed, effect = park(journal)
    with pytest.raises(JournalError, match=rf"nobody knows whether call \(set_task, key {effect.key}\).*even-if-sent"):
        journal.retry_execution(claimed.id, actor="ana")
    assert states(journal) == ["parked"]
    journal.retry_execution(claimed.id, actor="ana", even_if_sent=True)
    (again,) = claim(journal)
    assert again.effects[0].state == "unknown"
    assert remedy(again.effects[0], SystemClock()) == "repeat"
    gate(journal, again.effects)
    answer(journal, again.effects, Sent())
    assert states(journal, "effects") == ["sent"]


@pytest.mark.parametrize(
    ("outcome", "then"), [(Unknown(reason="no answer"), "park"), (TryAgain(reason="busy"), "repeat")]
)
def test_a_person_allows_one_more_sending_and_not_two(journal: Journal, outcome: Unknown | TryAgain, then: str) -> None:
    """Asked to come again it surely did not arrive, and the word of the person still holds."""
    claimed, _ = park(journal)
    journal.retry_execution(claimed.id, actor="ana", even_if_sent=True)
    (again,) = claim(journal)
    gate(journal, again.effects)
    answer(journal, again.effects, outcome)
    settle(journal, [again], "retrying")
    (after,) = claim(journal)
    assert after.effects[0].state == "unknown"
    assert remedy(after.effects[0], SystemClock()) == then


def test_a_worker_that_dies_in_an_allowed_sending_leaves_it_to_a_person_again(journal: Journal) -> None:
    claimed, _ = park(journal)
    journal.retry_execution(claimed.id, actor="ana", even_if_sent=True)
    (again,) = claim(journal)
    gate(journal, again.effects)
    journal.abandon_window(one(journal, "select window_id from executions"))
    (taken,) = claim(journal)
    assert taken.effects[0].state == "sending"
    assert remedy(taken.effects[0], SystemClock()) == "park"


@pytest.mark.parametrize("state", ["ready", "retrying", "waiting", "held", "done", "skipped", "cancelled"])
def test_what_is_neither_failed_nor_parked_is_not_retried(journal: Journal, state: str) -> None:
    (claimed,) = leave(journal, state)
    with pytest.raises(JournalError, match=f"execution {claimed.id} cannot be retried: it "):
        journal.retry_execution(claimed.id, actor="ana")
    assert states(journal) == [state]


def test_what_is_being_worked_on_is_neither_retried_nor_cancelled_nor_approved(journal: Journal) -> None:
    (claimed,) = begin(journal)
    with pytest.raises(JournalError, match="worked on right now"):
        journal.retry_execution(claimed.id, actor="ana")
    with pytest.raises(JournalError, match="worked on right now"):
        journal.cancel_execution(claimed.id, actor="ana")
    with pytest.raises(JournalError, match="it is running"):
        journal.approve_execution(claimed.id, actor="ana")
    assert states(journal) == ["running"]


def test_a_retry_whose_share_was_taken_meanwhile_loses_it(journal: Journal) -> None:
    claimed = begin(journal, "a", "b")
    effects = plan(journal, claimed)
    gate(journal, effects[:1], once("person:p"))
    answer(journal, effects[:1], Refused(code="no", message="no"))
    settle(journal, claimed[:1], "failed", reason="call: refused (no)")
    assert results(gate(journal, effects[1:], once("person:p"))) == ["sending"]
    journal.retry_execution(claimed[0].id, actor="ana")
    assert results(gate(journal, plan(journal, claim(journal)), once("person:p"))) == ["lost"]


# --- approve ---------------------------------------------------------------------------------------------------------


def hold(journal: Journal, verdict: Verdict = APPROVE) -> tuple[Claimed, EffectRow]:
    (claimed,) = begin(journal)
    (effect,) = plan(journal, [claimed])
    gate(journal, [effect], verdict)
    settle(journal, [claimed], "held", reason=verdict.reason)
    return claimed, effect


def test_what_is_approved_comes_back_late_with_the_digest_of_what_was_shown(journal: Journal) -> None:
    claimed, effect = hold(journal)
    journal.approve_execution(claimed.id, actor="user:ana")
    assert told(journal) == [("ready", "approved", "user:ana")]
    (again,) = claim(journal)
    assert again.late
    assert again.effects[0].approved == request_digest(effect.request)


def test_an_approval_is_bound_to_the_request_and_not_to_the_version_of_the_deal(journal: Journal) -> None:
    _, effect = hold(journal)
    assert request_digest(replace(effect.request, text="another")) != request_digest(effect.request)  # type: ignore[call-arg]


def test_only_what_is_held_for_approval_can_be_approved(journal: Journal) -> None:
    journal.stop("acme", "greet", actor="ana")
    claimed, _ = hold(journal, HOLD)
    with pytest.raises(JournalError, match=r"held by 'stop'.*dealwright resume"):
        journal.approve_execution(claimed.id, actor="ana")
    execute(journal, "update executions set state = 'waiting'")
    with pytest.raises(JournalError, match="it is waiting, and only what is held"):
        journal.approve_execution(claimed.id, actor="ana")


def test_what_was_held_again_may_be_approved_again_as_it_is_then(journal: Journal) -> None:
    claimed, _ = hold(journal)
    journal.approve_execution(claimed.id, actor="ana")
    (again,) = claim(journal)
    changed = replace(effect_of(journal, again), request=replace(effect_of(journal, again).request, text="New"))  # type: ignore[call-arg]
    journal.plan([turn_of(again, changed)])
    gate(journal, [changed], replace(APPROVE, reason="approve: changed"))
    settle(journal, [again], "held", reason="approve: changed")
    journal.approve_execution(claimed.id, actor="bob")
    (third,) = claim(journal)
    assert third.effects[0].approved == request_digest(changed.request)
    assert one(journal, "select actor from approvals") == "bob"


# --- cancel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ready", "retrying", "waiting", "held", "parked"])
def test_a_cancelled_execution_is_over_and_its_lane_goes_on(journal: Journal, state: str) -> None:
    claimed = begin(journal, "a")
    receive(journal, created("e-2", deal("a", 2)))
    route(journal)
    plan(journal, claimed)
    settle(journal, claimed, state, on_events=("deal_updated",) if state == "waiting" else ())
    journal.cancel_execution(claimed[0].id, actor="user:ana")
    assert states(journal) == ["cancelled", "ready"]
    assert states(journal, "effects") == ["dropped"]
    assert told(journal)[-1] == ("cancelled", "cancelled by a person", "user:ana")
    assert headless(journal) == 0
    assert one(journal, "select count(*) from awaits") == 0
    assert [item.event_id for item in claim(journal)] == [claimed[0].event_id + 1]


def test_cancelling_gives_back_what_was_reserved_and_not_used(journal: Journal) -> None:
    (claimed,) = begin(journal)
    effects = plan(journal, [claimed])
    gate(journal, effects, once("person:p"))
    answer(journal, effects, TryAgain(reason="busy"))
    settle(journal, [claimed], "retrying")
    assert one(journal, "select count(*) from reservations") == 1
    journal.cancel_execution(claimed.id, actor="ana")
    assert one(journal, "select count(*) from reservations") == 0


def test_what_may_have_arrived_stays_unknown_when_it_is_cancelled(journal: Journal) -> None:
    claimed, _ = park(journal)
    journal.cancel_execution(claimed.id, actor="ana")
    assert (states(journal), states(journal, "effects")) == (["cancelled"], ["unknown"])


@pytest.mark.parametrize("state", ["done", "skipped", "failed", "cancelled"])
def test_what_has_ended_is_not_cancelled(journal: Journal, state: str) -> None:
    (claimed,) = leave(journal, state)
    with pytest.raises(JournalError, match=f"it has ended, {state}"):
        journal.cancel_execution(claimed.id, actor="ana")


def test_a_cancel_and_a_claim_at_once_leave_one_of_them_the_winner(open_journal: Open) -> None:
    one_, other = open_journal(), open_journal()
    one_.record_release(ACME)
    receive(one_, created("1", deal("a")))
    route(one_)
    id_ = one(one_, "select id from executions")
    claiming = window(other)

    def cancel() -> object:
        try:
            one_.cancel_execution(id_, actor="ana")
        except JournalError:
            return "refused"
        return "cancelled"

    done, claimed = at_once(cancel, lambda: other.claim("acme", "greet", claiming, 10, 30.0))
    assert (done, states(one_)) in [("cancelled", ["cancelled"]), ("refused", ["running"])]
    assert bool(claimed) == (done == "refused")


# --- replay ----------------------------------------------------------------------------------------------------------


def test_a_replayed_event_happens_again_on_the_definitions_of_today(journal: Journal) -> None:
    (first,) = leave(journal, "done")
    new = journal.replay_event(first.event_id, actor="user:ana")
    assert journal.replay_event(first.event_id, actor="user:bob") != new
    rows = journal.database.rows(text("select source, source_id, kind, subject from events order by id"))
    assert [tuple(row.values()) for row in rows] == [
        ("crm", "e-a", "deal_created", "deal:a"),
        ("replay", f"{first.event_id}:1", "deal_created", "deal:a"),
        ("replay", f"{first.event_id}:2", "deal_created", "deal:a"),
    ]
    route(journal)
    (again,) = claim(journal)
    assert (again.event_id, again.event.after) == (new, first.event.after)  # type: ignore[union-attr]
    replays = journal.database.rows(text("select of_event, actor from replays order by event_id"))
    assert [tuple(row.values()) for row in replays] == [(first.event_id, "user:ana"), (first.event_id, "user:bob")]


def test_a_replayed_echo_begins_a_chain_of_its_own(journal: Journal) -> None:
    (claimed,) = begin(journal)
    (effect,) = plan(journal, [claimed])
    receive(journal, created("echo", deal("a", 2), cause=effect.key))
    route(journal)
    new = journal.replay_event(newest(journal), actor="ana")
    (item,) = journal.unrouted("acme", 10)
    assert (item.id, item.chain, item.depth, item.event.cause) == (new, None, 0, None)


def test_a_replayed_hook_event_is_read_again(journal: Journal) -> None:
    event = EventReceived(
        source_id="h1", occurred_at=MONDAY, actor="hook:billing", source="billing", name="paid", deal_id="gone",
        observed=True,
    )  # fmt: skip
    journal.append("acme", "billing", [FeedItem(event=event, raw=b"{}")])
    journal.route(ACME, "release", journal.unrouted("acme", 10), [])
    journal.replay_event(newest(journal), actor="ana")
    (item,) = journal.unrouted("acme", 10)
    assert isinstance(item.event, EventReceived)
    assert item.event.must_be_observed


def test_an_event_that_waits_to_be_routed_is_not_replayed(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    with pytest.raises(JournalError, match="cannot be replayed: it was not routed yet"):
        journal.replay_event(newest(journal), actor="ana")


def test_what_is_not_there_is_said_with_where_to_look(journal: Journal) -> None:
    for operation in (journal.retry_execution, journal.approve_execution, journal.cancel_execution):
        with pytest.raises(JournalError, match=r"no execution nix in this journal.*executions ls"):
            operation("nix", actor="ana")
    with pytest.raises(JournalError, match=r"no event 999999 in this journal.*events ls"):
        journal.replay_event(999999, actor="ana")


# --- Prefect's Retry -------------------------------------------------------------------------------------------------


def test_a_run_that_is_asked_for_again_after_its_end_retries_what_its_window_left_failed(journal: Journal) -> None:
    claimed, _ = fail(journal, "a", "b")
    made = journal.window(one(journal, "select window_id from executions limit 1"))
    journal.note_run(made.id, "run-1")
    journal.close_window(made)
    assert journal.ask_run("acme", "greet", "run-1", actor="prefect") == 0, "its record has not ended yet"
    assert journal.run_asked("acme") == frozenset()
    journal.note_recorded(made.id)
    assert journal.ask_run("acme", "greet", "run-1", actor="prefect") == 2
    assert journal.ask_run("acme", "greet", "run-1", actor="prefect") == 0
    assert told(journal) == [("ready", "retried", "prefect")] * 2
    assert journal.run_asked("acme") == {"greet"}
    again = journal.open_window("acme", "greet", "version")
    assert (again.run_id, again.phase) == ("run-1", "opened")
    assert journal.ask_run("acme", "greet", "run-1", actor="prefect") == 0, "its new record is open"
    assert journal.run_asked("acme") == frozenset()
    assert {item.id for item in journal.claim("acme", "greet", again.id, 10, 30.0)} == {item.id for item in claimed}


# --- a process that dies in between ----------------------------------------------------------------------------------


def test_an_operation_that_dies_before_its_commit_has_changed_nothing(journal: Journal) -> None:
    (failed,), _ = fail(journal, "a")
    leave(journal, "held", "b", reason="approve")
    held = one(journal, "select id from executions where state = 'held'")
    before = _everything(journal)
    for operation in (
        lambda: journal.retry_execution(failed.id, actor="ana"),
        lambda: journal.approve_execution(held, actor="ana"),
        lambda: journal.cancel_execution(held, actor="ana"),
        lambda: journal.replay_event(newest(journal), actor="ana"),
    ):
        faults.arm("operate.before-commit:1:raise")
        try:
            with pytest.raises(faults.FaultInjected):
                operation()
        finally:
            faults.arm(None)
        assert _everything(journal) == before


def _everything(journal: Journal) -> list[list[dict[str, object]]]:
    tables = ("executions", "transitions", "effects", "approvals", "events", "replays", "reservations")
    return [[dict(row) for row in journal.database.rows(text(f"select * from {table}"))] for table in tables]
