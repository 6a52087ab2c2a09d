"""What people do every day: leads, required fields, clones, merges, deletions, tasks, activities, pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from crm_world import AFTERCARE, DUE, SALES, START, call, drain, perform
from msgspec.structs import replace
from sqlalchemy import text

from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import Deal, Money
from dealwright.model.requests import ContactChanges, CreateDeal, DealChanges, MoveDeal, Refused, Sent, UpdateContact
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.reads import ContactQuery, DealQuery, TaskQuery

STRICT = replace(
    SALES,
    stages=(
        *SALES.stages[:2],
        replace(SALES.stages[2], required=("amount", "contacts")),
        SALES.stages[3],
        replace(SALES.stages[4], reason_required=True),
    ),
)


@dataclass
class Staff:
    """Two users."""

    ann: str
    ben: str


@pytest.fixture
def staff(crm: EmbeddedCrm) -> Staff:
    """Ann, who is the default owner, and Ben."""
    return Staff(crm.add_user("Ann").id, crm.add_user("Ben", "ben@example.com").id)


def lead(crm: EmbeddedCrm, **fields: Any) -> Deal:
    return crm.create_deal(**{"pipeline": "sales", "stage": "incoming", "title": "x", **fields})


def refused(code: str, act: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        act()
    assert refusal.value.code == code


# --- owners and leads -------------------------------------------------------------------------------------------------


def test_only_a_lead_in_incoming_has_no_owner(crm: EmbeddedCrm, staff: Staff) -> None:
    one, two, three = lead(crm), lead(crm), lead(crm, owner="Ben")
    assert (one.owner, two.owner) == (None, None)
    drain(crm)
    assert crm.move_deal(one.id, "sales", "engaging", actor=f"user:{staff.ben}").owner.id == staff.ben  # type: ignore[union-attr]
    assert [(event.kind, getattr(event, "changed", None)) for event in drain(crm)] == [
        ("deal_updated", ("owner",)),
        ("stage_changed", None),
    ]
    (moved,) = perform(crm, call("1", MoveDeal(deal_id=two.id, pipeline="sales", stage="won")))
    assert isinstance(moved, Sent) and crm.deal(two.id).owner.id == staff.ann  # type: ignore[union-attr]
    assert crm.move_deal(three.id, "sales", "won", actor=f"user:{staff.ann}").owner.id == staff.ben  # type: ignore[union-attr]
    crm.set_default_owner("ben@example.com")
    assert crm.create_deal(pipeline="sales", stage="engaging", title="x").owner.id == staff.ben  # type: ignore[union-attr]
    crm.set_default_owner(None)
    assert crm.create_deal(pipeline="sales", stage="engaging", title="x").owner.id == staff.ann  # type: ignore[union-attr]
    refused("owner_required", lambda: crm.update_deal(three.id, DealChanges(owner=None)))
    assert lead(crm, owner="Ann").owner is not None


def test_a_crm_without_users_has_nobody_to_own_what_leaves_incoming(crm: EmbeddedCrm) -> None:
    deal = lead(crm)
    refused("owner_required", lambda: crm.move_deal(deal.id, "sales", "engaging"))
    (outcome,) = perform(crm, call("1", CreateDeal(pipeline="sales", stage="won", title="x")))
    assert isinstance(outcome, Refused) and outcome.code == "owner_required"
    assert crm.deals() == [deal]


def test_a_lead_is_accepted_or_declined_and_nothing_else_is(crm: EmbeddedCrm, staff: Staff) -> None:
    one, two = lead(crm), lead(crm)
    accepted = crm.accept_deal(one.id, owner="Ben")
    assert (accepted.stage, accepted.owner and accepted.owner.id) == ("prospecting", staff.ben)
    declined = crm.decline_deal(two.id, reason="Price", actor=f"user:{staff.ben}")
    assert (declined.stage, declined.lost_reason, declined.owner and declined.owner.id) == ("lost", "Price", staff.ben)
    refused("not_incoming", lambda: crm.accept_deal(one.id))
    refused("not_incoming", lambda: crm.decline_deal(two.id, reason="Price"))
    refused("bad_stage", lambda: crm.accept_deal(lead(crm).id, stage="lost"))
    unlosable = crm.create_deal(pipeline="aftercare", stage="incoming", title="x")
    refused("no_lost_stage", lambda: crm.decline_deal(unlosable.id))


# --- what a stage requires --------------------------------------------------------------------------------------------


def test_a_stage_is_entered_only_with_what_it_requires(crm: EmbeddedCrm, staff: Staff) -> None:
    crm.shape([STRICT, AFTERCARE], apply=True)
    assert crm.pipelines() == [STRICT, AFTERCARE]
    deal = lead(crm)
    with pytest.raises(Rejected, match=r"stage engaging requires an amount, a contact \(amount, contacts\)"):
        crm.move_deal(deal.id, "sales", "engaging")
    assert crm.deal(deal.id) == deal, "not even the owner was set"
    (outcome,) = perform(crm, call("1", MoveDeal(deal_id=deal.id, pipeline="sales", stage="engaging")))
    assert isinstance(outcome, Refused) and outcome.code == "fields_required"
    refused("fields_required", lambda: lead(crm, stage="engaging"))
    bo = crm.create_contact(name="Bo")
    crm.add_contact(deal.id, bo.id)
    crm.update_deal(deal.id, DealChanges(amount=Money(Decimal(0), "USD")))
    assert crm.move_deal(deal.id, "sales", "engaging").stage == "engaging"
    refused("fields_required", lambda: crm.update_deal(deal.id, DealChanges(amount=None)))
    refused("fields_required", lambda: crm.remove_contact(deal.id, bo.id))
    assert crm.update_deal(deal.id, DealChanges(title="y")).title == "y"


def test_a_deal_is_lost_only_with_a_reason_where_one_is_required(crm: EmbeddedCrm, staff: Staff) -> None:
    crm.shape([STRICT], apply=True)
    deal = lead(crm)
    with pytest.raises(Rejected, match="stage lost requires a lost reason: one of Price, Timing"):
        crm.move_deal(deal.id, "sales", "lost")
    refused("lost_reason_required", lambda: crm.decline_deal(deal.id))
    refused("lost_reason_required", lambda: lead(crm, stage="lost"))
    assert lead(crm, stage="lost", lost_reason="Price").close_date == START.date()
    assert crm.decline_deal(deal.id, reason="Timing").lost_reason == "Timing"


# --- titles, clones, bulk, deletion -----------------------------------------------------------------------------------


def test_a_deal_without_a_title_is_called_as_its_main_contact(crm: EmbeddedCrm) -> None:
    bo, phone = crm.create_contact(first_name="Bo", last_name="Li"), crm.create_contact(phone="+1")
    assert lead(crm, title=None, contacts=[bo.id, phone.id]).title == "Bo Li"
    assert lead(crm, title=" ", contacts=[phone.id]).title == "+1"
    made = crm.create_deal_for_contact(bo.id)
    assert (made.pipeline, made.stage, made.title, made.contacts) == ("sales", "incoming", "Bo Li", (bo,))
    refused("bad_title", lambda: lead(crm, title=None))
    with pytest.raises(NotFound):
        crm.create_deal_for_contact("99")


def test_a_clone_is_the_same_but_for_what_names_one_deal(crm: EmbeddedCrm, staff: Staff) -> None:
    bo = crm.create_contact(name="Bo")
    money = Money(Decimal(7), "JPY")
    fields = {"contacts": [bo.id], "owner": "Ben", "amount": money, "tags": ["a"], "company": "Acme", "reference": "R"}
    deal = lead(crm, stage="engaging", close_date=START.date(), **fields)
    crm.add_note(deal.id, "n")
    clone = crm.clone_deal(deal.id)
    same = {"title", "pipeline", "stage", "owner", "amount", "close_date", "tags", "company", "contacts"}
    assert {name for name in deal.__struct_fields__ if getattr(deal, name) == getattr(clone, name)} >= same
    assert (clone.reference, clone.version, crm.notes(clone.id)) == (None, 1, [])
    won = crm.move_deal(deal.id, "sales", "won")
    again = crm.clone_deal(won.id, title="Again")
    assert (again.stage, again.close_date, again.title) == ("prospecting", None, "Again")


def test_deals_are_changed_and_deleted_in_bulk_all_or_none(crm: EmbeddedCrm, staff: Staff) -> None:
    ids = [lead(crm).id for _ in range(3)]
    changed = crm.update_deals(ids, DealChanges(owner="Ben", tags=("a",)))
    assert [(deal.id, deal.tags, deal.version) for deal in changed] == [(each, ("a",), 2) for each in ids]
    for act in (
        lambda: crm.update_deals([*ids, "99"], DealChanges(title="y")),
        lambda: crm.delete_deals([*ids, "99"]),
    ):
        with pytest.raises(NotFound):
            act()
    refused("twice", lambda: crm.delete_deals([ids[0], ids[0]]))
    refused("too_many", lambda: crm.delete_deals([str(n) for n in range(1, 1002)]))
    assert {deal.title for deal in crm.deals()} == {"x"}
    assert crm.change_tags(ids[0], add=["b"], remove=["a"]).tags == ("b",)


def test_events_of_a_deleted_deal_still_arrive_and_the_deal_is_gone(crm: EmbeddedCrm) -> None:
    bo = crm.create_contact(name="Bo")
    deal = lead(crm, contacts=[bo.id])
    crm.set_task(deal.id, "Call", DUE)
    crm.add_note(deal.id, "n")
    crm.log_activity(deal.id, "call", contact=bo.id)
    crm.delete_deal(deal.id)
    assert crm.deal(deal.id) is None and asyncio.run(crm.read_deals([deal.id])) == {}
    assert crm.tasks() == crm.notes() == crm.activities() == []
    assert [event.kind for event in drain(crm)] == ["deal_created", "activity_logged"]
    with pytest.raises(NotFound):
        crm.delete_deal(deal.id)
    assert lead(crm).id != deal.id, "an id is never given twice"


# --- merges -----------------------------------------------------------------------------------------------------------


def test_merged_contacts_keep_deals_activities_and_the_better_place(crm: EmbeddedCrm, staff: Staff) -> None:
    kept, old, other = (crm.create_contact(name=name) for name in ("Kept", "Old", "Other"))
    crm.update_contact(old.id, phone="+1", email="old@example.com")
    both = lead(crm, contacts=[old.id, other.id, kept.id])
    only = lead(crm, contacts=[other.id, old.id])
    closed = lead(crm, contacts=[old.id], stage="won")
    activity = crm.log_activity(only.id, "call", contact=old.id)
    drain(crm)
    merged = crm.merge_contacts(kept.id, old.id, actor=f"user:{staff.ben}")
    assert (merged.id, merged.name, merged.phone, merged.email) == (kept.id, "Kept", "+1", "old@example.com")
    (event,) = drain(crm)
    assert event.kind == "contact_updated" and event.contact == merged and event.actor == f"user:{staff.ben}"
    assert [contact.id for contact in event.absorbed] == [old.id] and event.changed == ("phone", "email")
    assert [deal.id for deal in event.deals] == [only.id, both.id]
    places = {each.id: [contact.id for contact in each.contacts] for each in crm.deals()}
    assert places == {both.id: [kept.id, other.id], only.id: [other.id, kept.id], closed.id: [kept.id]}
    assert crm.activities()[0] == replace(activity, contact_id=kept.id)
    assert crm.contact(old.id) == merged
    # The old id goes on to work: for links, for automations, for later merges.
    assert crm.add_contact(lead(crm).id, old.id).main_contact == merged
    request = UpdateContact(deal_id=only.id, contact_id=old.id, changes=ContactChanges(email=None))
    assert isinstance(perform(crm, call("u", request))[0], Sent)
    newest = crm.create_contact(name="Newest")
    crm.merge_contacts(newest.id, kept.id)
    assert crm.contact(old.id).id == crm.contact(kept.id).id == newest.id  # type: ignore[union-attr]
    refused("same_contact", lambda: crm.merge_contacts(newest.id, old.id))
    assert len(crm.contacts()) == 2


def test_merged_deals_keep_everything_and_say_where_they_went(crm: EmbeddedCrm, staff: Staff) -> None:
    one, two, three = (crm.create_contact(name=name) for name in ("One", "Two", "Three"))
    kept, old = lead(crm, contacts=[one.id, two.id]), lead(crm, title="old", contacts=[two.id, three.id])
    crm.set_task(old.id, "Call", DUE)
    crm.add_note(old.id, "n")
    crm.log_activity(old.id, "meeting")
    drain(crm)
    merged = crm.merge_deals(kept.id, old.id)
    assert merged.title == "x" and [contact.name for contact in merged.contacts] == ["One", "Two", "Three"]
    assert [event.kind for event in drain(crm)] == ["contact_added"]
    assert {each.deal_id for each in (*crm.tasks(), *crm.notes(), *crm.activities())} == {kept.id}
    assert crm.deal(old.id) is None and crm.merged_into(old.id) == kept.id
    last = lead(crm)
    crm.merge_deals(last.id, kept.id)
    assert crm.merged_into(old.id) == crm.merged_into(kept.id) == last.id
    with pytest.raises(NotFound, match=f"deal {old.id} was merged into deal {last.id}"):
        crm.move_deal(old.id, "sales", "won")
    refused("same_deal", lambda: crm.merge_deals(last.id, last.id))


def test_a_contact_on_a_deal_is_not_deleted(crm: EmbeddedCrm) -> None:
    bo = crm.create_contact(name="Bo")
    deal = lead(crm, contacts=[bo.id])
    activity = crm.log_activity(deal.id, "call", contact=bo.id)
    refused("in_use", lambda: crm.delete_contact(bo.id))
    crm.remove_contact(deal.id, bo.id)
    crm.delete_contact(bo.id)
    assert crm.contact(bo.id) is None and crm.activities() == [replace(activity, contact_id=None)]


# --- tasks and activities ---------------------------------------------------------------------------------------------


def test_tasks_are_completed_told_and_reopened(crm: EmbeddedCrm, staff: Staff) -> None:
    deal = lead(crm)
    first, second = (crm.set_task(deal.id, text, DUE) for text in ("a", "b"))
    drain(crm)
    done = crm.complete_task(first.id, actor=f"user:{staff.ann}")
    assert (done.done, done.completed_at) == (True, START)
    (event,) = drain(crm)
    assert (event.kind, event.task, event.after, event.actor) == ("task_completed", done, deal, f"user:{staff.ann}")
    assert crm.complete_task(first.id) == done and drain(crm) == []
    assert crm.reopen_task(first.id) == replace(first) == crm.task(first.id)
    assert crm.complete_tasks(deal.id) == 2
    assert [event.task.id for event in drain(crm)] == [first.id, second.id]
    assert crm.page_tasks(TaskQuery(done=False)).items == ()
    with pytest.raises(NotFound):
        crm.complete_task("99")


def test_an_activity_is_logged_and_told(crm: EmbeddedCrm, staff: Staff) -> None:
    bo = crm.create_contact(name="Bo")
    deal = lead(crm, contacts=[bo.id])
    drain(crm)
    at = START - timedelta(hours=2)
    logged = crm.log_activity(
        deal.id, "call", at, outcome=" reached ", text="a\r\nb", contact=bo.id, actor=f"user:{staff.ben}"
    )
    assert (logged.kind, logged.at, logged.outcome, logged.text, logged.contact_id) == (
        "call",
        at,
        "reached",
        "a\nb",
        bo.id,
    )
    assert logged.by is not None and logged.by.id == staff.ben
    (event,) = drain(crm)
    assert (event.kind, event.activity, event.after) == ("activity_logged", logged, deal)
    assert crm.activities(deal.id) == [logged]
    assert crm.log_activity(deal.id, "email", by="Ann").by.name == "Ann"  # type: ignore[union-attr]
    refused("bad_kind", lambda: crm.log_activity(deal.id, "lunch"))  # type: ignore[arg-type]
    refused("bad_at", lambda: crm.log_activity(deal.id, "call", at.replace(tzinfo=None)))
    refused("unknown_owner", lambda: crm.log_activity(deal.id, "call", by="Nobody"))
    assert crm.add_note(deal.id, "n", actor=f"user:{staff.ben}").author == "Ben"


# --- lists ------------------------------------------------------------------------------------------------------------


def test_pages_hold_every_deal_once_in_order_whatever_is_written_in_between(crm: EmbeddedCrm, staff: Staff) -> None:
    stages = ("won", "incoming", "engaging")
    for n in range(12):
        amount = None if n % 4 == 0 else Money(Decimal(n % 5), ("USD", "EUR")[n % 2])
        close = None if n % 3 == 0 else START.date() + timedelta(days=n % 2)
        title = ("Éclair", "eclair", "Zebra", "ÉCLAIR 2", "_%")[n % 5]
        crm.create_deal(pipeline="sales", stage=stages[n % 3], title=title, amount=amount, close_date=close)
    orders: dict[str, Any] = {
        "id": lambda deal: (),
        "name": lambda deal: deal.title.casefold(),
        "stage": lambda deal: SALES.position(deal.stage),
        "created": lambda deal: deal.created_at,
    }
    for sort in ("id", "name", "stage", "created", "close_date", "amount"):
        for descending in (False, True):
            query = DealQuery(sort=sort, descending=descending)  # type: ignore[arg-type]
            seen: list[Deal] = []
            after = None
            while True:
                page = crm.page_deals(query, after=after, limit=5)
                seen.extend(page.items)
                after = page.next
                if after is None:
                    break
                crm.update_deal(seen[0].id, DealChanges(reference=f"{sort}{len(seen)}{descending}"))
            assert sorted(int(deal.id) for deal in seen) == list(range(1, 13)), sort
            if sort in orders:
                keys = [(orders[sort](deal), int(deal.id)) for deal in seen]
                assert keys == sorted(keys, reverse=descending), sort
            else:
                unset = [getattr(deal, sort) is None for deal in seen]
                assert unset == sorted(unset), "what is unset comes last"


def test_deals_are_filtered(crm: EmbeddedCrm, staff: Staff) -> None:
    bo = crm.create_contact(name="Bo")
    deal = lead(crm, title="Café 100%_x", contacts=[bo.id], owner="Ben", close_date=START.date(), reference="R")
    lead(crm, title="other")
    day = timedelta(days=1)
    for query in (
        DealQuery(name="CAFÉ"),
        DealQuery(name="100%_X"),
        DealQuery(owner="ben@example.com"),
        DealQuery(contact=bo.id),
        DealQuery(reference="R"),
        DealQuery(close_from=START.date(), close_to=START.date()),
    ):
        assert crm.page_deals(query).items == (deal,)
    for query, many in (
        (DealQuery(name="100_"), 0),
        (DealQuery(created_from=START, created_to=START + day), 2),
        (DealQuery(created_to=START), 0),
        (DealQuery(close_from=START.date() + day), 0),
        (DealQuery(contact="99"), 0),
        (DealQuery(pipeline="sales", stage="incoming"), 2),
        (DealQuery(pipeline="nowhere"), 0),
    ):
        assert len(crm.page_deals(query).items) == many
    assert sum(each.deals for each in crm.count_by_stage(DealQuery(name="café"))) == 1
    assert crm.page_contacts(ContactQuery(name="bO")).items == (bo,)


@pytest.mark.parametrize("hostile", ["\0", "a\0b", "\ud800", "x" * 1_000_000])
def test_what_no_database_holds_is_refused_wherever_it_is_said(crm: EmbeddedCrm, staff: Staff, hostile: str) -> None:
    deal = lead(crm)
    for act in (
        lambda: crm.page_deals(DealQuery(name=hostile)),
        lambda: crm.page_deals(DealQuery(pipeline=hostile)),
        lambda: crm.page_deals(DealQuery(owner=hostile)),
        lambda: crm.page_deals(DealQuery(reference=hostile)),
        lambda: crm.page_deals(after=hostile),
        lambda: crm.page_contacts(ContactQuery(phone=hostile)),
        lambda: crm.keep(hostile, "x", "user:1", {}),
        lambda: crm.rename_pipeline(hostile, "x"),
        lambda: crm.create_pipeline("x", key=hostile),
        lambda: crm.move_deal(deal.id, "sales", hostile),
        lambda: crm.move_deal(deal.id, "sales", "won", owner=hostile),
        lambda: crm.merge_deals(deal.id, hostile),
        lambda: crm.complete_task(hostile),
        lambda: crm.revoke_token(hostile),
    ):
        with pytest.raises(Rejected) as refusal:
            act()
        assert len(str(refusal.value)) < 500
    assert crm.token(hostile) is None
    assert asyncio.run(crm.find_deals([hostile])) == {}
    assert crm.deal(hostile) is None and crm.contact(hostile) is None and crm.task(hostile) is None


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WyJpZCIsInhdIl0", "WyJpZCIsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTldCg"])
def test_a_cursor_of_nobody_is_refused(small: EmbeddedCrm, cursor: str) -> None:
    refused("bad_cursor", lambda: small.page_deals(after=cursor))
    for limit in (0, 501):
        refused("bad_limit", lambda limit=limit: small.page_deals(limit=limit))


def test_the_one_deal_of_a_reference_is_found(crm: EmbeddedCrm, staff: Staff) -> None:
    one = lead(crm, reference="A")
    for _ in range(2):
        lead(crm, reference="B")
    assert asyncio.run(crm.find_deals(["A", "B", "C", " A "])) == {"A": one, " A ": one}


@pytest.mark.slow
def test_the_change_of_a_contact_on_very_many_deals_stays_cheap(crm: EmbeddedCrm, staff: Staff) -> None:
    bo = crm.create_contact(name="Bo")
    many = 3_000
    crm.create_deals(
        [CreateDeal(pipeline="sales", stage="incoming", title="x", contacts=(bo.id,)) for _ in range(many)]
    )
    while items := crm.pull(500):
        crm.taken([item.event.source_id for item in items])
    crm.update_contact(bo.id, phone="+1")
    (event,) = drain(crm)
    assert [deal.id for deal in event.deals] == [str(n) for n in range(many, many - 50, -1)]
    assert event.more == many - 50
    with crm._database.read() as connection:
        assert connection.execute(text("select count(*) from outbox")).scalar() == many + 1


# --- tokens and transactions ------------------------------------------------------------------------------------------


def test_a_token_is_known_by_its_secret_until_it_is_revoked(crm: EmbeddedCrm, staff: Staff) -> None:
    made, secret = crm.add_token("shop", "administrator", user="Ben")
    assert (made.name, made.role, made.user_id) == ("shop", "administrator", staff.ben)
    assert crm.token(secret) == made and crm.token(secret + "x") is None
    assert secret not in repr(crm.tokens())
    revoked = crm.revoke_token(made.id)
    assert revoked.revoked_at == START and crm.token(secret) is None
    assert crm.revoke_token(made.id) == revoked and crm.tokens() == [revoked]
    refused("bad_role", lambda: crm.add_token("shop", "king"))
    refused("bad_name", lambda: crm.add_token(" ", "administrator"))
    with pytest.raises(NotFound):
        crm.revoke_token("99")


def test_calls_together_are_one_transaction(crm: EmbeddedCrm, staff: Staff) -> None:
    with pytest.raises(NotFound), crm.together():
        lead(crm)
        crm.keep("k", "api.x", "user:1", {"status": 201})
        assert len(crm.deals()) == 1, "it sees its own writes"
        crm.update_deal("99", DealChanges(title="y"))
    assert crm.deals() == [] and crm.kept("k") is None
    with crm.together():
        lead(crm)
        crm.keep("k", "api.x", "user:1", {"status": 201})
    assert len(crm.deals()) == 1 and crm.kept("k") == {"status": 201}
