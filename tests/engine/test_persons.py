"""Once per person: a reservation in the database, not a read; in one batch, and in two engines' batches."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account
from sqlalchemy import text

from dealwright import Automation, days, deal_created, once, person, set_task, stage_visit, wait, working_days
from dealwright import entered as entered_stage
from dealwright.compile import ir
from dealwright.model.crm import Contact
from dealwright.model.requests import CreateDeal

GREET = Automation(
    key="greet",
    why="",
    on=deal_created(in_=Sales),
    again=once(per=person),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name }}", due=working_days(1)),
        set_task("note", text="Note", due=working_days(1)),
    ],
)


def people(world: World, count: int, deals_each: int) -> None:
    """Create `count` persons with so many deals each; every deal has a contact of its own.

    The contacts of a person share an e-mail address in changing case, or a phone in changing formats.
    """
    contacts = []
    for number in range(count):
        digits = f"212555{number:04d}"
        for copy in range(deals_each):
            area, middle, rest = digits[:3], digits[3:6], digits[6:]
            phones = (f"({area}) {middle}-{rest}", f"+1 {digits}", f"{area}.{middle}.{rest}", digits, f"1-{digits}")
            mail = f"Person{number}@Example.com"
            shared = (
                {"phone": phones[copy % len(phones)]}
                if number % 2
                else {"email": mail.upper() if copy % 2 else mail.lower()}
            )
            contacts.append(Contact(id="", name=f"Person {number}", **shared))  # type: ignore[arg-type]
    made = world.crm.create_contacts(contacts)
    # Deals of one person stand together, so that they fall into one batch; and again far apart, for two engines.
    world.crm.create_deals(
        [CreateDeal(pipeline="sales", stage="incoming", title="Deal", contacts=(contact.id,)) for contact in made]
    )


def acted_on(world: World) -> list[int]:
    """Return how many tasks `call` each person got, told apart by name, from the CRM's own records."""
    names: dict[str, int] = {}
    for task in world.crm.tasks(limit=100_000):
        if task.text.startswith("Call "):
            names[task.text] = names.get(task.text, 0) + 1
    return sorted(names.values())


def test_five_deals_of_one_person_in_one_batch_act_once(tmp_path: Path, journal_url: str) -> None:
    world = World(tmp_path, account(GREET), journal_url=journal_url)
    people(world, 40, 5)
    world.work()
    assert acted_on(world) == [1] * 40
    assert world.states() == {"greet": {"done": 40, "skipped": 160}}
    assert world.effects() == {"set_task": {"dropped": 160, "sent": 80}}
    world.close()


def _second_engine(folder: str, url: str, company: bytes) -> None:
    """Work on the same journal from another process until it is idle."""
    world = World(Path(folder), ir.decode(company), journal_url=url)
    world.work(world.engine(batch_limit=50))
    world.close()


@pytest.mark.slow
def test_a_thousand_persons_with_five_deals_each_on_two_engines_are_acted_on_once(
    tmp_path: Path, journal_url: str
) -> None:
    company = account(GREET)
    world = World(tmp_path, company, journal_url=journal_url)
    people(world, 1000, 5)
    other = multiprocessing.get_context("spawn").Process(
        target=_second_engine, args=(str(tmp_path), journal_url, ir.encode(company))
    )
    other.start()
    world.work(world.engine(batch_limit=50))
    other.join(60)
    assert other.exitcode == 0
    world.work()
    assert acted_on(world) == [1] * 1000
    assert world.states() == {"greet": {"done": 1000, "skipped": 4000}}
    workers = {
        row["actor"]
        for row in world.journal.database.rows(text("select distinct actor from transitions where to_state = 'done'"))
    }
    assert len(workers) == 2, f"only one engine worked ({workers}, this is {os.getpid()}): the test shows nothing"
    world.close()


def test_who_lost_says_who_acted(tmp_path: Path) -> None:
    world = World(tmp_path, account(GREET))
    people(world, 1, 2)
    world.work()
    story = world.journal.timeline("acme", "deal:1")
    winner = story[0].executions[0]
    assert winner.state == "done"
    assert world.reasons() == ["", f"again: execution {winner.id} acted"]
    world.close()


def test_within_counts_business_time(tmp_path: Path) -> None:
    rule = Automation(
        key="greet",
        why="",
        on=deal_created(in_=Sales),
        again=once(per=person, within=days(30)),
        do=[set_task("call", text="Call {{ deal.main_contact.name }}", due=working_days(1))],
    )
    world = World(tmp_path, account(rule))
    maria = world.crm.create_contact(name="Maria", phone="+1 212 555 0100")
    for pause in (0, 29, 1):
        world.clock.move(timedelta(days=pause))
        world.new_deal(contacts=[maria.id])
        world.work()
    assert world.states() == {"greet": {"done": 2, "skipped": 1}}
    world.close()


def test_without_a_contact_the_scope_is_the_deal(tmp_path: Path) -> None:
    world = World(tmp_path, account(GREET))
    world.new_deal()
    world.new_deal()
    world.work()
    assert world.states() == {"greet": {"done": 2}}
    world.close()


def test_a_stage_visit_counts_each_entry_of_the_stage(tmp_path: Path) -> None:
    rule = Automation(
        key="visit",
        why="",
        on=entered_stage(Sales.quoted),
        again=once(per=stage_visit),
        do=[wait("hour", days(1)), set_task("t", text="{{ deal.title }}", due=working_days(1))],
    )
    world = World(tmp_path, account(rule))
    made = world.new_deal()
    for stage in ("quoted", "incoming", "quoted"):
        world.crm.move_deal(made.id, "sales", stage)
        world.clock.move(timedelta(hours=1))
    world.work()
    world.clock.move(timedelta(days=2))
    world.work()
    assert world.states() == {"visit": {"done": 2}}
    assert len(world.crm.tasks()) == 2
    world.close()


def test_persons_that_turn_out_to_be_one_share_what_they_had(tmp_path: Path) -> None:
    """Two contacts act as two persons until a third, with the phone of one and the mail of the other, joins them."""
    world = World(tmp_path, account(GREET))
    first = world.crm.create_contact(name="M", phone="+1 212 555 0100")
    second = world.crm.create_contact(name="Maria", email="maria@example.com")
    both = world.crm.create_contact(name="Maria M", phone="212-555-0100", email="MARIA@example.com")
    for contact in (first, second, both):
        world.new_deal(contacts=[contact.id])
        world.work()
    assert world.states() == {"greet": {"done": 2, "skipped": 1}}
    scopes = world.journal.database.rows(text("select scope from reservations"))
    assert len(scopes) == 1
    world.close()
