"""Somebody of a role: picked once, in turn, by load or as before, and held where nobody is there."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account
from sqlalchemy import text

from dealwright import Automation, Role, add_note, ask, assign_owner, deal_created, hours, set_task, wait
from dealwright.compile import ir
from dealwright.engine.picked import Picked, PickRequest
from dealwright.journal.people import Leave
from dealwright.journal.store import Journal
from dealwright.language.roles import Pick
from dealwright.model.crm import User

closers = Role("closers")


def give(to: Role | Pick) -> Automation:
    return Automation(key="give", on=deal_created(in_=Sales), do=[assign_owner("owner", to=to)])


def world(folder: Path, *rules: Automation, staff: int = 3) -> tuple[World, list[User]]:
    made = World(folder, account(*rules))
    return made, [made.crm.add_user(f"Closer {n}", f"closer{n}@acme.example") for n in range(1, staff + 1)]


def owners(made: World) -> Counter[str]:
    return Counter(each.owner.name for each in made.crm.deals() if each.owner is not None)


def test_in_turn_and_the_absent_and_offboarded_get_nothing(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers))
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    today = made.clock.now().date()
    made.journal.set_leave("acme", Leave(user_id=staff[1].id, first=today, last=today), actor="user:test")
    for _ in range(4):
        made.new_deal()
    made.work()
    assert owners(made) == {"Closer 1": 2, "Closer 3": 2}
    assert made.journal.offboard("acme", staff[2].id, actor="user:test") == ["closers"]
    for _ in range(2):
        made.new_deal()
    made.work()
    assert owners(made) == {"Closer 1": 4, "Closer 3": 2}
    made.close()


def test_nobody_there_is_held_with_the_command_and_comes_back_by_itself(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers))
    made.new_deal()
    made.work()
    assert made.states() == {"give": {"held": 1}}
    assert made.reasons() == ['nobody stands behind role closers: dealwright people set --role "closers" NAME ...']
    made.journal.set_role("acme", "closers", staff[:1], actor="user:test")
    made.work()
    assert made.states() == {"give": {"done": 1}}
    assert owners(made) == {"Closer 1": 1}
    made.close()


def test_everybody_on_leave_is_held_until_the_first_is_back(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers), staff=1)
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    today = made.clock.now().date()
    for first in (0, 2):  # two leaves in a row are one
        days = [today + timedelta(days=first + more) for more in (0, 1)]
        made.journal.set_leave("acme", Leave(user_id=staff[0].id, first=days[0], last=days[1]), actor="user:test")
    made.new_deal()
    made.work()
    assert "is back on 2026-03-06" in made.reasons()[0]
    made.clock.move_to(made.journal.next_due() or made.clock.now())
    made.work()
    assert made.clock.now().date() == date(2026, 3, 6)
    assert owners(made) == {"Closer 1": 1}
    made.close()


@pytest.mark.slow
def test_a_batch_of_leads_spreads_over_the_least_loaded(tmp_path: Path) -> None:
    least = closers.least_loaded(open_in=[Sales.quoted])
    rule = Automation(key="give", on=deal_created(in_=Sales.incoming), do=[assign_owner("owner", to=least)])
    made, staff = world(tmp_path, rule)
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    for user, has in zip(staff, (6, 2, 0), strict=True):
        for _ in range(has):
            made.crm.create_deal(pipeline="sales", stage="quoted", title="Old", owner=user.id)
    for _ in range(100):
        made.new_deal()
    made.work(made.engine(batch_limit=30))
    assert owners(made) == {"Closer 1": 36, "Closer 2": 36, "Closer 3": 36}
    made.close()


def test_the_same_person_gets_who_had_them_before(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers.sticky()))
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    maria = made.crm.create_contact(name="Maria Silva", phone="+1 212 555 0142")
    same = made.crm.create_contact(name="M. Silva", phone="(212) 555-0142")
    first = made.new_deal(contacts=[maria.id])
    for _ in range(2):
        made.new_deal()
    made.work()
    again = made.new_deal(contacts=[same.id])
    made.work()
    had = made.crm.deal(first.id), made.crm.deal(again.id)
    assert had[0] is not None
    assert had[1] is not None
    assert had[0].owner == had[1].owner
    made.journal.offboard("acme", (had[0].owner or staff[0]).id, actor="user:test")
    third = made.crm.deal(made.new_deal(contacts=[maria.id]).id)
    made.work()
    third = made.crm.deal(third.id if third else "")
    assert third is not None
    assert third.owner not in (None, had[0].owner)
    made.close()


def test_the_pick_stands_in_the_trace_and_a_retry_picks_nobody_else(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers))
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    made.new_deal()
    made.work()
    (row,) = made.journal.database.rows(text("select id from dw_executions"))
    asked = PickRequest(execution_id=row["id"], step="owner", role=_role(), space="live")
    repeated = made.journal.pick("acme", [asked], now=made.clock.now(), zone="UTC")
    assert repeated[row["id"]] == Picked(people=(staff[0],), why="next in turn", replaces=None)
    (story,) = made.journal.execution_stories("acme", [row["id"]])
    lines = [line for turn in story.turns for line in turn.trace if line.result == "picked"]
    assert lines[-1].values == {"closers": "Closer 1", "why": "next in turn"}
    made.close()


def test_who_has_left_meanwhile_is_replaced_before_anything_is_tried(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers))
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    made.journal.stop("acme", "give", actor="user:test")
    made.new_deal()
    made.work()
    assert made.states() == {"give": {"held": 1}}
    made.journal.offboard("acme", staff[0].id, actor="user:test")
    made.journal.resume("acme", "give", "run", actor="user:test")
    made.work()
    assert owners(made) == {"Closer 2": 1}
    made.close()


def test_a_task_goes_to_somebody_of_the_role_and_everybody_is_told(tmp_path: Path) -> None:
    rule = Automation(
        key="give",
        on=deal_created(in_=Sales),
        do=[set_task("call", text="Call", due=hours(1), owner=closers), wait("a-bit", hours(1))],
    )
    made, staff = world(tmp_path, rule)
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    made.new_deal()
    made.work()
    assert [task.owner for task in made.crm.tasks()] == [staff[0]]
    made.close()


def test_two_engines_never_take_one_turn_twice(tmp_path: Path, journal_url: str) -> None:
    made = World(tmp_path, account(give(closers)), journal_url=journal_url)
    staff = [User(id=str(n), name=f"Closer {n}") for n in range(5)]
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    taken: list[Picked] = []

    def engine(name: str) -> None:
        journal = Journal(made.url, made.clock)
        for n in range(10):
            asked = [
                PickRequest(execution_id=f"{name}-{n}-{m}", step="owner", role=_role(), space="live") for m in range(5)
            ]
            found = journal.pick("acme", asked, now=made.clock.now(), zone="UTC").values()
            taken.extend(each for each in found if isinstance(each, Picked))
        journal.close()

    threads = [threading.Thread(target=engine, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(each.people[0].id for each in taken) == {str(n): 20 for n in range(5)}
    made.close()


def test_what_shadow_picks_is_nobodys_turn(tmp_path: Path) -> None:
    made, staff = world(tmp_path, give(closers), staff=2)
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    made.journal.set_mode("acme", "give", "shadow", actor="user:test")
    made.new_deal()
    made.work()
    made.journal.set_mode("acme", "give", "live", actor="user:test")
    made.new_deal()
    made.work()
    assert owners(made) == {"Closer 1": 1}
    made.close()


def _role() -> ir.RoleValue:
    return ir.RoleValue(role="closers")


def test_everybody_of_a_role_is_asked_and_one_of_them_answers(tmp_path: Path) -> None:
    rule = Automation(
        key="give",
        on=deal_created(in_=Sales),
        do=[
            ask("head", who=closers, question="May we?", within=hours(4), yes=[add_note("ok", text="{{ answer.by }}")])
        ],
    )
    made, staff = world(tmp_path, rule, staff=2)
    made.new_deal()
    made.work()
    assert made.reasons()[0].startswith("nobody stands behind role closers")
    made.journal.set_role("acme", "closers", staff, actor="user:test")
    made.work()
    (asked,) = made.journal.list_questions("acme", 10)
    assert [person.name for person in asked.asked.who] == ["Closer 1", "Closer 2"]
    made.close()
