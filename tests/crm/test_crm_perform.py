"""Effects carried out in bulk by key."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from crm_world import DUE, SALES, START, call, drain, opened, perform
from sqlalchemy import text

from dealwright.errors import NotFound, OutcomeUnknown, Rejected, Unavailable
from dealwright.model.crm import Money
from dealwright.model.delivery import Keyed
from dealwright.model.requests import (
    AddNote,
    ChangeTags,
    CompleteTasks,
    ContactChanges,
    CreateContact,
    CreateDeal,
    DealChanges,
    MoveDeal,
    Refused,
    SendEvent,
    Sent,
    SetTask,
    UpdateContact,
    UpdateDeal,
)
from dealwright.ports import Call, Connector, Crm, Feed
from dealwright_embedded_crm import EmbeddedCrm
from tests.databases import postgresql


def test_it_is_a_connector_a_crm_and_a_feed(small: EmbeddedCrm) -> None:
    assert isinstance(small, Connector)
    assert isinstance(small, Crm)
    assert isinstance(small, Feed)
    assert small.actions() == {
        "create_deal(unless_open=)",
        "create_contact(role=)", "least_loaded()",
        "deal.company.open_deals",
        "create_deal", "update_deal", "move_deal", "move_back", "set_task", "change_tags", "complete_tasks", "add_note",
        "create_contact", "update_contact", "send_message",
        "update_company", "create_record", "update_record", "remove_record",
    }  # fmt: skip
    assert small.delivery(SetTask(deal_id="1", text="Call", due_at=DUE)) == Keyed(dedupes_for=None)


def test_each_kind_gives_its_receipt(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="A printer")
    outcomes = perform(
        crm,
        call("1", CreateDeal(pipeline="sales", stage="incoming", title="Another")),
        call("2", UpdateDeal(deal_id=deal.id, changes=DealChanges(reference="R-1"))),
        call("3", UpdateDeal(deal_id=deal.id, changes=DealChanges(reference="R-1"))),
        call("4", MoveDeal(deal_id=deal.id, pipeline="sales", stage="engaging")),
        call("5", SetTask(deal_id=deal.id, text="Call", due_at=DUE)),
        call("6", ChangeTags(deal_id=deal.id, add=("vip", "new"), remove=("cold",))),
        call("7", ChangeTags(deal_id=deal.id, add=("vip",), remove=("cold",))),
        call("8", CompleteTasks(deal_id=deal.id)),
        call("9", CompleteTasks(deal_id=deal.id, task_id="1")),
        call("10", AddNote(deal_id=deal.id, text="They want\nforty")),
        call("11", CreateContact(deal_id=deal.id, first_name="Bo", last_name="Li", phone="1")),
        call("12", UpdateContact(deal_id=deal.id, contact_id="1", changes=ContactChanges(last_name="Poe"))),
        call("13", UpdateContact(deal_id=deal.id, contact_id="1", changes=ContactChanges(last_name="Poe"))),
    )
    assert [outcome.receipt for outcome in outcomes if isinstance(outcome, Sent)] == [
        {"deal_id": "2"},
        {"changed": True},
        {"changed": False},
        {"moved": True, "from_stage": "incoming", "to_stage": "engaging"},
        {"task_id": "1"},
        {"changed": True},
        {"changed": False},
        {"completed": 1},
        {"completed": 0},
        {"note_id": "1"},
        {"contact_id": "1"},
        {"changed": True},
        {"changed": False},
    ]
    after = crm.deal(deal.id)
    assert after is not None and after.tags == ("vip", "new")
    assert [(contact.name, contact.phone) for contact in after.contacts] == [("Bo Poe", "1")]
    assert [(task.done, task.completed_at) for task in crm.tasks()] == [(True, START)]
    assert [(note.text, note.author) for note in crm.notes()] == [("They want\nforty", "automation:acme.greet")]
    told = [(event.kind, event.cause) for event in drain(crm)][2:]
    assert told == [
        ("deal_updated", "2"), ("deal_updated", "4"), ("stage_changed", "4"), ("deal_updated", "6"),
        ("task_completed", "8"), ("contact_added", "11"), ("contact_updated", "12"),
    ]  # fmt: skip


def test_a_known_key_gives_its_receipt_again_and_changes_nothing(crm: EmbeddedCrm, crm_url: str) -> None:
    create = call("k", CreateDeal(pipeline="sales", stage="incoming", title="A printer"))
    first, twin = perform(crm, create, create)
    crm.close()
    reopened = opened(crm_url)
    (later,) = perform(reopened, create)
    assert isinstance(first, Sent) and not first.repeated
    assert twin == later == Sent(receipt=first.receipt, repeated=True)
    assert len(reopened.deals()) == 1
    assert len(drain(reopened)) == 1
    assert asyncio.run(reopened.look([create, call("other", create.request)])) == [True, False]
    reopened.close()


def test_one_refused_item_costs_the_others_nothing_and_keeps_no_key(crm: EmbeddedCrm) -> None:
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="A printer")
    outcomes = perform(
        crm,
        call("1", SetTask(deal_id=deal.id, text="Call", due_at=DUE)),
        call("2", SetTask(deal_id="777", text="Call", due_at=DUE)),
        call("3", MoveDeal(deal_id=deal.id, pipeline="sales", stage="nowhere")),
        call("4", MoveDeal(deal_id=deal.id, pipeline="none", stage="won")),
        call("5", CreateDeal(pipeline="sales", stage="incoming", title="x", contacts=("9",))),
        call("6", SetTask(deal_id=deal.id, text="Call", due_at=DUE, owner="Nobody")),
        call("7", SendEvent(to="erp", name="won", deal_id=deal.id, body={}, occurred_at=START)),
        call("8", UpdateDeal(deal_id=deal.id, changes=DealChanges(tags=("vip",)))),
    )
    codes = [outcome.code if isinstance(outcome, Refused) else "sent" for outcome in outcomes]
    assert codes == [
        "sent", "unknown_deal", "unknown_stage", "unknown_pipeline", "unknown_contact", "unknown_owner",
        "unknown_action", "sent",
    ]  # fmt: skip
    assert [write.key for write in crm.writes()] == ["1", "8"]
    assert [task.deal_id for task in crm.tasks()] == [deal.id]


def test_a_refusal_names_no_person(crm: EmbeddedCrm) -> None:
    (refused,) = perform(crm, call("1", CreateDeal(pipeline="sales", stage="won", title="x", owner="Jane Roe")))
    assert isinstance(refused, Refused) and "Jane" not in refused.message


def test_an_owner_is_found_by_id_e_mail_or_exact_name(crm: EmbeddedCrm) -> None:
    ann = crm.add_user("Ann", "ann@example.com")
    for owner in (ann.id, "ann@example.com", "Ann"):
        assert crm.create_deal(pipeline="sales", stage="incoming", title="x", owner=owner).owner == ann
    crm.add_user("Ann")
    with pytest.raises(Rejected, match="users 1, 2 have that name"):
        crm.create_deal(pipeline="sales", stage="incoming", title="x", owner="Ann")


def test_a_task_without_an_owner_goes_to_the_deals_owner(crm: EmbeddedCrm) -> None:
    ann, ben = crm.add_user("Ann"), crm.add_user("Ben")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x", owner="Ann")
    perform(crm, call("1", SetTask(deal_id=deal.id, text="Call", due_at=DUE)))
    perform(crm, call("2", SetTask(deal_id=deal.id, text="Call", due_at=DUE, owner="Ben")))
    assert [task.owner for task in crm.tasks(deal.id)] == [ann, ben]


def test_forward_only_is_decided_where_the_deal_stands_now(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="engaging", title="x")
    back = MoveDeal(deal_id=deal.id, pipeline="sales", stage="prospecting")
    outcomes = perform(
        crm,
        call("1", back),
        call("2", MoveDeal(deal_id=deal.id, pipeline="sales", stage="engaging")),
        call("3", MoveDeal(deal_id=deal.id, pipeline="sales", stage="prospecting", only_forward=False)),
        call("4", MoveDeal(deal_id=deal.id, pipeline="aftercare", stage="incoming")),
    )
    stayed = {"moved": False, "from_stage": "engaging", "to_stage": "engaging"}
    assert [outcome.receipt for outcome in outcomes if isinstance(outcome, Sent)] == [
        stayed,
        stayed,
        {"moved": True, "from_stage": "engaging", "to_stage": "prospecting"},
        {"moved": True, "from_stage": "prospecting", "to_stage": "incoming"},
    ]


def test_winning_and_losing_set_the_close_date_once_and_losing_keeps_its_reason(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x")
    lost = crm.move_deal(deal.id, "sales", "lost", lost_reason="Price")
    assert (lost.close_date, lost.lost_reason, lost.stage_since) == (START.date(), "Price", START)
    again = crm.move_deal(deal.id, "sales", "engaging")
    assert (again.close_date, again.lost_reason) == (START.date(), None)
    dated = crm.create_deal(pipeline="sales", stage="incoming", title="x", close_date=date(2026, 1, 1))
    assert crm.move_deal(dated.id, "sales", "won").close_date == date(2026, 1, 1)
    with pytest.raises(Rejected, match="knows the reasons Price, Timing"):
        crm.move_deal(deal.id, "sales", "lost", lost_reason="Weather")
    with pytest.raises(Rejected, match="only a deal that is lost"):
        crm.move_deal(deal.id, "sales", "won", lost_reason="Price")


def test_fields_are_set_and_cleared_and_amounts_are_exact(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(
        pipeline="sales",
        stage="incoming",
        title="x",
        owner="Ann",
        amount=Money(Decimal("12345678901234.56"), "USD"),
        reference="R",
        tags=("a", "b", "a"),
        company="Acme",
    )
    stored = crm.deal(deal.id)
    assert stored == deal
    assert stored is not None and stored.amount == Money(Decimal("12345678901234.56"), "USD")
    assert stored.tags == ("a", "b")
    cleared = crm.update_deal(deal.id, DealChanges(owner=None, amount=None, reference=None, company=None, tags=()))
    assert cleared == crm.deal(deal.id)
    assert (cleared.owner, cleared.amount, cleared.reference, cleared.company, cleared.tags) == (None,) * 4 + ((),)


def test_deals_are_read_in_bulk_and_those_gone_are_missing(crm: EmbeddedCrm) -> None:
    contact = crm.create_contact(first_name="Ann", last_name="Lee", email="ann@example.com")
    wanted = [CreateDeal(pipeline="sales", stage="incoming", title=f"d{n}", contacts=(contact.id,)) for n in range(20)]
    made = crm.create_deals(wanted)
    found = asyncio.run(crm.read_deals([*(deal.id for deal in made), "999", "x", "01", "-1", "9" * 30]))
    assert found == {deal.id: deal for deal in made}
    assert made[0].main_contact == contact and contact.name == "Ann Lee"


def test_what_is_not_there_is_not_found(crm: EmbeddedCrm) -> None:
    for act in (
        lambda: crm.update_deal("5", DealChanges(title="x")),
        lambda: crm.move_deal("5", "sales", "won"),
        lambda: crm.add_contact("5", "1"),
        lambda: crm.update_contact("5", phone="1"),
    ):
        with pytest.raises(NotFound):
            act()


def test_bulk_creation_by_people_is_all_or_nothing(crm: EmbeddedCrm) -> None:
    good = CreateDeal(pipeline="sales", stage="incoming", title="good")
    with pytest.raises(Rejected):
        crm.create_deals([good, CreateDeal(pipeline="sales", stage="nowhere", title="bad")])
    assert crm.deals() == [] and drain(crm) == []


def test_five_hundred_tasks_are_one_quick_batch(crm: EmbeddedCrm) -> None:
    made = crm.create_deals([CreateDeal(pipeline="sales", stage="incoming", title=f"d{n}") for n in range(500)])
    calls = [call(f"t{deal.id}", SetTask(deal_id=deal.id, text="Call", due_at=DUE)) for deal in made]
    outcomes = perform(crm, *calls)
    assert [outcome.receipt["task_id"] for outcome in outcomes if isinstance(outcome, Sent)] == [
        str(n) for n in range(1, 501)
    ]
    assert {write.kind for write in crm.writes()} == {"set_task"}


def test_stages_are_counted_with_what_they_are_worth(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    for amount in ("10.10", "0.20"):
        crm.create_deal(pipeline="sales", stage="won", title="x", amount=Money(Decimal(amount), "USD"))
    crm.create_deal(pipeline="sales", stage="won", title="x", amount=Money(Decimal(7), "JPY"))
    crm.create_deal(pipeline="sales", stage="won", title="x")
    counts = {(each.pipeline, each.stage): each for each in crm.count_by_stage()}
    assert [key for key in counts if key[0] == "sales"] == [("sales", stage.key) for stage in SALES.stages]
    won = counts["sales", "won"]
    assert won.deals == 4
    assert won.amounts == (Money(Decimal(7), "JPY"), Money(Decimal("10.30"), "USD"))
    assert counts["sales", "lost"].deals == 0


def test_a_write_that_never_gets_its_turn_did_nothing(crm: EmbeddedCrm, crm_url: str) -> None:
    hurried = opened(crm_url, patience=0.1)
    create = call("k", CreateDeal(pipeline="sales", stage="incoming", title="x"))
    with crm._database.write(), pytest.raises(Unavailable, match="did nothing"):
        perform(hurried, create)
    assert hurried.call_timeout < crm.call_timeout
    assert crm.deals() == []
    assert [type(outcome) for outcome in perform(hurried, create)] == [Sent]
    hurried.close()


def test_who_is_stopped_in_the_middle_of_a_write_holds_nobody_up_for_long() -> None:
    with postgresql("crm_still") as url:
        still, other = opened(url, patience=0.4), opened(url, patience=10)
        still.shape((SALES,), apply=True)
        try:
            with pytest.raises(OutcomeUnknown), still._database.write():
                other.add_user("Ann")  # waits for the lock, and gets it without anything that `still` does
            assert [user.name for user in other.users()] == ["Ann"]
            assert still.add_user("Bo").name == "Bo", "what goes on later works with a new connection"
        finally:
            still.close()
            other.close()


def test_one_row_the_database_refuses_costs_the_others_of_its_bulk_nothing(small: EmbeddedCrm) -> None:
    deal = small.create_deal(pipeline="sales", stage="incoming", title="x")
    with small._database.write() as connection:
        when = "create trigger picky before insert on tasks when new.text = 'bad'"
        connection.execute(text(f"{when} begin select raise(abort, 'no'); end"))
    calls = [call(key, SetTask(deal_id=deal.id, text=key, due_at=DUE)) for key in ("good", "bad", "fine")]
    outcomes = perform(small, *calls)
    assert [type(outcome) for outcome in outcomes] == [Sent, Refused, Sent]
    assert {write.key for write in small.writes()} == {task.text for task in small.tasks()} == {"good", "fine"}
    with pytest.raises(Rejected):
        perform(small, calls[1])


def test_a_database_that_only_reads_is_unavailable_and_refuses_nothing(crm: EmbeddedCrm) -> None:
    with pytest.raises(Unavailable), crm._database.write() as connection:
        if crm._database.sqlite:
            connection.execute(text("pragma query_only = on"))
        else:
            connection.execute(text("set transaction read only"))
        connection.execute(text("update counters set last = last"))


def test_it_can_be_closed_as_every_connector_is(small: EmbeddedCrm) -> None:
    assert small.destinations() == frozenset()
    asyncio.run(small.aclose())


def test_business_time_is_stamped(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x", owner="Ann")
    crm._clock.move(timedelta(days=2))  # type: ignore[attr-defined]
    moved = crm.move_deal(deal.id, "sales", "engaging")
    assert (moved.created_at, moved.updated_at, moved.stage_since) == (
        START,
        START + timedelta(days=2),
        START + timedelta(days=2),
    )
    assert [event.occurred_at for event in drain(crm)] == [START, START + timedelta(days=2)]


def test_no_deal_is_made_beside_an_open_one_of_who_is_the_same_under_another_record(crm: EmbeddedCrm) -> None:
    maria, again, bo = (crm.create_contact(name=name) for name in ("Maria Silva", "M. Silva", "Bo Li"))

    def made(key: str, contact: str, *others: str) -> object:
        wanted = CreateDeal(
            pipeline="sales", stage="incoming", title="x", contacts=(contact,), unless_open="sales",
            unless_contacts=others,
        )  # fmt: skip
        (outcome,) = perform(crm, call(key, wanted))
        assert isinstance(outcome, Sent)
        return outcome.receipt["deal_id"]

    first = made("1", maria.id, again.id)
    assert first is not None
    assert made("2", again.id, maria.id) is None
    assert made("3", bo.id, bo.id) is not None
    assert crm.deal(str(first)).contacts[0].id == maria.id


def test_no_deal_is_made_beside_an_open_one_of_the_same_contact_or_company(crm: EmbeddedCrm) -> None:
    """Decided where it is made: also two in one request, and under one key again, make one deal."""
    maria, bo = (crm.create_contact(name=name) for name in ("Maria Silva", "Bo Li"))

    def renew(key: str, *, contacts: tuple[str, ...] = (), company: str | None = None) -> Call:
        wanted = CreateDeal(
            pipeline="sales", stage="incoming", title="x", contacts=contacts, company=company, unless_open="sales"
        )
        return call(key, wanted)

    def made(*calls: Call) -> list[object]:
        return [item.receipt["deal_id"] for item in perform(crm, *calls) if isinstance(item, Sent)]

    first, second = made(renew("1", contacts=(maria.id,)), renew("2", contacts=(bo.id, maria.id)))
    assert first is not None and second is None
    assert made(renew("3", contacts=(maria.id,)), renew("2", contacts=(bo.id,))) == [None, None]
    (refused,) = perform(crm, renew("4", contacts=(maria.id,)))
    assert isinstance(refused, Sent) and refused.receipt == {"deal_id": None, "open_deal": first}
    other = made(renew("5", contacts=(bo.id,), company="Acme"))
    assert made(renew("6", company="Acme"), renew("7", company="Other"), renew("8"), renew("9")).count(None) == 1
    crm.add_user("Ana Vogel")
    crm.move_deal(str(first), "sales", "won")
    assert made(renew("10", contacts=(maria.id,))) != [None]
    assert other != [None]
