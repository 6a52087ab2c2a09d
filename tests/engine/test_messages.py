"""Messages to customers, what a person stops of them, and what a person lets go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    deal_created,
    every_event,
    once,
    send_email,
    send_event,
    set_task,
    update_deal,
    working_days,
)
from dealwright.model.crm import Contact, Money
from dealwright.model.delivery import AtMostOnce
from dealwright.model.requests import Call, DealChanges, SendEmail, SendEvent
from dealwright.testing.scripted import ScriptedConnector

OFFER = Automation(
    key="offer",
    why="",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[
        send_event("before", to="erp"),
        send_email("mail", to=deal.main_contact, subject="About {{ deal.title }}", text="Here it is."),
        set_task("after", text="Call about {{ deal.title }}", due=working_days(1)),
    ],
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
    def make(*automations: Automation, before: Callable[[list[Call]], None] | None = None) -> World:
        mail = ScriptedConnector(("send_email", "send_event"), delivery=AtMostOnce(), before=before)  # type: ignore[arg-type]
        made.append(World(tmp_path, account(*(automations or (OFFER,))), mail))
        return made[-1]

    return make


def mail_of(here: World) -> ScriptedConnector:
    (mail,) = here.others
    assert isinstance(mail, ScriptedConnector)
    return mail


def mails(here: World) -> list[SendEmail]:
    """Return what left, in order."""
    calls = [call.request for request in mail_of(here).requests for call in request]
    return [request for request in calls if isinstance(request, SendEmail)]


def customers(here: World, count: int) -> list[str]:
    """Create deals, each with a contact of its own; return their ids."""
    contacts = here.crm.create_contacts(
        [Contact(id="", name=f"Customer {n}", email=f"c{n}@example.com") for n in range(count)]
    )
    return [here.new_deal(contacts=[contact.id]).id for contact in contacts]


def test_a_message_is_rendered_on_the_deal_as_it_is_when_it_leaves(world: MakeWorld) -> None:
    here: World

    def rename(calls: list[Call]) -> None:
        for call in calls:
            if isinstance(call.request, SendEvent):
                here.crm.update_deal(call.request.deal_id, DealChanges(title="Fifty chairs"))

    here = world(before=rename)
    customers(here, 3)
    here.work()
    assert [mail.subject for mail in mails(here)] == ["About Fifty chairs"] * 3
    assert here.states() == {"offer": {"done": 3}}


def test_the_branch_and_the_conditions_stay_decided_on_what_the_event_told(world: MakeWorld) -> None:
    quick = Automation(
        key="offer",
        why="",
        on=deal_created(in_=Sales),
        when=[deal.stage == Sales.incoming],
        again=every_event(),
        do=[send_email("mail", to=deal.main_contact, subject="{{ deal.stage.name }}", text="Hello")],
    )
    here = world(quick)
    (id_,) = customers(here, 1)
    here.crm.move_deal(id_, "sales", "quoted")
    here.work()
    assert [mail.subject for mail in mails(here)] == ["Sent the quote"]
    rows = here.journal.database.rows(text("select n, facts is null as own from turns order by n"))
    assert [(row["n"], bool(row["own"])) for row in rows] == [(1, True), (2, False)]


@pytest.mark.slow
def test_never_more_than_twenty_messages_are_on_their_way(world: MakeWorld) -> None:
    here: World
    sending: list[int] = []

    def count(calls: list[Call]) -> None:
        query = text("select count(*) as n from effects where state = 'sending' and kind = 'send_email'")
        sending.append(here.journal.database.rows(query)[0]["n"])

    one = Automation(
        key="one", why="", on=deal_created(), again=every_event(),
        do=[send_email("mail", to=deal.main_contact, subject="1", text="Hello")],
    )  # fmt: skip
    two = Automation(
        key="two", why="", on=deal_created(), again=every_event(),
        do=[send_email("mail", to=deal.main_contact, subject="2", text="Hello")],
    )  # fmt: skip
    here = world(one, two, before=count)
    customers(here, 45)
    here.work()
    assert len(mails(here)) == 90
    assert max(sending) == 20
    assert [len(request) for request in mail_of(here).requests].count(20) == 4


def test_stopped_messages_are_held_and_everything_else_goes_on(world: MakeWorld) -> None:
    here = world()
    here.journal.stop_messages("acme", actor="ana", reason="wrong price")
    customers(here, 2)
    here.work()
    assert here.states() == {"offer": {"held": 2}}
    assert set(here.reasons()) == {"stop messages"}
    assert here.effects() == {"send_event": {"sent": 2}, "send_email": {"held": 2}}
    assert [pile.held for pile in here.journal.held_messages("acme")] == [2]
    assert here.journal.held_by_stop("acme") == []
    assert here.journal.resume("acme", "", "run", actor="ana") == 0
    here.work()
    assert here.states() == {"offer": {"held": 2}}
    assert here.journal.resume_messages("acme", "run", actor="ana") == 2
    here.work()
    assert here.states() == {"offer": {"done": 2}}
    assert len(mails(here)) == 2


def test_resume_messages_drop_sends_nothing_of_the_pile(world: MakeWorld) -> None:
    here = world()
    here.journal.stop_messages("acme", actor="ana")
    customers(here, 2)
    here.work()
    assert here.journal.resume_messages("acme", "drop", actor="ana") == 2
    customers(here, 1)
    here.work()
    assert here.states() == {"offer": {"done": 3}}, "later steps go on after a drop"
    assert here.effects()["send_email"] == {"dropped": 2, "sent": 1}
    assert len(here.crm.tasks()) == 3
    assert len(mails(here)) == 1


def test_a_stop_of_messages_bites_on_what_is_claimed_already(world: MakeWorld) -> None:
    here: World

    def stop(calls: list[Call]) -> None:
        if isinstance(calls[0].request, SendEmail):
            here.journal.stop_messages("acme", actor="ana")

    here = world(before=stop)
    customers(here, 45)
    here.work()
    assert len(mails(here)) == 20
    assert here.effects()["send_email"] == {"held": 25, "sent": 20}


def test_messages_that_are_held_while_the_stop_is_lifted_do_not_rest_for_ever(world: MakeWorld) -> None:
    here = world()
    here.journal.stop_messages("acme", actor="ana")
    customers(here, 1)
    here.work()
    with here.journal.database.write() as connection:  # a resume that died after it had lifted the switch
        connection.execute(text("delete from switches"))
    assert here.journal.wake_unstopped("acme") == {"offer"}


# --- approve ---------------------------------------------------------------------------------------------------------

TASK = Automation(
    key="call",
    why="",
    on=deal_created(in_=Sales),
    again=once(per=deal),
    do=[set_task("call", text="Call about {{ deal.title }}", due=working_days(1))],
)


def held_one(here: World) -> str:
    rows = here.journal.database.rows(text("select id from executions where state = 'held'"))
    return str(rows[0]["id"])


def test_mode_approve_holds_until_a_person_lets_exactly_that_go(world: MakeWorld) -> None:
    here = world(TASK)
    here.journal.set_mode("acme", "call", "approve", actor="ana")
    here.new_deal()
    here.work()
    assert (here.states(), here.reasons()) == ({"call": {"held": 1}}, ["approve"])
    here.clock.move(timedelta(days=3))
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.states() == {"call": {"done": 1}}
    (task,) = here.crm.tasks()
    assert task.due_at - timedelta(days=1) < here.clock.now() - timedelta(days=2), "the day that was approved"


def test_what_renders_differently_than_what_was_approved_is_held_again_and_says_so(world: MakeWorld) -> None:
    here = world(TASK)
    here.journal.set_mode("acme", "", "approve", actor="ana")
    made = here.new_deal()
    here.work()
    here.crm.update_deal(made.id, DealChanges(title="Fifty chairs"))
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.states() == {"call": {"held": 1}}
    assert here.reasons() == ["approve: it is not what was approved any more, for the deal has changed"]
    assert here.crm.tasks() == []
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert [task.text for task in here.crm.tasks()] == ["Call about Fifty chairs"]


def test_a_value_that_a_person_has_set_since_is_not_overwritten_unseen(world: MakeWorld) -> None:
    price = Automation(
        key="price",
        why="",
        on=deal_created(in_=Sales),
        again=every_event(),
        do=[update_deal("fix", amount=100, title="Forty chairs, agreed")],
    )
    here = world(price)
    here.journal.set_mode("acme", "price", "approve", actor="ana")
    made = here.new_deal()
    here.work()
    here.crm.update_deal(made.id, DealChanges(amount=Money(Decimal(999), "USD")))
    here.work()
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.reasons() == ["approve: it is not what was approved any more, for the deal has changed"]
    here.crm.update_deal(made.id, DealChanges(reference="whatever else has changed"))
    here.work()
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.states() == {"price": {"done": 1}}


def test_every_effect_is_approved_by_itself_also_a_message(world: MakeWorld) -> None:
    here = world()
    here.journal.set_mode("acme", "", "approve", actor="ana")
    customers(here, 1)
    for left in ("send_event", "send_email", "set_task"):
        here.work()
        assert here.effects()[left] == {"held": 1}
        here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.states() == {"offer": {"done": 1}}
    assert len(mails(here)) == 1
    assert [type(call.request) for request in mail_of(here).requests for call in request] == [SendEvent, SendEmail]


def test_what_was_approved_does_not_pass_a_stop(world: MakeWorld) -> None:
    here = world(TASK)
    here.journal.set_mode("acme", "", "approve", actor="ana")
    here.new_deal()
    here.work()
    here.journal.stop("acme", "call", actor="ana")
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    assert here.reasons() == ["stop"]
    here.journal.resume("acme", "call", "run", actor="ana")
    here.work()
    assert here.states() == {"call": {"done": 1}}


@pytest.mark.parametrize(
    ("account_mode", "mode", "strictest"),
    [
        ("live", "approve", "held"),
        ("approve", "live", "held"),
        ("approve", "shadow", "done"),
        ("shadow", "approve", "done"),
    ],
)
def test_the_stricter_mode_counts(world: MakeWorld, account_mode: str, mode: str, strictest: str) -> None:
    here = world(TASK)
    here.journal.set_mode("acme", "", account_mode, actor="ana")  # type: ignore[arg-type]
    here.journal.set_mode("acme", "call", mode, actor="ana")  # type: ignore[arg-type]
    here.new_deal()
    here.work()
    assert here.states() == {"call": {strictest: 1}}
    assert here.crm.tasks() == []


def test_what_is_sent_after_approval_takes_the_share_that_live_sendings_take(world: MakeWorld) -> None:
    here = world(TASK)
    here.journal.set_mode("acme", "", "approve", actor="ana")
    here.new_deal()
    here.work()
    here.journal.approve_execution(held_one(here), actor="ana")
    here.work()
    (row,) = here.journal.database.rows(text("select mode from reservations"))
    assert row["mode"] == "live"
    assert len(here.crm.tasks()) == 1
