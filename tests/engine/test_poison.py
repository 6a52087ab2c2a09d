"""Poison: what always fails is left alone and parked in the end; who stands beside it is not delayed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account
from sqlalchemy import text

from dealwright import Automation, days, deal_created, every_event, send_event, wait
from dealwright.clock import PlayedClock
from dealwright.engine.act import MOST_ATTEMPTS, MOST_FAILURES, backoff
from dealwright.engine.loop import AccountSite, Engine
from dealwright.errors import OutcomeUnknown, Rejected, Unavailable
from dealwright.model.crm import Deal
from dealwright.model.delivery import AtMostOnce, Checkable, Delivery, Keyed
from dealwright.model.requests import Call, Outcome, SendEvent
from dealwright.testing.scripted import ScriptedConnector

TELL = Automation(
    key="tell",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[send_event("created", to="erp", with_={"title": "{{ deal.title }}"})],
)

LATER = Automation(
    key="later",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[wait("day", days(1)), send_event("created", to="erp", with_={"title": "{{ deal.title }}"})],
)


class FastClock(PlayedClock):
    """Business time stands still; real seconds can be skipped."""

    skipped = 0.0

    def monotonic(self) -> float:
        """Real monotonic time, and what was skipped."""
        return super().monotonic() + self.skipped


class Poisoned(ScriptedConnector):
    """Fails as a whole whenever one of its calls is about a bad deal, or while it is away."""

    at_once = 50

    def __init__(self, error: Callable[[], Exception], bad: Iterable[str], *, delivery: Delivery | None = None) -> None:
        super().__init__(delivery=delivery or Keyed())
        self.error = error
        self.bad = set(bad)
        self.away = False

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls if nothing is wrong with any of them."""
        if self.away or any(title(call) in self.bad for call in calls):
            self.requests.append(tuple(calls))
            raise self.error()
        return await super().perform(calls)


def title(call: Call) -> str:
    """Return the title of the deal that a call tells of."""
    assert isinstance(call.request, SendEvent)
    return str(call.request.body["title"])


def met(tmp_path: Path, connector: ScriptedConnector, deals: int, clock: FastClock | None = None) -> World:
    """Make a world in which so many deals are to be told of."""
    world = World(tmp_path, account(TELL), connector, clock=clock)
    for number in range(deals):
        world.new_deal(title=f"deal {number}")
    return world


def until(world: World, wanted: Callable[[], bool], clock: FastClock | None = None) -> None:
    """Work until something is so; with a clock, let every back-off pass at once."""

    async def body(_: Engine) -> None:
        while not wanted():
            if clock is not None:
                clock.skipped += 30.0
            await asyncio.sleep(0.005)

    world.run(body)


def states(world: World) -> dict[str, int]:
    """Count the executions by state."""
    return world.states().get("tell", {})


@pytest.mark.parametrize(
    ("error", "bad", "then"),
    [
        (Unavailable, ["deal 7"], "retrying"),
        (lambda: RuntimeError("a fault of its own"), ["deal 0", "deal 49"], "retrying"),
        (lambda: Rejected(code="whole"), ["deal 3", "deal 21", "deal 46"], "failed"),
        (Unavailable, [f"deal {n}" for n in range(0, 50, 10)], "retrying"),
    ],
    ids=["away", "crash", "refused", "many"],
)
def test_neighbours_of_poison_are_carried_out_at_once(
    tmp_path: Path, error: Callable[[], Exception], bad: list[str], then: str
) -> None:
    """Fifty in one request, some of which make it fail as a whole: the others do not wait for one back-off."""
    connector = Poisoned(error, bad)
    world = met(tmp_path, connector, 50)
    until(world, lambda: states(world).get("done", 0) == 50 - len(bad) and states(world).get(then, 0) == len(bad))
    assert sorted(connector.committed.values()) == [1] * (50 - len(bad))
    most = 3 + 2 * len(bad) * 6
    assert len(connector.requests) <= most, "halving finds each of them in six steps"
    world.close()


class OneUnreadable:
    """The CRM, which fails to read whatever holds a bad deal."""

    def __init__(self, crm: object) -> None:
        self._crm = crm
        self.bad = ""
        self.reads: list[tuple[str, ...]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._crm, name)

    async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
        """Read deals if the bad one is not among them."""
        self.reads.append(tuple(ids))
        if self.bad in ids:
            raise OutcomeUnknown("the answer cannot be read")
        found: Mapping[str, Deal] = await self._crm.read_deals(ids)  # type: ignore[attr-defined]
        return found


def test_a_deal_that_cannot_be_read_does_not_keep_its_neighbours_waiting(tmp_path: Path) -> None:
    connector = Poisoned(Unavailable, ())
    world = World(tmp_path, account(LATER), connector)
    crm = OneUnreadable(world.crm)
    deals = [world.new_deal(title=f"deal {number}") for number in range(20)]
    crm.bad = deals[7].id
    site = AccountSite(key="acme", crm=crm, feeds=(world.crm,), connectors=(world.crm, connector))  # type: ignore[arg-type]

    async def body(_: Engine) -> None:
        while world.states().get("later", {}).get("waiting", 0) < 20:
            await asyncio.sleep(0.005)
        world.clock.move_to(MONDAY + timedelta(days=1, minutes=1))
        while world.states().get("later", {}).get("done", 0) < 19 or not world.states().get("later", {}).get(
            "retrying"
        ):
            await asyncio.sleep(0.005)

    world.run(body, Engine(world.journal, [site], world.clock, linger=0.2))
    assert world.states()["later"] == {"done": 19, "retrying": 1}
    assert "its deal was not read, others were" in world.reasons()
    assert len(crm.reads) <= 2 + 2 * 6
    world.close()


def test_what_nobody_may_repeat_is_not_sent_apart(tmp_path: Path) -> None:
    connector = Poisoned(lambda: RuntimeError("a fault of its own"), ["deal 7"], delivery=AtMostOnce())
    world = met(tmp_path, connector, 10)
    world.work()
    assert states(world) == {"parked": 10}
    assert len(connector.requests) == 1
    world.close()


@pytest.mark.slow
def test_poison_is_parked_when_its_system_has_answered_others_all_the_while(tmp_path: Path) -> None:
    clock = FastClock(MONDAY)
    connector = Poisoned(Unavailable, ["deal 1"])
    world = met(tmp_path, connector, 3, clock)
    told = 3

    def parked() -> bool:
        nonlocal told
        if states(world).get("retrying"):
            world.new_deal(title=f"deal {told}")  # somebody is answered between two of its attempts
            told += 1
        return states(world).get("parked", 0) == 1

    until(world, parked, clock)
    assert connector.committed.total() == states(world)["done"]
    attempts = sum(title(call) == "deal 1" for request in connector.requests for call in request)
    assert attempts >= MOST_FAILURES
    # What the end of the engine gave back says so, and is not what is looked for.
    (reason,) = [reason for reason in world.reasons() if "tried" in reason]
    assert reason == f"created: not reached, tried {attempts} times"

    connector.bad.clear()
    (parked_id,) = world.journal.database.rows(text("select id from dw_executions where state = 'parked'"))
    world.journal.retry_execution(parked_id["id"], actor="ana")
    until(world, lambda: set(states(world)) == {"done"}, clock)
    world.close()


@pytest.mark.slow
def test_a_system_that_is_away_parks_nobody_for_a_day(tmp_path: Path) -> None:
    """Every back-off passes at once: after a hundred attempts, hours of an outage, everything still waits for it."""
    clock = FastClock(MONDAY)
    connector = Poisoned(Unavailable, ())
    connector.away = True
    world = met(tmp_path, connector, 4, clock)
    until(world, lambda: len(connector.requests) >= 100, clock)
    assert states(world) == {"retrying": 4} or states(world).keys() <= {"retrying", "running"}
    connector.away = False
    until(world, lambda: states(world) == {"done": 4}, clock)
    assert sorted(connector.committed.values()) == [1] * 4
    world.close()


def test_back_off_outlasts_a_day_and_ends() -> None:
    assert sum(backoff(n) for n in range(1, MOST_ATTEMPTS)) > 24 * 3600
    assert 1800 < sum(backoff(n) for n in range(1, MOST_FAILURES)) < 4 * 3600


@pytest.mark.slow
def test_what_is_looked_up_in_vain_is_repeated_in_ever_smaller_requests(tmp_path: Path) -> None:
    """A request that is never answered because of one of its calls: its neighbours get through by halves."""
    clock = FastClock(MONDAY)
    connector = Poisoned(
        lambda: RuntimeError("a fault of its own"), ["deal 5"], delivery=Checkable(look_after=MONDAY - MONDAY)
    )
    world = met(tmp_path, connector, 16, clock)
    until(world, lambda: states(world).get("done", 0) == 15, clock)
    assert sorted(connector.committed.values()) == [1] * 15
    world.close()
