"""Answers that get lost, again and again: what an earlier attempt may have done is never forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    branch,
    case,
    deal_created,
    every_event,
    faults,
    hours,
    move_deal,
    once,
    send_event,
    set_task,
    update_deal,
    wait,
    working_days,
)
from dealwright.clock import PlayedClock
from dealwright.model.delivery import AtMostOnce, Checkable, Delivery, Keyed
from dealwright.model.requests import Call
from dealwright.testing.scripted import Fault, ScriptedConnector

TELL = Automation(key="tell", on=deal_created(in_=Sales), again=once(per=deal), do=[send_event("created", to="erp")])


def met(tmp_path: Path, delivery: Delivery, *script: Fault | None) -> tuple[World, ScriptedConnector]:
    """Let one deal's event meet a receiver that misbehaves as scripted."""
    other = ScriptedConnector(delivery=delivery, faults=script)
    world = World(tmp_path, account(TELL), other)
    world.new_deal()
    world.work()
    return world, other


def test_a_checkable_effect_that_is_lost_again_is_looked_up_again(tmp_path: Path) -> None:
    """Never arrived, looked up twice, repeated, arrived, and that answer lost too: it is found, not repeated."""
    world, other = met(tmp_path, Checkable(look_after=timedelta(0)), "never-arrive", "lose-answer")
    world.close()
    assert sorted(other.committed.values()) == [1]
    assert len(other.requests) == 2


class LaterClock(PlayedClock):
    """A clock whose wall can be moved."""

    late = timedelta(0)

    def wall(self) -> datetime:
        """Real wall time, and what was added."""
        return super().wall() + self.late


@pytest.mark.slow
def test_being_turned_away_later_says_nothing_of_the_attempt_whose_answer_was_lost(tmp_path: Path) -> None:
    """The receiver forgets keys after an hour: after a long outage the repeat is not sent, a person decides."""
    clock = LaterClock(MONDAY)

    def outage(calls: Sequence[Call]) -> None:
        if calls[0].attempt == 2:
            clock.late = timedelta(hours=3)

    other = ScriptedConnector(
        delivery=Keyed(dedupes_for=timedelta(hours=1)), faults=["lose-answer", "away"], before=outage
    )
    world = World(tmp_path, account(TELL), other, clock=clock)
    world.new_deal()
    world.work()
    assert len(other.requests) == 2
    assert sorted(other.committed.values()) == [1]
    assert world.states() == {"tell": {"parked": 1}}
    assert world.effects() == {"send_event": {"unknown": 1}}
    world.close()


def test_a_refused_repeat_parks_and_keeps_the_reservation(tmp_path: Path) -> None:
    world, other = met(tmp_path, Keyed(), "lose-answer", "refuse")
    assert world.states() == {"tell": {"parked": 1}}
    assert world.effects() == {"send_event": {"unknown": 1}}
    assert world.journal.database.rows(text("select 1 from reservations"))
    assert len(other.requests) == 2
    world.close()


def test_a_shadow_that_falls_on_an_unanswered_effect_parks_it(tmp_path: Path) -> None:
    here: list[World] = []

    def darken(calls: Sequence[Call]) -> None:
        here[0].journal.set_mode("acme", "", "shadow", actor="ana")

    other = ScriptedConnector(delivery=Keyed(), faults=["lose-answer"], before=darken)
    here.append(world := World(tmp_path, account(TELL), other))
    world.new_deal()
    world.work()
    assert world.states() == {"tell": {"parked": 1}}
    assert world.effects() == {"send_event": {"unknown": 1}}
    world.close()


def test_what_came_back_checks_its_conditions_once_and_not_against_its_own_writes(tmp_path: Path) -> None:
    """Its first step makes its own condition false; a retry of the second step must not end it."""
    rule = Automation(
        key="tell",
        on=deal_created(in_=Sales),
        when=[deal.reference.is_unset()],
        again=every_event(),
        do=[update_deal("mark", reference="seen"), send_event("told", to="erp")],
    )
    other = ScriptedConnector(delivery=AtMostOnce(), faults=["away"])
    world = World(tmp_path, account(rule), other)
    world.journal.stop("acme", "tell", actor="ana")
    world.new_deal()
    world.work()
    world.journal.resume("acme", "tell", "run", actor="ana")
    world.work()
    assert world.states() == {"tell": {"done": 1}}
    world.close()


def test_a_step_behind_a_repeated_move_sees_the_move(tmp_path: Path) -> None:
    """It fails before the request; the deal is read, the move is repeated, and the branch asks for its stage."""
    rule = Automation(
        key="go",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[
            move_deal("move", to=Sales.agreed),
            branch(
                "where",
                case(deal.stage == Sales.agreed, set_task("yes", text="yes", due=working_days(1))),
                otherwise=[set_task("no", text="no", due=working_days(1))],
            ),
        ],
    )
    world = World(tmp_path, account(rule))
    world.new_deal()
    faults.arm("act.before-request:1:raise")
    world.work()
    faults.arm(None)
    assert [task.text for task in world.crm.tasks()] == ["yes"]
    world.close()


def test_the_holder_of_a_share_passes_with_its_later_effects_when_the_share_is_over(tmp_path: Path) -> None:
    rule = Automation(
        key="tell",
        on=deal_created(in_=Sales),
        again=once(per=deal, within=hours(1)),
        do=[
            set_task("one", text="one", due=working_days(1)),
            wait("long", hours(3)),
            set_task("two", text="two", due=working_days(1)),
        ],
    )
    world = World(tmp_path, account(rule))
    world.new_deal()
    world.work()
    with world.journal.database.write() as connection:
        connection.execute(text("update reservations set holder = 'another', until = null"))
    world.clock.move(timedelta(hours=3))
    world.work()
    assert world.states() == {"tell": {"done": 1}}
    assert [task.text for task in world.crm.tasks()] == ["one", "two"]
    world.close()


def test_a_new_owner_is_known_by_name_to_the_next_step(tmp_path: Path) -> None:
    rule = Automation(
        key="hand-over",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[
            update_deal("owner", owner="bea@example.com"),
            set_task("t", text="for {{ deal.owner.first_name }}", due=working_days(1)),
        ],
    )
    world = World(tmp_path, account(rule))
    world.crm.add_user("Bea Berg", "bea@example.com")
    world.new_deal()
    world.work()
    assert [task.text for task in world.crm.tasks()] == ["for Bea"]
    world.close()


@pytest.mark.parametrize("at_once", [1, 7])
def test_only_what_the_next_request_carries_is_sending_and_a_stop_bites_behind_it(tmp_path: Path, at_once: int) -> None:
    here: list[World] = []
    sending: list[int] = []

    def stop(calls: Sequence[Call]) -> None:
        sending.append(here[0].effects()["send_event"].get("sending", 0))
        here[0].journal.stop("acme", "tell", actor="ana")

    other = ScriptedConnector(before=stop)
    other.at_once = at_once
    here.append(world := World(tmp_path, account(TELL), other))
    for _ in range(20):
        world.new_deal()
    world.work()
    assert sending == [at_once]
    assert world.states() == {"tell": {"done": at_once, "held": 20 - at_once}}
    world.close()


def test_a_connector_that_fails_to_look_blocks_nobody(tmp_path: Path) -> None:
    class Blind(ScriptedConnector):
        async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
            """Fail once, then see."""
            if not self.looked:
                self.looked.append("failed")
                raise RuntimeError
            return await super().look(calls)

    other = Blind(delivery=Checkable(look_after=timedelta(0)), faults=["lose-answer"])
    world = World(tmp_path, account(TELL), other)
    world.new_deal()
    world.work()
    assert world.states() == {"tell": {"done": 1}}
    assert sorted(other.committed.values()) == [1]
    world.close()
