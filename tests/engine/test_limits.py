"""Limits: an outside system never gets more than it takes, from all windows and engines; nobody waits for a flood."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from engine_world import Sales, World, account, deal

from dealwright import (
    Automation,
    Match,
    OutsideEvent,
    Text,
    deal_created,
    event_received,
    every_event,
    hours,
    send_event,
    set_task,
)
from dealwright.clock import SystemClock
from dealwright.engine.act import Connectors
from dealwright.engine.bench import Site
from dealwright.engine.limits import Ended, Line, SharedLimiter, token
from dealwright.engine.loop import Engine
from dealwright.engine.making import Maker
from dealwright.engine.matching import Found, ToMake, asked
from dealwright.engine.records import ToRoute
from dealwright.errors import RateLimited
from dealwright.model.delivery import Keyed
from dealwright.model.events import EventReceived
from dealwright.model.requests import Call, Outcome
from dealwright.ports import Limiter, Pace
from dealwright.testing.scripted import ScriptedConnector

RATE = 40
AT_ONCE = 5
FORTY = Pace(rate=RATE)


TELL = Automation(key="tell", on=deal_created(in_=Sales), again=every_event(), do=[send_event("created", to="erp")])
OTHER = Automation(key="other", on=deal_created(in_=Sales), again=every_event(), do=[send_event("seen", to="erp")])


class PacedConnector(ScriptedConnector):
    """Takes so many requests a second, answers slowly, and writes down when each of them came."""

    name = "paced"
    at_once = AT_ONCE

    def __init__(self, pace: Pace = FORTY, *, latency: float = 0.0) -> None:
        super().__init__(delivery=Keyed())
        self.pace = pace
        self.latency = latency
        self.came: list[float] = []
        self.under_way = self.most_under_way = 0
        self.limiter: Limiter | None = None

    def pace_with(self, limiter: Limiter) -> None:
        """Keep the limiter, as a connector does for its reads."""
        self.limiter = limiter

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Write down the moment, and take the time."""
        self.came.append(SystemClock().monotonic())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.latency)
        self.under_way -= 1
        return await super().perform(calls)

    def crowded(self) -> int:
        """Count the requests that a sliding window of a second (or of as many as it holds) would have refused."""
        span = int(self.pace.rate) / self.pace.rate
        later = self.came[int(self.pace.rate) :]
        return sum(after - before < span - 0.0005 for before, after in zip(self.came, later, strict=False))


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[tuple[World, PacedConnector]]:
    """A world whose events go to a system that takes forty requests a second."""
    connector = PacedConnector(latency=0.1)
    world = World(tmp_path, account(TELL, OTHER), connector)
    yield world, connector
    world.close()


@pytest.mark.slow
def test_everything_arrives_and_never_more_than_the_system_takes(paced: tuple[World, PacedConnector]) -> None:
    """80 deals, two automations, five events a request: 32 requests, of which several are under way at a time."""
    world, connector = paced
    connector.pace = Pace(rate=20)
    for number in range(80):
        world.new_deal(title=f"Deal {number}")
    world.work(world.engine(batch_limit=10))
    assert world.states() == {"tell": {"done": 80}, "other": {"done": 80}}
    assert sorted(connector.committed.values()) == [1] * 160
    assert len(connector.came) >= 32
    assert connector.crowded() == 0
    assert connector.most_under_way >= 3, "requests of 100 ms each, one after the other, would be ten a second"


@pytest.mark.slow
def test_two_engines_on_one_journal_share_the_rate(tmp_path: Path) -> None:
    first, second = PacedConnector(Pace(rate=12)), PacedConnector(Pace(rate=12))
    world = World(tmp_path, account(TELL, OTHER), first)
    for number in range(60):
        world.new_deal(title=f"Deal {number}")
    another = world.open_journal()
    theirs = world.engine(another, batch_limit=AT_ONCE)
    world.others = (second,)
    ours = world.engine(batch_limit=AT_ONCE)

    async def both() -> None:
        stop = asyncio.Event()
        running = [asyncio.create_task(engine.run(stop)) for engine in (theirs, ours)]
        await asyncio.wait_for(ours.quiet(), 60)
        stop.set()
        await asyncio.gather(*running)

    asyncio.run(both())
    assert first.came
    assert second.came
    came = sorted(first.came + second.came)
    assert len(came) >= 24
    assert all(after - before > 1.0 for before, after in zip(came, came[12:], strict=False))
    assert world.states() == {"tell": {"done": 60}, "other": {"done": 60}}
    another.close()
    world.close()


def test_a_stop_bites_on_what_waits_for_its_token(tmp_path: Path) -> None:
    connector = PacedConnector(Pace(rate=1.0))
    world = World(tmp_path, account(TELL), connector)
    for number in range(10):
        world.new_deal(title=f"Deal {number}")

    async def stop_after_the_first(engine: Engine) -> None:
        while not connector.came:
            await asyncio.sleep(0.01)
        world.journal.stop("acme", "tell", actor="ana")
        await engine.quiet()

    world.run(stop_after_the_first)
    assert len(connector.came) == 1
    assert world.states() == {"tell": {"done": 5, "held": 5}}
    world.close()


@pytest.mark.slow
def test_after_a_stop_only_what_is_on_its_way_arrives_though_requests_go_side_by_side(tmp_path: Path) -> None:
    """Twenty requests a second that take half a second: up to eight are under way, and no other one begins."""
    connector = PacedConnector(Pace(rate=20.0), latency=0.5)
    world = World(tmp_path, account(TELL), connector)
    for number in range(200):
        world.new_deal(title=f"Deal {number}")
    at_the_stop: list[dict[str, int]] = []

    async def stop_in_the_middle(engine: Engine) -> None:
        while len(connector.came) < 12 or connector.under_way < 4:
            await asyncio.sleep(0.005)
        world.journal.stop("acme", "tell", actor="ana")
        at_the_stop.append(world.effects()["send_event"])
        await engine.quiet()

    world.run(stop_in_the_middle, world.engine(batch_limit=10))
    sending = at_the_stop[0]["sending"]
    assert 4 * AT_ONCE <= sending <= 8 * AT_ONCE
    assert world.states()["tell"]["done"] == len(connector.came) * AT_ONCE == at_the_stop[0].get("sent", 0) + sending
    world.close()


@pytest.mark.slow
def test_a_request_counts_from_when_it_was_on_the_wire(tmp_path: Path) -> None:
    """The first of two takes half a second to be written: the third may not leave a second after it left us."""
    world = World(tmp_path, account(TELL))
    limiter = SharedLimiter(world.journal, world.clock, "acme", "paced", Pace(rate=2.0))
    moments: list[float] = []

    async def main() -> None:
        for wait in (0.4, 0.0):
            await limiter.acquire()
            await asyncio.sleep(wait)
            limiter.written()
            moments.append(SystemClock().monotonic())
        await limiter.acquire()
        moments.append(SystemClock().monotonic())

    asyncio.run(main())
    assert moments[2] - moments[0] > 1.0
    world.close()


def test_who_waits_for_a_token_ends_when_the_engine_does_and_gives_its_leases_back(tmp_path: Path) -> None:
    connector = PacedConnector(Pace(rate=0.15))
    world = World(tmp_path, account(TELL), connector)
    for number in range(10):
        world.new_deal(title=f"Deal {number}")

    async def until_the_first(_: Engine) -> None:
        while not connector.came:
            await asyncio.sleep(0.01)

    before = SystemClock().monotonic()
    world.run(until_the_first)
    assert SystemClock().monotonic() - before < 5.0, "the second token comes after nearly seven seconds"
    assert world.states() == {"tell": {"ready": 10}}
    assert world.effects() == {"send_event": {"sent": 5, "planned": 5}}
    world.close()


def test_a_long_pause_is_not_waited_out_with_leases_in_hand(tmp_path: Path) -> None:
    connector = PacedConnector()
    world = World(tmp_path, account(TELL), connector)
    world.journal.pause_tokens("acme", "paced", 60.0)
    world.new_deal()

    async def until_later(_: Engine) -> None:
        while world.states() != {"tell": {"retrying": 1}}:
            await asyncio.sleep(0.01)

    world.run(until_later)
    assert connector.came == []
    assert world.reasons() == ["created: the system asked for a pause"]
    assert world.effects() == {"send_event": {"planned": 1}}
    world.close()


def test_what_a_connector_reads_is_counted_and_its_pause_is_everybodys(tmp_path: Path) -> None:
    connector = PacedConnector(Pace(rate=1.0, burst=2))
    world = World(tmp_path, account(TELL), connector)
    world.engine()
    second = world.open_journal()
    other_engine = SharedLimiter(second, world.clock, "acme", "paced", connector.pace)

    async def main() -> None:
        assert connector.limiter is not None
        await connector.limiter.acquire()
        await connector.limiter.pause(30.0)
        with pytest.raises(RateLimited, match="paced has asked for a pause") as caught:
            await other_engine.acquire()
        assert caught.value.retry_after is not None
        assert 25.0 < caught.value.retry_after <= 30.0

    asyncio.run(main())
    second.close()
    world.close()


def test_a_line_lets_names_in_by_turns_and_forgets_who_has_gone() -> None:
    order: list[str] = []

    async def main() -> None:
        line = Line()

        async def come(name: str, number: int) -> None:
            async with line.place(name):
                order.append(f"{name}{number}")

        async with line.place("flood"):
            waiting = [asyncio.create_task(come("flood", n)) for n in range(4)]
            await asyncio.sleep(0)
            waiting += [asyncio.create_task(come("trickle", n)) for n in range(2)]
            await asyncio.sleep(0)
            waiting[1].cancel()
            await asyncio.sleep(0)
        for task in waiting:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        async with line.place("late"):
            order.append("late")

    asyncio.run(main())
    assert order == ["flood0", "trickle0", "flood2", "trickle1", "flood3", "late"]


def test_a_token_that_is_not_wanted_any_more_is_left_to_the_next(tmp_path: Path) -> None:
    world = World(tmp_path, account(TELL))
    limiter = SharedLimiter(world.journal, world.clock, "acme", "paced", Pace(rate=2.0))

    async def main() -> None:
        before = SystemClock().monotonic()
        assert await token(limiter, "tell", lambda: True) == 0.0
        with pytest.raises(Ended):
            await token(limiter, "tell", lambda: False)
        assert await token(limiter, "tell", lambda: True) == 0.0
        assert SystemClock().monotonic() - before < 0.9, "the third in a row would come after a second"

    asyncio.run(main())
    world.close()


class Grants:
    """Hands out tokens, and counts them."""

    def __init__(self) -> None:
        self.taken = 0

    async def acquire(self) -> None:
        self.taken += 1


def test_a_deal_that_is_made_for_an_event_takes_tokens_as_every_other_write_does(tmp_path: Path) -> None:
    class Booked(OutsideEvent):
        key = "agenda.booked"
        folio = Text()
        phone = Text()
        match = Match(by=[(folio, deal.reference), (phone, deal.contacts.phone)], in_=Sales, if_none="create")

    rule = Automation(
        key="booked", on=event_received(Booked), again=every_event(), do=[set_task("c", text="C", due=hours(1))]
    )
    world = World(tmp_path, account(rule))
    grants = Grants()
    limiters = {world.crm.name: cast(SharedLimiter, grants)}
    requests: list[int] = []
    perform = world.crm.perform

    async def counted(calls: Sequence[Call]) -> Sequence[Outcome]:
        requests.append(len(calls))
        return await perform(calls)

    world.crm.perform = counted  # type: ignore[method-assign]
    maker = Maker(world.journal, Site("acme", world.crm, Connectors([world.crm]), limiters=limiters))
    event = EventReceived(
        source_id="e1", occurred_at=world.clock.now(), actor="hook:agenda", source="agenda", name="agenda.booked",
        data={"folio": "F-1", "phone": "+12125550123"},
    )  # fmt: skip
    each = asked(world.company, ToRoute(id=1, event=event, chain=None, depth=0))
    assert each is not None
    made = asyncio.run(maker.make(world.company, [(each, ToMake(pipeline="sales", keys=each.keys))]))
    assert isinstance(made[1], Found)
    assert (len(requests), grants.taken) == (2, 2)  # the deal, and its contact
    world.close()
