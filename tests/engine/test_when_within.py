"""`when_within=`: facts that arrive a little later than the event that asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from engine_world import Sales, World, account, deal

from dealwright import Automation, deal_created, every_event, minutes, set_task, stage_changed, wait_until, working_days
from dealwright.compile import ir
from dealwright.errors import DefinitionError
from dealwright.model.crm import Money
from dealwright.model.requests import DealChanges

CALL = set_task("call", text="Call {{ deal.main_contact.name }}", due=working_days(1))


HAS_PHONE = deal.main_contact.phone.is_set()


def company(*, when: Any = (HAS_PHONE,), do: Any = (CALL,), **more: Any) -> ir.Account:
    more = {"when_within": minutes(5)} | more
    return account(Automation(key="call", on=deal_created(), when=list(when), again=every_event(), do=list(do), **more))


@pytest.fixture
def open_world(tmp_path: Path, journal_url: str) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(**more: Any) -> World:
        worlds.append(World(tmp_path, company(**more), journal_url=journal_url))
        return worlds[-1]

    yield make
    for each in worlds:
        with closing(each):
            pass


def tasks(world: World, id_: str) -> list[str]:
    return [task.text for task in world.crm.tasks(deal_id=id_)]


def test_a_contact_that_comes_seconds_later_is_waited_for(open_world: Callable[..., World]) -> None:
    world = open_world()
    made, other = world.new_deal(), world.new_deal()
    world.work()
    assert world.states() == {"call": {"waiting": 2}}
    world.clock.move(timedelta(seconds=20))
    joe = world.crm.create_contact(name="Joe", phone="+1 212 555 0123")
    world.crm.add_contact(made.id, joe.id)
    world.work()
    assert tasks(world, made.id) == ["Call Joe"]
    assert world.states() == {"call": {"done": 1, "waiting": 1}}
    world.clock.move(timedelta(minutes=5))
    world.work()
    assert tasks(world, other.id) == []
    assert world.states() == {"call": {"done": 1, "skipped": 1}}
    assert "conditions" in world.reasons()


def test_what_comes_after_its_time_comes_too_late(open_world: Callable[..., World]) -> None:
    world = open_world()
    made = world.new_deal()
    world.work()
    world.clock.move(timedelta(minutes=5, seconds=1))
    joe = world.crm.create_contact(name="Joe", phone="+1 212 555 0123")
    world.work()
    world.crm.add_contact(made.id, joe.id)
    world.work()
    assert tasks(world, made.id) == []
    assert world.states() == {"call": {"skipped": 1}}


def test_a_change_that_does_not_help_begins_no_new_time(open_world: Callable[..., World]) -> None:
    world = open_world(when=[deal.amount > 1000])
    made = world.new_deal(amount=None)
    world.work()
    due = world.journal.next_due()
    for minute in range(4):
        world.clock.move(timedelta(minutes=1))
        world.crm.update_deal(made.id, DealChanges(title=f"Chairs {minute}"))
        world.work()
        assert world.journal.next_due() == due
    world.clock.move(timedelta(minutes=1))
    world.work()
    assert world.states() == {"call": {"skipped": 1}}
    assert world.reasons() == ["conditions: unset"]


def test_what_ends_it_ends_it_also_while_it_waits_for_its_facts(open_world: Callable[..., World]) -> None:
    world = open_world(exit_on=[stage_changed(to=Sales.lost)])
    made = world.new_deal()
    world.work()
    world.crm.move_deal(made.id, "sales", "lost", lost_reason="Price")
    world.work()
    joe = world.crm.create_contact(name="Joe", phone="+1 212 555 0123")
    world.crm.add_contact(made.id, joe.id)
    world.work()
    assert tasks(world, made.id) == []
    assert world.states() == {"call": {"done": 1}}
    assert world.reasons() == ["exit: a deal moves to sales.lost"]


def test_what_came_while_it_waited_for_its_facts_ends_no_later_wait(open_world: Callable[..., World]) -> None:
    moved = wait_until("moved", stage_changed(to=Sales.quoted), timeout=minutes(30), on_timeout=[CALL])
    world = open_world(when=[deal.amount > 1000], do=[moved])
    made = world.new_deal(amount=None)
    world.work()
    world.crm.move_deal(made.id, "sales", "quoted")
    world.work()
    world.crm.update_deal(made.id, DealChanges(amount=Money(Decimal(2000), "USD")))
    world.work()
    assert world.states() == {"call": {"waiting": 1}}
    world.clock.move(timedelta(minutes=31))
    world.work()
    assert len(tasks(world, made.id)) == 1


def test_it_is_a_length_of_time_and_there_are_conditions() -> None:
    for wrong in (5, minutes(0), "5 minutes"):
        with pytest.raises(DefinitionError, match="when_within of the automation 'call' is a length of time, not"):
            company(when_within=wrong)
    with pytest.raises(DefinitionError, match="has when_within and no when"):
        company(when=[])
