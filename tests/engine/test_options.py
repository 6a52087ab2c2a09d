"""What an automation says about how it is run: its mode, who goes first, what becomes of what has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from engine_world import MONDAY, World, account, deal
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dealwright import (
    Automation,
    add_note,
    branch,
    case,
    days,
    deal_created,
    deal_updated,
    every_event,
    lookup,
    set_task,
    stop,
    wait,
    wait_until,
)
from dealwright.clock import SystemClock
from dealwright.compile import ir
from dealwright.compile.digest import behaviour_digest, release_digest
from dealwright.engine.changes import Unfit, fitted
from dealwright.engine.precedence import Precedence
from dealwright.engine.records import Progress, StepOutcome
from dealwright.errors import DefinitionError
from dealwright.model.crm import Money
from dealwright.model.delivery import Delivery, Idempotent
from dealwright.model.requests import Call, DealChanges, Outcome, Request, Sent, Unknown

MakeWorld = Callable[[ir.Account], World]


def task(name: str) -> Any:
    return set_task(name, text=name, due=days(1))


def rule(*steps: Any, key: str = "one", **more: Any) -> Automation:
    return Automation(key=key, on=deal_created(), again=every_event(), do=list(steps), **more)


BEFORE = account(rule(task("first"), wait("pause", days(2)), task("second")))


@pytest.fixture
def world(tmp_path: Path, journal_url: str) -> Iterator[MakeWorld]:
    """Make a world on each kind of database, closed at the end."""
    made: list[World] = []

    def make(here: ir.Account) -> World:
        made.append(World(tmp_path, here, journal_url=journal_url))
        return made[-1]

    yield make
    for each in made:
        each.close()


def tasks(here: World) -> list[str]:
    return [each.text for each in here.crm.tasks()]


def later(here: World) -> None:
    here.clock.move(timedelta(days=3))
    here.work()


# --- what is no option ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ({"mode": "shadw"}, "did you mean shadow?"),
        ({"mode": True}, "it is shadow, approve or live"),
        ({"priority": "low"}, "it is normal or bulk"),
        ({"existing": "enroll"}, "did you mean enrol?"),
        ({"on_change": "cancle"}, "did you mean cancel?"),
    ],
)
def test_an_option_that_is_none_is_refused(option: dict[str, Any], hint: str) -> None:
    with pytest.raises(DefinitionError) as refusal:
        rule(stop(), **option)
    assert refusal.value.hint == hint


def test_what_is_usual_says_nothing() -> None:
    said = account(rule(stop(), mode="live", priority="normal", existing="ignore", on_change="finish"))
    assert behaviour_digest(said) == behaviour_digest(account(rule(stop())))
    assert behaviour_digest(said) != behaviour_digest(account(rule(stop(), mode="shadow")))


# --- mode -----------------------------------------------------------------------------------------------------------


def test_what_begins_in_shadow_does_nothing_until_somebody_says_live(world: MakeWorld) -> None:
    here = world(account(rule(task("first"), mode="shadow")))
    here.new_deal()
    here.work()
    assert tasks(here) == []
    assert here.journal.controls("acme").mode("one") == "shadow"
    here.journal.set_mode("acme", "one", "live", actor="user:ana")
    here.new_deal()
    here.work()
    assert tasks(here) == ["first"]


def test_what_somebody_has_set_outlives_releases_and_ends_when_it_is_taken_back(world: MakeWorld) -> None:
    here = world(account(rule(task("first"), mode="shadow")))
    here.journal.set_mode("acme", "one", "live", actor="user:ana")
    here.journal.record_release(account(rule(task("first"), task("second"), mode="shadow")))
    assert here.journal.controls("acme").mode("one") == "live"
    here.journal.set_mode("acme", "one", "", actor="user:ana")
    assert here.journal.controls("acme").mode("one") == "shadow"


def test_the_definitions_mode_follows_the_release_also_back(world: MakeWorld) -> None:
    shadow, approve = account(rule(stop(), mode="shadow")), account(rule(stop(), mode="approve"))
    here = world(shadow)
    seen = [here.journal.controls("acme")]
    here.journal.record_release(approve)
    seen.append(here.journal.controls("acme"))
    here.journal.record_release(account(rule(stop())))
    seen.append(here.journal.controls("acme"))
    here.journal.activate_release("acme", release_digest(shadow))
    seen.append(here.journal.controls("acme"))
    assert [each.mode("one") for each in seen] == ["shadow", "approve", "live", "shadow"]
    assert [each.epoch for each in seen] == sorted({each.epoch for each in seen}), "guards see each change"


def test_the_stricter_of_the_definitions_mode_and_the_accounts_counts(world: MakeWorld) -> None:
    here = world(account(rule(stop(), mode="approve")))
    here.journal.set_mode("acme", "", "shadow", actor="user:ana")
    assert here.journal.controls("acme").mode("one") == "shadow"
    here.journal.set_mode("acme", "", "live", actor="user:ana")
    assert here.journal.controls("acme").mode("one") == "approve"


def test_what_is_no_longer_defined_does_not_go_live_for_that(world: MakeWorld) -> None:
    here = world(account(rule(wait("pause", days(2)), task("second"), mode="shadow")))
    here.new_deal()
    here.work()
    here.journal.record_release(account(rule(stop(), key="other")))
    later(here)
    assert tasks(here) == []


# --- a definition that is changed while deals are on their way ------------------------------------------------------


def changed(world: MakeWorld, *steps: Any, **more: Any) -> World:
    """One deal waits between the first and the second step when the definition becomes another one."""
    here = world(BEFORE)
    here.new_deal()
    here.work()
    here.journal.record_release(account(rule(*steps, **more)))
    later(here)
    return here


def test_without_a_word_what_has_begun_is_finished_as_it_began(world: MakeWorld) -> None:
    here = changed(world, task("first"), wait("pause", days(2)), task("other"))
    assert tasks(here) == ["first", "second"]


def test_cancel_ends_it_at_its_next_turn_and_says_why(world: MakeWorld) -> None:
    here = changed(world, task("first"), wait("pause", days(2)), task("other"), on_change="cancel")
    assert tasks(here) == ["first"]
    assert here.states() == {"one": {"cancelled": 1}}
    assert here.reasons() == ["its automation was changed (on_change: cancel)"]
    here.new_deal()
    here.work()
    later(here)
    assert tasks(here) == ["first", "first", "other"], "what comes after runs as it is now"


class Lost:
    """Answers lookups; the first answer is lost, and meanwhile the definition becomes another one."""

    name, at_once, call_timeout = "lookup", 16, 1.0

    def __init__(self) -> None:
        self.meanwhile: Callable[[], object] | None = None
        self.given: dict[str, Any] = {"valid": True}

    def actions(self) -> frozenset[str]:
        return frozenset({"lookup"})

    def destinations(self) -> frozenset[str]:
        return frozenset({"vies"})

    def delivery(self, request: Request) -> Delivery:
        return Idempotent()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is None:
            return [Sent(receipt=self.given)] * len(calls)
        meanwhile()
        return [Unknown(reason="lost")] * len(calls)

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        return [False] * len(calls)

    async def aclose(self) -> None:
        return


@pytest.mark.parametrize(("on_change", "made"), [("cancel", []), ("migrate", ["after"]), ("finish", ["before"])])
def test_a_change_is_met_when_what_had_left_without_an_answer_is_settled(
    tmp_path: Path, on_change: Any, made: list[str]
) -> None:
    asking = lookup("vies", at="vies:/check", ask={"vat": deal.title}, gives={"valid": bool})

    def company(text_: str, **more: Any) -> ir.Account:
        return account(rule(asking, set_task("second", text=text_, due=days(1)), **more))

    system = Lost()
    here = World(tmp_path, company("before"), system)
    system.meanwhile = lambda: here.journal.record_release(company("after", on_change=on_change))
    here.new_deal()
    here.work()
    assert tasks(here) == made
    here.close()


@pytest.mark.parametrize("given", [{"valid": True}, {"error": "vies: away"}])
def test_what_has_looked_something_up_is_migrated(tmp_path: Path, given: dict[str, Any]) -> None:
    sad = add_note("sad", text="away")
    asking = lookup("vies", at="vies:/check", ask={"vat": deal.title}, gives={"valid": bool}, on_error=[sad])
    system = Lost()
    system.given = given
    here = World(tmp_path, account(rule(asking, wait("pause", days(2)), task("second"))), system)
    here.new_deal()
    here.work()
    here.journal.record_release(account(rule(asking, wait("pause", days(2)), task("other"), on_change="migrate")))
    later(here)
    assert (tasks(here), here.reasons()) == (["other"], [""])
    here.close()


def test_what_waits_for_its_conditions_is_migrated(tmp_path: Path) -> None:
    late: dict[str, Any] = {"when": [deal.amount > 500], "when_within": days(5), "on_change": "migrate"}
    here = World(tmp_path, account(rule(task("first"), **late)))
    made = here.new_deal(amount=1)
    here.work()
    here.journal.record_release(account(rule(task("other"), **late)))
    here.crm.update_deal(made.id, DealChanges(amount=Money(Decimal(900), "USD")))
    here.work()
    assert (tasks(here), here.reasons()) == (["other"], [""])
    here.close()


def test_migrate_goes_on_by_the_new_one_and_writes_that_down(world: MakeWorld) -> None:
    here = changed(world, task("first"), wait("pause", days(2)), task("other"), on_change="migrate")
    assert tasks(here) == ["first", "other"]
    active = here.journal.active_release("acme")
    rows = here.journal.database.rows(text("select release from dw_executions"))
    assert active is not None
    assert [row["release"] for row in rows] == [active.digest]
    reasons = here.journal.database.rows(text("select reason from transitions where reason like '%was changed%'"))
    assert [row["reason"] for row in reasons] == [
        f"its automation was changed: it goes on by release {active.digest[:12]}"
    ]


def test_what_went_over_stays_over_whatever_the_next_release_says(world: MakeWorld) -> None:
    here = world(BEFORE)
    here.new_deal()
    here.work()
    steps = [task("first"), wait("pause", days(2)), task("other"), wait("more", days(2)), task("last")]
    here.journal.record_release(account(rule(*steps, on_change="migrate")))
    later(here)
    here.journal.record_release(account(rule(*steps[:-1], task("newest"))))
    later(here)
    assert tasks(here) == ["first", "other", "last"]


def test_what_does_not_fit_the_new_one_is_parked_for_a_person(world: MakeWorld) -> None:
    here = changed(world, task("begin"), wait("pause", days(2)), task("other"), on_change="migrate")
    assert tasks(here) == ["first"]
    assert here.states() == {"one": {"parked": 1}}
    assert here.reasons() == [
        "its automation was changed, and it cannot go on by the new one: the step 'first' is gone"
    ]


def test_what_is_put_before_where_it_stands_is_passed_by(world: MakeWorld) -> None:
    here = changed(
        world,
        wait("nap", days(9)),
        task("first"),
        task("between"),
        branch("size", case(deal.amount > 1, task("big"))),
        wait("pause", days(2)),
        task("second"),
        on_change="migrate",
    )
    assert tasks(here) == ["first", "second"]


@pytest.mark.parametrize("on_change", ["cancel", "migrate"])
def test_another_mode_or_reason_is_no_change(world: MakeWorld, on_change: Any) -> None:
    steps = (task("first"), wait("pause", days(2)), task("second"))
    here = changed(world, *steps, on_change=on_change, why="It says why now.", priority="bulk")
    assert tasks(here) == ["first", "second"]
    assert here.states() == {"one": {"done": 1}}


def test_what_has_not_begun_runs_as_it_was_routed(world: MakeWorld) -> None:
    here = world(account(rule(task("first"))))
    here.new_deal()

    async def route_only(engine: Any) -> None:
        while not here.journal.busy() or here.states().get("one", {}).get("ready") != 1:
            await asyncio.sleep(0.01)

    here.journal.set_paused("acme", "one", True, actor="user:ana")
    here.run(route_only)
    here.journal.record_release(account(rule(task("other"), on_change="cancel")))
    here.journal.set_paused("acme", "one", False, actor="user:ana")
    here.work()
    assert tasks(here) == ["first"], "a lead that came a moment before `up` is answered"


# --- what fits ------------------------------------------------------------------------------------------------------

BRANCHED = rule(
    branch(
        "size", case(deal.amount > 100, task("big")), case(deal.amount > 10, task("middle")), otherwise=[task("no")]
    ),
    wait_until("answer", deal_updated(), timeout=days(1), on_timeout=[task("nobody")]),
    task("last"),
)


def fit(progress: Progress, *steps: Any) -> Progress:
    (before,), (now,) = account(BRANCHED).automations, account(rule(*steps)).automations
    return fitted(progress, before, now, turn=3, passed_at=MONDAY)


SENT = StepOutcome(status="sent", turn=1)
TOOK = Progress(passed=True, branches={"size": "case 2"}, outcomes={"middle": SENT}, waits={"answer": MONDAY})


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([branch("size", case(deal.amount > 100, stop())), wait_until("answer", deal_updated(), timeout=days(1))],
         "the step 'middle' is gone"),
        ([branch("size", case(deal.amount > 500, stop()), case(deal.amount > 10, task("middle"))), *BRANCHED.do[1:]],
         "the cases of 'size' are others"),
        ([BRANCHED.do[0], wait("answer", days(1)), task("last")], "'answer' is another kind of step"),
        ([BRANCHED.do[0], stop("enough"), *BRANCHED.do[1:]], "it would have stopped at 'enough'"),
        ([branch("size", case(deal.amount > 100, task("middle")), case(deal.amount > 10, task("big"))),
          *BRANCHED.do[1:]], "the step 'middle' is on a way that it did not take"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(steps: list[Any], why: str) -> None:
    with pytest.raises(Unfit) as unfit:
        fit(TOOK, *steps)
    assert str(unfit.value) == why


def test_what_is_added_behind_and_beside_fits() -> None:
    first, waits, last = BRANCHED.do
    sized = replace(first, otherwise=(task("no"), task("never")))  # type: ignore[type-var]
    assert fit(TOOK, sized, waits, task("new"), last) == TOOK


@given(st.permutations(range(4)), st.integers(0, 4))
def test_nothing_that_was_done_is_done_again_and_nothing_before_it_is_done_at_once(order: list[int], done: int) -> None:
    """Wherever steps are put, what is left to do is what comes after all that was done."""
    old = [task(f"s{n}") for n in range(4)]
    new = [old[n] for n in order]
    progress = Progress(passed=True, outcomes={step.name: SENT for step in old[:done]})
    (before,), (now,) = account(rule(*old)).automations, account(rule(*new)).automations
    kept = fitted(progress, before, now, turn=1, passed_at=MONDAY)
    left = [step.name for step in now.do if step.name not in kept.outcomes]
    assert left == [step.name for step in now.do][len(now.do) - len(left) :]
    assert {name for name, outcome in kept.outcomes.items() if outcome.status == "sent"} == set(progress.outcomes)


# --- who goes first -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_bulk_work_waits_for_all_other_work_and_not_for_ever(world: MakeWorld) -> None:
    """All deals are there at once; the order in which notes and tasks are written shows who went first."""
    bulk = rule(add_note("note", text="noted"), key="bulk", priority="bulk")
    here = world(account(bulk, rule(task("first"), key="usual")))
    for _ in range(60):
        here.new_deal()
    here.work(here.engine(batch_limit=10))
    assert here.states() == {"bulk": {"done": 60}, "usual": {"done": 60}}
    ended = here.journal.database.rows(
        text("select x.automation from transitions t join executions x on x.id = t.execution_id "
             "where t.to_state = 'done' order by t.id")
    )  # fmt: skip
    order = [row["automation"] for row in ended]
    assert order.index("bulk") >= 50, "the usual work is nearly over when the first bulk batch ends"


def test_patience_has_an_end_and_none_is_needed_when_nobody_works() -> None:
    async def play() -> list[str]:
        clock, told = SystemClock(), []
        precedence = Precedence(clock, patience=0.05)
        await precedence.wait(lambda: False)
        told.append("nobody works")
        precedence.note("window", busy=True)
        began = clock.monotonic()
        await precedence.wait(lambda: False)
        told.append("patience" if clock.monotonic() - began >= 0.05 else "at once")
        await precedence.wait(lambda: True)
        told.append("asked to end")
        precedence.note("window", busy=False)
        await asyncio.wait_for(precedence.wait(lambda: False), 0.04)
        return told

    assert asyncio.run(asyncio.wait_for(play(), 5)) == ["nobody works", "patience", "asked to end"]
