"""The gate's transaction: the epoch, the reservations, and what may be said of an effect afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from journal_world import (
    ACME,
    GRACE,
    HOLD,
    LEASE,
    SEND,
    SHADOW,
    HandClock,
    Open,
    answer,
    at_once,
    claim,
    created,
    deal,
    execute,
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
from msgspec.structs import replace
from sqlalchemy import text

from dealwright.engine.records import Claimed, EffectRow, GateRequest, Reservation, Verdict
from dealwright.errors import JournalError
from dealwright.journal.store import Journal
from dealwright.model.requests import Refused, TryAgain, Unknown


def planned(journal: Journal, count: int, start: int = 0) -> tuple[list[Claimed], list[EffectRow]]:
    """Route that many deals, claim their executions and plan an effect for each."""
    receive(journal, *(created(f"e{n}", deal(f"d{n}")) for n in range(start, start + count)))
    route(journal)
    claimed = list(claim(journal))
    return claimed, plan(journal, claimed)


def test_a_stale_epoch_does_nothing_at_all(journal: Journal) -> None:
    _, effects = planned(journal, 2)
    epoch = journal.controls("acme").epoch
    journal.stop("acme", "greet", actor="ana")
    requests = [GateRequest(effect=effect, verdict=once("deal:1")) for effect in effects]
    assert journal.pass_gate("acme", epoch, "greet", requests) is None
    assert states(journal, "effects") == ["planned", "planned"]
    assert one(journal, "select count(*) from attempts") == one(journal, "select count(*) from reservations") == 0
    assert journal.pass_gate("acme", epoch + 1, "greet", requests) is not None


@pytest.mark.parametrize("change", ["stop", "resume", "mode"])
def test_every_change_that_guards_sends_raises_the_epoch(journal: Journal, change: str) -> None:
    before = journal.controls("acme").epoch
    match change:
        case "stop":
            journal.stop("acme", "", actor="ana")
        case "resume":
            journal.resume("acme", "", "run", actor="ana")
        case "mode":
            journal.set_mode("acme", "greet", "shadow", actor="ana")
    assert journal.controls("acme").epoch == before + 1


def test_five_deals_of_one_person_in_one_batch_are_one_sending(journal: Journal) -> None:
    claimed, effects = planned(journal, 5)
    passed = gate(journal, effects, once("person:joe"))
    assert results(passed) == ["sending", "lost", "lost", "lost", "lost"]
    assert passed is not None
    assert {item.holder for item in passed[1:]} == {effects[0].execution_id}
    assert sorted(states(journal, "effects")) == ["planned"] * 4 + ["sending"]
    settle(journal, claimed[1:], "skipped", reason="again: another acted")
    assert sorted(states(journal, "effects")) == ["dropped"] * 4 + ["sending"]


def test_the_holder_passes_again(journal: Journal) -> None:
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects[:1], once("person:joe"))) == ["sending"]
    answer(journal, effects[:1])
    settle(journal, claimed[:1], "ready")
    again = claim(journal)
    mail = plan(journal, again, "mail")
    assert results(gate(journal, mail, once("person:joe"))) == ["sending"]
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["lost"]


def test_a_reservation_ends_in_business_time(journal: Journal, clock: HandClock) -> None:
    _, effects = planned(journal, 2)
    until = clock.business + timedelta(days=2)
    assert results(gate(journal, effects[:1], once("person:joe", until=until))) == ["sending"]
    clock.on_the_wall += timedelta(days=30)
    clock.business = until - timedelta(seconds=1)
    assert results(gate(journal, effects[1:], once("person:joe", until=until))) == ["lost"]
    clock.business = until
    assert results(gate(journal, effects[1:], once("person:joe", until=until + timedelta(days=2)))) == ["sending"]


def test_what_is_surely_refused_gives_its_reservation_back(journal: Journal) -> None:
    _, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], Refused(code="gone", message="the deal is gone"))
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["sending"]


def test_what_may_have_left_keeps_its_reservation(journal: Journal) -> None:
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], Unknown(reason="no answer"))
    settle(journal, claimed[:1], "parked", reason="outcome unknown")
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["lost"]


def test_a_reservation_of_an_execution_that_ends_without_sending_is_given_back(journal: Journal) -> None:
    """It took its share, was asked to try again, and then its deal was gone."""
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], TryAgain(reason="busy"))
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["lost"]
    settle(journal, claimed[:1], "cancelled", reason="the deal is gone")
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["sending"]


def test_a_reservation_of_what_is_dropped_on_resume_is_given_back(journal: Journal, clock: HandClock) -> None:
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], TryAgain(reason="busy"))
    journal.stop("acme", "greet", actor="ana")
    gate(journal, effects[:1], HOLD)
    settle(journal, claimed[:1], "held", reason="stop")
    assert journal.resume("acme", "greet", "drop", actor="ana") == 1
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["sending"]


def test_shadow_takes_its_reservations_in_a_name_space_of_its_own(journal: Journal) -> None:
    claimed, effects = planned(journal, 3)
    shadow = Verdict(
        decision="drop",
        guard="mode",
        reason="shadow",
        reservations=(Reservation(mode="shadow", rule="again:greet", scope="person:joe", until=None),),
    )
    assert results(gate(journal, effects[:2], shadow)) == ["dropped", "lost"]
    settle(journal, claimed[:1])
    assert one(journal, "select count(*) from reservations where mode = 'shadow'") == 1
    assert results(gate(journal, effects[2:], once("person:joe"))) == ["sending"]


def test_what_acted_in_shadow_has_taken_nothing_live(journal: Journal) -> None:
    """The rule goes live between two effects of an execution: its person may be acted on by one execution only."""
    claimed, effects = planned(journal, 2)
    gate(journal, effects[:1], replace(SHADOW, reservations=once("person:joe", mode="shadow").reservations))
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["sending"]
    mail = plan(journal, [replace(claimed[0], turn=1)], "mail")
    assert results(gate(journal, mail, once("person:joe"))) == ["lost"]


def test_going_to_shadow_gives_a_live_reservation_back_that_was_never_used(journal: Journal) -> None:
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], TryAgain(reason="busy"))
    gate(journal, effects[:1], SHADOW)
    settle(journal, claimed[:1])
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["sending"]


def test_what_may_have_left_stays_unknown_when_a_guard_keeps_it_back(journal: Journal) -> None:
    """Held as if it had never been sent, it would go out again however old its key is."""
    _, effects = planned(journal, 2)
    gate(journal, effects)
    answer(journal, effects[:1], Unknown(reason="no answer"))
    gate(journal, effects, [HOLD, SHADOW])
    assert states(journal, "effects") == ["unknown", "unknown"]


def test_what_may_have_left_is_not_dropped_in_shadow_but_left_to_a_person(journal: Journal) -> None:
    claimed, effects = planned(journal, 1)
    gate(journal, effects)
    answer(journal, effects, Unknown(reason="no answer"))
    settle(journal, claimed, "retrying")
    assert results(gate(journal, claim(journal)[0].effects, SHADOW)) == ["unresolved"]
    assert states(journal, "effects") == ["unknown"]


@pytest.mark.parametrize("second", [TryAgain(reason="busy"), Refused(code="no", message="no")])
def test_a_repeat_that_did_nothing_says_nothing_of_the_attempt_whose_answer_was_lost(
    journal: Journal, second: TryAgain | Refused
) -> None:
    claimed, effects = planned(journal, 2)
    assert results(gate(journal, effects, once("person:joe"))) == ["sending", "lost"]
    answer(journal, effects[:1], Unknown(reason="no answer"))
    settle(journal, claimed[:1], "retrying")
    repeat = claim(journal)[0].effects
    gate(journal, repeat, once("person:joe"))
    answer(journal, repeat, second)
    assert sorted(states(journal, "effects")) == ["planned", "unknown"]
    assert results(gate(journal, effects[1:], once("person:joe"))) == ["lost"]


def test_an_effect_that_has_a_receipt_is_never_sent_again(journal: Journal) -> None:
    _, effects = planned(journal, 2)
    gate(journal, effects[:1])
    answer(journal, effects[:1])
    with pytest.raises(JournalError, match="nothing was sent"):
        gate(journal, effects)
    assert sorted(states(journal, "effects")) == ["planned", "sent"]


def test_what_a_stale_worker_hears_of_its_attempt_says_nothing_of_the_next(
    journal: Journal, open_journal: Open, clock: HandClock
) -> None:
    other = open_journal()
    _, first = planned(journal, 1)
    gate(journal, first)
    if journal.database.postgresql:
        execute(journal, "update executions set lease_until = lease_until - :by", by=LEASE + GRACE + 1)
    clock.seconds += LEASE + GRACE + 1
    taken = claim(other)
    second = taken[0].effects
    gate(other, second)
    for late in (TryAgain(reason="busy"), Refused(code="no", message="no"), Unknown(reason="no answer")):
        answer(journal, first, late)
        assert states(journal, "effects") == ["sending"]
    answer(other, second, TryAgain(reason="busy"))
    assert states(journal, "effects") == ["planned"]
    answer(journal, first)  # it was carried out after all: that is true whoever says so
    assert states(journal, "effects") == ["sent"]
    with pytest.raises(JournalError):
        gate(other, second)


def test_attempts_are_rows_with_their_outcomes(journal: Journal) -> None:
    claimed, effects = planned(journal, 1)
    gate(journal, effects)
    answer(journal, effects, TryAgain(reason="busy"))
    settle(journal, claimed, "retrying", not_before=0.0)
    again = claim(journal)
    effects = plan(journal, again)
    gate(journal, effects)
    answer(journal, effects)
    rows = journal.database.rows(text("select n, outcome, ended_wall from attempts order by n"))
    assert [(row["n"], row["outcome"]) for row in rows] == [(1, "planned"), (2, "sent")]
    assert all(row["ended_wall"] is not None for row in rows)


def test_one_refused_effect_costs_no_other(journal: Journal) -> None:
    _, effects = planned(journal, 3)
    gate(journal, effects)
    answer(journal, effects[1:2], Refused(code="no", message="no"))
    answer(journal, [effects[0], effects[2]])
    assert sorted(states(journal, "effects")) == ["rejected", "sent", "sent"]


def _race(first: Journal, second: Journal, persons: int, deals: int) -> None:
    """Two engines take halves of the same persons' deals to the gate at once, in opposite orders."""
    first.record_release(ACME)
    count = persons * deals
    receive(first, *(created(f"e{n}", deal(f"d{n}")) for n in range(count)))
    route(first)
    halves = [claim(first, limit=count // 2), claim(second, limit=count)]
    person = {item.id: int(item.subject.removeprefix("deal:d")) % persons for half in halves for item in half}

    def work(journal: Journal, half: list[Claimed]) -> list[str]:
        effects = plan(journal, half)
        sent = []
        for start in range(0, len(effects), 100):
            batch = effects[start : start + 100]
            passed = gate(journal, batch, [once(f"person:{person[effect.execution_id]}") for effect in batch])
            assert passed is not None
            won = {item.key for item in passed if item.result == "sending"}
            assert {item.result for item in passed} <= {"sending", "lost"}
            sent += [effect.execution_id for effect in batch if effect.key in won]
        return sent

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(work, first, list(halves[0])), pool.submit(work, second, list(reversed(halves[1])))]
        sent = [id_ for task in tasks for id_ in task.result(timeout=120)]
    assert sorted(person[id_] for id_ in sent) == list(range(persons))
    assert one(first, "select count(*) from effects where state = 'sending'") == persons


def test_two_engines_act_once_on_each_person_and_never_lock_each_other_out(open_postgresql: Open) -> None:
    _race(open_postgresql(), open_postgresql(), persons=60, deals=5)


def test_two_engines_with_two_reservations_for_each_effect_never_lock_each_other_out(open_postgresql: Open) -> None:
    """Sorted by their first reservation, they meet in the second ones in opposite orders."""
    first, second = open_postgresql(), open_postgresql()
    first.record_release(ACME)

    def both(round_: int, name: str, place: int, cap: int) -> Verdict:
        again = Reservation(mode="live", rule="again", scope=f"{round_}:{name}{place:02}", until=None)
        limit = Reservation(mode="live", rule="cap", scope=f"{round_}:{cap:02}", until=None)
        return Verdict(decision="send", reservations=(again, limit))

    for round_ in range(5):
        _, mine = planned(first, 20, start=40 * round_)
        _, theirs = planned(second, 20, start=40 * round_ + 20)
        forwards = [both(round_, "a", n, n) for n in range(20)]
        backwards = [both(round_, "b", n, 20 - n) for n in range(20)]
        passed = at_once(
            lambda e=mine, v=forwards: gate(first, e, v),  # type: ignore[misc]
            lambda e=theirs, v=backwards: gate(second, e, v),  # type: ignore[misc]
        )
        won = [item for side in passed for item in side if item.result == "sending"]  # type: ignore[attr-defined]
        assert len(won) == 21, "each of the caps 0 to 20 has one holder"


@pytest.mark.slow
def test_a_thousand_persons_with_five_deals_each_are_acted_on_once_each_by_two_engines(open_postgresql: Open) -> None:
    _race(open_postgresql(), open_postgresql(), persons=1000, deals=5)


@pytest.mark.slow
def test_a_thousand_persons_are_acted_on_once_each_by_two_engines_on_sqlite(open_sqlite: Open) -> None:
    _race(open_sqlite(), open_sqlite(), persons=1000, deals=5)


def test_send_without_reservations_needs_none(journal: Journal) -> None:
    _, effects = planned(journal, 2)
    assert results(gate(journal, effects, SEND)) == ["sending", "sending"]
    assert one(journal, "select count(*) from reservations") == 0
