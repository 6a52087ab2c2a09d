"""Which automations an event sets off, and how chains of our own writes end."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal

from dealwright import (
    Automation,
    Number,
    Record,
    Text,
    activity_logged,
    contact_added,
    contact_removed,
    contact_updated,
    date_reached,
    days,
    deal_created,
    deal_updated,
    entered,
    event_received,
    every_event,
    message_failed,
    message_received,
    no_activity,
    owner_changed,
    record_added,
    record_removed,
    record_updated,
    replied,
    stage_changed,
    stop,
    task_completed,
)
from dealwright.compile import ir
from dealwright.compile.later import Unheard
from dealwright.engine.records import ToRoute
from dealwright.engine.route import MAX_DEPTH, matches, route
from dealwright.model.crm import Activity, Contact, Deal, Task
from dealwright.model.crm import Record as Held
from dealwright.model.events import (
    ActivityLogged,
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    DealUpdated,
    Event,
    EventReceived,
    MessageReceived,
    RecordAdded,
    RecordRemoved,
    RecordUpdated,
    StageChanged,
    TaskCompleted,
)
from dealwright.model.messages import Message

CREATED = created()
CREATED_QUOTED = created(stage="quoted")
ELSEWHERE = created(pipeline="renewals")
MARIA = Contact(id="9", name="Maria")


def told(kind: type[Event], **more: object) -> Event:
    """Return an event about the deal, which was in Incoming and is in Quoted."""
    return kind(
        source_id="e",
        occurred_at=MONDAY,
        actor="user:ana",
        **({"before": some_deal(), "after": some_deal(stage="quoted", version=2)} | more),  # type: ignore[arg-type]
    )


MOVED = told(StageChanged)
UPDATED = told(DealUpdated, changed=("amount", "title"))
ADDED = told(ContactAdded, contact=MARIA)
REMOVED = told(ContactRemoved, contact=MARIA)


AWAY = some_deal(pipeline="renewals")
TASK = Task(id="t", deal_id="1", text="Call", due_at=MONDAY, created_at=MONDAY)
CALL = Activity(id="a", deal_id="1", kind="call", at=MONDAY)


def received(**changes: Any) -> EventReceived:
    """Return an event from outside about the deal, as it was observed."""
    fields = {"source": "billing", "name": "paid", "deal": some_deal(), "observed": True}
    return EventReceived(source_id="e", occurred_at=MONDAY, actor="hook:billing", **(fields | changes))


def corrected(*deals: Deal, more: int = 0) -> ContactUpdated:
    """Return the event of a contact who got another e-mail address, and is on these deals."""
    return ContactUpdated(
        source_id="e", occurred_at=MONDAY, actor="user:ana", contact=MARIA, changed=("email",), deals=deals, more=more
    )


CORRECTED = corrected(some_deal())
GIVEN = told(DealUpdated, changed=("owner",))
DONE = told(TaskCompleted, task=TASK)
CALLED = told(ActivityLogged, activity=CALL)
MET = told(ActivityLogged, activity=msgspec.structs.replace(CALL, kind="meeting"))
PAID = received()
ASKED = Message(id="m", contact_id="9", direction="in", text="When?", at=MONDAY, author="Maria")


def wrote(*deals: Deal, more: int = 0) -> MessageReceived:
    """Return the event of a contact who has written, and is on these deals."""
    return MessageReceived(
        source_id="e", occurred_at=MONDAY, actor="user:ana", contact=MARIA, message=ASKED, deals=deals, more=more
    )


WROTE = wrote(some_deal())


class Line(Record):
    sku, qty = Text("SKU"), Number("Qty")


LINE, ANOTHER = Held(id="r", kind="line"), Held(id="r", kind="instalment")
LINED = told(RecordAdded, record=LINE)
RELINED = told(RecordUpdated, record=LINE, changed=("qty",))
UNLINED = told(RecordRemoved, record=LINE)


def one(trigger: object, *, key: str = "one") -> ir.Automation:
    """Compile one automation with this trigger."""
    return account(Automation(key=key, why="", on=trigger, again=every_event(), do=[stop()])).automations[0]  # type: ignore[arg-type]


CASES: list[tuple[Any, list[Event], list[Event]]] = [
    (deal_created(), [CREATED, CREATED_QUOTED, ELSEWHERE], [MOVED, UPDATED, ADDED]),
    (deal_created(in_=Sales), [CREATED, CREATED_QUOTED], [ELSEWHERE]),
    (deal_created(in_=Sales.quoted), [CREATED_QUOTED], [CREATED, MOVED]),
    (entered(Sales.quoted), [CREATED_QUOTED, MOVED], [CREATED, UPDATED]),
    (stage_changed(), [MOVED], [CREATED_QUOTED]),
    (stage_changed(from_=Sales.incoming, to=Sales.quoted), [MOVED], []),
    (stage_changed(from_=Sales.agreed), [], [MOVED]),
    (stage_changed(to=Sales.agreed), [], [MOVED]),
    (deal_updated(), [UPDATED], [MOVED]),
    (deal_updated(fields=[deal.amount]), [UPDATED], [MOVED]),
    (deal_updated(fields=[deal.reference]), [], [UPDATED]),
    (contact_added(), [ADDED], [REMOVED]),
    (contact_removed(), [REMOVED], [ADDED]),
    (contact_added(in_=Sales), [ADDED], [REMOVED, told(ContactAdded, contact=MARIA, after=AWAY)]),
    (contact_removed(in_=Sales), [REMOVED], [told(ContactRemoved, contact=MARIA, after=AWAY)]),
    (contact_updated(), [CORRECTED], [ADDED, REMOVED, UPDATED]),
    (contact_updated(fields=[deal.main_contact.email, deal.main_contact.name]), [CORRECTED], []),
    (contact_updated(fields=deal.main_contact.phone), [], [CORRECTED]),
    (owner_changed(), [GIVEN], [UPDATED, MOVED, CREATED]),
    (owner_changed(in_=Sales), [GIVEN], [told(DealUpdated, changed=("owner",), after=AWAY)]),
    (deal_updated(fields=[deal.owner]), [GIVEN], [UPDATED]),
    (task_completed(), [DONE], [CALLED, UPDATED]),
    (task_completed(in_=Sales), [DONE], [told(TaskCompleted, task=TASK, after=AWAY)]),
    (activity_logged(), [CALLED, MET], [DONE]),
    (activity_logged(kind="call"), [CALLED], [MET]),
    (activity_logged(kind=["email", "meeting"]), [MET], [CALLED]),
    (activity_logged(kind="call", in_=Sales), [CALLED], [told(ActivityLogged, activity=CALL, after=AWAY)]),
    (message_received(), [WROTE], [CORRECTED, CALLED]),
    (message_received(in_=Sales), [WROTE], [wrote(AWAY)]),
    (replied(), [WROTE], [CORRECTED, CALLED]),
    (record_added(Line), [LINED], [RELINED, UNLINED, told(RecordAdded, record=ANOTHER)]),
    (record_added(Line, in_=Sales), [LINED], [told(RecordAdded, record=LINE, after=AWAY)]),
    (record_updated(Line), [RELINED], [LINED, UNLINED, told(RecordUpdated, record=ANOTHER, changed=("qty",))]),
    (record_updated(Line, fields=Line.qty), [RELINED], []),
    (record_updated(Line, fields=[Line.sku], in_=Sales), [], [RELINED]),
    (record_removed(Line), [UNLINED], [LINED, RELINED, told(RecordRemoved, record=ANOTHER)]),
    (event_received("paid"), [PAID], [received(name="unpaid"), UPDATED]),
    (event_received("paid", from_="billing", in_=Sales), [PAID], [received(source="shop"), received(deal=AWAY)]),
]


@pytest.mark.parametrize(("trigger", "yes", "no"), CASES)
def test_a_trigger_answers_its_own_events_only(trigger: object, yes: list[Event], no: list[Event]) -> None:
    on = one(trigger).on
    assert all(matches(on, event, about) for event in yes for about in event.about)
    assert not any(matches(on, event, about) for event in no for about in event.about)


def test_every_trigger_is_tried() -> None:
    assert {type(one(trigger).on) for trigger, _, _ in CASES} == set(get_args(ir.Trigger)) - set(get_args(Unheard))


@pytest.mark.parametrize("trigger", [date_reached(deal.close_date), no_activity(for_=days(1)), message_failed()])
def test_what_nothing_tells_of_yet_answers_nothing(trigger: object) -> None:
    tried = [event for _, yes, _ in CASES for event in yes]
    assert not any(matches(one(trigger).on, event, about) for event in tried for about in event.about)


COMPANY = account(
    Automation(key="first", why="", on=deal_updated(), again=every_event(), do=[stop()]),
    Automation(key="second", why="", on=deal_updated(), again=every_event(), do=[stop()]),
)


def test_an_event_of_our_own_chain_does_not_set_off_what_ran_already() -> None:
    item = ToRoute(id=5, event=UPDATED, chain=1, depth=1, ran={"deal:1": frozenset({"first"})})
    routed = route(COMPANY, [item])
    assert [(entry.automation, bool(entry.skipped)) for entry in routed] == [("first", True), ("second", False)]
    assert "ran for this deal in this chain already" in routed[0].skipped


def test_two_events_of_one_chain_in_one_batch_set_off_an_automation_once() -> None:
    items = [ToRoute(id=id_, event=UPDATED, chain=1, depth=1) for id_ in (5, 6)]
    assert [bool(entry.skipped) for entry in route(COMPANY, items)] == [False, False, True, True]


def test_a_person_who_does_the_same_later_is_no_echo() -> None:
    items = [ToRoute(id=id_, event=UPDATED) for id_ in (5, 6)]
    assert not any(entry.skipped for entry in route(COMPANY, items))


def test_the_depth_of_a_chain_is_bounded() -> None:
    deep = ToRoute(id=5, event=UPDATED, chain=1, depth=MAX_DEPTH + 1)
    assert all("in a row" in entry.skipped for entry in route(COMPANY, [deep]))


@pytest.mark.parametrize(("answer", "count"), [("on", 2), ("tasks", 1), ("off", 0)])
def test_an_import_chooses_which_automations_may_answer(answer: str, count: int) -> None:
    tasks = msgspec.structs.replace(COMPANY.automations[0], origin="stage-tasks")
    company = msgspec.structs.replace(COMPANY, automations=(tasks, COMPANY.automations[1]))
    event = msgspec.structs.replace(UPDATED, answer=answer)
    assert len(route(company, [ToRoute(id=5, event=event)])) == count


# --- a contact on several deals -------------------------------------------------------------------------------------

WATCH = account(
    Automation(key="in-sales", on=contact_updated(in_=Sales), again=every_event(), do=[stop()]),
    Automation(key="anywhere", on=contact_updated(), again=every_event(), do=[stop()]),
)
TWO, THREE = some_deal(id="2"), some_deal(id="3", pipeline="renewals")


def test_a_contact_that_changed_is_answered_once_for_each_of_its_deals() -> None:
    routed = route(WATCH, [ToRoute(id=5, event=corrected(some_deal(), TWO, THREE))])
    assert [(entry.automation, entry.subject, entry.skipped) for entry in routed] == [
        ("in-sales", "deal:1", ""),
        ("anywhere", "deal:1", ""),
        ("in-sales", "deal:2", ""),
        ("anywhere", "deal:2", ""),
        ("anywhere", "deal:3", ""),
    ]


def test_an_echo_is_known_by_the_deal_it_ran_for() -> None:
    item = ToRoute(
        id=5, event=corrected(some_deal(), TWO), chain=1, depth=1, ran={"deal:2": frozenset({"in-sales", "anywhere"})}
    )
    assert [(entry.subject, bool(entry.skipped)) for entry in route(WATCH, [item])] == [
        ("deal:1", False), ("deal:1", False), ("deal:2", True), ("deal:2", True),
    ]  # fmt: skip


def test_a_contact_on_too_many_deals_is_told_and_not_answered() -> None:
    routed = route(WATCH, [ToRoute(id=5, event=corrected(some_deal(), TWO, more=1))])
    assert len(routed) == 4
    assert {entry.skipped for entry in routed} == {"the contact is on more than 50 open deals"}
    heard = account(Automation(key="heard", on=message_received(), again=every_event(), do=[stop()]))
    (entry,) = route(heard, [ToRoute(id=5, event=wrote(some_deal(), more=1))])
    assert entry.skipped == "the contact is on more than 50 open deals"


def test_a_contact_without_deals_and_an_event_without_a_deal_set_off_nothing() -> None:
    paid = account(Automation(key="paid", on=event_received("paid"), do=[stop()]))
    assert route(WATCH, [ToRoute(id=5, event=corrected())]) == []
    assert route(paid, [ToRoute(id=5, event=received(deal=None))]) == []
    assert [entry.subject for entry in route(paid, [ToRoute(id=5, event=PAID)])] == ["deal:1"]
