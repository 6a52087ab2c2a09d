"""Kommo's connector at a simulated account: bulk calls, their sizes, bad items, lost answers and limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from kommo_world import MONDAY, PERSON, SALES, Account, account, requests
from msgspec.structs import replace

from dealwright.errors import RateLimited, Unauthorized, Unavailable
from dealwright.model.crm import Money, PipelineShape
from dealwright.model.custom import Custom, held
from dealwright.model.delivery import Checkable, Idempotent
from dealwright.model.requests import (
    AddNote,
    Call,
    ChangeTags,
    CompleteTasks,
    CreateDeal,
    DealChanges,
    MoveBack,
    MoveDeal,
    Outcome,
    Refused,
    Request,
    Sent,
    SetTask,
    TryAgain,
    Unknown,
    UpdateDeal,
)
from dealwright.ports import CountsDeals, Crm, Paced, Place, ReadsContacts, ReadsUsers
from dealwright_http.faults import Fault
from dealwright_kommo.simulator import Manners

DUE = MONDAY + timedelta(days=1)


def play(folder: Path, body: Callable[[Account], Awaitable[None]], **options: object) -> None:
    async def main() -> None:
        async with account(folder, **options) as here:  # type: ignore[arg-type]
            await body(here)

    asyncio.run(asyncio.wait_for(main(), 30))


def call(n: int, request: Request) -> Call:
    return Call(key=f"dw-{n:030x}", actor="automation:acme.greet", request=request)


def task(n: int, deal_id: str, owner: str | None = None) -> Call:
    return call(n, SetTask(deal_id=deal_id, text=f"Call {n}", due_at=DUE, owner=owner))


async def one(here: Account, request: Request, n: int = 1) -> Outcome:
    return (await here.kommo.perform([call(n, request)]))[0]


class CountingLimiter:
    """Counts tokens, and remembers the pauses that were asked for."""

    def __init__(self) -> None:
        self.tokens = self.on_the_wire = 0
        self.answers: list[float] = []
        self.pauses: list[float] = []

    async def acquire(self) -> None:
        self.tokens += 1

    def written(self) -> float:
        self.on_the_wire += 1
        return float(self.on_the_wire)

    def answered(self, moment: float) -> None:
        self.answers.append(moment)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_it_is_what_the_engine_expects(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        assert isinstance(here.kommo, Crm)
        assert isinstance(here.kommo, Paced)
        assert isinstance(here.kommo, ReadsContacts)
        assert here.kommo.pace.rate == 7.0
        assert isinstance(here.kommo.delivery(task(1, "1").request), Checkable)
        assert isinstance(here.kommo.delivery(MoveDeal(deal_id="1", pipeline="sales", stage="won")), Idempotent)
        assert await here.kommo.self_test() == []

    play(tmp_path, body)


def test_deals_are_read_whole_in_bulk_and_gone_ones_are_missing(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lee = {"name": "Sam Lee", "phone": "+12025550123", "email": "lee@example.com"}
        fields = [{"field_id": here.settings.reference_field, "values": [{"value": "R-1"}]}]
        one = await here.new_lead("quoted", contacts=[lee], custom_fields_values=fields, responsible_user_id=PERSON)
        leads = await here.people("POST", [{"name": f"Lead {n}"} for n in range(300)])
        deals = await here.kommo.read_deals([one, *leads, "99", "no-id"])
        assert len(deals) == 301
        found = deals[one]
        assert (found.title, found.pipeline, found.stage) == ("Forty chairs", "sales", "quoted")
        assert (found.amount, found.reference) == (Money(Decimal(100), "USD"), "R-1")
        assert found.owner is not None
        assert found.owner.name == "Ben Okafor"
        assert found.main_contact is not None
        assert (found.main_contact.name, found.main_contact.phone) == ("Sam Lee", "+12025550123")
        assert (deals[leads[0]].pipeline, deals[leads[0]].stage) == ("71", "7102"), "what the file does not name"
        assert len(requests(tmp_path, "GET", "/leads")) == 2
        assert (await here.kommo.find_deals(["R-1", "R-2"]))["R-1"] == found
        contact = (await here.kommo.read_contacts([found.main_contact.id]))[found.main_contact.id]
        assert [deal.id for deal in contact.deals] == [one]

    play(tmp_path, body)


def test_tasks_go_out_in_bulk_in_batches_of_what_kommo_advises(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        leads = await here.people("POST", [{"responsible_user_id": PERSON}] * 120)
        outcomes = await here.kommo.perform([task(n, lead) for n, lead in enumerate(leads)])
        assert all(isinstance(each, Sent) for each in outcomes)
        made = here.simulator.world.all("tasks")
        assert len(requests(tmp_path, "POST", "/tasks")) == 3
        for n, (lead, outcome) in enumerate(zip(leads, outcomes, strict=True)):
            assert isinstance(outcome, Sent)
            item = made[int(str(outcome.receipt["task_id"]))]
            assert (item["entity_id"], item["responsible_user_id"]) == (int(lead), PERSON), "the deal's owner"
            assert item["text"] == f"Call {n}\n[dw-{n:030x}]"

    play(tmp_path, body)


def test_one_bad_item_is_refused_alone_and_the_others_go_on(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        leads = await here.people("POST", [{}] * 9)
        await here.kommo.read_deals(leads)
        await here.people("DELETE", [int(leads[4])])
        del here.simulator.world.all("leads")[int(leads[4])]
        outcomes = await here.kommo.perform([task(n, lead) for n, lead in enumerate([*leads, "404"])])
        assert [type(each) for each in outcomes] == [Sent] * 4 + [Refused] + [Sent] * 4 + [Refused]
        refused = outcomes[4]
        assert isinstance(refused, Refused)
        assert refused.code == "NotSupportedChoice"
        assert len(here.simulator.world.all("tasks")) == 8

    play(tmp_path, body)


def test_a_batch_that_names_no_bad_item_is_cut_in_two_until_it_is_alone(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        leads = await here.people("POST", [{}] * 8)
        holds = f"dw-{5:030x}"
        here.simulator.fail(
            Fault(times=100, method="POST", path="/api/v4/tasks", holds=holds, status=400, body={"title": "Bad"})
        )
        outcomes = await here.kommo.perform([task(n, lead) for n, lead in enumerate(leads)])
        assert [type(each) for each in outcomes] == [Sent] * 5 + [Refused] + [Sent] * 2

    play(tmp_path, body)


def test_a_batch_that_is_too_large_for_kommos_front_is_cut_in_two_and_nothing_is_refused(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        leads = await here.people("POST", [{}] * 4)
        here.simulator.fail(Fault(times=2, method="POST", path="/api/v4/tasks", status=413, body="<html>"))
        outcomes = await here.kommo.perform([task(n, lead) for n, lead in enumerate(leads)])
        assert [type(each) for each in outcomes] == [Sent] * 4
        here.simulator.fail(Fault(method="POST", path="/api/v4/tasks", status=413, body="<html>"))
        (alone,) = await here.kommo.perform([task(9, leads[0])])
        assert isinstance(alone, Refused)

    play(tmp_path, body)


def test_a_bad_token_is_no_reason_to_forget_who_the_users_are(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead(responsible_user_id=PERSON)
        here.simulator.fail(Fault(path="/api/v4/users", status=401))
        with pytest.raises(Unauthorized):
            await here.kommo.read_deals([lead])
        owner = (await here.kommo.read_deals([lead]))[lead].owner
        assert owner is not None
        assert owner.name == "Ben Okafor"

    play(tmp_path, body)


def test_who_may_not_list_the_users_calls_them_by_their_ids(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead(responsible_user_id=PERSON)
        here.simulator.fail(Fault(path="/api/v4/users", status=403, body={"title": "Forbidden", "status": 403}))
        owner = (await here.kommo.read_deals([lead]))[lead].owner
        assert owner is not None
        assert owner.name == f"User {PERSON}"

    play(tmp_path, body)


def test_a_wait_that_is_a_text_is_obeyed(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        await here.kommo.read_deals([lead])
        here.simulator.fail(Fault(method="POST", status=429, body={"title": "Too Many Requests", "retry_after": "30"}))
        assert await here.kommo.perform([task(1, lead)]) == [TryAgain(reason="Kommo asks to wait", after=30.0)]

    play(tmp_path, body)


def test_a_504_halves_the_batches_which_grow_again_and_its_items_are_unknown(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        leads = await here.people("POST", [{}] * 100)
        here.simulator.fail(Fault(method="POST", path="/api/v4/tasks", status=504, commit=True))
        outcomes = await here.kommo.perform([task(n, lead) for n, lead in enumerate(leads)])
        assert Counter(type(each) for each in outcomes) == {Unknown: 50, Sent: 50}
        assert here.kommo.at_once == 27, "halved, and grown by the first request of the other half"
        outcomes = await here.kommo.perform([task(100 + n, lead) for n, lead in enumerate(leads)])
        assert Counter(type(each) for each in outcomes) == {Sent: 100}
        assert 27 < here.kommo.at_once < 50
        assert len(requests(tmp_path, "POST", "/tasks")) == 7

    play(tmp_path, body)


@pytest.mark.parametrize("lost", [{"status": 504}, {"drop": True}, {"status": 500}])
@pytest.mark.parametrize("committed", [True, False])
def test_what_lost_its_answer_is_found_by_our_key_if_it_is_there(
    tmp_path: Path, lost: dict[str, object], committed: bool
) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        wanted = [
            task(1, lead),
            call(2, AddNote(deal_id=lead, text="A note")),
            call(3, CreateDeal(pipeline="sales", stage="quoted", title="Upsell")),
        ]
        for path, each in zip(("/tasks", "/leads/notes", "/leads"), wanted, strict=True):
            here.simulator.fail(Fault(method="POST", path=f"/api/v4{path}", commit=committed, **lost))  # type: ignore[arg-type]
            assert isinstance((await here.kommo.perform([each]))[0], Unknown)
        assert await here.kommo.look(wanted) == [committed] * 3
        assert await here.kommo.look([task(9, lead)]) == [False]

    play(tmp_path, body)


def test_hints_are_obeyed_and_tell_the_limiter(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        limiter = CountingLimiter()
        here.kommo.pace_with(limiter)
        lead = await here.new_lead()
        await here.kommo.read_deals([lead])
        here.simulator.fail(Fault(method="POST", status=429, retry_after=30))
        outcomes = await here.kommo.perform([task(n, lead) for n in range(60)])
        asked = TryAgain(reason="Kommo asks to wait", after=30.0)
        assert outcomes[:50] == [asked] * 50
        assert limiter.pauses == [30.0]
        limiter.tokens = 0
        assert isinstance((await here.kommo.perform([task(n, lead) for n in range(60)]))[59], Sent)
        assert limiter.tokens == 1, "the engine took the first request's token"
        assert limiter.answers == sorted(range(1, limiter.on_the_wire + 1), key=limiter.answers.index)
        assert limiter.on_the_wire == 5, "two reads, the one that was asked to wait, and two writes"
        here.simulator.fail(Fault(status=429, retry_after=7), Fault(status=401), Fault(status=403, body="Forbidden"))
        with pytest.raises(RateLimited) as limited:
            await here.kommo.read_deals([lead])
        assert limited.value.retry_after == 7.0
        with pytest.raises(Unauthorized):
            await here.kommo.read_deals([lead])

    play(tmp_path, body)


def test_what_is_not_reached_may_be_tried_again(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        await here.kommo.read_deals([lead])
        await here.simulator.stop()
        await here.kommo.aclose()  # a connection that dies while it is used says nothing of what left by it
        assert isinstance(await one(here, SetTask(deal_id=lead, text="x", due_at=DUE)), TryAgain)
        with pytest.raises(Unavailable):
            await here.kommo.read_deals([lead])

    play(tmp_path, body)


def test_a_change_is_written_only_while_it_still_fits(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        old = DealChanges(amount=Money(Decimal(100), "USD"), title="Forty chairs")
        new = DealChanges(amount=Money(Decimal(250), "USD"), title="Fifty chairs")
        wanted = UpdateDeal(deal_id=lead, changes=new, version=1, replaces=old)
        here.simulator.fail(Fault(method="PATCH", status=504, commit=True))
        assert isinstance(await one(here, wanted), Unknown)
        assert await one(here, wanted) == Sent(receipt={"changed": False}, repeated=True)
        await here.people("PATCH", [{"id": int(lead), "price": 999}])
        changed_since = await one(here, wanted)
        assert isinstance(changed_since, Refused)
        assert changed_since.code == "changed_since"
        deal = (await here.kommo.read_deals([lead]))[lead]
        assert (deal.amount, deal.title) == (Money(Decimal(999), "USD"), "Fifty chairs")

    play(tmp_path, body)


def test_every_field_is_written_and_cleared(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        day = DUE.date()
        changes = DealChanges(owner="ben okafor", close_date=day, reference="R-7", tags=("a", "b"))
        assert await one(here, UpdateDeal(deal_id=lead, changes=changes)) == Sent(receipt={"changed": True})
        deal = (await here.kommo.read_deals([lead]))[lead]
        assert deal.owner is not None
        assert (deal.owner.id, deal.close_date, deal.reference, set(deal.tags)) == (str(PERSON), day, "R-7", {"a", "b"})
        cleared = DealChanges(close_date=None, reference=None, tags=(), amount=None)
        assert isinstance(await one(here, UpdateDeal(deal_id=lead, changes=cleared)), Sent)
        deal = (await here.kommo.read_deals([lead]))[lead]
        assert (deal.close_date, deal.reference, deal.tags, deal.amount) == (None, None, (), None)
        other = await one(here, UpdateDeal(deal_id=lead, changes=DealChanges(amount=Money(Decimal(1), "EUR"))))
        assert isinstance(other, Refused)
        nobody = await one(here, UpdateDeal(deal_id=lead, changes=DealChanges(owner="Nobody")))
        assert isinstance(nobody, Refused)
        assert nobody.code == "unknown_user"

    play(tmp_path, body)


def test_moves_go_forward_and_a_repeated_one_changes_nothing(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead("quoted")
        to = MoveDeal(deal_id=lead, pipeline="sales", stage="agreed")
        assert await one(here, to) == Sent(receipt={"moved": True, "from_stage": "quoted", "to_stage": "agreed"})
        still = Sent(receipt={"moved": False, "from_stage": "agreed", "to_stage": "agreed"})
        assert await one(here, to) == still
        assert await one(here, replace(to, stage="incoming")) == still
        assert isinstance(await one(here, replace(to, stage="nowhere")), Refused)
        lost = replace(to, stage="lost", lost_reason="price", only_forward=False)
        assert isinstance(await one(here, lost), Sent)
        deal = (await here.kommo.read_deals([lead]))[lead]
        assert (deal.stage, deal.lost_reason) == ("lost", "Price")
        assert isinstance(await one(here, replace(to, deal_id="404")), Refused)

    play(tmp_path, body)


def test_a_move_is_undone_only_while_the_deal_still_stands_there(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead("agreed")
        back = MoveBack(
            deal_id=lead, leaves_pipeline="sales", leaves_stage="quoted", pipeline="sales", stage="incoming"
        )
        assert await one(here, back, 1) == Sent(receipt={"moved": False, "from_stage": "agreed", "to_stage": "agreed"})
        there = replace(back, leaves_stage="agreed", stage="quoted")
        assert await one(here, there, 2) == Sent(receipt={"moved": True, "from_stage": "agreed", "to_stage": "quoted"})
        assert (await here.kommo.read_deals([lead]))[lead].stage == "quoted"

    play(tmp_path, body)


def test_tags_and_open_tasks(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        tags = ChangeTags(deal_id=lead, add=("hot", "vip"))
        assert await one(here, tags) == Sent(receipt={"changed": True})
        assert await one(here, replace(tags, remove=("cold",))) == Sent(receipt={"changed": False}, repeated=True)
        assert await one(here, ChangeTags(deal_id=lead, remove=("vip",))) == Sent(receipt={"changed": True})
        assert (await here.kommo.read_deals([lead]))[lead].tags == ("hot",)
        first, _ = await here.kommo.perform([task(1, lead), task(2, lead)])
        assert isinstance(first, Sent)
        done = CompleteTasks(deal_id=lead, task_id=str(first.receipt["task_id"]))
        assert await one(here, done) == Sent(receipt={"completed": 1})
        assert await one(here, CompleteTasks(deal_id=lead)) == Sent(receipt={"completed": 1})
        assert await one(here, CompleteTasks(deal_id=lead)) == Sent(receipt={"completed": 0})

    play(tmp_path, body)


def test_the_pipelines_are_compared_and_never_made(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        shape = here.kommo.shape
        assert await asyncio.to_thread(shape, [SALES], apply=True) == []
        renamed = replace(SALES, name="Other", stages=(*SALES.stages, replace(SALES.stages[1], key="new")))
        changes = await asyncio.to_thread(shape, [renamed, PipelineShape(key="x", name="X", stages=())], apply=True)
        assert [change.what for change in changes] == [
            "pipeline sales is called 'Sales of chairs' in Kommo, not 'Other'", "stage sales.new", "pipeline x",
        ]  # fmt: skip
        assert [bool(change.refused) for change in changes] == [False, True, True]

    play(tmp_path, body)


def test_a_search_that_lags_is_why_a_look_waits(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead()
        assert isinstance((await here.kommo.perform([task(1, lead)]))[0], Sent)
        assert await here.kommo.look([task(1, lead)]) == [False]
        delivery = here.kommo.delivery(task(1, lead).request)
        assert isinstance(delivery, Checkable)
        assert delivery.look_after == timedelta(seconds=35)

    play(tmp_path, body, manners=Manners(lag=60.0))


def test_open_deals_are_counted_by_owner_whatever_their_number(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        assert isinstance(here.kommo, CountsDeals)
        assert isinstance(here.kommo, ReadsUsers)
        for user, leads in ((PERSON, 260), (101, 2)):
            pipeline, status = here.settings.ids("sales", "quoted") or (0, 0)
            lead = {"name": "Chairs", "pipeline_id": pipeline, "status_id": status, "responsible_user_id": user}
            await here.people("POST", [lead] * leads)
        await here.new_lead("agreed", responsible_user_id=PERSON)
        counted = await here.kommo.count_deals([Place("sales", "quoted"), Place("sales", "no-such-stage")])
        assert counted == {str(PERSON): 260, "101": 2}
        assert await here.kommo.count_deals([Place("other", "quoted")]) == {}
        assert str(PERSON) in {user.id for user in await here.kommo.read_users()}

    play(tmp_path, body)


def test_the_companys_own_fields_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async def body(here: Account) -> None:
        lead = await here.new_lead("quoted")
        own = (Custom("dentist", held("Dr. Lima")),)
        changed = await one(here, UpdateDeal(deal_id=lead, changes=DealChanges(title="New", custom=own)))
        made = await one(here, CreateDeal(pipeline="sales", stage="quoted", title="Made", custom=own), 2)
        for outcome in (changed, made):
            assert isinstance(outcome, Refused) and outcome.code == "unknown_field"
            assert "Lima" not in outcome.message
        assert requests(tmp_path, "PATCH", "/leads") == []
        assert len(here.simulator.world.all("leads")) == 1

    play(tmp_path, body)
