"""Records under deals: typed, told, bounded, moved with their deal and gone with it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from crm_world import START, call, drain, perform
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import event, insert, select, update

from dealwright.errors import InputError, NotFound, Rejected
from dealwright.model.crm import MOST_RECORDS, Deal, Money, Record, User
from dealwright.model.custom import Custom, FieldShape, FieldShapes, RecordShape, held, value_of
from dealwright.model.events import DealUpdated, RecordAdded, RecordRemoved, RecordUpdated
from dealwright.model.requests import (
    CreateRecord,
    DealChanges,
    Refused,
    RemoveRecord,
    Request,
    Sent,
    UpdateDeal,
    UpdateRecord,
)
from dealwright.ports import DealKey
from dealwright_embedded_crm import EmbeddedCrm, change_records, deal_records, feed, schema
from dealwright_embedded_crm.own_sight import Sight

INSTALMENT = RecordShape(
    key="instalment",
    label="Instalment",
    fields=(
        FieldShape(key="amount", type="money"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="paid", type="flag"),
        FieldShape(key="way", type="choice", options=("card", "cash")),
        FieldShape(key="keeper", type="user", sensitive=True),
    ),
)
LINE = RecordShape(key="line", fields=(FieldShape(key="product", type="text"), FieldShape(key="amount", type="number")))
PLANS = FieldShapes(deal=(FieldShape(key="amount", type="text"),), records=(INSTALMENT, LINE))

HUNDRED = Custom("amount", held(Money(Decimal("100.00"), "USD")))
DUE = Custom("due_on", held(date(2026, 12, 1)))
PAID = Custom("paid", held(True))


@pytest.fixture
def plans(crm: EmbeddedCrm) -> EmbeddedCrm:
    """A CRM that knows instalments and lines, on each database."""
    crm.shape([], fields=PLANS, apply=True)
    return crm


def a_deal(crm: EmbeddedCrm, **more: Any) -> str:
    return crm.create_deal(pipeline="sales", stage="incoming", title="A crown", **more).id


def read(crm: EmbeddedCrm, deal_id: str) -> Deal:
    found = crm.deal(deal_id)
    assert found is not None
    return found


def told(crm: EmbeddedCrm, fields: FieldShapes, *, apply: bool = True) -> list[str]:
    changes = crm.shape([], fields=fields, apply=apply)
    return [each.what if each.refused is None else f"{each.what}: {each.refused}" for each in changes]


def many(crm: EmbeddedCrm, deal_id: str, number: int) -> None:
    """Put so many lines under a deal without an event for each."""
    with crm._database.write() as connection:
        rows = [
            {
                "id": 1_000_000 + each,
                "deal_id": int(deal_id),
                "kind": "line",
                "custom": None,
                "created_at": START,
                "updated_at": START,
            }
            for each in range(number)
        ]
        connection.execute(insert(schema.records), rows)
        deals, counters = schema.deals, schema.counters
        connection.execute(update(counters).where(counters.c.name == "record").values(last=1_000_000 + number))
        connection.execute(update(deals).where(deals.c.id == int(deal_id)).values(records=number))


@contextmanager
def asked(crm: EmbeddedCrm) -> Iterator[list[str]]:
    """Gather the queries that reach the database."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(crm._database._engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(crm._database._engine, "before_cursor_execute", note)


# --- kinds ----------------------------------------------------------------------------------------------------------


def test_kinds_are_made_and_the_second_time_nothing_differs(crm: EmbeddedCrm) -> None:
    wanted = [
        "create records of kind instalment",
        "create records of kind line",
        "create field deal.amount (text)",
        "create field instalment.amount (money)",
    ]
    assert told(crm, PLANS, apply=False)[:4] == wanted
    assert crm.own_fields().kinds == ()
    assert told(crm, PLANS)[:4] == wanted
    assert told(crm, PLANS) == []
    assert [each.shape for each in crm.own_fields().of("instalment")] == list(INSTALMENT.fields)
    assert told(crm, replace(PLANS, records=(LINE, replace(INSTALMENT, label="Part")))) == [
        "change records of kind instalment: label 'Instalment' -> 'Part'",
        "reorder the kinds of records",
    ]


def test_a_kind_that_no_release_names_is_kept_with_its_records(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans)
    kept = plans.add_record(deal, "instalment", (HUNDRED,))
    gone = replace(PLANS, records=(LINE,))
    assert told(plans, gone) == ["keep records of kind instalment, which no release names any more (there is 1)"]
    assert told(plans, gone) == []
    assert read(plans, deal).record(kept.record.id) == kept.record
    with pytest.raises(Rejected, match="no release any more") as refused:
        plans.add_record(deal, "instalment")
    assert refused.value.code == "retired_kind"
    with pytest.raises(Rejected, match="can be cleared"):
        plans.update_record(kept.record.id, (PAID,))
    assert plans.update_record(kept.record.id, (Custom("amount", None),)).record.custom is UNSET
    # An execution that follows the release before still adds one.
    (sent,) = perform(plans, call("1", CreateRecord(deal_id=deal, record="instalment", custom=(PAID,))))
    assert isinstance(sent, Sent)
    assert told(plans, PLANS)[0] == "take back records of kind instalment, which the release names again"
    assert value_of(read(plans, deal).records[-1].custom, "paid") is True  # type: ignore[index]


def test_a_renamed_field_of_records_takes_its_values_along_and_only_those_of_its_kind(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans, custom=(Custom("amount", held("ten")),))
    one = plans.add_record(deal, "instalment", (HUNDRED,)).record.id
    two = plans.add_record(deal, "line", (Custom("amount", held(Decimal(3))),)).record.id
    sum_ = FieldShape(key="sum", type="money", renamed_from=("amount",))
    renamed = replace(INSTALMENT, fields=(sum_, *INSTALMENT.fields[1:]))
    drain(plans)
    assert told(plans, replace(PLANS, records=(renamed, LINE))) == ["rename field instalment.amount to instalment.sum"]
    assert drain(plans) == [], "nobody changed a deal"
    found = read(plans, deal)
    assert found.record(one) == Record(id=one, kind="instalment", custom=(Custom("sum", HUNDRED.value),))
    assert found.record(two) == Record(id=two, kind="line", custom=(Custom("amount", held(Decimal(3))),))
    assert value_of(found.custom, "amount") == "ten"
    (sent,) = perform(plans, call("1", UpdateRecord(deal_id=deal, record_id=one, custom=(replace(HUNDRED),))))
    assert sent == Sent(receipt={"changed": False}), "the old name means the field"


def test_another_type_that_records_do_not_fit_is_refused_and_nothing_is_applied(plans: EmbeddedCrm) -> None:
    plans.add_record(a_deal(plans), "line", (Custom("product", held("A crown")),))
    other = replace(LINE, fields=(FieldShape(key="product", type="number"), LINE.fields[1]))
    (refused,) = told(plans, replace(PLANS, records=(INSTALMENT, other)))
    assert refused.startswith("change field line.product: type text -> number: 1 record holds what is not a number")
    assert told(plans, PLANS) == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("contact", "calls something else"),
        ("in stalment", "letters from a to z"),
        ("inst\u00e1lment", "from a to z"),
        ("Instalment", "looks like"),
    ],
)
def test_a_kind_that_would_be_taken_for_something_else_is_refused(plans: EmbeddedCrm, key: str, why: str) -> None:
    refused = told(plans, replace(PLANS, records=(LINE, RecordShape(key=key, fields=()))))
    assert any(why in each for each in refused)
    assert told(plans, PLANS) == []


def test_two_kinds_of_one_look_are_refused(small: EmbeddedCrm) -> None:
    for twin in ("instalment", "Instalment", "\uff49nstalment"):
        with pytest.raises(InputError, match="look, the same"):
            small.shape([], fields=FieldShapes(records=(INSTALMENT, RecordShape(key=twin, fields=()))), apply=False)


# --- what happens to records ------------------------------------------------------------------------------------------


def test_each_change_is_told_with_the_deal_as_it_left_it(plans: EmbeddedCrm) -> None:
    ann = plans.add_user("Ann")
    deal = a_deal(plans)
    drain(plans)
    before = read(plans, deal)
    made = plans.add_record(deal, "instalment", (DUE, HUNDRED), actor=f"user:{ann.id}")
    assert made.record.custom == (HUNDRED, DUE)
    (added,) = drain(plans)
    assert isinstance(added, RecordAdded)
    assert (added.before, added.after, added.record) == (before, read(plans, deal), made.record)
    assert (added.actor, added.after.version, added.after.records) == (f"user:{ann.id}", 2, (made.record,))
    keeper = Custom("keeper", held(User(id="Ann", name="")))
    changed = plans.update_record(made.record.id, (PAID, DUE, keeper))
    (updated,) = drain(plans)
    assert isinstance(updated, RecordUpdated)
    assert (updated.record, updated.previous, updated.changed) == (changed.record, made.record, ("paid", "keeper"))
    assert value_of(updated.record.custom, "keeper") == ann
    assert updated.after == read(plans, deal)
    plans.update_record(made.record.id, (PAID,))
    assert drain(plans) == [], "what changes nothing tells nothing"
    plans.remove_record(made.record.id)
    (removed,) = drain(plans)
    assert isinstance(removed, RecordRemoved)
    assert (removed.record, removed.after) == (changed.record, read(plans, deal))
    assert (removed.after.records, removed.after.version) == (UNSET, 4)
    with pytest.raises(NotFound):
        plans.remove_record(made.record.id)


def test_calls_are_carried_out_once_and_each_whole_or_refused(plans: EmbeddedCrm) -> None:
    deal, other = a_deal(plans), a_deal(plans)
    create = CreateRecord(deal_id=deal, record="instalment", custom=(HUNDRED,))
    first, again, second = perform(plans, call("1", create), call("1", create), call("2", create))
    assert isinstance(first, Sent)
    assert again == Sent(receipt=first.receipt, repeated=True)
    assert isinstance(second, Sent)
    assert first.receipt != second.receipt
    record = str(first.receipt["record_id"])
    assert asyncio.run(plans.look([call("1", create), call("9", create)])) == [True, False]
    pay = UpdateRecord(deal_id=deal, record_id=record, custom=(PAID,))
    remove = RemoveRecord(deal_id=deal, record_id=record)
    assert perform(plans, call("3", pay), call("4", pay), call("5", remove), call("6", remove), call("5", remove)) == [
        Sent(receipt={"changed": True}),
        Sent(receipt={"changed": False}),
        Sent(receipt={"removed": True}),
        Sent(receipt={"removed": False}),
        Sent(receipt={"removed": True}, repeated=True),
    ]
    rest = str(second.receipt["record_id"])
    bad = [
        CreateRecord(deal_id="999", record="instalment"),
        CreateRecord(deal_id=deal, record="instalement"),
        CreateRecord(deal_id=deal, record="instalment", custom=(Custom("amuont", HUNDRED.value),)),
        CreateRecord(deal_id=deal, record="instalment", custom=(Custom("way", held("cheque")),)),
        UpdateRecord(deal_id=deal, record_id=rest, custom=(Custom("due_on", held("soon")),)),
        UpdateRecord(deal_id=other, record_id=rest, custom=(PAID,)),
        UpdateRecord(deal_id=deal, record_id=record, custom=(PAID,)),
        UpdateRecord(deal_id=deal, record_id="\u0661", custom=(PAID,)),
        RemoveRecord(deal_id=other, record_id=rest),
    ]
    outcomes = perform(plans, *(call(f"bad {place}", each) for place, each in enumerate(bad)), call("7", pay))
    codes = [each.code for each in outcomes if isinstance(each, Refused)]
    assert codes[:6] == ["unknown_deal", "unknown_kind", "unknown_field", "bad_option", "bad_field", "unknown_record"]
    assert codes[6:] == ["unknown_record"] * 4
    assert "did you mean 'instalment'" in outcomes[1].message  # type: ignore[union-attr]
    assert [each.id for each in read(plans, deal).records or ()] == [rest]
    assert read(plans, other).records is UNSET


def test_a_record_lives_and_dies_in_one_batch(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans)
    drain(plans)
    create = CreateRecord(deal_id=deal, record="line")
    perform(
        plans,
        call("1", create),
        call("2", UpdateRecord(deal_id=deal, record_id="1", custom=(Custom("product", held("x")),))),
        call("3", UpdateDeal(deal_id=deal, changes=DealChanges(title="B"))),
    )
    # The id of the first was not known before the batch: the CRM looks for it among those it has just made.
    assert [each.kind for each in drain(plans)] == ["record_added", "record_updated", "deal_updated"]
    found = read(plans, deal)
    assert (found.title, found.records) == (
        "B",
        (Record(id="1", kind="line", custom=(Custom("product", held("x")),)),),
    )
    perform(
        plans,
        call("4", RemoveRecord(deal_id=deal, record_id="1")),
        call("5", create),
        call("6", RemoveRecord(deal_id=deal, record_id="2")),
    )
    assert read(plans, deal).records is UNSET
    assert plans.page_records(deal).items == ()


def test_deals_have_their_records_however_they_are_read(plans: EmbeddedCrm) -> None:
    deal, bare = a_deal(plans, reference="R1", custom=(Custom("amount", held("ten")),)), a_deal(plans)
    made = tuple(plans.add_record(deal, kind).record for kind in ("instalment", "line", "instalment"))
    whole = read(plans, deal)
    assert (whole.records, whole.records_beyond) == (made, UNSET)
    assert asyncio.run(plans.read_deals([deal, bare])) == {deal: whole, bare: read(plans, bare)}
    assert asyncio.run(plans.deals_in(["sales"], after=None, limit=10))[0] == whole
    assert asyncio.run(plans.find_deals(["R1"])) == {"R1": whole}
    key = DealKey("amount", "ten")
    assert asyncio.run(plans.deals_by_key([key], country="US")) == {key: [whole]}
    assert plans.page_deals().items[0] == whole
    assert [each.record for each in plans.page_records(deal, kind="instalment").items] == [made[0], made[2]]
    page = plans.page_records(deal, limit=2)
    assert [each.record for each in plans.page_records(deal, limit=2, after=page.next).items] == [made[2]]


def test_records_go_with_their_deal(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans)
    record = plans.add_record(deal, "line").record
    plans.delete_deal(deal)
    assert plans.record(record.id) is None


def test_records_move_with_a_merge_and_the_kept_deal_tells_it_once(plans: EmbeddedCrm) -> None:
    kept, absorbed = a_deal(plans), a_deal(plans)
    first = plans.add_record(absorbed, "line").record
    second = plans.add_record(kept, "instalment", (HUNDRED,)).record
    third = plans.add_record(absorbed, "line").record
    drain(plans)
    merged = plans.merge_deals(kept, absorbed)
    assert merged == read(plans, kept)
    assert merged.records == (first, second, third)
    (updated,) = drain(plans)
    assert isinstance(updated, DealUpdated)
    assert (updated.changed, updated.after) == (("records",), merged)
    assert plans.record(first.id).deal_id == kept  # type: ignore[union-attr]
    (outcome,) = perform(plans, call("1", UpdateRecord(deal_id=absorbed, record_id=first.id, custom=(PAID,))))
    assert isinstance(outcome, Refused)
    assert "was merged into" in outcome.message


def test_a_clone_has_no_records(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans)
    plans.add_record(deal, "line")
    assert read(plans, plans.clone_deal(deal).id).records is UNSET


# --- very many --------------------------------------------------------------------------------------------------------


def test_beyond_the_most_that_are_read_records_are_counted(plans: EmbeddedCrm) -> None:
    deal = a_deal(plans)
    many(plans, deal, MOST_RECORDS + 2)
    found = read(plans, deal)
    assert (len(found.records or ()), found.records_beyond) == (MOST_RECORDS, 2)
    drain(plans)
    last = plans.add_record(deal, "line").record
    (added,) = drain(plans)
    assert (added.record, added.after) == (last, read(plans, deal))
    assert added.after.records_beyond == 3
    plans.update_record(last.id, (Custom("product", held("x")),))
    (updated,) = drain(plans)
    assert (updated.record.id, updated.after) == (last.id, read(plans, deal))
    assert updated.after.records == found.records
    plans.remove_record("1000000")
    (removed,) = drain(plans)
    assert removed.after == read(plans, deal)
    assert [each.id for each in (removed.after.records[0], removed.after.records[-1])] == ["1000001", "1000200"]
    for each in ("1000201", last.id):
        plans.remove_record(each)
    assert (len(read(plans, deal).records or ()), read(plans, deal).records_beyond) == (MOST_RECORDS, UNSET)
    other = a_deal(plans)
    plans.add_record(other, "line")
    merged = plans.merge_deals(other, deal)
    assert merged == read(plans, other)
    assert (len(merged.records or ()), merged.records_beyond) == (MOST_RECORDS, 1)


def test_deals_without_records_cost_no_query(plans: EmbeddedCrm) -> None:
    ids = [a_deal(plans) for _ in range(3)]
    with asked(plans) as statements:
        asyncio.run(plans.read_deals(ids))
    assert not any("FROM records" in each for each in statements)
    plans.add_record(ids[0], "line")
    with asked(plans) as statements:
        asyncio.run(plans.read_deals(ids))
    assert sum("FROM records" in each for each in statements) == 1


@pytest.mark.slow  # forty batches, each read back
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_each_event_carries_the_deal_as_it_is_read(
    plans: EmbeddedCrm, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for module in (change_records, deal_records):
        monkeypatch.setattr(module, "MOST_RECORDS", 3)
    chance = random.Random(seed)
    deals = [a_deal(plans), a_deal(plans)]
    under: dict[str, dict[str, str | None]] = {deal: {} for deal in deals}
    drain(plans)
    for step in range(40):
        calls: list[Request] = []
        for _ in range(chance.randint(1, 4)):
            deal = chance.choice(deals)
            record = chance.choice([*under[deal], "999"])
            text = chance.choice(["a", "b", None])
            value = (Custom("product", None if text is None else held(text)),)
            match chance.randrange(4):
                case 0 | 1:
                    calls.append(CreateRecord(deal_id=deal, record="line", custom=value))
                    under[deal][str(_made(plans, calls))] = text
                case 2:
                    calls.append(UpdateRecord(deal_id=deal, record_id=record, custom=value))
                    under[deal].update({record: text} if record in under[deal] else {})
                case 3:
                    calls.append(RemoveRecord(deal_id=deal, record_id=record))
                    under[deal].pop(record, None)
        perform(plans, *(call(f"{step} {place}", each) for place, each in enumerate(calls)))
        last = {each.after.id: each.after for each in drain(plans)}
        for deal, records in under.items():
            found = read(plans, deal)
            assert last.get(deal, found) == found
            shown = {each.id: value_of(each.custom, "product") for each in found.records or ()}
            assert shown == dict(list(records.items())[:3])
            assert (found.records_beyond or 0) == max(0, len(records) - 3)
            pages = plans.page_records(deal, limit=500).items
            assert {each.record.id: value_of(each.record.custom, "product") for each in pages} == records
    merged = plans.merge_deals(*deals)
    everything = sorted((each for records in under.values() for each in records), key=int)
    assert merged == read(plans, deals[0])
    assert [each.id for each in merged.records or ()] == everything[:3]
    assert (merged.records_beyond or 0) == max(0, len(everything) - 3)


def _made(crm: EmbeddedCrm, calls: list[Request]) -> int:
    """Return the id that the last of these calls will give: ids are counted, and nobody else writes."""
    with crm._database.read() as connection:
        counters = schema.counters
        last = connection.execute(select(counters.c.last).where(counters.c.name == "record")).scalar_one()
    return int(last) + sum(isinstance(each, CreateRecord) for each in calls)


# --- who sees what ----------------------------------------------------------------------------------------------------


def test_events_tell_records_as_far_as_they_may_be_seen(plans: EmbeddedCrm) -> None:
    ann = plans.add_user("Ann")
    deal = a_deal(plans)
    record = plans.add_record(deal, "instalment", (HUNDRED, Custom("keeper", held(ann)))).record
    plans.update_record(record.id, (PAID,))
    plans.add_record(deal, "line", (Custom("amount", held(Decimal(3))),))
    plain, whole = Sight(plans.own_fields()), Sight(plans.own_fields(), sensitive=True)
    events = plans.events()
    data = [feed.told(number, raw, plain)["data"] for number, raw in events]
    open_ = {"amount": {"amount": "100.00", "currency": "USD"}}
    assert data[1]["record"] == {"id": record.id, "kind": "instalment", "fields": open_}
    assert data[2]["previous"]["fields"] == open_
    assert data[2]["record"]["fields"] == {**open_, "paid": True}
    assert data[3]["after"]["records"][1]["fields"] == {"amount": "3"}
    assert "Ann" not in str(data)
    assert "custom" not in str(data)
    assert feed.told(*events[1], whole)["data"]["record"]["fields"]["keeper"]["name"] == "Ann"


def test_what_companies_hold_and_is_sensitive_is_not_told_to_everybody(crm: EmbeddedCrm) -> None:
    firm = (FieldShape(key="rating", type="text", sensitive=True), FieldShape(key="segment", type="text"))
    crm.shape([], fields=FieldShapes(company=firm), apply=True)
    a_deal(crm, company="Acme")
    crm.set_company("Acme", (Custom("rating", held("bad payer")), Custom("segment", held("small"))))
    a_deal(crm, company="Acme")
    number, raw = crm.events()[-1]
    told_ = feed.told(number, raw, Sight(crm.own_fields()))
    assert told_["data"]["after"]["company_fields"] == {"segment": "small"}
    assert "bad payer" not in str(told_)
    assert "bad payer" not in str(feed.told(number, raw))
