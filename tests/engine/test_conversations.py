"""Messages and their answers: from a greeting to the branch on what was pressed, with CRM, journal and engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    Button,
    Message,
    Template,
    add_note,
    branch,
    case,
    days,
    deal_created,
    event,
    every_event,
    faults,
    hours,
    message_received,
    minutes,
    move_deal,
    once,
    outcome,
    person,
    replied,
    reply,
    send_message,
    set_task,
    stop,
    wait,
    wait_until,
)
from dealwright.language.steps import Step

HELLO = Template(
    "hello_v1",
    body="Hola {{ contact.first_name or 'qué tal' }}, ¿te busco una cita?",
    buttons=[Button("yes", "Sí, por favor"), Button("later", "Más adelante")],
)
SLOTS = Message("Tengo mañana a las 10.", outside_window=HELLO)
LISTEN = wait_until(
    "answer",
    replied(to="hola"),
    timeout=hours(4),
    on_timeout=[set_task("silence", text="Nobody answered: call", due=hours(1)), stop()],
)
SAID = branch(
    "said",
    case(
        HELLO.pressed("yes"),
        send_message("slots", via="crm", template=SLOTS, to=deal.main_contact),
        move_deal("quoted", to=Sales.quoted),
    ),
    case(HELLO.pressed("later"), move_deal("pause", to=Sales.lost, reason="Price")),
    otherwise=[
        set_task("read", text="Read and answer", due=minutes(15)),
        add_note("note", text="They said: {{ reply.text }}"),
    ],
)
GREETING = (
    send_message("hola", via="crm", template=HELLO, to=deal.main_contact),
    branch("arrived", case(outcome("hola") == "failed", set_task("not-sent", text="Call", due=minutes(15)), stop())),
    LISTEN,
    SAID,
)


@pytest.fixture
def made() -> Iterator[list[World]]:
    """Worlds that are closed at the end."""
    worlds: list[World] = []
    yield worlds
    for each in worlds:
        each.close()


MakeWorld = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path, made: list[World]) -> MakeWorld:
    def make(*steps: Step, on: object = None, **more: object) -> World:
        rule = Automation(
            key="greet",
            on=deal_created(in_=Sales) if on is None else on,  # type: ignore[arg-type]
            **{"again": once(per=person, within=days(30)), "do": list(steps or GREETING), **more},  # type: ignore[arg-type]
        )
        made.append(World(tmp_path, account(rule)))
        return made[-1]

    return make


def lead(here: World, name: str = "Maria Silva", phone: str | None = None) -> tuple[str, str]:
    """A contact, and a deal with it."""
    first, _, last = name.partition(" ")
    contact = here.crm.create_contact(first_name=first, last_name=last or None, phone=phone).id
    return contact, here.new_deal(contacts=[contact]).id


def said(here: World, contact: str) -> list[tuple[str, str]]:
    """The conversation, as directions and texts."""
    return [(each.direction, each.text) for each in here.crm.messages(contact)]


def tasks(here: World) -> list[str]:
    return sorted(task.text for task in here.crm.tasks())


GREETED = ("out", "Hola Maria, ¿te busco una cita?")


def test_who_presses_yes_later_or_nothing_and_who_writes_goes_its_own_way(world: MakeWorld) -> None:
    here = world()
    people = {who: lead(here, f"Maria {who}") for who in ("Yes", "Later", "Silent", "Words")}
    here.work()
    assert here.states() == {"greet": {"waiting": 4}}
    for who, (contact, _) in people.items():
        (hola,) = here.crm.messages(contact)
        assert (hola.direction, hola.text, hola.template) == (*GREETED, "hello_v1"), who
        assert [each.id for each in hola.buttons] == ["yes", "later"]
    here.clock.move(timedelta(minutes=10))
    here.crm.receive_message(people["Yes"][0], button="yes")
    here.crm.receive_message(people["Later"][0], button="later")
    here.crm.receive_message(people["Words"][0], "¿Cuánto cuesta?")
    here.work()
    assert here.states() == {"greet": {"waiting": 1, "done": 3}}
    assert said(here, people["Yes"][0])[1:] == [("in", "Sí, por favor"), ("out", "Tengo mañana a las 10.")]
    stages = {who: here.crm.deal(deal_id).stage for who, (_, deal_id) in people.items()}  # type: ignore[union-attr]
    assert stages == {"Yes": "quoted", "Later": "lost", "Silent": "incoming", "Words": "incoming"}
    assert [note.text for note in here.crm.notes()] == ["They said: ¿Cuánto cuesta?"]
    assert tasks(here) == ["Read and answer"]
    here.clock.move(timedelta(hours=4))
    here.work()
    assert here.states() == {"greet": {"done": 4}}
    assert tasks(here) == ["Nobody answered: call", "Read and answer"]
    assert said(here, people["Silent"][0]) == [GREETED]


def test_an_answer_before_other_steps_have_ended_is_not_missed(world: MakeWorld) -> None:
    """It comes while the execution waits, and further steps act before it asks for the answer."""
    here = world(GREETING[0], wait("a-bit", minutes(5)), set_task("look", text="Look", due=hours(1)), LISTEN, SAID)
    contact, _ = lead(here)
    here.work()
    here.crm.receive_message(contact, button="later")
    here.work()
    assert here.states() == {"greet": {"waiting": 1}}
    here.clock.move(timedelta(minutes=5))
    here.work()
    assert here.states() == {"greet": {"done": 1}}
    assert here.crm.deals("sales", "lost") != []


def test_one_answer_ends_one_wait(world: MakeWorld) -> None:
    again = wait_until("more", replied(to="hola"), timeout=days(1), on_timeout=[stop()])
    here = world(GREETING[0], LISTEN, again, add_note("note", text="{{ reply.text }}"))
    contact, _ = lead(here)
    here.work()
    here.crm.receive_message(contact, "one")
    here.work()
    assert here.states() == {"greet": {"waiting": 1}}
    here.crm.receive_message(contact, "two")
    here.work()
    assert [note.text for note in here.crm.notes()] == ["two"]


def test_what_was_said_before_the_message_or_by_others_is_no_answer(world: MakeWorld) -> None:
    here = world(wait("first", minutes(1)), *GREETING)
    contact, deal_id = lead(here)
    other = here.crm.create_contact(name="Bo Li").id
    here.crm.add_contact(deal_id, other)
    here.work()
    here.crm.receive_message(contact, "before")
    here.work()
    here.clock.move(timedelta(minutes=1))
    here.work()
    here.crm.receive_message(other, "I am another one")
    here.work()
    assert here.states() == {"greet": {"waiting": 1}}
    here.crm.receive_message(contact, button="yes")
    here.work()
    assert here.states() == {"greet": {"done": 1}}


def test_a_button_of_another_message_is_no_answer_to_this_one(world: MakeWorld) -> None:
    here = world()
    contact, _ = lead(here)
    survey = here.crm.write_message(contact, "How was it?")
    here.work()
    here.crm.receive_message(contact, "Fine", to=survey.id)
    here.work()
    assert here.states() == {"greet": {"waiting": 1}}


def test_replied_ends_an_execution_and_its_conditions_know_what_was_said(world: MakeWorld) -> None:
    exits = world(set_task("look", text="Look", due=hours(1)), wait("long", days(3)), exit_on=replied())
    contact, _ = lead(exits)
    exits.work()
    exits.crm.receive_message(contact, "No thanks")
    exits.work()
    assert exits.reasons() == ["exit: a contact of the deal replies"]


def test_reply_is_a_field_of_conditions(world: MakeWorld) -> None:
    here = world(
        GREETING[0],
        wait_until("answer", replied(), timeout=hours(4), on_timeout=[stop()]),
        branch(
            "which",
            case(reply.text == "alto", add_note("note", text="stop")),
            case(reply.button.is_set(), add_note("pressed", text="{{ reply.button }}")),
        ),
    )
    (one, _), (two, _) = lead(here, "One"), lead(here, "Two")
    here.work()
    here.crm.receive_message(one, "alto")
    here.crm.receive_message(two, button="yes")
    here.work()
    assert sorted(note.text for note in here.crm.notes()) == ["stop", "yes"]


def test_message_received_sets_off_an_automation_for_each_open_deal(world: MakeWorld) -> None:
    here = world(
        add_note("note", text="{{ event.contact.name }}: {{ event.message.text }}"),
        on=message_received(in_=Sales),
        when=event.message.button.is_unset(),
        again=every_event(),
    )
    contact, first = lead(here)
    second, closed = here.new_deal(contacts=[contact]).id, here.new_deal(contacts=[contact]).id
    here.crm.move_deal(closed, "sales", "won")
    here.crm.receive_message(contact, "Hello?")
    here.work()
    assert {note.deal_id: note.text for note in here.crm.notes()} == dict.fromkeys(
        (first, second), "Maria Silva: Hello?"
    )


def test_messages_that_are_stopped_are_held_and_read_their_deal_again(world: MakeWorld) -> None:
    here = world()
    here.journal.stop_messages("acme", actor="ana")
    contact, _ = lead(here)
    here.work()
    assert here.states() == {"greet": {"held": 1}}
    assert said(here, contact) == []
    here.crm.update_contact(contact, name="Ana Paz", first_name="Ana", last_name="Paz")
    here.journal.resume_messages("acme", "run", actor="ana")
    here.work()
    assert said(here, contact) == [("out", "Hola Ana, ¿te busco una cita?")]


def test_in_shadow_nothing_is_written_and_nobody_answers(world: MakeWorld) -> None:
    here = world()
    here.journal.set_mode("acme", "", "shadow", actor="ana")
    contact, _ = lead(here)
    here.work()
    assert said(here, contact) == []
    here.crm.receive_message(contact, "Hello?")
    here.work()
    assert here.states() == {"greet": {"waiting": 1}}


def test_a_message_is_written_once_whatever_is_repeated(world: MakeWorld) -> None:
    here = world()
    contact, _ = lead(here)
    here.work()
    row = here.journal.database.rows(text("select key, delivery from dw_effects"))[0]
    assert row["delivery"] == "KEYED"
    assert here.crm.kept(str(row["key"])) is not None
    assert len(here.crm.messages(contact)) == 1


def test_without_a_contact_nothing_is_written(world: MakeWorld) -> None:
    here = world(GREETING[0], LISTEN, SAID)
    here.new_deal()
    here.work()
    assert here.states() == {"greet": {"skipped": 1}}
    assert here.reasons() == ["hola: the deal has no contact"]


def test_an_automation_that_asks_for_a_failure_goes_on_without_a_contact(world: MakeWorld) -> None:
    here = world()
    here.new_deal()
    here.work()
    assert here.states() == {"greet": {"done": 1}}
    assert tasks(here) == ["Call"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    ["plan.after-commit", "settle.before-commit", "settle.after-commit", "route.after-commit", "act.before-request"],
)
def test_a_failure_loses_no_answer_and_writes_nothing_twice(world: MakeWorld, point: str) -> None:
    """A window fails wherever it stands, before the message and before the answer is heard; the next one goes on."""
    here = world()
    contact, _ = lead(here)
    for act in (lambda: None, lambda: here.crm.receive_message(contact, button="yes")):
        act()
        faults.arm(f"{point}:1:raise")
        here.work()
        faults.arm(None)
        here.work()
    assert here.states() == {"greet": {"done": 1}}
    assert [each.direction for each in here.crm.messages(contact)] == ["out", "in", "out"]
