"""The words about contacts, tags, tasks and messages on the engine: a real CRM and journal, and a connector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine_world import World, account, deal

from dealwright import (
    Automation,
    add_tags,
    branch,
    case,
    complete_tasks,
    create_contact,
    days,
    deal_created,
    every_event,
    send_email,
    set_task,
    stop,
    update_contact,
)
from dealwright.model.requests import SendEmail
from dealwright.testing.scripted import ScriptedConnector


def company(*steps: Any) -> Any:
    return account(Automation(key="one", on=deal_created(), again=every_event(), do=list(steps)))


MAIL = send_email("mail", to=deal.main_contact, subject="{{ deal.title }}", text="{{ contact.email }}")


def test_a_contact_that_a_step_made_or_changed_is_read_before_the_next_condition(tmp_path: Path) -> None:
    mails = ScriptedConnector(["send_email"])
    steps = (
        create_contact("payer", name="Bo", email="bo@example.com"),
        branch("there", case(deal.main_contact.email == "bo@example.com", add_tags("mark", "reachable"))),
        branch(
            "marked", case(deal.tags.has("reachable"), update_contact("fix", deal.main_contact, email="b@new.example"))
        ),
        MAIL,
    )
    world = World(tmp_path, company(*steps), mails)
    world.new_deal(title="Forty chairs")
    world.work()
    assert world.states()["one"] == {"done": 1}
    ((call,),) = mails.requests
    assert isinstance(call.request, SendEmail)
    assert (call.request.to, call.request.subject, call.request.text) == (
        "b@new.example", "Forty chairs", "b@new.example",
    )  # fmt: skip
    world.close()


def test_whom_nobody_can_write_to_leaves_no_effect_and_a_reason(tmp_path: Path) -> None:
    mails = ScriptedConnector(["send_email"])
    world = World(tmp_path, company(MAIL, set_task("call", text="Did it arrive?", due=days(1))), mails)
    world.new_deal()
    world.work()
    assert world.states()["one"] == {"skipped": 1}
    assert world.reasons() == ["mail: the deal has no contact"]
    assert world.effects() == {}
    assert mails.requests == []
    world.close()


def test_what_ended_after_an_effect_is_done_and_the_effect_stays(tmp_path: Path) -> None:
    world = World(tmp_path, company(add_tags("mark", "new"), MAIL), ScriptedConnector(["send_email"]))
    world.new_deal()
    world.work()
    assert world.states()["one"] == {"done": 1}
    assert world.reasons() == ["mail: the deal has no contact"]
    assert world.effects() == {"change_tags": {"sent": 1}}
    world.close()


def test_a_task_of_a_step_is_completed_and_one_that_was_not_set_is_passed(tmp_path: Path) -> None:
    call = set_task("call", text="Call", due=days(1))
    other = set_task("other", text="Other", due=days(1))
    never = set_task("never", text="Never", due=days(1))
    steps = (
        call,
        other,
        branch("way", case(deal.amount > 1_000_000, never), otherwise=[]),
        complete_tasks("done", only=call),
        complete_tasks("nothing", only=never),
        branch("last", case(deal.amount > 0, stop())),
    )
    world = World(tmp_path, company(*steps))
    made = world.new_deal()
    world.work()
    assert world.states()["one"] == {"done": 1}
    assert world.effects() == {"set_task": {"sent": 2}, "complete_tasks": {"sent": 1}}
    assert {task.text: task.done for task in world.crm.tasks(made.id)} == {"Call": True, "Other": False}
    world.close()


def test_tasks_are_completed_by_the_words_in_their_text(tmp_path: Path) -> None:
    steps = (
        set_task("offer", text="Ofrecer cita a {{ deal.title }}", due=days(1)),
        set_task("call", text="Call", due=days(1)),
        complete_tasks("tidy", with_text="OFRECER cita"),
        complete_tasks("none", with_text="never written"),
    )
    world = World(tmp_path, company(*steps))
    world.new_deal(title="Ana")
    world.work()
    assert {task.text: task.done for task in world.crm.tasks()} == {"Ofrecer cita a Ana": True, "Call": False}
    assert world.states() == {"one": {"done": 1}}
    world.close()
