"""The road of events of records: from the CRM through rules about one record and back, once for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from databases import postgresql
from engine_world import MONDAY, Sales, World

from dealwright import (
    Account,
    Automation,
    DealFields,
    Flag,
    Money,
    Number,
    Record,
    add_note,
    branch,
    case,
    create_record,
    days,
    entered,
    every_event,
    move_deal,
    once,
    record,
    record_added,
    record_removed,
    record_updated,
    remove_record,
    stop,
    update_deal,
    update_record,
    wait,
    wait_until,
)
from dealwright.engine.route import MAX_DEPTH
from dealwright.model.crm import Money as Held
from dealwright.model.custom import Custom, held, value_of
from dealwright.testing import compiled_account


class Instalment(Record):
    number, amount, paid, reminders = Number("No."), Money("Amount"), Flag("Paid"), Number("Reminders")


class Shop(DealFields):
    left = Money("Left to pay")


deal = Shop()
theirs = deal.records(Instalment)
unpaid = theirs.where(Instalment.paid.is_false())

PLAN = Automation(
    key="plan",
    on=entered(Sales.quoted),
    again=once(per=deal),
    do=[
        create_record(f"n{number}", Instalment, number=number, amount=deal.amount / 3, paid=False, reminders=0)
        for number in (1, 2, 3)
    ],
)
GREET = Automation(
    key="greet",
    on=record_added(Instalment),
    again=once(per=record),
    do=[add_note("n", text="{{ record.number }} of {{ deal.records.instalment.count }}: {{ record.amount }}")],
)
PAID = Automation(
    key="paid",
    on=record_updated(Instalment, fields=[Instalment.paid]),
    when=[Instalment.paid.is_true()],
    again=once(per=record),
    do=[
        update_deal("left", left=unpaid.total(Instalment.amount)),
        branch("all", case(theirs.all(Instalment.paid.is_true()), move_deal("won", to=Sales.won))),
    ],
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def journal_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None is SQLite."""
    if request.param == "sqlite":
        yield None
    else:
        with postgresql("dw_records") as url:
            yield url


@pytest.fixture
def made(tmp_path: Path, journal_url: str | None) -> Iterator[object]:
    """Return how a company of some automations is made; it is closed at the end."""
    worlds = []

    def company(*automations: Automation) -> World:
        account = Account(
            "acme",
            zone="UTC",
            country="US",
            currency="USD",
            deal_fields=Shop,
            records=[Instalment],
            pipelines=[Sales],
            automations=list(automations),
        )
        worlds.append(World(tmp_path, compiled_account(account), journal_url=journal_url))
        return worlds[-1]

    yield company
    for each in worlds:
        each.close()


def records(world: World, deal_id: str):
    return [each.record for each in world.crm.page_records(deal_id).items]


def notes(world: World, deal_id: str) -> list[str]:
    return sorted(note.text for note in world.crm.notes(deal_id))


def put(world: World, deal_id: str, **fields: object) -> str:
    custom = tuple(Custom(key, held(fields[key])) for key in sorted(fields))
    return world.crm.add_record(deal_id, "instalment", custom).record.id


def reasons(world: World, deal_id: str) -> list[tuple[str, str, str]]:
    found = []
    for story in world.journal.timeline("acme", f"deal:{deal_id}"):
        found += [(each.automation, each.state, each.reason) for each in story.executions]
    return found


def test_from_a_plan_of_three_to_the_last_payment(made):
    world = made(PLAN, GREET, PAID)
    one = world.new_deal(amount=300)
    world.crm.move_deal(one.id, "sales", "quoted")
    world.work()
    first, second, third = records(world, one.id)
    assert notes(world, one.id) == ["1 of 1: 100.00 USD", "2 of 2: 100.00 USD", "3 of 3: 100.00 USD"], "as each left it"
    world.crm.update_record(first.id, [Custom("paid", held(True))])
    world.work()
    assert value_of(world.crm.deal(one.id).custom, "left") == Held(Decimal("200.00"), "USD")
    for state in (False, True):  # paid once more is no news
        world.crm.update_record(first.id, [Custom("paid", held(state))])
    world.work()
    assert [each for each in reasons(world, one.id) if each[0] == "paid"][1:] == [
        ("paid", "skipped", "conditions"),
        ("paid", "skipped", reasons(world, one.id)[-1][2]),
    ]
    for each in (second, third):
        world.crm.update_record(each.id, [Custom("paid", held(True))])
    world.work()
    now = world.crm.deal(one.id)
    assert now.stage == "won" and value_of(now.custom, "left") == Held(Decimal(0), "USD")


def test_a_rule_hears_no_echo_of_its_own_writing_and_others_do(made):
    count = Automation(
        key="count",
        on=record_updated(Instalment),
        again=every_event(),
        do=[update_record("up", Instalment, reminders=Instalment.reminders.or_(0) + 1)],
    )
    told = Automation(
        key="told",
        on=record_updated(Instalment, fields=Instalment.reminders),
        again=every_event(),
        do=[add_note("n", text="{{ record.reminders }}")],
    )
    world = made(count, told)
    one = world.new_deal()
    first, second = (put(world, one.id, number=Decimal(number)) for number in (1, 2))
    world.work()
    world.crm.update_record(first, [Custom("paid", held(True))])
    world.crm.update_record(second, [Custom("paid", held(False))])
    world.work()
    assert notes(world, one.id) == ["1", "1"]
    assert ("count", "skipped", "loop: it ran for this deal in this chain already") in reasons(world, one.id)


def test_a_rule_that_makes_records_of_records_comes_to_an_end(made):
    again = Automation(
        key="again",
        on=record_added(Instalment),
        again=every_event(),
        do=[create_record("one", Instalment, number=Instalment.number + 1)],
    )
    world = made(again)
    one = world.new_deal()
    put(world, one.id, number=Decimal(0))
    world.work()
    assert len(records(world, one.id)) == MAX_DEPTH + 2
    assert reasons(world, one.id)[-1] == ("again", "skipped", f"loop: more than {MAX_DEPTH} automations in a row")


def test_a_wait_and_an_end_are_about_its_own_record(made):
    remind = Automation(
        key="remind",
        on=record_added(Instalment),
        again=once(per=record),
        exit_on=[record_removed(Instalment)],
        do=[
            wait_until(
                "paid",
                record_updated(Instalment, fields=[Instalment.paid]),
                timeout=days(3),
                on_timeout=[add_note("late", text="{{ record.number }} is late"), stop()],
            ),
            add_note("n", text="{{ record.number }} is paid: {{ record.paid }}"),
            wait("later", days(30)),
            remove_record("gone", Instalment),
        ],
    )
    world = made(remind)
    one = world.new_deal()
    first, second, third = (put(world, one.id, number=Decimal(number)) for number in (1, 2, 3))
    world.work()
    world.crm.update_record(first, [Custom("paid", held(True))])
    world.crm.remove_record(third)
    world.work()
    assert notes(world, one.id) == ["1 is paid: yes"]
    states = [state for name, state, _ in reasons(world, one.id)]
    assert sorted(states) == ["done", "waiting", "waiting"], "the third is ended, the others are not"
    world.clock.move_to(MONDAY.replace(day=6))
    world.work()
    assert notes(world, one.id) == ["1 is paid: yes", "2 is late"]
    world.clock.move_to(MONDAY.replace(month=5))
    world.work()
    assert [each.id for each in records(world, one.id)] == [second]


def test_a_record_that_is_gone_is_passed_by(made):
    later = Automation(
        key="later",
        on=record_added(Instalment),
        again=every_event(),
        do=[
            wait("x", days(1)),
            update_record("up", Instalment, reminders=1),
            add_note("n", text="[{{ record.number }}]"),
        ],
    )
    world = made(later)
    one = world.new_deal()
    put(world, one.id, number=Decimal(7))
    world.work()
    world.crm.remove_record(records(world, one.id)[0].id)
    world.clock.move_to(MONDAY.replace(day=6))
    world.work()
    assert notes(world, one.id) == ["[]"]
    assert reasons(world, one.id) == [("later", "done", "")]
