"""Waiting for something to happen, and being ended by something: decided purely, then with a CRM and a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account, created, deal, some_deal
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from dealwright import (
    Account,
    Automation,
    activity_logged,
    branch,
    case,
    complete_tasks,
    contact_updated,
    create_deal,
    days,
    deal_created,
    deal_updated,
    every_event,
    faults,
    hours,
    move_deal,
    outcome,
    set_task,
    stage_changed,
    stop,
    task_completed,
    testing,
    wait,
    wait_until,
)
from dealwright.compile import ir
from dealwright.engine.advance import Act, Decision, End, Wait, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import News, Progress, StepOutcome, request_digest
from dealwright.engine.rehearse import rehearse
from dealwright.errors import DefinitionError
from dealwright.model.crm import Money
from dealwright.model.events import Event, StageChanged
from dealwright.model.requests import CreateDeal, DealChanges, SetTask

CALL = set_task("call", text="Call", due=days(1))
LATE = set_task("late", text="Nobody answered", due=days(1))
AFTER = set_task("after", text="after", due=days(1))
MOVED = wait_until("answer", stage_changed(to=Sales.quoted), timeout=hours(4), on_timeout=[LATE])


def company(*steps: object, **more: object) -> ir.Account:
    return account(Automation(key="one", on=deal_created(), again=every_event(), do=list(steps), **more))  # type: ignore[arg-type]


def step(
    here: ir.Account, progress: Progress, *news: News, after: timedelta = timedelta(), **changes: object
) -> Decision:
    now = MONDAY + after
    facts = Facts(deal=some_deal(**changes), event=created(), as_of=now, since_turn=1)
    return advance(here, here.automations[0], progress, facts, now, news=news)


def move(id_: int, stage: str = "quoted", **more: object) -> News:
    after = some_deal(stage=stage)
    event: Event = StageChanged(source_id=f"m{id_}", occurred_at=MONDAY, actor="user:ana", after=after)
    return News(id=id_, event=event, **more)  # type: ignore[arg-type]


def asked(decision: Decision) -> str:
    assert isinstance(decision.next, Act), decision
    assert isinstance(decision.next.intent.request, SetTask)
    return decision.next.intent.request.text


# --- decided purely --------------------------------------------------------------------------------------------------


def test_it_waits_for_the_event_or_its_time_and_says_what_wakes_it() -> None:
    here = company(MOVED, AFTER)
    first = step(here, Progress())
    until = MONDAY + timedelta(hours=4)
    assert first.next == Wait(step="answer", until=until, on_events=("stage_changed",))
    assert [(line.at, line.result) for line in first.trace] == [("answer", "waiting")]
    assert asked(step(here, first.progress, move(5))) == "after"
    over = step(here, first.progress, after=timedelta(hours=4))
    assert asked(over) == "Nobody answered"
    assert over.trace[0].result == "timed out"


@pytest.mark.parametrize("news", [move(5, "agreed"), move(5, own=True)])
def test_another_event_and_our_own_doing_end_no_wait(news: News) -> None:
    here = company(MOVED, AFTER)
    first = step(here, Progress())
    again = step(here, first.progress, news, after=timedelta(hours=1))
    assert again.next == first.next
    assert again.progress.looked == 5


def test_what_happened_before_the_time_was_over_counts_though_it_is_looked_at_late() -> None:
    here = company(MOVED, AFTER)
    first = step(here, Progress())
    assert asked(step(here, first.progress, move(5), after=timedelta(days=3))) == "after"


def test_a_condition_that_is_true_passes_at_once_and_an_unknown_one_does_not() -> None:
    here = company(wait_until("rich", deal.amount > 50, timeout=hours(4)), AFTER)
    assert asked(step(here, Progress(), amount=_usd(100))) == "after"
    unset = step(here, Progress())
    assert isinstance(unset.next, Wait)
    assert {"deal_updated", "stage_changed", "contact_updated", "event_received"} <= set(unset.next.on_events)
    assert "deal_created" not in unset.next.on_events
    assert asked(step(here, unset.progress, amount=_usd(60))) == "after"


def _usd(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def test_what_comes_after_sees_how_the_wait_ended() -> None:
    answered = wait_until("answer", stage_changed(to=Sales.quoted), timeout=hours(4))
    told = branch(
        "told",
        case(answered.timed_out.is_true(), set_task("no", text="no", due=days(1))),
        case(outcome("answer") == "met", set_task("yes", text="yes", due=days(1))),
    )
    here = company(answered, told)
    first = step(here, Progress())
    assert asked(step(here, first.progress, move(5))) == "yes"
    assert asked(step(here, first.progress, after=timedelta(hours=5))) == "no"


def test_one_event_ends_one_wait_also_if_it_is_not_routed_yet() -> None:
    twice = [wait_until(name, stage_changed(to=Sales.quoted), timeout=hours(4)) for name in ("one", "two")]
    here = company(*twice, AFTER)
    for routed in (True, False):
        first = step(here, Progress(), move(5, routed=routed))
        assert isinstance(first.next, Wait)
        assert first.next.step == "two"
        assert (first.progress.looked, first.progress.passed_by) == ((5, ()) if routed else (0, (5,)))
    assert asked(step(here, Progress(), move(5), move(6))) == "after"


def test_an_answer_that_is_quicker_than_our_receipt_is_not_missed() -> None:
    here = company(CALL, MOVED, AFTER)
    before = step(here, Progress(), move(5))  # it moved before we asked: that is no answer
    assert asked(before) == "Call"
    done = StepOutcome(status="sent", turn=1)
    progress = Progress(passed=True, outcomes={"call": done}, looked=before.progress.looked)
    assert isinstance(step(here, progress).next, Wait)
    assert asked(step(here, progress, move(6))) == "after"


def test_steps_that_stop_when_the_time_is_over_end_it() -> None:
    here = company(wait_until("a", task_completed(), timeout=hours(1), on_timeout=[stop("enough")]), AFTER)
    first = step(here, Progress())
    assert step(here, first.progress, after=timedelta(hours=1)).next == End(state="done", reason="stopped at enough")


def test_exit_on_ends_a_wait_and_whatever_comes_next_and_says_why() -> None:
    for steps in ([wait("pause", days(2)), AFTER], [MOVED, AFTER], [AFTER]):
        here = company(*steps, exit_on=[task_completed(), stage_changed(to=Sales.lost)])
        first = step(here, Progress())
        if isinstance(first.next, Wait):
            assert {"stage_changed", "task_completed"} <= set(first.next.on_events)
        assert not isinstance(step(here, first.progress, move(5, "lost", own=True)).next, End)
        ended = step(here, first.progress, move(5, "lost"))
        assert ended.next == End(state="done", reason="exit: a deal moves to sales.lost")
        assert ended.trace[-1].at == "exit_on"


def test_what_is_rehearsed_waits_in_vain_unless_it_is_said_to_be_met() -> None:
    here = company(MOVED, AFTER)
    one = here.automations[0]
    requests = [
        [item.text for item in rehearse(here, one, created(), some_deal(), MONDAY, met=met).requests]  # type: ignore[union-attr]
        for met in ((), ("answer",))
    ]
    assert requests == [["Nobody answered", "after"], ["after"]]


def test_a_rehearsed_wait_for_what_ends_the_automation_ends_it_as_the_engine_does() -> None:
    """exit_on goes first: what stands behind the wait was rehearsed, and never done."""
    here = company(MOVED, AFTER, exit_on=[task_completed(), *MOVED.on])
    told = rehearse(here, here.automations[0], created(), some_deal(), MONDAY, met=("answer",))
    assert (told.requests, told.state) == ((), "done")
    assert told.reason == f"exit: {told.parts[-1].trace[-1].what}"
    other = company(MOVED, AFTER, exit_on=[task_completed()])
    assert len(rehearse(other, other.automations[0], created(), some_deal(), MONDAY, met=("answer",)).requests) == 1


def test_a_definitions_own_test_says_which_wait_is_rewarded() -> None:
    one = Automation(key="one", on=deal_created(), again=every_event(), do=[MOVED, AFTER])
    here = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[one])
    assert testing.rehearse(here, "one", testing.a_deal(Sales.incoming)).acts == ["late", "after"]
    assert testing.rehearse(here, "one", testing.a_deal(Sales.incoming), met=["answer"]).acts == ["after"]
    with pytest.raises(DefinitionError, match="no step wait_until\\('awnser'"):
        testing.rehearse(here, "one", testing.a_deal(Sales.incoming), met=["awnser"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["quoted", "agreed"]), st.booleans()), max_size=6), st.data())
def test_in_whatever_pieces_the_news_come_the_first_match_ends_the_wait(
    told: list[tuple[str, bool]], data: st.DataObject
) -> None:
    """A wake-up is not lost, nor answered twice, whether events are looked at together or one by one."""
    news = [move(n + 2, stage, own=own) for n, (stage, own) in enumerate(told)]
    wanted = next((item.id for item in news if item.event.after.stage == "quoted" and not item.own), None)  # type: ignore[union-attr]
    here = company(MOVED, wait_until("second", stage_changed(to=Sales.quoted), timeout=hours(4)), AFTER)
    progress, pending, came = step(here, Progress()).progress, list(news), []
    while pending:
        count = data.draw(st.integers(1, len(pending)))
        came += pending[:count]
        pending = pending[count:]
        unseen = [item for item in came if item.id > progress.looked and item.id not in progress.passed_by]
        decision = step(here, progress, *unseen)
        progress = decision.progress
    matching = [item.id for item in news if item.event.after.stage == "quoted" and not item.own]  # type: ignore[union-attr]
    assert ("answer" in progress.outcomes) == (wanted is not None)
    assert ("second" in progress.outcomes) == (len(matching) > 1)


# --- with a CRM and a journal ----------------------------------------------------------------------------------------

MakeWorld = Callable[[ir.Account], World]


@pytest.fixture
def world(tmp_path: Path, journal_url: str) -> Iterator[MakeWorld]:
    """Make a world on each kind of database, closed at the end."""
    made: list[World] = []

    def make(here: ir.Account) -> World:
        made.append(World(tmp_path, here, journal_url=journal_url))
        return made[-1]

    yield make
    faults.arm(None)
    for each in made:
        each.close()


def tasks(here: World) -> list[str]:
    return [task.text for task in here.crm.tasks()]


def test_a_deal_that_moves_wakes_who_waits_for_it_and_no_other(world: MakeWorld) -> None:
    here = world(company(MOVED, AFTER))
    one, _ = here.new_deal(), here.new_deal()
    here.work()
    assert here.states() == {"one": {"waiting": 2}}
    here.crm.move_deal(one.id, "sales", "agreed")
    here.work()
    assert here.states() == {"one": {"waiting": 2}}
    here.crm.move_deal(one.id, "sales", "quoted")
    here.work()
    assert here.states() == {"one": {"done": 1, "waiting": 1}}
    assert tasks(here) == ["after"]
    here.clock.move(timedelta(hours=4))
    here.work()
    assert sorted(tasks(here)) == ["Nobody answered", "after", "after"]
    assert here.states() == {"one": {"done": 2}}


def test_a_condition_is_looked_at_again_when_the_deal_or_its_contact_changes(world: MakeWorld) -> None:
    reachable = wait_until("phone", deal.main_contact.phone.is_set(), timeout=days(9), on_timeout=[LATE])
    here = world(company(reachable, wait_until("rich", deal.amount > 500, timeout=days(9)), AFTER))
    maria = here.crm.create_contact(name="Maria Silva")
    made = here.new_deal(contacts=[maria.id])
    here.work()
    here.crm.update_contact(maria.id, phone="+1 212 555 0142")
    here.work()
    assert here.states() == {"one": {"waiting": 1}}
    assert here.reasons() == ["rich"]
    here.crm.update_deal(made.id, DealChanges(amount=_usd(900)))
    here.work()
    assert tasks(here) == ["after"]


def test_our_own_writes_neither_answer_nor_end_us(world: MakeWorld) -> None:
    here = world(
        company(
            CALL,
            move_deal("go", to=Sales.quoted),
            complete_tasks("tidy"),
            wait_until("done", task_completed(), timeout=days(1), on_timeout=[LATE]),
            exit_on=stage_changed(),
        )
    )
    made = here.new_deal()
    here.work()
    assert here.states() == {"one": {"waiting": 1}}
    here.crm.move_deal(made.id, "sales", "agreed")
    here.work()
    assert here.reasons() == ["exit: a deal moves"]
    assert tasks(here) == ["Call"]


def test_what_is_held_is_ended_by_what_exits_and_left_alone_by_anything_else(world: MakeWorld) -> None:
    here = world(company(AFTER, exit_on=stage_changed(to=Sales.lost)))
    here.journal.stop("acme", "one", actor="ana", reason="a look first")
    made = here.new_deal()
    here.work()
    assert here.states() == {"one": {"held": 1}}
    turns = "select count(*) from turns"
    before = _one(here, turns)
    here.crm.move_deal(made.id, "sales", "quoted")
    here.work()
    assert here.states() == {"one": {"held": 1}}
    assert _one(here, turns) == before
    here.crm.move_deal(made.id, "sales", "lost", lost_reason="Price")
    here.work()
    assert here.states() == {"one": {"done": 1}}
    assert here.reasons() == ["exit: a deal moves to sales.lost"]
    assert here.effects() == {"set_task": {"dropped": 1}}
    assert _one(here, "select count(*) from awaits") == 0


def _one(here: World, sql: str) -> int:
    with here.journal.database.read() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def test_what_started_it_never_ends_it_and_what_came_meanwhile_does(world: MakeWorld) -> None:
    quoted = Automation(
        key="quoted", on=stage_changed(to=Sales.quoted), again=every_event(), do=[AFTER], exit_on=stage_changed()
    )
    here = world(account(quoted))
    stays, goes = here.new_deal(), here.new_deal()
    for each in (stays, goes):
        here.crm.move_deal(each.id, "sales", "quoted")
    here.crm.move_deal(goes.id, "sales", "agreed")
    here.work()
    assert sorted(here.reasons()) == ["", "exit: a deal moves"]
    assert len(tasks(here)) == 1


def test_activities_and_changes_are_heard_of_too(world: MakeWorld) -> None:
    called = wait_until("called", activity_logged(kind="call"), timeout=days(1), on_timeout=[LATE])
    changed = wait_until("changed", [deal_updated(fields=[deal.title]), contact_updated()], timeout=days(1))
    here = world(company(called, changed, AFTER))
    made = here.new_deal()
    here.work()
    here.crm.log_activity(made.id, "email")
    here.work()
    assert here.reasons() == ["called"]
    here.crm.log_activity(made.id, "call")
    here.work()
    assert here.reasons() == ["changed"]
    here.crm.update_deal(made.id, DealChanges(title="Other"))
    here.work()
    assert tasks(here) == ["after"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    ["plan.after-commit", "settle.before-commit", "settle.after-commit", "route.after-commit", "claim.after-commit"],
)
def test_a_failure_loses_no_wake_up(world: MakeWorld, point: str) -> None:
    """A window fails wherever it stands; the next one goes on, and the answer is not missed."""
    here = world(company(CALL, MOVED, AFTER, exit_on=stage_changed(to=Sales.lost)))
    made = here.new_deal()
    for act in (lambda: None, lambda: here.crm.move_deal(made.id, "sales", "quoted")):
        act()
        faults.arm(f"{point}:1:raise")
        here.work()
        faults.arm(None)
    assert sorted(tasks(here)) == ["Call", "after"]
    assert here.states() == {"one": {"done": 1}}


def test_two_executions_at_once_do_not_make_two_deals(world: MakeWorld) -> None:
    renew = Automation(
        key="renew",
        on=stage_changed(to=Sales.won),
        again=every_event(),
        do=[
            create_deal("next", in_=Sales.incoming, title="Next", unless_open=Sales),
            branch("made", case(outcome("next") == "dropped", set_task("no", text="one is open", due=days(1)))),
        ],
    )
    here = world(account(renew))
    maria = here.crm.create_contact(name="Maria Silva")
    both = [here.new_deal(contacts=[maria.id]) for _ in range(2)]
    for each in both:
        here.crm.move_deal(each.id, "sales", "won")
    here.work()
    assert [each.title for each in here.crm.deals("sales", "incoming")] == ["Next"]
    assert tasks(here) == ["one is open"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"phone": "+1 212 555 0123"}, {"phone": "(212) 555-0123"}),
        ({"email": "maria@example.com"}, {"email": " Maria@Example.com"}),
    ],
)
def test_one_person_behind_two_contacts_has_one_open_deal(
    world: MakeWorld, first: dict[str, str], second: dict[str, str]
) -> None:
    renew = Automation(
        key="renew",
        on=stage_changed(to=Sales.won),
        again=every_event(),
        do=[create_deal("next", in_=Sales.incoming, title="Next", unless_open=Sales)],
    )
    here = world(account(renew))
    for reached in (first, second, {"phone": "+1 212 555 0199"}):
        contact = here.crm.create_contact(name="Maria", **reached)
        here.crm.move_deal(here.new_deal(contacts=[contact.id]).id, "sales", "won")
    here.work()
    assert [each.title for each in here.crm.deals("sales", "incoming")] == ["Next", "Next"]  # of Maria, and another one


def test_what_was_approved_stays_so_when_a_person_turns_out_to_have_another_record() -> None:
    wanted = CreateDeal(pipeline="sales", stage="incoming", title="Next", contacts=("1",), unless_open="sales")
    assert request_digest(wanted) == request_digest(replace(wanted, unless_contacts=("2",)))
    assert request_digest(wanted) != request_digest(replace(wanted, contacts=("2",)))
