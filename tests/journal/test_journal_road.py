"""Append, route, wake and settle: each event once, in order, and no wake-up lost."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import msgspec
import pytest
from journal_world import (
    ACME,
    MONDAY,
    HandClock,
    Open,
    answer,
    answers,
    at_once,
    claim,
    company,
    created,
    deal,
    gate,
    headless,
    moved,
    one,
    plan,
    receive,
    route,
    settle,
    states,
    turn_of,
    updated,
    window,
)
from sqlalchemy import text

from dealwright.engine.records import Routed, ToRoute, Watch
from dealwright.journal.store import Journal

ROUNDS = 80


# --- append -----------------------------------------------------------------------------------------------------------


def test_an_event_is_counted_once_by_the_id_its_source_gave_it(journal: Journal) -> None:
    items = [created("1", deal("a")), updated("2", deal("a", 2))]
    assert receive(journal, *items) == 2
    assert receive(journal, *items, updated("3", deal("a", 3))) == 1
    assert receive(journal, *items) == 0
    assert journal.append("acme", "another source", items) == 2
    assert journal.append("other", "crm", items) == 2
    assert [item.id for item in journal.unrouted("acme", 10)] == sorted(
        item.id for item in journal.unrouted("acme", 10)
    )
    assert [item.event.source_id for item in journal.unrouted("acme", 3)] == ["1", "2", "3"]


def test_an_append_of_nothing_is_nothing(journal: Journal) -> None:
    assert receive(journal) == 0


def test_an_event_that_tells_an_older_state_is_kept_and_marked_late(journal: Journal) -> None:
    receive(journal, updated("2", deal("a", 2)), updated("3", deal("b", 1)))
    route(journal)
    receive(journal, updated("1", deal("a", 1)), updated("4", deal("a", 3)))
    route(journal)
    rows = journal.database.rows(text("select source_id, late from events order by id"))
    assert [(row["source_id"], bool(row["late"])) for row in rows] == [
        ("2", False),
        ("3", False),
        ("1", True),
        ("4", False),
    ]
    assert one(journal, "select count(*) from executions where late") == 2
    assert one(journal, "select version from mirror_deals where id = 'a'") == 3


def test_an_event_of_our_own_write_joins_the_chain_one_deeper(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    cause = None
    for depth, source_id in ((1, "2"), (2, "3")):
        effects = plan(journal, claim(journal, "greet" if depth == 1 else "watch"))
        gate(journal, effects)
        answer(journal, effects)
        cause = effects[0].key
        receive(journal, updated(source_id, deal("a", depth + 1), cause=cause))
        (found,) = journal.unrouted("acme", 10)
        first = one(journal, "select min(id) from events")
        assert (found.chain, found.depth, found.event.cause) == (first, depth, cause)
        assert found.ran["deal:a"] >= ({"greet"} if depth == 1 else {"greet", "watch"})
        route(journal)
    receive(journal, updated("4", deal("a", 4), cause="dw-of-another-journal"), updated("5", deal("a", 5)))
    assert [(item.chain, item.depth) for item in journal.unrouted("acme", 10)] == [(None, 0), (None, 0)]


def test_two_engines_that_append_the_same_count_each_event_once(open_postgresql: Open) -> None:
    first, second = open_postgresql(), open_postgresql()
    items = [updated(str(n), deal("a", n)) for n in range(1, 41)]
    for start in range(0, 40, 4):
        chunk = items[start : start + 4]
        counts = at_once(lambda c=chunk: receive(first, *c), lambda c=chunk: receive(second, *reversed(c)))  # type: ignore[misc]
        assert set(counts) == {0, 4}
    assert one(first, "select count(*) from events") == 40


# --- route ------------------------------------------------------------------------------------------------------------


def test_routing_again_what_another_engine_routed_does_nothing(journal: Journal, open_journal: Open) -> None:
    other = open_journal()
    receive(journal, updated("1", deal("a", 1)), updated("2", deal("a", 2)))
    mine, theirs = journal.unrouted("acme", 10), other.unrouted("acme", 1)
    assert other.route(ACME, "release", theirs, answers(theirs))
    assert not journal.route(ACME, "release", mine, answers(mine))
    assert one(journal, "select count(*) from executions") == 2
    assert [item.id for item in journal.unrouted("acme", 10)] == [mine[1].id]
    assert journal.route(ACME, "release", (), ())


def test_what_is_skipped_when_it_is_routed_ends_there_and_holds_no_lane(journal: Journal) -> None:
    receive(journal, updated("1", deal("a")))
    events = journal.unrouted("acme", 10)
    skipped = Routed(event_id=events[0].id, automation="watch", subject="deal:a", skipped="loop: it ran already")
    journal.route(ACME, "release", events, [skipped])
    rows = journal.database.rows(text("select state, reason, ended_at from executions"))
    assert [(row["state"], row["reason"]) for row in rows] == [("skipped", "loop: it ran already")]
    assert rows[0]["ended_at"] is not None
    assert claim(journal, "watch") == ()
    assert not journal.busy()


@pytest.mark.slow
def test_two_engines_route_each_event_once_and_keep_every_lane_in_order(open_postgresql: Open) -> None:
    first, second = open_postgresql(), open_postgresql()
    receive(first, *(updated(str(n), deal(f"d{n % 7}", n)) for n in range(300)))

    def route_all(journal: Journal, limit: int) -> int:
        routed = 0
        while events := journal.unrouted("acme", limit):
            routed += journal.route(ACME, "release", events, answers(events)) and len(events)
        return routed

    routed = at_once(lambda: route_all(first, 7), lambda: route_all(second, 11))
    assert sum(routed) == 300  # type: ignore[arg-type]
    assert one(first, "select count(*) from executions") == 600
    lanes = first.database.rows(text("select lane, event_id from executions order by lane, pos"))
    assert [(row["lane"], row["event_id"]) for row in lanes] == sorted((row["lane"], row["event_id"]) for row in lanes)
    assert headless(first) == 0


# --- route beside settle ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_route_beside_settle_leaves_no_lane_without_its_head(open_postgresql: Open) -> None:
    """Seen without the lane's lock: work in a lane and no head, which never moves again (engine-contract §3)."""
    engine, router = open_postgresql(), open_postgresql()
    receive(engine, updated("0", deal("a", 0)))
    route(engine)
    opened = window(engine, "watch")
    for n in range(1, ROUNDS):
        claimed = engine.claim("acme", "watch", opened, 10, 30.0)
        assert len(claimed) == 1, f"round {n}: the lane stands still"
        receive(router, updated(str(n), deal("a", n)))
        at_once(lambda c=claimed: settle(engine, c), lambda: route(router))  # type: ignore[misc]
        assert headless(engine) == 0


@pytest.mark.slow
def test_a_wake_up_beside_settle_is_never_lost(open_postgresql: Open) -> None:
    engine, router = open_postgresql(), open_postgresql()
    receive(engine, created("0", deal("a")))
    route(engine)
    opened = window(engine)
    for n in range(1, ROUNDS):
        (item,) = engine.claim("acme", "greet", opened, 10, 30.0)
        engine.plan([turn_of(item)])

        def event_comes(n: int = n) -> None:
            receive(router, moved(str(n), deal("a", n)))
            route(router)

        at_once(lambda i=item: settle(engine, [i], "waiting", on_events=("stage_changed",)), event_comes)  # type: ignore[misc]
        assert states(engine) == ["ready"], f"round {n}: the wake-up was lost"


@pytest.mark.slow
def test_a_wake_up_beside_settle_is_never_lost_by_who_has_looked_already(open_postgresql: Open) -> None:
    """Whoever looks at what came for it says what it has considered: all else keeps it awake, or wakes it."""
    engine, router = open_postgresql(), open_postgresql()
    receive(engine, created("0", deal("a")))
    route(engine)
    opened = window(engine)
    looked = 0
    for n in range(1, ROUNDS):
        (item,) = engine.claim("acme", "greet", opened, 10, 30.0)
        watch = Watch(
            execution_id=item.id,
            subjects=(item.subject,),
            kinds=frozenset({"stage_changed"}),
            after=looked or item.event_id,
        )
        told = engine.news("acme", [watch]).get(item.id, ())
        assert [news.routed for news in told] == [True] * (n > 1), f"round {n}: what woke it is not told"
        engine.plan([turn_of(item)])

        def event_comes(n: int = n) -> None:
            receive(router, moved(str(n), deal("a", n)))
            route(router)

        considered = tuple(news.id for news in told)
        resting = partial(
            settle, engine, [item], "waiting", on_events=("stage_changed",), seen=watch.after, considered=considered
        )
        at_once(resting, event_comes)
        assert states(engine) == ["ready"], f"round {n}: the wake-up was lost"
        looked = max(considered, default=looked)


def test_what_was_considered_wakes_nobody_and_what_is_held_only_what_ends_it(journal: Journal) -> None:
    receive(journal, created("1", deal("a")), moved("2", deal("a", 2)))
    route(journal)
    (item,) = claim(journal)
    watch = Watch(
        execution_id=item.id, subjects=(item.subject,), kinds=frozenset({"stage_changed"}), after=item.event_id
    )
    (told,) = journal.news("acme", [watch])[item.id]
    assert (told.event.kind, told.own, told.routed) == ("stage_changed", False, True)
    more = {"on_events": ("stage_changed",), "seen": item.event_id, "considered": (told.id,)}
    settle(journal, [item], "held", reason="mode: approve", **more)
    assert states(journal) == ["held"]
    receive(journal, moved("3", deal("a", 3)))
    route(journal)
    assert states(journal) == ["held"], "its automation has no exit_on: nothing that happens ends it"
    assert [news.event.source_id for news in journal.news("acme", [watch])[item.id]] == ["2", "3"]
    assert journal.news("acme", [msgspec.structs.replace(watch, after=told.id + 1)]) == {}


def test_an_event_that_came_since_the_turn_began_keeps_the_execution_awake(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    claimed = claim(journal)
    journal.plan([turn_of(claimed[0])])
    receive(journal, moved("2", deal("a", 2)))
    route(journal)
    settle(journal, claimed, "waiting", due_at=MONDAY + timedelta(days=1), on_events=("stage_changed",))
    assert states(journal) == ["ready"]
    assert journal.next_due() is None
    claimed = claim(journal)
    settle(journal, claimed, "waiting", due_at=MONDAY + timedelta(days=1), on_events=("stage_changed",))
    assert states(journal) == ["waiting"], "an event that the last turn could see wakes nobody"


def test_an_event_that_came_before_the_first_claim_is_news_to_the_first_turn(journal: Journal) -> None:
    """The first turn sees the deal as its own event left it."""
    receive(journal, created("1", deal("a")), moved("2", deal("a", 2)))
    route(journal)
    settle(journal, claim(journal), "waiting", on_events=("stage_changed",))
    assert states(journal) == ["ready"]


def test_an_event_whose_id_is_lower_than_another_accounts_newest_still_wakes(open_postgresql: Open) -> None:
    """Ids are drawn before they are committed: another account's higher id may be there first."""
    journal = open_postgresql()
    receive(journal, created("1", deal("a")))
    route(journal)
    first = claim(journal)
    journal.plan([turn_of(first[0])])
    settle(journal, first, "ready")
    with journal.database.write() as slow:
        low = slow.exec_driver_sql("select nextval(pg_get_serial_sequence('events', 'id'))").scalar_one()
        receive(journal, created("1", deal("z")), account=company("other"))
        claimed = claim(journal)
        slow.execute(
            text(
                "insert into events "
                "(id, account, source, source_id, kind, subject, occurred_at, received_at, raw, body) "
                "select :id, account, source, 'slow', 'stage_changed', subject, occurred_at, received_at, raw, body "
                "from events where account = 'acme'"
            ),
            {"id": low},
        )
    settle(journal, claimed, "waiting", on_events=("stage_changed",))
    assert states(journal) == ["ready"]


def test_a_matching_event_wakes_who_waits_for_it_and_nobody_else(journal: Journal) -> None:
    receive(journal, *(created(str(n), deal(id_)) for n, id_ in enumerate("abc")))
    route(journal)
    a, b, c = claim(journal)
    settle(journal, [a, b], "waiting", due_at=MONDAY + timedelta(days=1), on_events=("stage_changed",))
    settle(journal, [c], "waiting", due_at=MONDAY + timedelta(days=1))
    for item in (moved("3", deal("a", 2)), updated("4", deal("b", 2)), moved("5", deal("c", 2))):
        receive(journal, item)
        route(journal)
    greeting = text("select state from executions where automation = 'greet' order by event_id")
    assert [row["state"] for row in journal.database.rows(greeting)] == ["ready", "waiting", "waiting"]
    assert one(journal, "select count(*) from awaits") == 1
    assert journal.next_due() == MONDAY + timedelta(days=1)


def test_what_is_due_comes_back_once_and_in_business_time(journal: Journal, clock: HandClock) -> None:
    receive(journal, created("1", deal("a")), created("2", deal("b")))
    route(journal)
    first, second = claim(journal)
    settle(journal, [first], "waiting", due_at=MONDAY + timedelta(hours=1))
    settle(journal, [second], "waiting", due_at=MONDAY + timedelta(hours=2))
    clock.on_the_wall += timedelta(days=3)
    assert journal.release_due(10) == ()
    assert not journal.busy()
    clock.business = MONDAY + timedelta(hours=2)
    assert journal.busy()
    assert len(journal.release_due(1)) == 1
    assert len(journal.release_due(10)) == 1
    assert journal.release_due(10) == ()
    assert journal.next_due() is None


def test_every_change_of_state_is_a_transition_that_names_who_made_it(journal: Journal, clock: HandClock) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    settle(journal, claim(journal), "waiting", due_at=MONDAY)
    journal.release_due(10)
    settle(journal, claim(journal), "done")
    rows = journal.database.rows(text("select from_state, to_state, actor from transitions order by id"))
    worker = f"worker:{journal.worker}"
    event = f"event:{one(journal, 'select id from events')}"
    assert [(row["from_state"], row["to_state"], row["actor"]) for row in rows] == [
        (None, "ready", event),
        ("ready", "running", worker),
        ("running", "waiting", worker),
        ("waiting", "ready", "clock"),
        ("ready", "running", worker),
        ("running", "done", worker),
    ]


def test_unrouted_events_of_one_account_are_no_matter_of_another(journal: Journal) -> None:
    other = company("other")
    journal.record_release(other)
    receive(journal, created("1", deal("a")), account=other)
    assert journal.unrouted("acme", 10) == []
    events: list[ToRoute] = list(journal.unrouted("other", 10))
    assert journal.route(other, "release", events, answers(events, other))
    assert claim(journal) == ()
    assert len(claim(journal, account="other")) == 1
