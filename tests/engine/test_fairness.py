"""Fairness: an account or an automation with a flood of work does not make the trickle of another one wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from engine_world import Sales, World, account
from test_limits import PacedConnector

from dealwright import Automation, deal_created, every_event, send_event, set_task, stage_changed, working_days
from dealwright.engine.loop import AccountSite, Engine
from dealwright.model.crm import Money
from dealwright.model.requests import Call, CreateDeal, Outcome, SendEvent
from dealwright.ports import Pace
from dealwright.testing.scripted import ScriptedConnector
from dealwright_embedded_crm import EmbeddedCrm

FLOOD = 3000
TRICKLE = 24
EVERY = 0.25
WORST = 3.0
"""Seconds that anything of the trickle may take at most: of 24, the 99th percentile is the slowest."""

TELL = Automation(
    key="tell",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[set_task("call", text="Call", due=working_days(1)), send_event("created", to="erp")],
)
MOVED = Automation(key="moved", on=stage_changed(in_=Sales), again=every_event(), do=[send_event("moved", to="erp")])


class Arrivals:
    """Writes down when the event of a deal arrived."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, str], float] = {}

    def note(self, calls: Sequence[Call]) -> None:
        """Note the calls of one request."""
        now = asyncio.get_running_loop().time()
        for call in calls:
            assert isinstance(call.request, SendEvent)
            self.at.setdefault((call.request.name, call.request.deal_id), now)


def flood(crm: EmbeddedCrm) -> None:
    """Let a person import thousands of deals."""
    amount = Money(Decimal(1), "USD")
    deals = [CreateDeal(pipeline="sales", stage="incoming", title=f"Deal {n}", amount=amount) for n in range(FLOOD)]
    for start in range(0, FLOOD, 500):
        crm.create_deals(deals[start : start + 500])


@pytest.mark.slow
def test_one_account_imports_thousands_of_deals_and_another_ones_few_are_answered_in_time(tmp_path: Path) -> None:
    arrivals = Arrivals()
    busy = World(tmp_path, account(TELL), ScriptedConnector())
    few = ScriptedConnector(before=arrivals.note)
    quiet = EmbeddedCrm(f"sqlite:///{tmp_path / 'quiet.db'}", busy.clock)
    company = msgspec.structs.replace(busy.company, key="quiet", name="Quiet")
    quiet.shape(company.pipelines, fields=company.own_fields(), apply=True)
    busy.journal.record_release(company)
    flood(busy.crm)
    sites = [
        AccountSite(key="acme", crm=busy.crm, feeds=(busy.crm,), connectors=(busy.crm, *busy.others)),
        AccountSite(key="quiet", crm=quiet, feeds=(quiet,), connectors=(quiet, few)),
    ]
    waits: list[float] = []
    left = 0

    async def trickle(_: Engine) -> None:
        nonlocal left
        made: dict[str, float] = {}
        for number in range(TRICKLE):
            deal = quiet.create_deal(pipeline="sales", stage="incoming", title=f"Deal {number}")
            made[deal.id] = asyncio.get_running_loop().time()
            await asyncio.sleep(EVERY)
            left = sum(busy.states()["tell"].get(state, 0) for state in ("ready", "running")) or left
        while len(arrivals.at) < TRICKLE:
            await asyncio.sleep(0.01)
        waits.extend(arrivals.at["created", id_] - at for id_, at in made.items())

    busy.run(trickle, Engine(busy.journal, sites, busy.clock, linger=0.2))
    assert left > 0, "the flood was over before the trickle began: it proves nothing"
    assert max(waits) <= WORST, f"slowest {max(waits):.2f} s"
    quiet.close()
    busy.close()


class PacedArrivals(PacedConnector):
    """Takes few requests a second, and writes down when each deal's event arrived."""

    def __init__(self, pace: Pace, arrivals: Arrivals) -> None:
        super().__init__(pace, latency=0.1)
        self._arrivals = arrivals

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Write down the moment, and take the time."""
        self._arrivals.note(calls)
        return await super().perform(calls)


@pytest.mark.slow
def test_one_automation_floods_a_system_that_takes_little_and_another_ones_few_still_arrive_in_time(
    tmp_path: Path,
) -> None:
    """Ten requests of five a second: the flood alone would take a minute. By turns, the trickle waits for one."""
    arrivals = Arrivals()
    connector = PacedArrivals(Pace(rate=10.0), arrivals)
    busy = Automation(key="busy", on=deal_created(in_=Sales), again=every_event(), do=[send_event("created", to="erp")])
    world = World(tmp_path, account(busy, MOVED), connector)
    flood(world.crm)
    moved = [world.new_deal(title=f"Mine {number}") for number in range(TRICKLE)]
    waits: list[float] = []

    async def trickle(_: Engine) -> None:
        while not connector.came:
            await asyncio.sleep(0.01)
        made: dict[str, float] = {}
        for deal in moved:
            world.crm.move_deal(deal.id, "sales", "quoted")
            made[deal.id] = asyncio.get_running_loop().time()
            await asyncio.sleep(EVERY)
        while sum(name == "moved" for name, _ in arrivals.at) < TRICKLE:
            await asyncio.sleep(0.01)
        waits.extend(arrivals.at["moved", id_] - at for id_, at in made.items())

    world.run(trickle)
    assert world.states()["busy"].get("done", 0) < FLOOD, "the flood was over too soon: it proves nothing"
    assert max(waits) <= WORST, f"slowest {max(waits):.2f} s"
    world.close()
