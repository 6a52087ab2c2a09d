"""What a stage gives to its owner is given before the company's own rules answer the same move."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from engine_world import World
from sqlalchemy import text

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Role,
    Stage,
    Task,
    Won,
    deal_created,
    deal_updated,
    entered,
    every_event,
    hours,
    move_deal,
    notify,
    set_task,
    working_days,
)
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.model.crm import Deal, User
from dealwright.model.requests import DealChanges
from dealwright.testing.scripted import ScriptedConnector
from tests.databases import postgresql

deal = DealFields()
closers = Role("closers")


class Handed(Pipeline, key="handed", name="Handed"):
    incoming = Incoming()
    agreed = Stage("Agreed the terms", owner=closers, task=Task("Write the contract", due=working_days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


own = Automation(
    key="own",
    on=entered(Handed.agreed),
    do=[
        notify("yours", who=deal.owner, text="{{ deal.title }} goes to {{ deal.owner.name }}"),
        set_task("read", text="Read the terms", due=hours(1)),
    ],
)
made_there = Automation(
    key="made-there", on=deal_created(in_=Handed), do=[set_task("ask", text="Ask who they are", due=hours(1))]
)

offered = Automation(
    key="offered",
    on=deal_updated(fields=[deal.reference], in_=Handed),
    when=[deal.reference.is_set()],
    again=every_event(),
    do=[
        move_deal("move", to=Handed.agreed),
        notify("sent", who=deal.owner, text="{{ deal.owner.name }} signs {{ deal.title }}"),
        set_task("file", text="File the offer", due=hours(1)),
    ],
)


def company() -> ir.Account:
    account = Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency="USD",
        pipelines=[Handed],
        automations=[own, made_there, offered],
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


class Moved:
    """A company with a deal of Ana's that has just come to a stage which gives it to Cleo; nothing is worked yet."""

    def __init__(self, folder: Path, journal_url: str | None) -> None:
        self.mail = ScriptedConnector(("notify",))
        self.world = World(folder, company(), self.mail, journal_url=journal_url)
        self.ana = self.user("Ana Lima")
        self.world.journal.set_role("acme", "closers", [self.user("Cleo")], actor="user:test")
        crm = self.world.crm
        self.deal = crm.create_deal(pipeline="handed", stage="incoming", title="Forty chairs", owner=self.ana.id)
        self.world.work()
        self.world.clock.move(timedelta(minutes=1))
        self.begin()

    def begin(self) -> None:
        self.world.crm.move_deal(self.deal.id, "handed", "agreed", actor="user:ana")

    def user(self, name: str) -> User:
        return self.world.crm.add_user(name, f"{name.split()[0].lower()}@acme.example")

    def told(self) -> list[tuple[str, str]]:
        requests = [call.request for calls in self.mail.requests for call in calls]
        return [(each.to, each.text) for each in requests]  # type: ignore[union-attr]

    def tasks(self) -> dict[str, str]:
        return {task.text: task.owner.name if task.owner else "" for task in self.world.crm.tasks()}

    def router(self) -> Engine:
        """Return an engine that receives and routes, and works only the windows that it is told to."""
        site = AccountSite(
            key="acme", crm=self.world.crm, feeds=(self.world.crm,), connectors=(self.world.crm, self.mail)
        )
        return Engine(self.world.journal, [site], self.world.clock, linger=0.05, rest=0.05, pause=0.05, carries=False)

    def window(self, automation: str) -> None:
        asyncio.run(self.router().run_window("acme", automation))

    def again(self, automation: str) -> None:
        """Let a window look at what it has left for later."""
        with self.world.journal.database.write() as connection:
            connection.execute(text("update executions set lease_until = 0 where state = 'retrying'"))
        self.window(automation)

    def route(self, automation: str = "") -> None:
        """Route until there is work, or work for that automation."""

        async def routed(stop: asyncio.Event) -> None:
            journal = self.world.journal
            while not (found := journal.automations_with_work("acme")) or (automation and automation not in found):
                await asyncio.sleep(0.005)
            stop.set()

        async def main() -> None:
            stop = asyncio.Event()
            await asyncio.gather(self.router().run(stop), routed(stop))

        asyncio.run(main())

    def states(self) -> dict[str, tuple[str, str]]:
        query = "select automation, state, reason from dw_executions where automation <> 'made-there' order by id"
        return {
            row["automation"]: (row["state"], row["reason"]) for row in self.world.journal.database.rows(text(query))
        }

    def now(self) -> Deal:
        found = self.world.crm.deal(self.deal.id)
        assert found is not None
        return found


Begun = TypeVar("Begun", bound=Moved)


@contextlib.contextmanager
def _opened(kind: type[Begun], database: str, folder: Path) -> Iterator[Begun]:
    server = postgresql("hand_over") if database == "postgresql" else contextlib.nullcontext()
    with server as url:
        made = kind(folder, url)
        yield made
        made.world.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Moved]:
    with _opened(Moved, request.param, tmp_path) as made:
        yield made


def test_what_is_for_the_owner_is_for_whom_the_stage_gives_the_deal_to(moved: Moved) -> None:
    moved.world.work()
    assert moved.tasks() == {"Ask who they are": "Ana Lima", "Write the contract": "Cleo", "Read the terms": "Cleo"}
    assert ("cleo@acme.example", "Forty chairs goes to Cleo") in moved.told()


def test_a_rule_that_comes_first_waits_for_its_stage(moved: Moved) -> None:
    moved.route()
    moved.window("own")
    assert moved.states()["own"] == ("retrying", "behind handed.hand-over")
    moved.window("handed.hand-over")
    assert moved.now().owner == moved.world.crm.user("Cleo")
    moved.world.work()
    assert moved.tasks()["Read the terms"] == "Cleo"
    assert moved.told()[-1] == ("cleo@acme.example", "Forty chairs goes to Cleo")


def test_a_rule_that_comes_later_reads_the_deal_as_its_stage_left_it(moved: Moved) -> None:
    moved.route()
    moved.window("handed.hand-over")
    moved.window("own")
    assert moved.states()["own"][0] == "done"
    assert moved.told()[-1] == ("cleo@acme.example", "Forty chairs goes to Cleo")


def test_a_stage_that_is_paused_holds_no_rule_up(moved: Moved) -> None:
    moved.route()
    moved.world.journal.set_paused("acme", "handed.hand-over", True, actor="user:test")
    moved.window("own")
    assert moved.states()["own"][0] == "done"
    assert moved.tasks()["Read the terms"] == "Ana Lima"


def test_a_stage_that_nobody_works_holds_a_rule_up_for_half_an_hour(moved: Moved) -> None:
    moved.route()
    moved.world.clock.move(timedelta(minutes=31))
    moved.window("own")
    assert moved.states()["own"][0] == "done"
    assert moved.told() == [("ana@acme.example", "Forty chairs goes to Ana Lima")]


def test_a_deal_that_goes_to_nobody_new_is_not_waited_for(moved: Moved) -> None:
    moved.world.work()
    query = (
        "select t.reason from transitions t join executions e on e.id = t.execution_id where automation = 'made-there'"
    )
    reasons = [row["reason"] for row in moved.world.journal.database.rows(text(query))]
    assert reasons
    assert not any(reason.startswith("behind") for reason in reasons), "its event was answered by no stage"


@pytest.mark.parametrize(("had", "least", "most"), [(0, 0.1, 6), (15, 7, 20), (600, 29, 60)])
def test_the_longer_a_stage_takes_the_seldomer_it_is_looked_at(
    moved: Moved, had: int, least: float, most: float
) -> None:
    moved.route()
    moved.world.clock.move(timedelta(seconds=had))
    database = moved.world.journal.database
    with database.read() as connection:
        before = database.lease(connection).now
    moved.window("own")
    (row,) = database.rows(text("select lease_until from executions where automation = 'own'"))
    assert least < row["lease_until"] - before < most


class Offered(Moved):
    """A deal of Ana's that a rule is about to move to the stage which gives it to Cleo; nothing is worked yet."""

    def begin(self) -> None:
        self.world.crm.update_deal(self.deal.id, DealChanges(reference="A-1"), actor="user:ana")


@pytest.fixture(params=["sqlite", "postgresql"])
def offer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Offered]:
    with _opened(Offered, request.param, tmp_path) as made:
        yield made


def test_a_rule_that_has_moved_the_deal_itself_goes_on_for_whom_the_stage_gives_it_to(offer: Offered) -> None:
    offer.world.work()
    assert offer.states()["offered"][0] == "done"
    assert offer.tasks()["File the offer"] == "Cleo"
    assert {("cleo@acme.example", "Forty chairs goes to Cleo"), ("cleo@acme.example", "Cleo signs Forty chairs")} < set(
        offer.told()
    )


def test_a_move_of_ones_own_is_waited_for_until_it_is_told_and_the_deal_is_given(offer: Offered) -> None:
    offer.route()
    offer.window("offered")
    assert offer.states()["offered"] == ("retrying", "behind handed.hand-over"), "the CRM has not told of it"
    offer.again("offered")
    assert offer.states()["offered"] == ("retrying", "behind handed.hand-over")
    offer.route("handed.hand-over")
    offer.again("offered")
    assert offer.states()["offered"] == ("retrying", "behind handed.hand-over"), "it has told, and nobody has given it"
    offer.window("handed.hand-over")
    offer.again("offered")
    assert offer.states()["offered"][0] == "done"
    assert offer.told()[-1] == ("cleo@acme.example", "Cleo signs Forty chairs")


def test_a_crm_that_tells_nothing_of_our_move_holds_the_rule_up_for_two_minutes(offer: Offered) -> None:
    offer.route()
    offer.window("offered")
    offer.world.clock.move(timedelta(minutes=3))
    offer.again("offered")
    assert offer.states()["offered"][0] == "done"
    assert offer.told() == [("ana@acme.example", "Ana Lima signs Forty chairs")]


def test_a_stage_that_is_paused_holds_no_rule_up_that_moved_the_deal_itself(offer: Offered) -> None:
    offer.world.journal.set_paused("acme", "handed.hand-over", True, actor="user:test")
    offer.route()
    offer.window("offered")
    offer.route("handed.hand-over")
    offer.again("offered")
    assert offer.states()["offered"][0] == "done"
    assert offer.told() == [("ana@acme.example", "Ana Lima signs Forty chairs")]
