"""One contract for every CRM: the embedded one, and Kommo's connector at a simulated account, answer alike."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest
from databases import postgresql
from kommo_world import MONDAY, PERSON, SALES, Account, account

from dealwright.clock import PlayedClock
from dealwright.compile import ir
from dealwright.engine import observe
from dealwright.engine.records import Routed
from dealwright.journal.store import Journal
from dealwright.model.calendar import Calendar, WorkingSpan
from dealwright.model.crm import Contact, Money, Record
from dealwright.model.custom import Custom, FieldShape, FieldShapes, RecordShape, held
from dealwright.model.delivery import Checkable, Keyed
from dealwright.model.events import Event
from dealwright.model.requests import (
    AddNote,
    Call,
    ChangeTags,
    CompleteTasks,
    CreateDeal,
    CreateRecord,
    DealChanges,
    MoveDeal,
    Refused,
    RemoveRecord,
    Request,
    Sent,
    SetTask,
    UpdateDeal,
    UpdateRecord,
)
from dealwright.ports import Connector, Crm, FeedItem, TellsLess
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_http.faults import Fault

DUE = MONDAY + timedelta(days=1)
PLANS = FieldShapes(records=(RecordShape(key="line", fields=(FieldShape(key="product", type="text"),)),))
RECORDS = frozenset({"create_record", "update_record", "remove_record"})
RECORD_NEWS = frozenset({"record_added", "record_updated", "record_removed"})


class Site(Protocol):
    """A CRM with people in it."""

    crm: Crm
    source: str

    async def new_deal(self, stage: str = "incoming", contact: str | None = None, reference: str | None = None) -> str:
        """Make a deal of 100 USD, as a person would."""
        ...

    async def move(self, deal_id: str, stage: str) -> None:
        """Move a deal."""
        ...

    async def price(self, deal_id: str, amount: int) -> None:
        """Change a deal's amount."""
        ...

    async def delete(self, deal_id: str) -> None:
        """Delete a deal."""
        ...

    async def tasks(self, deal_id: str) -> list[str]:
        """Return the texts of a deal's tasks, as people read them."""
        ...

    async def notes(self, deal_id: str) -> list[str]:
        """Return the texts of a deal's notes."""
        ...

    async def lose_answer(self) -> None:
        """Let the next write be carried out and its answer be lost."""
        ...

    async def told(self) -> Sequence[FeedItem]:
        """Return what the CRM has told since it was asked last."""
        ...


class Embedded:
    """The embedded CRM."""

    source = "embedded_crm"

    def __init__(self, url: str, clock: PlayedClock) -> None:
        self.crm = EmbeddedCrm(url, clock)
        self.crm.shape([SALES], fields=PLANS, apply=True)
        self.crm.add_user("Ben Okafor")
        self._taken = 0

    async def new_deal(self, stage: str = "incoming", contact: str | None = None, reference: str | None = None) -> str:
        contacts = self.crm.create_contacts([Contact(id="", name=contact)]) if contact else []
        made = self.crm.create_deals(
            [
                CreateDeal(
                    pipeline="sales",
                    stage=stage,
                    title="Forty chairs",
                    amount=Money(Decimal(100), "USD"),
                    contacts=tuple(each.id for each in contacts),
                    reference=reference,
                )
            ]
        )
        return made[0].id

    async def move(self, deal_id: str, stage: str) -> None:
        self.crm.move_deal(deal_id, "sales", stage)

    async def price(self, deal_id: str, amount: int) -> None:
        self.crm.update_deal(deal_id, DealChanges(amount=Money(Decimal(amount), "USD")))

    async def delete(self, deal_id: str) -> None:
        self.crm.delete_deal(deal_id)

    async def tasks(self, deal_id: str) -> list[str]:
        return [task.text for task in self.crm.tasks(deal_id)]

    async def notes(self, deal_id: str) -> list[str]:
        return [note.text for note in self.crm.notes(deal_id)]

    async def lose_answer(self) -> None:
        """Nothing stands between: what is done and not heard is done again by its key."""

    async def told(self) -> Sequence[FeedItem]:
        items = self.crm.pull(1000)
        self.crm.taken([item.event.source_id for item in items])
        return items


class Kommos:
    """Kommo's connector at a simulated account."""

    source = "kommo"

    def __init__(self, here: Account) -> None:
        self._here = here
        self.crm = here.kommo

    async def new_deal(self, stage: str = "incoming", contact: str | None = None, reference: str | None = None) -> str:
        more: dict[str, Any] = {"responsible_user_id": PERSON}
        if contact:
            more["contacts"] = [{"name": contact}]
        if reference:
            field = self._here.settings.reference_field
            more["custom_fields_values"] = [{"field_id": field, "values": [{"value": reference}]}]
        return await self._here.new_lead(stage, **more)

    async def move(self, deal_id: str, stage: str) -> None:
        ids = self._here.settings.ids("sales", stage)
        assert ids is not None
        await self._here.people("PATCH", [{"id": int(deal_id), "pipeline_id": ids[0], "status_id": ids[1]}])

    async def price(self, deal_id: str, amount: int) -> None:
        await self._here.people("PATCH", [{"id": int(deal_id), "price": amount}])

    async def delete(self, deal_id: str) -> None:
        await self._here.people("DELETE", [int(deal_id)])

    async def tasks(self, deal_id: str) -> list[str]:
        found = self._here.simulator.world.all("tasks").values()
        return [task["text"].partition("\n")[0] for task in found if task["entity_id"] == int(deal_id)]

    async def notes(self, deal_id: str) -> list[str]:
        found = self._here.simulator.world.all("leads_notes").values()
        return [note["params"]["text"].partition("\n")[0] for note in found if note["entity_id"] == int(deal_id)]

    async def lose_answer(self) -> None:
        self._here.simulator.fail(Fault(method="POST", status=504, commit=True))

    async def told(self) -> Sequence[FeedItem]:
        items = await self._here.heard()
        self._here.items = []
        return items


@contextlib.asynccontextmanager
async def embedded(url: str) -> AsyncIterator[Site]:
    site = Embedded(url, PlayedClock(MONDAY))
    try:
        yield site
    finally:
        site.crm.close()


@contextlib.asynccontextmanager
async def kommo(folder: Path) -> AsyncIterator[Site]:
    async with account(folder) as here:
        yield Kommos(here)


Body = Callable[[Site], Awaitable[None]]
Play = Callable[[Body], None]


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgresql("contract") as url:
        yield url.replace("+psycopg", "")


@pytest.fixture(params=["embedded", pytest.param("postgresql", marks=pytest.mark.slow), "kommo"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays a body in each CRM, in the embedded one on each database; making one on PostgreSQL takes a second."""
    if request.param == "kommo":
        sites = kommo(tmp_path)
    elif request.param == "embedded":
        sites = embedded(f"sqlite:///{tmp_path / 'crm.db'}")
    else:
        sites = embedded(str(request.getfixturevalue("postgresql_url")))

    def run(body: Body) -> None:
        async def main() -> None:
            async with sites as site:
                await body(site)

        asyncio.run(asyncio.wait_for(main(), 30))

    return run


def call(n: int, request: Request, attempt: int = 1) -> Call:
    return Call(key=f"dw-{n:030x}", actor="automation:acme.greet", request=request, attempt=attempt)


def test_deals_are_read_and_found(play: Play) -> None:
    async def body(site: Site) -> None:
        one, two = await site.new_deal("quoted", contact="Sam Lee", reference="R-1"), await site.new_deal()
        await site.new_deal(reference="twice")
        await site.new_deal(reference="twice")
        deals = await site.crm.read_deals([one, two, "404"])
        assert set(deals) == {one, two}
        deal = deals[one]
        assert (deal.title, deal.pipeline, deal.stage) == ("Forty chairs", "sales", "quoted")
        assert (deal.amount, deal.reference) == (Money(Decimal(100), "USD"), "R-1")
        assert deal.main_contact is not None
        assert deal.main_contact.name == "Sam Lee"
        assert await site.crm.find_deals(["R-1", "twice", "none"]) == {"R-1": deal}

    play(body)


def test_tasks_notes_and_tags_and_completing(play: Play) -> None:
    async def body(site: Site) -> None:
        deal = await site.new_deal("quoted")
        outcomes = await site.crm.perform(
            [
                call(1, SetTask(deal_id=deal, text="Call", due_at=DUE)),
                call(2, AddNote(deal_id=deal, text="Likes oak")),
                call(3, ChangeTags(deal_id=deal, add=("vip",))),
                call(4, SetTask(deal_id="404", text="Call", due_at=DUE)),
            ]
        )
        assert [type(each) for each in outcomes] == [Sent, Sent, Sent, Refused]
        assert (await site.tasks(deal), await site.notes(deal)) == (["Call"], ["Likes oak"])
        assert (await site.crm.read_deals([deal]))[deal].tags == ("vip",)
        assert isinstance(outcomes[0], Sent)
        task_id = str(outcomes[0].receipt["task_id"])
        (done,) = await site.crm.perform([call(5, CompleteTasks(deal_id=deal, task_id=task_id))])
        assert isinstance(done, Sent)
        assert done.receipt == {"completed": 1}

    play(body)


def test_tasks_are_completed_by_their_words(play: Play) -> None:
    async def body(site: Site) -> None:
        deal = await site.new_deal("quoted")
        for number, text in enumerate(("Send the offer", "Call about the OFFER", "Call")):
            await site.crm.perform([call(number, SetTask(deal_id=deal, text=text, due_at=DUE))])
        (some,) = await site.crm.perform([call(7, CompleteTasks(deal_id=deal, text="the offer"))])
        (rest,) = await site.crm.perform([call(8, CompleteTasks(deal_id=deal))])
        assert isinstance(some, Sent) and isinstance(rest, Sent)
        assert (some.receipt, rest.receipt) == ({"completed": 2}, {"completed": 1})

    play(body)


def test_moves_and_updates_take_effect_once(play: Play) -> None:
    async def body(site: Site) -> None:
        deal = await site.new_deal("quoted")
        move = MoveDeal(deal_id=deal, pipeline="sales", stage="agreed")
        back = MoveDeal(deal_id=deal, pipeline="sales", stage="quoted")
        held = DealChanges(amount=Money(Decimal(100), "USD"))
        wanted = DealChanges(amount=Money(Decimal(250), "USD"))
        version = (await site.crm.read_deals([deal]))[deal].version
        update = UpdateDeal(deal_id=deal, changes=wanted, version=version, replaces=held)
        moved, backwards, updated = [
            (await site.crm.perform([call(n, each)]))[0] for n, each in enumerate((move, back, update))
        ]
        assert isinstance(moved, Sent)
        assert moved.receipt == {"moved": True, "from_stage": "quoted", "to_stage": "agreed"}
        assert isinstance(backwards, Sent)
        assert backwards.receipt["moved"] is False
        assert isinstance(updated, Sent)
        assert updated.receipt == {"changed": True}
        assert isinstance((await site.crm.perform([call(2, update, attempt=2)]))[0], Sent)
        now = (await site.crm.read_deals([deal]))[deal]
        assert (now.stage, now.amount) == ("agreed", Money(Decimal(250), "USD"))

    play(body)


def test_what_was_carried_out_and_not_heard_is_there_once(play: Play) -> None:
    async def body(site: Site) -> None:
        deal = await site.new_deal("quoted")
        wanted = [call(n, SetTask(deal_id=deal, text=f"Call {n}", due_at=DUE)) for n in range(3)]
        await site.lose_answer()
        await site.crm.perform(wanted)
        delivery = site.crm.delivery(wanted[0].request)
        assert isinstance(delivery, Keyed | Checkable)
        again = wanted
        if isinstance(delivery, Checkable):
            found = await site.crm.look(wanted)
            again = [each for each, is_there in zip(wanted, found, strict=True) if not is_there]
        await site.crm.perform(again)
        assert sorted(await site.tasks(deal)) == ["Call 0", "Call 1", "Call 2"]

    play(body)


def test_what_people_do_is_told_as_the_same_events(play: Play, tmp_path: Path) -> None:
    async def body(site: Site) -> None:
        journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", PlayedClock(MONDAY))
        journal.start()
        assert not await told(site, journal)
        deal = await site.new_deal("quoted", contact="Sam Lee")
        first = await told(site, journal)
        await site.move(deal, "agreed")
        await site.price(deal, 300)
        second = await told(site, journal)
        await site.delete(deal)
        await told(site, journal)
        assert [event.kind for event in first] == ["deal_created"]
        assert sorted(event.kind for event in second) == ["deal_updated", "stage_changed"]
        assert {event.subject for event in (*first, *second)} == {f"deal:{deal}"}
        moved = next(event for event in second if event.kind == "stage_changed")
        assert moved.before is not None
        assert (moved.before.stage, moved.about[0].stage) == ("quoted", "agreed")
        journal.close()

    play(body)


def test_records_are_kept_or_the_crm_says_that_it_knows_none(play: Play) -> None:
    async def body(site: Site) -> None:
        deal = await site.new_deal()
        await site.told()
        chair = Custom("product", held("A chair"))
        assert isinstance(site.crm, Connector)
        knows = site.crm.actions() >= RECORDS
        made, *others = await site.crm.perform(
            [
                call(1, CreateRecord(deal_id=deal, record="line")),
                call(2, UpdateRecord(deal_id=deal, record_id="1", custom=(chair,))),
                call(3, CreateRecord(deal_id=deal, record="line")),
                call(4, RemoveRecord(deal_id=deal, record_id="2")),
            ]
        )
        read = (await site.crm.read_deals([deal]))[deal]
        told_ = [item.event.kind for item in await site.told()]
        if knows:
            assert made == Sent(receipt={"record_id": "1"})
            assert [type(each) for each in others] == [Sent] * 3
            assert read.records == (Record(id="1", kind="line", custom=(chair,)),)
            assert told_ == ["record_added", "record_updated", "record_added", "record_removed"]
        else:
            assert not RECORDS & site.crm.actions()
            assert isinstance(site.crm, TellsLess)
            assert site.crm.untold() >= RECORD_NEWS
            assert [type(each) for each in (made, *others)] == [Refused] * 4
            assert not read.records
            assert told_ == []

    play(body)


ACME = ir.Account(
    key="acme",
    name="Acme",
    calendar=Calendar(zone="UTC", spans=tuple(WorkingSpan(weekday=day, start=540, end=1080) for day in range(5))),
    country="US",
    currency="USD",
    pipelines=(SALES,),
    automations=(),
)


async def told(site: Site, journal: Journal) -> list[Event]:
    """Take what the CRM tells the whole road to routing, and return what rules would see of it."""
    journal.append("acme", site.source, await site.told())
    unread = [item for item in journal.unrouted("acme", 1000) if observe.must_be_observed(item, ACME)]
    if unread:
        journal.observed("acme", await observe.read(site.crm, unread, ACME))
    found = journal.unrouted("acme", 1000)
    routed: list[Routed] = []
    assert journal.route(ACME, "release", found, routed)
    return [item.event for item in found if item.event.about]
