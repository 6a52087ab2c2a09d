"""The whole road with a real CRM and a real journal: delivery classes, operator's switches, order, waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account, deal

from dealwright import (
    Automation,
    branch,
    case,
    create_deal,
    days,
    deal_created,
    deal_updated,
    entered,
    every_event,
    faults,
    move_deal,
    once,
    send_event,
    set_task,
    stage_changed,
    update_deal,
    wait,
    working_days,
)
from dealwright.compile import ir
from dealwright.model.crm import Money
from dealwright.model.delivery import AtMostOnce, Checkable, Delivery, Keyed
from dealwright.model.requests import DealChanges
from dealwright.testing.scripted import Fault, ScriptedConnector

TELL = Automation(
    key="tell",
    why="",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[send_event("created", to="erp"), set_task("after", text="told", due=working_days(1))],
)

MakeWorld = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Make worlds that are closed at the end."""
    made: list[World] = []

    def make(company: ir.Account, *others: ScriptedConnector) -> World:
        made.append(World(tmp_path, company, *others))
        return made[-1]

    yield make
    for each in made:
        each.close()


def erp(delivery: Delivery, *faults: Fault | None) -> ScriptedConnector:
    return ScriptedConnector(delivery=delivery, faults=faults)


def times(connector: ScriptedConnector) -> list[int]:
    """Return how often each key changed the other side's state."""
    return sorted(connector.committed.values())


# --- delivery classes ------------------------------------------------------------------------------------------------


def test_every_action_is_carried_out_once_and_receipted(world: MakeWorld) -> None:
    other = erp(AtMostOnce())
    here = world(account(TELL), other)
    for _ in range(30):
        here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 30}}
    assert here.effects() == {"send_event": {"sent": 30}, "set_task": {"sent": 30}}
    assert times(other) == [1] * 30
    assert len(here.crm.tasks()) == 30


@pytest.mark.parametrize("fault", ["lose-answer", "never-arrive", "crash"])
def test_keyed_effects_without_an_answer_are_repeated_with_their_key(world: MakeWorld, fault: Fault) -> None:
    other = erp(Keyed(), fault)
    here = world(account(TELL), other)
    for _ in range(5):
        here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 5}}
    assert times(other) == [1] * 5
    assert len({call.key for request in other.requests for call in request}) == 5


def test_a_keyed_effect_that_is_older_than_half_its_memory_is_parked(world: MakeWorld) -> None:
    other = erp(Keyed(dedupes_for=timedelta(0)), "lose-answer")
    here = world(account(TELL), other)
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"parked": 1}}
    assert here.effects()["send_event"] == {"unknown": 1}


@pytest.mark.parametrize("fault", ["lose-answer", "never-arrive", "crash"])
def test_at_most_once_effects_without_an_answer_are_parked_never_repeated(world: MakeWorld, fault: Fault) -> None:
    other = erp(AtMostOnce(), fault)
    here = world(account(TELL), other)
    for _ in range(3):
        here.new_deal()
    here.work()
    assert here.states() == {"tell": {"parked": 3}}
    assert len(other.requests) == 1


def test_a_checkable_effect_that_arrived_is_found_and_not_repeated(world: MakeWorld) -> None:
    other = erp(Checkable(look_after=timedelta(0)), "lose-answer")
    here = world(account(TELL), other)
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 1}}
    assert times(other) == [1]
    assert len(other.looked) == 1


def test_a_checkable_effect_is_looked_up_twice_before_it_is_repeated(world: MakeWorld) -> None:
    other = erp(Checkable(look_after=timedelta(0)), "never-arrive")
    here = world(account(TELL), other)
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 1}}
    assert times(other) == [1]
    assert len(other.looked) == 2
    assert len(other.requests) == 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["away", "rate-limited"])
def test_what_surely_did_not_arrive_is_tried_again(world: MakeWorld, fault: Fault) -> None:
    other = erp(AtMostOnce(), fault)
    here = world(account(TELL), other)
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 1}}
    assert times(other) == [1]


def test_a_refused_effect_fails_its_execution_and_says_why(world: MakeWorld) -> None:
    other = erp(AtMostOnce(), "refuse")
    here = world(account(TELL), other)
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"failed": 1}}
    assert here.reasons() == ["created: refused (refused)"]
    assert here.crm.tasks() == []


def test_a_receipt_that_was_written_is_remembered_when_the_turn_after_it_died(world: MakeWorld) -> None:
    """The window dies between the receipt and the next plan: the step is not asked for again."""
    other = erp(AtMostOnce())
    here = world(account(TELL), other)
    here.new_deal()
    faults.arm("receipt.after-commit:1:raise")
    here.work()
    faults.arm(None)
    assert here.states() == {"tell": {"done": 1}}
    assert times(other) == [1]


# --- the operator ----------------------------------------------------------------------------------------------------


def test_stop_holds_and_resume_runs_what_still_applies(world: MakeWorld) -> None:
    automation = Automation(
        key="tell",
        why="",
        on=deal_created(in_=Sales),
        when=[deal.amount > 10],
        again=every_event(),
        do=[send_event("created", to="erp")],
    )
    other = erp(AtMostOnce())
    here = world(account(automation), other)
    here.journal.stop("acme", "tell", actor="user:ana")
    first, second = here.new_deal(), here.new_deal()
    here.work()
    assert here.states() == {"tell": {"held": 2}}
    assert [pile.held for pile in here.journal.held_by_stop("acme")] == [2]
    here.crm.update_deal(second.id, DealChanges(amount=Money(first.amount.amount / 100, "USD")))  # type: ignore[union-attr]
    here.journal.resume("acme", "tell", "run", actor="user:ana")
    here.work()
    assert here.states() == {"tell": {"done": 1, "skipped": 1}}
    assert here.reasons() == ["", "conditions no longer hold"]
    assert times(other) == [1]


def test_resume_drop_sends_nothing_of_the_pile(world: MakeWorld) -> None:
    other = erp(AtMostOnce())
    here = world(account(TELL), other)
    here.journal.stop("acme", "", actor="user:ana")
    here.new_deal()
    here.work()
    assert here.journal.resume("acme", "", "drop", actor="user:ana") == 1
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"cancelled": 1, "done": 1}}
    assert times(other) == [1]


def test_a_stop_bites_between_two_bulk_requests_of_a_claimed_batch(world: MakeWorld) -> None:
    """Nothing of the second request leaves, though the batch was claimed and planned before the stop."""
    here: World
    other = ScriptedConnector(before=lambda calls: here.journal.stop("acme", "tell", actor="user:ana"))
    two = Automation(
        key="tell",
        why="",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[send_event("first", to="erp"), send_event("second", to="erp")],
    )
    here = world(account(two), other)
    for _ in range(4):
        here.new_deal()
    here.work()
    assert [len(request) for request in other.requests] == [4]
    assert here.states() == {"tell": {"held": 4}}


def test_shadow_walks_the_road_and_drops_at_its_end(world: MakeWorld) -> None:
    other = erp(AtMostOnce())
    here = world(account(TELL), other)
    here.journal.set_mode("acme", "tell", "shadow", actor="user:ana")
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 1}}
    assert here.effects() == {"send_event": {"dropped": 1}, "set_task": {"dropped": 1}}
    assert other.requests == []
    assert here.crm.tasks() == []


def test_a_week_of_shadow_silences_nobody_when_a_rule_goes_live(world: MakeWorld) -> None:
    greet = Automation(
        key="greet",
        why="",
        on=deal_updated(),
        again=once(per=deal),
        do=[set_task("call", text="Call", due=working_days(1))],
    )
    here = world(account(greet))
    here.journal.set_mode("acme", "", "shadow", actor="user:ana")
    made = here.new_deal()
    here.crm.update_deal(made.id, DealChanges(title="One"))
    here.work()
    here.journal.set_mode("acme", "", "live", actor="user:ana")
    here.crm.update_deal(made.id, DealChanges(title="Two"))
    here.crm.update_deal(made.id, DealChanges(title="Three"))
    here.work()
    assert here.effects() == {"set_task": {"dropped": 2, "sent": 1}}
    assert len(here.crm.tasks()) == 1


# --- time, order, versions -------------------------------------------------------------------------------------------


def test_a_wait_suspends_and_reads_the_deal_again_when_it_is_over(world: MakeWorld) -> None:
    chase = Automation(
        key="chase",
        why="",
        on=entered(Sales.quoted),
        again=every_event(),
        do=[
            wait("two-days", days(2)),
            branch("still", case(deal.stage == Sales.quoted, set_task("nudge", text="Nudge", due=working_days(1)))),
        ],
    )
    here = world(account(chase))
    stays, goes = here.new_deal(), here.new_deal()
    for each in (stays, goes):
        here.crm.move_deal(each.id, "sales", "quoted")
    here.work()
    assert here.states() == {"chase": {"waiting": 2}}
    assert here.journal.next_due() == here.clock.now() + timedelta(days=2)
    here.crm.move_deal(goes.id, "sales", "won")
    here.clock.move(timedelta(days=2))
    here.work()
    assert here.states() == {"chase": {"done": 2}}
    assert [task.deal_id for task in here.crm.tasks()] == [stays.id]


def test_quick_changes_fire_each_on_the_state_the_event_left(world: MakeWorld) -> None:
    """A deal that is moved on before we look still gets the first stage's task: facts are the event's own."""
    rule = Automation(
        key="quoted",
        why="",
        on=entered(Sales.quoted),
        when=[deal.stage == Sales.quoted],
        again=every_event(),
        do=[set_task("t", text="{{ deal.stage.name }}", due=working_days(1))],
    )
    here = world(account(rule))
    made = here.new_deal()
    here.crm.move_deal(made.id, "sales", "quoted")
    here.crm.move_deal(made.id, "sales", "won")
    here.work()
    assert [task.text for task in here.crm.tasks()] == ["Sent the quote"]


@pytest.mark.slow
def test_one_lane_runs_in_event_order(world: MakeWorld) -> None:
    rule = Automation(
        key="note",
        why="",
        on=deal_updated(fields=[deal.title]),
        again=every_event(),
        do=[set_task("t", text="{{ deal.title }}", due=working_days(1))],
    )
    here = world(account(rule))
    made = here.new_deal()
    titles = [f"Title {number}" for number in range(12)]
    for title in titles:
        here.crm.update_deal(made.id, DealChanges(title=title))
    here.work()
    assert [task.text for task in here.crm.tasks(made.id)] == titles


def test_two_automations_that_answer_each_other_end(world: MakeWorld) -> None:
    ping = Automation(
        key="ping",
        why="",
        on=deal_updated(fields=[deal.title]),
        again=every_event(),
        do=[update_deal("r", reference="{{ deal.title }}!")],
    )
    pong = Automation(
        key="pong",
        why="",
        on=deal_updated(fields=[deal.reference]),
        again=every_event(),
        do=[update_deal("t", title="{{ deal.reference }}?")],
    )
    here = world(account(ping, pong))
    made = here.new_deal()
    here.crm.update_deal(made.id, DealChanges(title="Go"))
    here.work()
    assert here.states() == {"ping": {"done": 1, "skipped": 1}, "pong": {"done": 1}}
    after = here.crm.deal(made.id)
    assert after is not None
    assert (after.title, after.reference) == ("Go!?", "Go!")


def test_a_deal_that_our_automation_created_sets_off_others(world: MakeWorld) -> None:
    make = Automation(
        key="make",
        why="",
        on=stage_changed(to=Sales.won),
        again=every_event(),
        do=[create_deal("next", in_=Sales.incoming, title="Again: {{ deal.title }}")],
    )
    here = world(account(make, TELL), erp(Keyed()))
    made = here.new_deal()
    here.crm.move_deal(made.id, "sales", "won")
    here.work()
    assert here.states() == {"make": {"done": 1}, "tell": {"done": 2}}
    assert sorted(each.title for each in here.crm.deals()) == ["Again: Forty chairs", "Forty chairs"]


def test_executions_run_the_release_they_were_routed_with(world: MakeWorld) -> None:
    def company(text: str) -> ir.Account:
        return account(
            Automation(
                key="late",
                why="",
                on=deal_created(),
                again=every_event(),
                do=[wait("day", days(1)), set_task("t", text=text, due=working_days(1))],
            )
        )

    here = world(company("old"))
    here.new_deal()
    here.work()
    assert here.journal.record_release(company("new"))
    here.new_deal()
    here.work()
    here.clock.move(timedelta(days=1))
    here.work()
    assert sorted(task.text for task in here.crm.tasks()) == ["new", "old"]
    assert [line.active for line in here.journal.releases("acme")] == [False, True]


def test_a_move_backwards_is_not_made_and_its_receipt_says_so(world: MakeWorld) -> None:
    back = Automation(
        key="back",
        why="",
        on=stage_changed(to=Sales.agreed),
        again=every_event(),
        do=[
            moved := move_deal("m", to=Sales.quoted),
            branch(
                "did",
                case(moved.moved.is_true(), set_task("yes", text="yes", due=working_days(1))),
                otherwise=[set_task("no", text="no", due=working_days(1))],
            ),
        ],
    )
    here = world(account(back))
    made = here.new_deal()
    here.crm.move_deal(made.id, "sales", "agreed")
    here.work()
    assert [task.text for task in here.crm.tasks()] == ["no"]


def test_an_execution_that_cannot_be_decided_fails_alone(world: MakeWorld) -> None:
    """A text that grows beyond its limit is one deal's failure, not the automation's."""
    shout = Automation(
        key="shout",
        why="",
        on=deal_created(),
        again=every_event(),
        do=[set_task("t", text="{{ deal.title }}" * 8, due=working_days(1))],
    )
    here = world(account(shout))
    here.new_deal(title="x" * 9000)
    here.new_deal(title="short")
    here.work()
    assert here.states() == {"shout": {"done": 1, "failed": 1}}
