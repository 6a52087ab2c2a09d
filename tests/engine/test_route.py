"""Which automations an event sets off, and how chains of our own writes end."""

from __future__ import annotations

import msgspec
import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal

from dealwright import (
    Automation,
    contact_added,
    contact_removed,
    deal_created,
    deal_updated,
    entered,
    every_event,
    stage_changed,
    stop,
)
from dealwright.compile import ir
from dealwright.engine.records import ToRoute
from dealwright.engine.route import MAX_DEPTH, matches, route
from dealwright.model.crm import Contact
from dealwright.model.events import ContactAdded, ContactRemoved, DealUpdated, Event, StageChanged

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
        before=some_deal(),
        after=some_deal(stage="quoted", version=2),
        **more,  # type: ignore[arg-type]
    )


MOVED = told(StageChanged)
UPDATED = told(DealUpdated, changed=("amount", "title"))
ADDED = told(ContactAdded, contact=MARIA)
REMOVED = told(ContactRemoved, contact=MARIA)


def one(trigger: object, *, key: str = "one") -> ir.Automation:
    """Compile one automation with this trigger."""
    return account(Automation(key=key, why="", on=trigger, again=every_event(), do=[stop()])).automations[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trigger", "yes", "no"),
    [
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
    ],
)
def test_a_trigger_answers_its_own_events_only(trigger: object, yes: list[Event], no: list[Event]) -> None:
    on = one(trigger).on
    assert all(matches(on, event) for event in yes)
    assert not any(matches(on, event) for event in no)


COMPANY = account(
    Automation(key="first", why="", on=deal_updated(), again=every_event(), do=[stop()]),
    Automation(key="second", why="", on=deal_updated(), again=every_event(), do=[stop()]),
)


def test_an_event_of_our_own_chain_does_not_set_off_what_ran_already() -> None:
    item = ToRoute(id=5, event=UPDATED, chain=1, depth=1, ran=frozenset({"first"}))
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
