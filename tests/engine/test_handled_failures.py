"""A failure that the automation itself asks about does not end it; one that nobody asks about does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine_world import Sales, World, account

from dealwright import (
    Automation,
    DealFields,
    branch,
    case,
    deal_created,
    every_event,
    faults,
    outcome,
    send_email,
    send_event,
    set_task,
    stop,
    working_days,
)
from dealwright.language.conditions import Condition
from dealwright.model.delivery import AtMostOnce
from dealwright.testing.scripted import ScriptedConnector

deal = DealFields()
MakeWorld = Callable[..., World]
CALL = set_task("call", text="Call them", due=working_days(1))
AFTER = set_task("after", text="told", due=working_days(1))


def telling(asked: Condition) -> Automation:
    tell = send_event("created", to="erp")
    return Automation(
        key="tell",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[tell, branch("went", case(asked, CALL, stop())), AFTER],
    )


ANSWERS = telling(outcome("created") == "failed")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    made: list[World] = []

    def make(*args: object) -> World:
        made.append(World(tmp_path, *args))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def texts(world: World) -> list[str]:
    return [task.text for task in world.crm.tasks()]


@pytest.mark.parametrize(
    "asked",
    [
        outcome("created") == "failed",
        outcome("created").is_in("dropped", "failed"),
        outcome("created") != "sent",
        ~(outcome("created") == "sent"),
    ],
)
def test_it_goes_on_where_the_failure_is_asked_about(world: MakeWorld, asked: Condition) -> None:
    here = world(account(telling(asked)), ScriptedConnector(delivery=AtMostOnce(), faults=["refuse"]))
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"done": 1}}
    assert here.effects() == {"send_event": {"rejected": 1}, "set_task": {"sent": 1}}
    assert texts(here) == ["Call them"]


@pytest.mark.parametrize(
    "asked", [outcome("created") == "dropped", outcome("created") == "sent", outcome("created").is_set()]
)
def test_it_ends_where_nobody_asks(world: MakeWorld, asked: Condition) -> None:
    here = world(account(telling(asked)), ScriptedConnector(delivery=AtMostOnce(), faults=["refuse"]))
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"failed": 1}}
    assert texts(here) == []


def test_what_is_sent_takes_the_other_way(world: MakeWorld) -> None:
    here = world(account(ANSWERS), ScriptedConnector(delivery=AtMostOnce()))
    here.new_deal()
    here.work()
    assert texts(here) == ["told"]


def test_a_refusal_that_was_written_when_the_worker_died_is_known_to_the_next(world: MakeWorld) -> None:
    other = ScriptedConnector(delivery=AtMostOnce(), faults=["refuse"])
    here = world(account(ANSWERS), other)
    here.new_deal()
    faults.arm("receipt.after-commit:1:raise")
    here.work()
    faults.arm(None)
    assert here.states() == {"tell": {"done": 1}}
    assert texts(here) == ["Call them"]
    assert not other.committed


def test_a_lost_answer_is_no_failure(world: MakeWorld) -> None:
    here = world(account(ANSWERS), ScriptedConnector(delivery=AtMostOnce(), faults=["lose-answer"]))
    here.new_deal()
    here.work()
    assert here.states() == {"tell": {"parked": 1}}


def test_nobody_to_write_to_is_a_failure_where_it_is_asked_about(world: MakeWorld) -> None:
    write = send_email("hello", to=deal.main_contact, subject="Hello", text="Hello")
    asks = branch("went", case(outcome("hello") == "failed", CALL))
    rules = [
        Automation(key="asks", on=deal_created(in_=Sales), again=every_event(), do=[write, asks]),
        Automation(key="does-not", on=deal_created(in_=Sales), again=every_event(), do=[write, AFTER]),
    ]
    here = world(account(*rules), ScriptedConnector(("send_email",)))
    here.new_deal()
    here.work()
    assert here.states() == {"asks": {"done": 1}, "does-not": {"skipped": 1}}
    assert texts(here) == ["Call them"]
