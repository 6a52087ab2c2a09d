"""Claim: lanes side by side, each in the order of its events, under leases that no clock of the wall can break."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from journal_world import (
    ACME,
    GRACE,
    LEASE,
    HandClock,
    Open,
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
    window,
)

from dealwright.journal.store import Journal


def subjects(claimed: object) -> list[tuple[str, int]]:
    """Return whose events were claimed, in order."""
    return [(item.subject, item.event.after.version) for item in claimed]  # type: ignore[attr-defined]


def age_leases(journal: Journal, seconds: float) -> None:
    """Let leases on PostgreSQL be that much older: its own clock cannot be set."""
    execute(journal, "update executions set lease_until = lease_until - :by where lease_until is not null", by=seconds)


def let_pass(journal: Journal, clock: HandClock, seconds: float) -> None:
    """Let real time pass on the clock of leases."""
    if journal.database.postgresql:
        age_leases(journal, seconds)
    else:
        clock.seconds += seconds


def test_lanes_go_side_by_side_and_each_goes_one_at_a_time_in_the_order_of_its_events(journal: Journal) -> None:
    receive(journal, *(updated(f"{round_}.{id_}", deal(id_, round_)) for round_ in (1, 2, 3) for id_ in "abc"))
    route(journal)
    for round_ in (1, 2, 3):
        claimed = claim(journal, "watch")
        assert subjects(claimed) == [("deal:a", round_), ("deal:b", round_), ("deal:c", round_)]
        assert claim(journal, "watch") == ()
        settle(journal, claimed)
    assert claim(journal, "watch") == ()
    assert states(journal).count("ready") == 9  # of the other automation, whose lanes are its own


def test_the_oldest_come_first_and_no_more_than_asked_for(journal: Journal) -> None:
    receive(journal, *(updated(str(n), deal(id_, n)) for n, id_ in enumerate("cabac", start=1)))
    route(journal)
    assert subjects(claim(journal, "watch", limit=2)) == [("deal:c", 1), ("deal:a", 2)]
    assert subjects(claim(journal, "watch", limit=2)) == [("deal:b", 3)]


def test_a_retry_holds_its_lane_until_its_time_has_come(journal: Journal, clock: HandClock) -> None:
    receive(journal, updated("1", deal("a", 1)), updated("2", deal("a", 2)))
    route(journal)
    first = claim(journal, "watch")
    settle(journal, first, "retrying", not_before=5.0)
    assert not journal.has_due("acme", "watch")
    assert claim(journal, "watch") == ()
    let_pass(journal, clock, 5.1)
    assert journal.has_due("acme", "watch")
    assert [item.id for item in claim(journal, "watch")] == [first[0].id]


def test_a_retry_without_a_time_may_be_claimed_at_once(journal: Journal) -> None:
    receive(journal, updated("1", deal("a")))
    route(journal)
    settle(journal, claim(journal, "watch"), "retrying")
    assert len(claim(journal, "watch")) == 1


def test_another_worker_takes_over_only_after_the_lease_and_the_longest_call(
    journal: Journal, open_journal: Open, clock: HandClock
) -> None:
    other = open_journal()
    receive(journal, created("1", deal("a")))
    route(journal)
    mine = claim(journal)
    let_pass(journal, clock, LEASE + GRACE - 1.0)
    assert claim(other) == ()
    let_pass(journal, clock, 1.1)
    theirs = claim(other)
    assert [item.id for item in theirs] == [item.id for item in mine]
    effects = plan(other, theirs)
    assert results(gate(journal, effects)) == ["gone"]
    assert journal.renew([mine[0].id], LEASE) == frozenset()
    assert settle(journal, mine) == frozenset()
    assert states(journal) == ["running"]
    assert settle(other, theirs) == {mine[0].id}
    assert one(journal, "select count(*) from transitions where reason = 'taken over'") == 1


def test_a_renewed_lease_is_not_taken_over(journal: Journal, open_journal: Open, clock: HandClock) -> None:
    other = open_journal()
    receive(journal, created("1", deal("a")))
    route(journal)
    mine = claim(journal)
    let_pass(journal, clock, LEASE - 1.0)
    assert journal.renew([mine[0].id], LEASE) == {mine[0].id}
    let_pass(journal, clock, LEASE + GRACE - 1.0)
    assert claim(other) == ()


def test_a_jump_of_the_wall_clock_moves_no_lease_and_no_retry(
    journal: Journal, open_journal: Open, clock: HandClock
) -> None:
    other = open_journal()
    receive(journal, created("1", deal("a")), created("2", deal("b")))
    route(journal)
    first, second = claim(journal)
    settle(journal, [second], "retrying", not_before=60.0)
    for jump in (timedelta(days=400), timedelta(days=-800)):
        clock.on_the_wall += jump
        clock.business += timedelta(days=1)
        assert claim(other) == ()
        assert journal.renew([first.id], LEASE) == {first.id}


def test_a_lease_of_another_boot_has_expired(open_sqlite: Open) -> None:
    journal, other = open_sqlite(), open_sqlite()
    journal.record_release(ACME)
    receive(journal, created("1", deal("a")), created("2", deal("b")))
    route(journal)
    claimed = claim(journal)
    settle(journal, claimed[1:], "retrying", not_before=10_000.0)
    assert claim(other) == ()
    execute(journal, "update executions set lease_boot = 'the boot before' where lease_boot is not null")
    assert len(claim(other)) == 2


def test_two_workers_never_get_the_same(open_postgresql: Open) -> None:
    """On one server at once, while the other's claim is not committed yet: it passes over what is locked."""
    journal, other = open_postgresql(), open_postgresql()
    receive(journal, *(created(str(n), deal(str(n))) for n in range(20)))
    route(journal)
    with journal.database.write() as connection:
        connection.exec_driver_sql("select id from executions where head order by event_id limit 5 for update")
        theirs = claim(other, limit=10)
    mine = claim(journal)
    assert [item.event_id for item in theirs] == sorted(item.event_id for item in theirs)
    assert len(theirs) == 10
    assert len(mine) == 10
    assert {item.id for item in mine}.isdisjoint(item.id for item in theirs)


def test_what_was_given_back_is_claimed_again_before_its_lane_goes_on(journal: Journal) -> None:
    receive(journal, updated("1", deal("a", 1)), updated("2", deal("a", 2)))
    route(journal)
    first = claim(journal, "watch")
    settle(journal, first, "ready", reason="given back")
    assert [item.id for item in claim(journal, "watch")] == [first[0].id]


@pytest.mark.parametrize("state", ["waiting", "held", "parked"])
def test_one_that_rests_lets_its_lane_go_on_and_comes_back_at_its_end(
    journal: Journal, clock: HandClock, state: str
) -> None:
    receive(journal, *(updated(str(n), deal("a", n)) for n in (1, 2, 3)))
    route(journal)
    settle(journal, claim(journal, "watch"), state, reason="a guard", due_at=clock.business + timedelta(hours=1))
    second = claim(journal, "watch")
    assert subjects(second) == [("deal:a", 2)]
    assert journal.release_due(10) == ()
    clock.business += timedelta(hours=1)
    assert journal.release_due(10) == [("acme", "watch")]
    assert headless(journal) == 0
    settle(journal, second)
    third = claim(journal, "watch")
    assert subjects(third) == [("deal:a", 3)]
    settle(journal, third)
    back = claim(journal, "watch")
    assert subjects(back) == [("deal:a", 1)]
    assert back[0].late == (state != "waiting")


def test_a_deal_with_thousands_of_events_delays_no_other_deal(journal: Journal) -> None:
    receive(journal, *(updated(str(n), deal("busy", n)) for n in range(500)), updated("last", deal("calm")))
    route(journal)
    assert [item.subject for item in claim(journal, "watch", limit=2)] == ["deal:busy", "deal:calm"]


def test_a_failed_window_of_ones_own_frees_what_it_leased(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    failed = window(journal)
    assert len(journal.claim("acme", "greet", failed, 10, LEASE)) == 1
    assert claim(journal) == ()
    journal.abandon_window(failed)
    assert len(claim(journal)) == 1


def test_a_failed_window_is_closed_even_if_no_other_is_ever_opened(journal: Journal) -> None:
    failed = window(journal)
    journal.abandon_window(failed)
    journal.take_over()
    found = journal.window(failed)
    assert found.crashed
    assert found.closed_at is not None


def steps_of_a_claim(journal: Journal) -> int:
    """Return how many steps SQLite's machine takes to look for work and to claim it."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def watch(handler: Callable[[], int] | None) -> None:
        with journal.database.engine.connect() as connection:
            connection.connection.dbapi_connection.set_progress_handler(handler, 1)  # type: ignore[union-attr]

    opened = window(journal)
    watch(count)
    assert journal.automations_with_work("acme") == {"greet"}
    assert not journal.has_due("acme", "greet")
    assert not journal.claim("acme", "greet", opened, 10_000, LEASE)
    watch(None)
    return steps


def test_what_is_to_be_tried_later_costs_a_claim_nothing(open_sqlite: Open) -> None:
    """A CRM that is away for a night leaves everything retrying: a claim must not pass over all of it."""
    journal = open_sqlite()
    journal.record_release(ACME)
    costs = []
    for first, many in ((0, 5), (100, 1_000)):
        receive(journal, *(created(str(n), deal(str(n))) for n in range(first, first + many)))
        route(journal)
        settle(journal, claim(journal), "retrying", not_before=3600.0)
        costs.append(steps_of_a_claim(journal))
    assert states(journal).count("retrying") == 1_005
    assert costs[1] <= costs[0] * 1.5
