"""A rehearsal tells what the engine then does: same requests, same ways through branches, same times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine_world import MONDAY, Sales, World, account, created, deal, some_deal

from dealwright import (
    Automation,
    activity_logged,
    add_note,
    add_tags,
    branch,
    case,
    contact_added,
    contact_removed,
    contact_updated,
    create_deal,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    event_received,
    every_event,
    move_deal,
    owner_changed,
    remove_tags,
    send_event,
    set_task,
    stage_changed,
    stop,
    task_completed,
    update_deal,
    wait,
    working_hours,
)
from dealwright.compile import ir
from dealwright.engine.imagine import Imagination
from dealwright.engine.rehearse import Rehearsal, rehearse
from dealwright.engine.route import matches
from dealwright.language.triggers import Trigger
from dealwright.model.crm import Contact, Deal, Money
from dealwright.model.requests import Request
from dealwright.testing.scripted import ScriptedConnector

moved = move_deal("forward", to=Sales.quoted)
made = create_deal("next", in_=Sales.incoming, title="Next: {{ deal.title }}", amount=deal.amount)
MUCH = Automation(
    key="much",
    on=deal_created(in_=Sales),
    when=[~deal.tags.has("made")],
    do=[
        set_task("first", text="Call about {{ deal.title }}", due=working_hours(2)),
        update_deal("number", reference="N-{{ deal.id }}"),
        moved,
        branch(
            "moved",
            case(moved.moved.is_true() & (deal.stage == Sales.quoted), add_tags("mark", "made", "quoted")),
            otherwise=[stop()],
        ),
        branch(
            "is-marked", case(deal.tags.has("made"), send_event("marked", to="erp", with_={"number": deal.reference}))
        ),
        wait("rest", days(3)),
        branch(
            "size",
            case(deal.amount >= 1000, set_task("large", text="Large: {{ deal.amount }}", due=working_hours(1))),
            otherwise=[add_note("small", text="Small, number {{ deal.reference }}")],
            unset=[set_task("ask", text="What is {{ deal.title }} worth?", due=days(1))],
        ),
        remove_tags("unmark", "quoted"),
    ],
)


def told(automation: Automation, deal_: Deal) -> Rehearsal:
    """Rehearse the automation for a deal that was created."""
    compiled = account(automation)
    happened = msgspec.structs.replace(created(), after=deal_)
    return rehearse(compiled, compiled.automations[0], happened, deal_, MONDAY)


@pytest.mark.parametrize("amount", [None, 10, 5_000])
def test_the_engine_does_what_the_rehearsal_told(tmp_path: Path, amount: int | None) -> None:
    world = World(tmp_path, account(MUCH), ScriptedConnector())
    try:
        real = world.new_deal(amount=amount)
        rehearsed = told(MUCH, real)
        engine = world.engine()
        world.work(engine)
        due = world.journal.next_due()
        assert due is not None
        world.clock.move_to(due)
        world.work()
        story = world.journal.timeline("acme", f"deal:{real.id}")
        done = [effect for event_ in story for each in event_.executions for effect in each.effects]
        foreseen = {part.step: comparable(part.request) for part in rehearsed.parts if part.request is not None}
        assert {effect.step: comparable(effect.request) for effect in done} == foreseen
        assert len(done) == len(rehearsed.requests)
        assert (rehearsed.state, rehearsed.answers) == ("done", True)
        assert next(part for part in rehearsed.parts if part.step == "rest").at == MONDAY
        assert rehearsed.parts[-1].at == due
    finally:
        world.close()


def comparable(request: Request) -> dict[str, Any]:
    """Return the request without the deal's version, which only the CRM counts."""
    return {name: value for name, value in msgspec.to_builtins(request).items() if name != "version"}


def test_conditions_that_do_not_hold_are_told_with_their_values() -> None:
    rehearsed = told(MUCH, some_deal(tags=("made",)))
    assert (rehearsed.state, rehearsed.requests) == ("skipped", ())
    (line,) = rehearsed.parts[-1].trace
    assert (line.result, line.values) == ("false", {"deal.tags": "made"})


def test_a_move_backwards_is_no_move() -> None:
    compiled = account(MUCH)
    later = some_deal(stage="agreed")
    rehearsed = rehearse(
        compiled, compiled.automations[0], msgspec.structs.replace(created(), after=later), later, MONDAY
    )
    assert [part.step for part in rehearsed.parts if part.request] == ["first", "number", "forward"]
    assert rehearsed.reason.startswith("stopped at")


MARIA = Contact(id="7", name="Maria", email="maria@example.com")
TRIGGERS: list[Callable[[], Trigger]] = [
    lambda: deal_created(),
    lambda: deal_created(in_=Sales.quoted),
    lambda: deal_updated(),
    lambda: deal_updated(fields=[deal.amount], in_=Sales),
    lambda: stage_changed(),
    lambda: stage_changed(from_=Sales.quoted),
    lambda: stage_changed(from_=Sales.lost, to=Sales.quoted),
    lambda: entered(Sales.won),
    lambda: contact_added(),
    lambda: contact_removed(in_=Sales),
    lambda: contact_updated(fields=[deal.main_contact.email]),
    lambda: owner_changed(),
    lambda: task_completed(),
    lambda: activity_logged(kind="meeting"),
    lambda: event_received("invoice-paid", from_="billing", data=["number"]),
]


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("deal_", [some_deal(stage="quoted", contacts=(MARIA,)), some_deal()], ids=["quoted", "bare"])
def test_every_trigger_answers_the_event_that_is_imagined_for_it(trigger: Callable[[], Trigger], deal_: Deal) -> None:
    compiled = account(
        Automation(key="any", on=trigger(), again=every_event(), do=[set_task("t", text="x", due=days(1))])
    )
    automation: ir.Automation = compiled.automations[0]
    happened, imagined = Imagination(compiled, MONDAY).event(automation.on, deal_)
    assert matches(automation.on, happened, imagined)
    rehearsed = rehearse(compiled, automation, happened, imagined, MONDAY)
    assert (rehearsed.state, rehearsed.answers) == ("done", True)


def test_what_is_given_is_taken_instead_of_made_up() -> None:
    rule = Automation(
        key="paid",
        on=event_received("invoice-paid", data=["number"]),
        when=[event.data("number") == "A-1"],
        do=[set_task("t", text="{{ event.data.number }}", due=days(1))],
    )
    compiled = account(rule)
    for number, state in (("A-1", "done"), ("B-2", "skipped")):
        happened, _ = Imagination(compiled, MONDAY, data={"number": number}).event(
            compiled.automations[0].on, some_deal()
        )
        assert rehearse(compiled, compiled.automations[0], happened, some_deal(), MONDAY).state == state


def test_a_before_that_is_given_stands_in_conditions() -> None:
    rule = Automation(
        key="grew",
        on=deal_updated(fields=[deal.amount]),
        when=[event.before.amount < deal.amount],
        do=[set_task("t", text="grew", due=days(1))],
    )
    compiled = account(rule)
    before, after = some_deal(amount=Money(1, "USD")), some_deal(amount=Money(2, "USD"))
    happened, _ = Imagination(compiled, MONDAY, before=before).event(compiled.automations[0].on, after)
    assert rehearse(compiled, compiled.automations[0], happened, after, MONDAY).state == "done"
