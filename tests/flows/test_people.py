"""People of the story at either CRM: the same acts, and the CRM is the same after them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from dealwright.clock import PlayedClock
from dealwright.errors import DealwrightError
from dealwright.model.crm import Money, PipelineShape, StageShape
from dealwright.model.custom import FieldShape, FieldShapes, RecordShape, held, held_in
from dealwright.model.requests import Call, SetTask
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows.kommo import FIRST_USER, furnished
from dealwright_flows.kommo_people import KommoPeople
from dealwright_flows.people import EmbeddedPeople, People
from dealwright_flows.story import USERS, Create, Person
from dealwright_http import Secret
from dealwright_kommo import Kommo, KommoSettings
from dealwright_kommo.settings import PipelineIds, Token
from dealwright_kommo.simulator import KommoSimulator, Manners

MONDAY = datetime(2026, 5, 4, 13, 5, tzinfo=UTC)
TOKEN = "a-long-lived-token-of-the-account"
SALES = PipelineShape(
    key="new-business",
    name="New business",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="qualified", name="Qualified", kind="open"),
        StageShape(key="won", name="Closed won", kind="won"),
        StageShape(key="lost", name="Closed lost", kind="lost", reasons=("Price", "Not used")),
    ),
)
IDS = PipelineIds(id=8100, stages={"incoming": 8101, "qualified": 8102, "won": 142, "lost": 143})
NORA = Person(first_name="Nora", last_name="Lindqvist", phone="(212) 555-0142", email="nora@example.com")
HUGO = Person(first_name="Hugo", last_name="Cohen")
BOATS = Create(deal=0, title="Boats", company="Yard", contact=0, amount=900, owner=2, tags=("web",))


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[tuple[People, EmbeddedCrm]]:
    crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", PlayedClock(MONDAY))
    crm.shape([SALES], apply=True)
    try:
        yield EmbeddedPeople(crm), crm
    finally:
        crm.close()


@asynccontextmanager
async def kommo(folder: Path) -> AsyncIterator[tuple[People, Kommo]]:
    clock = PlayedClock(MONDAY)
    ids: dict[str, Any] = {
        "url": "http://127.0.0.1:1",
        "token": Token(Secret(TOKEN)),
        "user": "101",
        "pipelines": {SALES.key: IDS},
    }
    furniture = furnished(KommoSettings(**ids), [SALES])
    manners = Manners(lag=0.0)
    simulator = KommoSimulator(folder / "kommo.jsonl", Secret(TOKEN), clock, manners=manners, furnished=furniture)
    ids |= {"url": f"http://127.0.0.1:{await simulator.start()}", "allow_private": True, "per_second": 1000.0}
    crm = Kommo(KommoSettings(**ids), clock)
    people = KommoPeople(crm, [SALES], clock)
    try:
        yield people, crm
    finally:
        await people.aclose()
        await crm.aclose()
        await simulator.stop()


Place = Callable[[Path], AbstractAsyncContextManager[tuple[People, Any]]]


async def tasks_at(crm: Kommo) -> dict[str, bool]:
    """Return the first lines of the account's tasks, and which are done."""
    async with httpx.AsyncClient(base_url=crm.settings.url) as client:
        answer = await client.get(f"/_control/as/{FIRST_USER}/api/v4/tasks")
    return {task["text"].partition("\n")[0]: task["is_completed"] for task in answer.json()["_embedded"]["tasks"]}


BOTH = pytest.mark.parametrize("at", [embedded, kommo])


@BOTH
def test_what_people_do_is_in_the_crm(at: Place, tmp_path: Path) -> None:
    async def main() -> None:
        async with at(tmp_path) as (people, _):
            assert set(people.stages()) >= {(SALES.key, stage.key) for stage in SALES.stages}
            await people.employ(USERS)
            await people.meet([NORA, HUGO])
            id_ = await people.create(SALES.key, BOATS)
            made = await people.deal(id_)
            assert (made.title, made.company, made.stage, made.tags) == ("Boats", "Yard", "incoming", ("web",))
            assert made.amount == Money(Decimal(900), "USD")
            assert made.owner is not None and made.owner.name == USERS[2]
            assert made.main_contact is not None and made.main_contact.last_name == "Lindqvist"

            await people.link(id_, 1, "Accounts payable")
            assert len((await people.deal(id_)).contacts) == 2
            await people.unlink(id_)
            left = (await people.deal(id_)).main_contact
            assert left is not None and left.last_name == "Cohen"
            await people.correct(id_, "(718) 555-0100")
            corrected = (await people.deal(id_)).main_contact
            assert corrected is not None and corrected.phone is not None and "555-0100" in corrected.phone
            await people.call(id_, "reached")
            await people.write_amount(id_, 1200)
            await people.hand_over(id_, 0)
            await people.move(id_, SALES.key, "lost", "Not used")
            done = await people.deal(id_)
            assert (done.amount, done.stage, done.lost_reason) == (Money(Decimal(1200), "USD"), "lost", "Not used")
            assert done.owner is not None and done.owner.name == USERS[0]
            counted = {stage.stage: stage.deals for stage in await people.counted()}
            assert counted == {"incoming": 0, "qualified": 0, "won": 0, "lost": 1}
            assert [deal.id for deal in await people.deals(SALES.key)] == [id_]

    asyncio.run(asyncio.wait_for(main(), 30))


@BOTH
def test_a_task_is_completed_by_how_it_begins(at: Place, tmp_path: Path) -> None:
    async def main() -> None:
        async with at(tmp_path) as (people, crm):
            await people.employ(USERS)
            await people.meet([NORA])
            id_ = await people.create(SALES.key, BOATS)
            due = MONDAY + timedelta(hours=1)
            calls = [
                Call(key=f"dw-{n:030x}", actor="automation:a", request=SetTask(deal_id=id_, text=text, due_at=due))
                for n, text in enumerate(["Call Nora", "Book the meeting with Nora"])
            ]
            await crm.perform(calls)
            await people.complete(id_, "Book the meeting")
            await people.complete(id_, "Book the meeting")
            acted = await people.acted()
            if isinstance(crm, EmbeddedCrm):
                tasks = {task.text: task.done for task in crm.tasks(id_)}
                assert acted == {}
            else:
                tasks = await tasks_at(crm)
                assert acted["tasks"] == 2
                assert acted["tasks completed"] == 0, "a person completed it, no automation"
            assert tasks == {"Call Nora": False, "Book the meeting with Nora": True}

    asyncio.run(asyncio.wait_for(main(), 30))


def test_an_instalment_is_paid_and_then_the_other_and_then_there_is_none_left(tmp_path: Path) -> None:
    async def main() -> None:
        async with embedded(tmp_path) as (people, crm):
            paid = FieldShape(key="paid", type="flag")
            crm.shape([SALES], apply=True, fields=FieldShapes(records=(RecordShape(key="instalment", fields=(paid,)),)))
            await people.employ(USERS)
            await people.meet([NORA])
            id_ = await people.create(SALES.key, BOATS)
            await people.pay_half(id_)
            assert crm.page_records(id_).items == (), "who owes nothing pays nothing"
            halves = [crm.add_record(id_, "instalment").record.id for _ in range(2)]
            for count in (1, 2, 2):
                await people.pay_half(id_)
                ticked = [half for half in halves if held_in(crm.record(half).record.custom, "paid") == held(True)]
                assert ticked == halves[:count]

    asyncio.run(asyncio.wait_for(main(), 30))


def test_what_a_deal_is_sold_cheaper_by_is_written_into_the_companys_own_fields(tmp_path: Path) -> None:
    async def main() -> None:
        async with embedded(tmp_path) as (people, crm):
            own = tuple(FieldShape(key=key, type="number") for key in ("discount", "margin"))
            crm.shape([SALES], apply=True, fields=FieldShapes(deal=own))
            await people.employ(USERS)
            await people.meet([NORA])
            id_ = await people.create(SALES.key, BOATS)
            await people.discount(id_, 15, 25)
            told = (await people.deal(id_)).custom
            assert held_in(told, "discount") == held(Decimal(15))
            assert held_in(told, "margin") == held(Decimal(25))

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_customer_answers_the_newest_message_about_the_deal_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        async with embedded(tmp_path) as (people, crm):
            await people.employ(USERS)
            await people.meet([NORA])
            boats, other = [await people.create(SALES.key, BOATS) for _ in range(2)]
            contact = (await people.deal(boats)).contacts[0].id
            await people.answer(boats, button=None, words="Hello?")
            assert crm.messages(contact) == [], "nobody was written to"
            asked = crm.write_message(contact, "Does it fit?", deal_id=boats)
            await people.answer(other, button=None, words="What?")
            await people.answer(boats, button=None, words="It does.")
            answers = [(each.text, each.reply_to) for each in crm.messages(contact) if each.direction == "in"]
            assert answers == [("It does.", asked.id)]

    asyncio.run(asyncio.wait_for(main(), 30))


def test_in_kommo_nothing_is_ticked_nobody_answers_and_no_discount_is_written(tmp_path: Path) -> None:
    async def main() -> None:
        async with kommo(tmp_path) as (people, _):
            await people.employ(USERS)
            await people.meet([NORA])
            id_ = await people.create(SALES.key, BOATS)
            before = await people.deal(id_)
            await people.pay_half(id_)
            await people.answer(id_, button="yes", words=None)
            await people.discount(id_, 15, 25)
            assert await people.deal(id_) == before

    asyncio.run(asyncio.wait_for(main(), 30))


def test_an_account_that_refuses_an_act_is_no_silent_success(tmp_path: Path) -> None:
    async def main() -> None:
        async with kommo(tmp_path) as (people, _):
            await people.employ(USERS)
            await people.meet([NORA])
            with pytest.raises(DealwrightError, match="is refused by the local server of Kommo: 4"):
                await people.hand_over(await people.create(SALES.key, BOATS), FIRST_USER)
            with pytest.raises(DealwrightError, match="is gone from the CRM"):
                await people.deal("123456")

    asyncio.run(asyncio.wait_for(main(), 30))
