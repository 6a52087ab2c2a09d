"""Observing what a CRM tells too little of: one transaction, each change once, whoever observes and whoever dies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from journal_world import ACME, MONDAY, Open, answer, at_once, claim, created, deal, effect_of, execute, gate, turn_of
from msgspec.structs import replace
from sqlalchemy import text

from dealwright import faults
from dealwright.engine.observe import with_stage_since
from dealwright.engine.records import Reading, Routed
from dealwright.journal.store import Journal
from dealwright.model.crm import Contact, Deal
from dealwright.model.events import (
    ContactNoticed,
    ContactUpdated,
    DealCreated,
    DealNoticed,
    DealUpdated,
    Event,
    EventReceived,
    Happened,
    Place,
    StageChanged,
    created_id,
)
from dealwright.model.requests import MoveBack, MoveDeal
from dealwright.ports import ContactRead, FeedItem

B, C, D = (Place("sales", stage) for stage in "bcd")
LEE = Contact(id="c1", name="Sam Lee", phone="+12025550123")


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.arm(None)


def hook(deal_id: str, source_id: str, happened: Happened = "changed", **more: object) -> FeedItem:
    """What the CRM's hook tells of a deal."""
    fields: dict[str, object] = {"occurred_at": MONDAY, "actor": "user:ana", "version": 9}
    event = DealNoticed(source_id=source_id, happened=happened, deal_id=deal_id, **(fields | more))  # type: ignore[arg-type]
    return FeedItem(event=event, raw=b"leads")


def old(id_: str, version: int, **more: object) -> Deal:
    """A deal that is older than any hook of these tests."""
    return replace(deal(id_, version), created_at=MONDAY - timedelta(days=9), **more)  # type: ignore[arg-type]


def observe(journal: Journal, *deals: Deal, contacts: dict[str, ContactRead] | None = None) -> None:
    """Observe what is unrouted with these deals as they were read."""
    rows = tuple(journal.unrouted("acme", 1000))
    journal.observed("acme", Reading(events=rows, deals={each.id: each for each in deals}, contacts=contacts or {}))


def events(journal: Journal) -> list[Event]:
    return [item.event for item in journal.unrouted("acme", 1000)]


def kinds(journal: Journal) -> list[str]:
    return [str(row["kind"]) for row in journal.database.rows(text("select kind from dw_events order by id"))]


def route_all(journal: Journal) -> None:
    """Route what is unrouted; `watch` answers what was updated."""
    found = journal.unrouted("acme", 1000)
    routed = [
        Routed(event_id=item.id, automation="watch", subject=item.event.subject)
        for item in found
        if isinstance(item.event, DealUpdated | StageChanged)
    ]
    assert journal.route(ACME, "release", found, routed)


def know(journal: Journal, *deals: Deal) -> None:
    """Let the deals be known, and route what that told."""
    journal.append("acme", "kommo", [hook(each.id, f"first-{each.id}") for each in deals])
    observe(journal, *deals)
    route_all(journal)


def test_a_hook_becomes_what_it_tells_and_what_else_it_tells_is_appended(journal: Journal) -> None:
    know(journal, old("1", 1))
    journal.append("acme", "kommo", [hook("1", "h1"), hook("2", "h2", "removed")])
    observe(journal, old("1", 2, stage="won", title="Other", contacts=(LEE,)))
    found = events(journal)
    assert [type(each).__name__ for each in found] == ["DealUpdated", "DealNoticed", "ContactAdded", "StageChanged"]
    assert isinstance(found[1], DealNoticed)
    assert found[1].found == "gone"
    assert [each.source_id for each in found] == ["h1", "h2", "h1/2", "h1/3"]
    subjects = [row["subject"] for row in journal.database.rows(text("select subject from dw_events order by id"))]
    assert subjects[1:] == ["deal:1", "deal:2", "deal:1", "deal:1"]
    route_all(journal)
    assert journal.count_unrouted("acme") == 0


def test_what_was_told_is_known_to_whoever_observes_next_before_it_is_routed(open_journal: Open) -> None:
    journal = open_journal()
    journal.record_release(ACME)
    know(journal, old("1", 1))
    journal.append("acme", "kommo", [hook("1", "h1")])
    observe(journal, old("1", 2, title="Other"))
    journal.append("acme", "kommo", [hook("1", "h2", version=2)])
    observe(open_journal(), old("1", 2, title="Other"))
    journal.append("acme", "kommo", [hook("1", "h3", version=3)])
    observe(open_journal(), old("1", 3, title="Third"))
    assert [type(each).__name__ for each in events(journal)] == ["DealUpdated", "DealNoticed", "DealUpdated"]
    route_all(journal)
    late = journal.database.rows(text("select id from events where late"))
    assert not late, "what is routed after a newer observation comes in order all the same"


def test_a_hook_that_came_while_others_were_read_is_told_behind_what_was_appended_for_them(journal: Journal) -> None:
    know(journal, old("1", 1))
    journal.append("acme", "kommo", [hook("1", "h1", "moved", version=2, came_from=B, went_to=C)])
    read = tuple(journal.unrouted("acme", 1000))
    journal.append("acme", "kommo", [hook("1", "h2", "moved", version=3, came_from=C, went_to=D), hook("2", "h3")])
    journal.observed("acme", Reading(events=read, deals={"1": old("1", 2, stage="c")}))
    observe(journal, old("1", 3, stage="d"), old("2", 1))
    moves = [(each.before.stage, each.after.stage) for each in events(journal) if isinstance(each, StageChanged)]  # type: ignore[union-attr]
    assert moves == [("incoming", "b"), ("b", "c"), ("c", "d")]
    assert [each.source_id for each in events(journal)] == ["h1", "h2", "h3", "h1/2", "h2/1"]
    assert [each.found for each in events(journal) if isinstance(each, DealNoticed)] == ["told"]
    assert journal.append("acme", "kommo", [hook("1", "h2", "moved")]) == 0, "its own id is known still"


def test_what_nothing_could_be_read_of_is_recorded_as_such_and_its_change_is_told_by_the_next_hook(
    journal: Journal,
) -> None:
    know(journal, old("1", 1))
    journal.append("acme", "kommo", [hook("1", "h1")])
    (item,) = journal.unrouted("acme", 10)
    journal.observed("acme", Reading(events=(item,), unread=frozenset({item.id})))
    (noticed,) = events(journal)
    assert isinstance(noticed, DealNoticed)
    assert (noticed.found, noticed.must_be_observed) == ("unread", False)
    route_all(journal)
    journal.append("acme", "kommo", [hook("1", "h2")])
    observe(journal, old("1", 2, title="Other"))
    assert [type(each).__name__ for each in events(journal)] == ["DealUpdated"]


def test_two_engines_observe_the_same_hooks_once(open_journal: Open) -> None:
    one, other = open_journal(), open_journal()
    one.record_release(ACME)
    know(one, *(old(str(n), 1) for n in range(20)))
    one.append("acme", "kommo", [hook(str(n), f"h{n}", "moved", went_to=Place("sales", "won")) for n in range(20)])
    deals = [old(str(n), 9, stage="won", title="Other") for n in range(20)]
    at_once(lambda: observe(one, *deals), lambda: observe(other, *deals))
    found = events(one)
    assert sorted(type(each).__name__ for each in found) == ["DealUpdated"] * 20 + ["StageChanged"] * 20
    assert len({each.source_id for each in found}) == 40


@pytest.mark.parametrize("point", ["observe.before-commit", "observe.after-commit"])
def test_who_dies_as_it_observes_loses_nothing_and_tells_nothing_twice(journal: Journal, point: str) -> None:
    know(journal, old("1", 1))
    journal.append("acme", "kommo", [hook("1", "h1", "moved", went_to=Place("sales", "won"))])
    now = old("1", 9, stage="won", title="Other")
    faults.arm(f"{point}:1:raise")
    with pytest.raises(faults.FaultInjected):
        observe(journal, now)
    faults.arm(None)
    observe(journal, now)
    assert [type(each).__name__ for each in events(journal)] == ["StageChanged", "DealUpdated"]


def test_a_young_deal_is_told_created_once_whichever_hook_comes_first(journal: Journal) -> None:
    young = deal("1", 9)
    journal.append("acme", "kommo", [hook("1", "h1")])
    observe(journal, young)
    assert journal.append("acme", "kommo", [hook("1", created_id("1"), "created")]) == 0
    assert [type(each) for each in events(journal)] == [DealCreated]
    journal.append("acme", "kommo", [hook("2", "h2"), hook("2", created_id("2"), "created")])
    observe(journal, young, deal("2", 9))
    assert kinds(journal) == ["deal_created", "deal_noticed", "deal_created"]


def test_an_echo_of_our_own_write_joins_its_chain_and_nobody_elses_does(journal: Journal) -> None:
    know(journal, old("1", 1), old("2", 1))
    journal.append("acme", "crm", [created("c1", old("1", 1))])
    events_ = journal.unrouted("acme", 10)
    assert journal.route(
        ACME, "release", events_, [Routed(event_id=events_[0].id, automation="greet", subject="deal:1")]
    )
    (claimed,) = claim(journal)
    effect = replace(effect_of(journal, claimed), request=MoveDeal(deal_id="1", pipeline="sales", stage="won"))
    journal.plan([turn_of(claimed, effect)])
    gate(journal, [effect])
    answer(journal, [effect])
    went = Place("sales", "won")
    journal.append(
        "acme", "kommo",
        [
            hook("1", "h1", "moved", went_to=went, ours=True, version=2),
            hook("2", "h2", "moved", went_to=went, ours=True, version=2),
        ],
    )  # fmt: skip
    observe(journal, old("1", 2, stage="won"), old("2", 2, stage="won"))
    ours, others = journal.unrouted("acme", 10)
    assert (ours.event.cause, ours.event.actor) == (effect.key, "automation:acme.greet")
    assert (ours.chain, ours.depth, ours.ran) == (events_[0].id, 1, {"deal:1": frozenset({"greet"})})
    assert (others.event.cause, others.event.actor, others.chain) == (None, "user:ana", None)
    journal.append("acme", "kommo", [hook("1", "p1", "moved", went_to=Place("sales", "incoming"), version=3)])
    observe(journal, old("1", 3))
    assert journal.unrouted("acme", 10)[-1].event.cause is None, "a person did it"
    execute(journal, "update effects set sent_at = sent_at - :long", long=11 * 60 * 1_000_000)
    journal.append("acme", "kommo", [hook("1", "h3", "moved", went_to=went, ours=True)])
    observe(journal, old("1", 4, stage="won"))
    assert journal.unrouted("acme", 10)[-1].event.cause is None, "an echo that is expected expires"


def test_what_undid_a_move_is_known_by_its_echo_and_an_echo_is_one(journal: Journal) -> None:
    """A move back was not among the writes that an echo is looked for in: criteria judged it as a person's move."""
    know(journal, old("1", 1))
    journal.append("acme", "crm", [created("c1", old("1", 1))])
    events_ = journal.unrouted("acme", 10)
    routed = [Routed(event_id=events_[0].id, automation="greet", subject="deal:1")]
    assert journal.route(ACME, "release", events_, routed)
    (claimed,) = claim(journal)
    back = MoveBack(
        deal_id="1", leaves_pipeline="sales", leaves_stage="incoming", pipeline="sales", stage="won"
    )  # fmt: skip
    effect = replace(effect_of(journal, claimed), request=back)
    journal.plan([turn_of(claimed, effect)])
    gate(journal, [effect])
    answer(journal, [effect])
    journal.append("acme", "kommo", [hook("1", "h1")])
    observe(journal, old("1", 2, stage="won"))
    (moved,) = journal.unrouted("acme", 10)
    assert (moved.event.kind, moved.event.cause, moved.undoes) == ("stage_changed", effect.key, True)
    assert (moved.chain, moved.depth) == (events_[0].id, 1)
    journal.append("acme", "kommo", [hook("1", "p1", version=3)])
    observe(journal, old("1", 3))
    journal.append("acme", "kommo", [hook("1", "h2", ours=True, version=4)])
    observe(journal, old("1", 4, stage="won"))
    assert [item.event.cause for item in journal.unrouted("acme", 10)] == [effect.key, None, None]


def test_a_contact_is_told_with_what_changed_since_it_was_met_on_a_deal(journal: Journal) -> None:
    known = old("1", 1, contacts=(LEE,))
    know(journal, known)
    noticed = ContactNoticed(source_id="k1", occurred_at=MONDAY, actor="user:ana", happened="changed", contact_id="c1")
    other = replace(LEE, phone="+12025550199")
    for n in range(2):
        journal.append("acme", "kommo", [FeedItem(event=replace(noticed, source_id=f"k{n}"), raw=b"contacts")])
        observe(journal, contacts={"c1": ContactRead(contact=other, version=5, deals=(known,))})
    found, again = events(journal)
    assert isinstance(found, ContactUpdated)
    assert (found.changed, found.previous) == (("phone",), LEE)
    assert isinstance(again, ContactNoticed)
    assert again.found == "nothing"


def test_since_when_a_deal_stands_in_its_stage_is_what_its_hook_told_whoever_reads_it(journal: Journal) -> None:
    know(journal, old("1", 1))
    moved_at = MONDAY + timedelta(hours=3)
    went = Place("sales", "won")
    journal.append("acme", "kommo", [hook("1", "h1", "moved", went_to=went, occurred_at=moved_at)])
    read = old("1", 9, stage="won", stage_since=MONDAY - timedelta(days=9), updated_at=moved_at + timedelta(hours=1))
    observe(journal, read)
    told = journal.last_told("acme", ["1", "2"])
    assert set(told) == {"1"}
    assert with_stage_since(read, told["1"]).stage_since == moved_at
    assert with_stage_since(read, None) is read
    on = replace(read, stage="lost")
    assert with_stage_since(on, told["1"]).stage_since == read.updated_at, "its hook is under way"
    route_all(journal)
    paid = EventReceived(source_id="p1", occurred_at=MONDAY, actor="hook:erp", source="erp", name="paid", deal_id="1")
    journal.append("acme", "erp", [FeedItem(event=paid, raw=b"{}")])
    (row,) = journal.unrouted("acme", 10)
    journal.observed("acme", Reading(events=(replace(row, event=replace(paid, deal=read, observed=True)),)))
    (event,) = events(journal)
    assert isinstance(event, EventReceived)
    assert event.deal is not None
    assert event.deal.stage_since == moved_at
