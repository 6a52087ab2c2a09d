"""Who works at other times than their account has tasks that are due by their own calendar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import postgresql
from engine_world import Sales, World, account, deal

from dealwright import Account, Automation, Role, ask, deal_created, every_event, hours, set_task, working_hours
from dealwright.language.calendar import parse_hours
from dealwright.model.working import WorkingTime
from dealwright.testing import a_deal, rehearse

closers = Role("closers")


def rule(**owner: object) -> Automation:
    return Automation(
        key="rule",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[set_task("call", text="Call", due=working_hours(4), **owner)],  # type: ignore[arg-type]
    )


def company(**owner: object) -> Account:
    return Account(
        "acme", zone="Europe/Berlin", country="DE", working_hours="Mon-Fri 09:00-18:00", pipelines=[Sales],
        automations=[rule(**owner)],
    )  # fmt: skip


ANA = {"Ana Lima": "Mon-Thu 08:00-12:00"}


@pytest.mark.parametrize(
    ("owner", "hours", "due"),
    [
        ({}, {}, "Thu 14 May 15:00"),
        ({}, ANA, "Mon 18 May 11:00"),
        ({"owner": deal.owner}, ANA, "Mon 18 May 11:00"),
        ({"owner": "Ana Lima"}, ANA, "Mon 18 May 11:00"),
        ({"owner": "Bo Ek"}, ANA, "Thu 14 May 15:00"),
        ({}, {"Ana Lima": "Sun 00:00-24:00"}, "Sun 17 May 04:00"),
    ],
)
def test_a_task_is_due_by_the_calendar_of_whoever_has_to_do_it(owner, hours, due):
    told = rehearse(company(**owner), "rule", a_deal(Sales.incoming), hours=hours, at="2026-05-14 11:00")
    assert told.due == [due]


def test_so_is_that_of_somebody_who_is_picked():
    told = rehearse(
        company(owner=closers), "rule", a_deal(Sales.incoming), people={closers: ["Bo Ek"]}, at="2026-05-14 11:00",
        hours={"Bo Ek": "Mon-Fri 09:00-18:00, Sat 10:00-12:00"} | ANA,
    )  # fmt: skip
    assert told.due == ["Thu 14 May 15:00"]
    told = rehearse(
        company(owner=closers), "rule", a_deal(Sales.incoming), people={closers: ["Bo Ek"]}, at="2026-05-14 11:00",
        hours={"Bo Ek": "Fri 10:00-20:00"},
    )  # fmt: skip
    assert told.due == ["Fri 15 May 14:00"]


def asking(who: object) -> Account:
    step = ask(
        "sure", who=who, question="Sure?", within=working_hours(4), late=[set_task("go", text="Go", due=hours(1))]
    )  # type: ignore[call-overload]
    question = Automation(key="rule", on=deal_created(in_=Sales), again=every_event(), do=[step])
    return Account(
        "acme", zone="Europe/Berlin", country="DE", working_hours="Mon-Fri 09:00-18:00", pipelines=[Sales],
        automations=[question],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "own", "due"),
    [
        ("owner", {}, "Thu 14 May 16:00"),
        ("owner", ANA, "Mon 18 May 12:00"),
        ("closers", ANA, "Mon 18 May 12:00"),
        ("closers", {"Bo Ek": "Fri 10:00-20:00"}, "Fri 15 May 15:00"),
    ],
)
def test_a_question_is_open_until_everybody_who_is_asked_had_their_time(who, own, due):
    asked = {"owner": deal.owner, "closers": closers}[who]
    staff = {closers: ["Ana Lima", "Bo Ek"]}
    told = rehearse(asking(asked), "rule", a_deal(Sales.incoming), hours=own, people=staff, at="2026-05-14 11:00")
    assert told.due == [due], "an hour after nobody has answered"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        made = World(tmp_path, account(rule()))
        yield made
        made.close()
        return
    with postgresql("dw_working") as url:
        made = World(tmp_path, account(rule()), journal_url=url)
        yield made
        made.close()


def due(world: World) -> list[str]:
    return [f"{task.due_at:%a %d %H:%M}" for task in world.crm.tasks()]


def test_what_people_set_counts_from_then_on_and_until_it_is_taken_back(world: World) -> None:
    """It is Monday 09:00 in New York, 14:00 UTC, and the account works from 09:00 to 18:00."""
    ana = world.crm.users()[0]
    own = WorkingTime(
        user_id=ana.id, name=ana.name, spans=parse_hours("Mon-Fri 09:00-11:00"), zone="Europe/Lisbon", holidays=("PT",)
    )
    world.crm.create_deal(pipeline="sales", stage="incoming", title="A", owner=ana.id)
    world.work()
    world.journal.set_working_time("acme", own, actor="cli:test", detail="Mon-Fri 09:00-11:00")
    world.crm.create_deal(pipeline="sales", stage="incoming", title="B", owner=ana.id)
    world.crm.create_deal(pipeline="sales", stage="incoming", title="C")
    world.work()
    assert world.journal.end_working_time("acme", ana.id, actor="cli:test")
    assert not world.journal.end_working_time("acme", ana.id, actor="cli:test")
    world.crm.create_deal(pipeline="sales", stage="incoming", title="D", owner=ana.id)
    world.work()
    assert sorted(due(world)) == ["Mon 02 18:00"] * 3 + ["Wed 04 11:00"], "two hours on Tuesday, two on Wednesday"
    assert [(each.what, each.detail) for each in world.journal.people_changes("acme", 5)] == [
        ("hours", "as the account"),
        ("hours", "Mon-Fri 09:00-11:00"),
    ]


def test_who_is_offboarded_has_no_hours_left(world: World) -> None:
    ana = world.crm.users()[0]
    own = WorkingTime(user_id=ana.id, name=ana.name, spans=parse_hours("Mon 09:00-11:00"))
    world.journal.set_working_time("acme", own, actor="cli:test", detail="Mon")
    assert world.journal.working_times("acme") == [own]
    world.journal.offboard("acme", ana.id, actor="cli:test")
    assert world.journal.working_times("acme") == []
