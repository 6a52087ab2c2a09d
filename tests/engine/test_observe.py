"""Events from hooks: the deal that they name is read at the CRM before they are routed, in order, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account, deal
from msgspec.structs import replace
from sqlalchemy import text

from dealwright import Automation, deal_created, event_received, every_event, faults, set_task, working_days
from dealwright.engine import observe
from dealwright.engine.loop import AccountSite, Engine
from dealwright.errors import OutcomeUnknown, Unavailable
from dealwright.journal.payload import unseal
from dealwright.model.crm import Deal
from dealwright.model.events import Event, EventReceived
from dealwright.model.requests import CreateDeal
from dealwright.ports import FeedItem

PAID = Automation(
    key="paid",
    why="",
    on=event_received("invoice-paid", from_="billing", in_=Sales),
    when=[deal.stage == Sales.incoming],
    again=every_event(),
    do=[set_task("thank", text="Thank for {{ deal.title }}", due=working_days(1))],
)
NEW = Automation(
    key="new",
    why="",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[set_task("call", text="Call", due=working_days(1))],
)


class FlakyCrm:
    """The CRM, away for as many reads as it is told."""

    def __init__(self, crm: object, away: int = 0) -> None:
        self._crm = crm
        self.away = away
        self.bad = ""
        self.reads: list[tuple[str, ...]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._crm, name)

    async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
        self._read(ids)
        found: Mapping[str, Deal] = await self._crm.read_deals(ids)  # type: ignore[attr-defined]
        return found

    async def find_deals(self, references: Sequence[str]) -> Mapping[str, Deal]:
        self._read(references)
        found: Mapping[str, Deal] = await self._crm.find_deals(references)  # type: ignore[attr-defined]
        return found

    def _read(self, asked: Sequence[str]) -> None:
        self.reads.append(tuple(asked))
        if self.away:
            self.away -= 1
            raise Unavailable
        if self.bad in asked:
            raise OutcomeUnknown("the answer cannot be read")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(observe, "READ_AGAIN", 0.05)
    made = World(tmp_path, account(PAID, NEW))
    yield made
    made.close()


def told(here: World, source_id: str, **names: str) -> None:
    """Receive an event from the hook."""
    event = EventReceived(
        source_id=source_id, occurred_at=MONDAY, actor="hook:billing", source="billing", name="invoice-paid", **names
    )
    here.journal.append("acme", "billing", [FeedItem(event=event, raw=b"{}")])


def engine(here: World, crm: FlakyCrm) -> Engine:
    site = AccountSite(key="acme", crm=crm, feeds=(here.crm,), connectors=(here.crm,))  # type: ignore[arg-type]
    return Engine(here.journal, [site], here.clock, linger=0.2)


def bodies(here: World) -> list[EventReceived]:
    rows = here.journal.database.rows(text("select body from events where kind = 'event_received' order by id"))
    return [unseal(row["body"], Event) for row in rows]  # type: ignore[arg-type]


def test_the_deal_is_read_as_it_is_now_by_its_id_or_its_reference_in_bulk(here: World) -> None:
    first, second = here.new_deal(title="One"), here.new_deal(title="Two")
    (third,) = here.crm.create_deals([CreateDeal(pipeline="sales", stage="incoming", title="Three", reference="R-3")])
    for source_id, names in (
        ("1", {"deal_id": first.id}), ("2", {"reference": "R-3"}), ("3", {"deal_id": second.id}),
    ):  # fmt: skip
        told(here, source_id, **names)
    crm = FlakyCrm(here.crm)
    here.work(engine(here, crm))
    assert crm.reads == [tuple(sorted((first.id, second.id))), ("R-3",)]
    assert {task.text for task in here.crm.tasks()} == {"Call", "Thank for One", "Thank for Two", "Thank for Three"}
    rows = here.journal.database.rows(text("select subject from dw_events where kind = 'event_received' order by id"))
    assert [row["subject"] for row in rows] == [f"deal:{first.id}", f"deal:{third.id}", f"deal:{second.id}"]


def test_an_event_without_a_deal_is_recorded_and_sets_nothing_off(here: World) -> None:
    for copy in ("One", "Two"):
        here.crm.create_deals([CreateDeal(pipeline="sales", stage="incoming", title=copy, reference="twice")])
    told(here, "none-named")
    told(here, "not-there", deal_id="999")
    told(here, "unknown", reference="nix")
    told(here, "two-of-them", reference="twice")
    here.work()
    assert here.states() == {"new": {"done": 2}}
    assert [(event.observed, event.deal) for event in bodies(here)] == [
        (False, None), (True, None), (True, None), (True, None),
    ]  # fmt: skip
    assert here.journal.count_unrouted("acme") == 0


def test_what_comes_after_an_event_that_cannot_be_read_waits_for_it_and_nothing_is_lost(here: World) -> None:
    early = here.new_deal()
    here.work()
    told(here, "1", deal_id=early.id)
    here.new_deal()
    crm = FlakyCrm(here.crm, away=3)
    running = engine(here, crm)
    seen: list[int] = []

    async def body(engine: Engine) -> None:
        while len(crm.reads) < 3:
            await asyncio.sleep(0.005)
        seen.append(here.journal.count_unrouted("acme"))
        await engine.quiet()

    here.run(body, running)
    assert seen == [2]
    assert here.states() == {"new": {"done": 2}, "paid": {"done": 1}}
    order = here.journal.database.rows(text("select id, kind from events where routed_at is not null order by id"))
    assert [row["kind"] for row in order] == ["deal_created", "event_received", "deal_created"]


def test_an_event_that_can_never_be_read_does_not_stop_its_account_for_ever(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "GIVE_UP", 0.3)
    deals = [here.new_deal(title=f"deal {number}") for number in range(9)]
    crm = FlakyCrm(here.crm)
    here.work(engine(here, crm))
    crm.bad = deals[4].id
    for number, each in enumerate(deals):
        told(here, f"e{number}", deal_id=each.id)

    async def body(_: Engine) -> None:
        while here.states().get("paid", {}).get("done", 0) < 4:
            await asyncio.sleep(0.005)
        assert here.states()["paid"] == {"done": 4}, "what came before it is answered, what came after it waits"
        while here.states()["paid"]["done"] < 8:
            await asyncio.sleep(0.005)

    here.run(body, engine(here, crm))
    assert here.states()["paid"] == {"done": 8}
    assert [(each.deal is None, each.observed) for each in bodies(here)] == [(n == 4, True) for n in range(9)]
    crm.bad = ""
    here.journal.retry_unmatched("acme")
    here.work(engine(here, crm))
    assert here.states()["paid"] == {"done": 9}, "it waits in the tray until it can be read"


def test_a_crm_that_hangs_stops_no_other_account(here: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", replace(account(NEW), key="other"), journal_url=here.url, clock=here.clock)
    told(here, "1", deal_id="1")
    hangs = asyncio.Event()

    class Hanging(FlakyCrm):
        async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
            await hangs.wait()
            return {}

    sites = [
        AccountSite(key="acme", crm=Hanging(here.crm), feeds=(here.crm,), connectors=(here.crm,)),  # type: ignore[arg-type]
        AccountSite(key="other", crm=other.crm, feeds=(other.crm,), connectors=(other.crm,)),
    ]
    other.new_deal()

    async def body(engine: Engine) -> None:
        while not other.crm.tasks():
            await asyncio.sleep(0.005)

    here.run(body, Engine(here.journal, sites, here.clock, linger=0.2))
    assert here.journal.count_unrouted("acme") == 1
    other.close()


@pytest.mark.parametrize("point", ["observe.before-commit", "observe.after-commit"])
def test_an_engine_that_dies_as_it_observes_loses_nothing(here: World, point: str) -> None:
    made = here.new_deal(title="One")
    told(here, "1", deal_id=made.id)
    faults.arm(f"{point}:1:raise")
    try:
        here.work()
    finally:
        faults.arm(None)
    assert here.states() == {"new": {"done": 1}, "paid": {"done": 1}}
