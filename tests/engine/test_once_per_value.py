"""Once per value: what a field or an event told before is no news, on this deal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from engine_world import MONDAY, Sales, World, account, some_deal
from hypothesis import given
from hypothesis import strategies as st

from dealwright import (
    Automation,
    DealFields,
    contact_updated,
    deal_updated,
    event_received,
    once,
    set_task,
    value,
    working_days,
)
from dealwright.compile import ir
from dealwright.engine.facts import Facts
from dealwright.engine.guards.again import scope
from dealwright.engine.guards.base import Candidate
from dealwright.engine.records import EffectRow
from dealwright.language.triggers import Trigger
from dealwright.model.crm import Contact, Deal, Money
from dealwright.model.delivery import Idempotent
from dealwright.model.events import ContactUpdated, DealUpdated, Event, EventReceived
from dealwright.model.requests import DealChanges, SetTask

deal = DealFields()


def rule(on: Trigger) -> ir.Automation:
    made = Automation(key="r", on=on, again=once(per=value), do=[set_task("t", text="Look", due=working_days(1))])
    return next(each for each in account(made).automations if each.key == "r")


def scope_of(automation: ir.Automation, event: Event, about: Deal) -> str:
    assert isinstance(automation.again, ir.Once)
    request = SetTask(deal_id=about.id, text="Look", due_at=MONDAY)
    effect = EffectRow(
        key="k",
        execution_id="x",
        step="t",
        target="",
        state="planned",
        delivery=Idempotent(),
        request=request,
        attempts=0,
    )
    facts = Facts(deal=about, event=event, as_of=MONDAY, since_turn=1)
    found = Candidate(effect=effect, automation=automation, account=account(), facts=facts, person=None, now=MONDAY)
    return scope(automation.again, found)


def updated(after: Deal) -> DealUpdated:
    return DealUpdated(source_id="e", occurred_at=MONDAY, actor="user:ana", after=after, before=some_deal())


@given(st.lists(st.sampled_from([None, "100", "100.00", "1E+2", "99", "0"]), min_size=2, max_size=2))
def test_equal_amounts_are_one_value_however_they_are_written(two: list[str | None]) -> None:
    watching = rule(deal_updated(fields=[deal.amount]))
    amounts = [None if each is None else Decimal(each) for each in two]
    told = [some_deal(amount=None if each is None else Money(each, "USD")) for each in amounts]
    first, second = (scope_of(watching, updated(each), each) for each in told)
    assert (first == second) == (amounts[0] == amounts[1])


def test_other_fields_and_other_deals_make_the_difference_that_they_are() -> None:
    watching = rule(deal_updated(fields=[deal.close_date, deal.tags]))
    one = some_deal(close_date=date(2026, 4, 1), tags=("a", "b"))
    for same in (msgspec.structs.replace(one, title="Another"), msgspec.structs.replace(one, tags=("b", "a"))):
        assert scope_of(watching, updated(same), same) == scope_of(watching, updated(one), one)
    for other in (
        msgspec.structs.replace(one, close_date=date(2026, 4, 2)),
        msgspec.structs.replace(one, tags=("a",)),
        msgspec.structs.replace(one, id="2"),
    ):
        assert scope_of(watching, updated(other), other) != scope_of(watching, updated(one), one)


def test_a_contacts_value_is_counted_and_stands_in_no_scope() -> None:
    watching = rule(contact_updated(fields=[deal.main_contact.email]))
    kim = Contact(id="7", name="Kim", email="kim@example.com")
    about = some_deal(contacts=(kim,))

    def told(contact: Contact) -> str:
        event = ContactUpdated(
            source_id="e", occurred_at=MONDAY, actor="user:ana", contact=contact, changed=("email",), deals=(about,)
        )
        return scope_of(watching, event, about)

    assert "kim" not in told(kim)
    assert told(kim) == told(msgspec.structs.replace(kim, name="Kim B"))
    assert told(kim) != told(msgspec.structs.replace(kim, email="other@example.com"))


def test_what_a_system_tells_twice_is_one_value() -> None:
    watching = rule(event_received("invoice-paid", data=["number"]))
    about = some_deal()

    def told(**data: str) -> str:
        event = EventReceived(
            source_id="e", occurred_at=MONDAY, actor="hook", source="erp", name="invoice-paid", deal=about, data=data
        )
        return scope_of(watching, event, about)

    assert told(number="1", sent="today") == told(number="1", sent="tomorrow")
    assert told(number="1") != told(number="2")
    assert told(number="") == told()


def test_a_value_that_comes_back_sets_nothing_off(tmp_path: Path, journal_url: str) -> None:
    watching = Automation(
        key="worth",
        why="",
        on=deal_updated(fields=[deal.amount], in_=Sales),
        again=once(per=value),
        do=[set_task("look", text="Worth {{ deal.amount }}", due=working_days(1))],
    )
    world = World(tmp_path, account(watching), journal_url=journal_url)
    made = world.new_deal(amount=100)
    for amount in (200, 300, 200, 300, 400):
        world.crm.update_deal(made.id, DealChanges(amount=Money(Decimal(amount), "USD")))
        world.work()
    assert world.states() == {"worth": {"done": 3, "skipped": 2}}
    assert sorted(task.text for task in world.crm.tasks()) == [
        "Worth 200.00 USD",
        "Worth 300.00 USD",
        "Worth 400.00 USD",
    ]
    world.close()
