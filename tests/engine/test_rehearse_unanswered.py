"""What a trigger does not answer, a rehearsal does not answer, and says why; closed deals hear nothing of contacts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World
from test_conversations import HELLO

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Number,
    OutsideEvent,
    Pipeline,
    Record,
    Segment,
    Stage,
    Text,
    activity_logged,
    add_note,
    add_tags,
    contact_updated,
    deal_created,
    deal_updated,
    entered,
    event_received,
    every_event,
    hours,
    message_received,
    move_deal,
    owner_changed,
    record_added,
    replied,
    send_message,
    stage_changed,
    wait_until,
)
from dealwright.engine.imagine import Imagination
from dealwright.engine.unanswered import unanswered
from dealwright.language.triggers import Trigger
from dealwright.testing import a_contact, a_deal, a_reply, an_activity, compiled_account, rehearse
from dealwright.testing.made_up import changed, moved


class Own(DealFields):
    secret = Text("Secret", sensitive=True)


class Prices(OutsideEvent):
    key = "prices"
    more = Number()


class Part(Record):
    size = Text("Size")


class Renewals(Pipeline, key="renewals"):
    """Another pipeline."""

    incoming = Incoming()
    quoted = Stage("Offered", task=None, because="tests")


deal = Own()
NOTE = add_note("note", text="Noted.")
GREET = [
    send_message("hello", via="crm", template=HELLO, to=deal.main_contact),
    move_deal("lose", to=Sales.lost, reason="Price"),
    wait_until("answer", replied(to="hello"), timeout=hours(4), on_timeout=[add_tags("silent", "silent")]),
]
MARIA = a_contact("Maria Silva")


def company(on: Trigger, *do: object, **more: object) -> Account:
    rule = Automation(key="rule", on=on, again=every_event(), do=list(do or [NOTE]), **more)  # type: ignore[arg-type]
    return Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales, Renewals], automations=[rule],
        deal_fields=Own, records=[Part],
    )  # fmt: skip


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for each in made:
        each.close()


def world_of(worlds: list[World], folder: Path, acme: Account) -> World:
    worlds.append(World(folder, compiled_account(acme)))
    return worlds[-1]


CLOSED = "what its contacts write or change is told to open deals only"


@pytest.mark.parametrize("stage", ["quoted", "won", "lost"])
@pytest.mark.parametrize("on", [message_received(), replied(), contact_updated()], ids=["message", "reply", "contact"])
def test_a_closed_deal_hears_nothing_of_its_contacts_as_in_the_crm(
    tmp_path: Path, worlds: list[World], on: Trigger, stage: str
) -> None:
    acme = company(on)
    world = world_of(worlds, tmp_path, acme)
    contact = world.crm.create_contact(name="Maria Silva").id
    made = world.crm.create_deal(pipeline="sales", stage="quoted", title="Forty chairs", contacts=(contact,))
    if stage != "quoted":
        world.crm.move_deal(made.id, "sales", stage, lost_reason="Price" if stage == "lost" else None)
    world.crm.receive_message(contact, "Hello?")
    world.crm.update_contact(contact, phone="+12125550142")
    world.work()
    really = any(event.executions for event in world.journal.timeline("acme", f"deal:{made.id}"))
    told = rehearse(acme, "rule", a_deal(getattr(Sales, stage), contact=MARIA))
    assert (told.answers, really) == ((True, True) if stage == "quoted" else (False, False))
    assert told.acts == (["note"] if really else [])
    assert told.reason == ("" if really else f"the deal is {stage}, and {CLOSED}")


def test_an_answer_is_not_heard_once_the_rule_itself_has_closed_the_deal(tmp_path: Path, worlds: list[World]) -> None:
    acme = company(deal_created(in_=Sales), *GREET)
    for more in ({"replies": {"answer": a_reply("yes")}}, {"met": ["answer"]}, {}):
        told = rehearse(acme, "rule", a_deal(Sales.incoming, contact=MARIA), **more)  # type: ignore[arg-type]
        assert told.acts == ["hello", "lose", "silent"]
        unheard = [line.what for part in told.rehearsal.parts for line in part.trace if line.result == "not heard"]
        assert unheard == (["the deal is closed by then, and hears nothing of its contacts"] if more else [])
    world = world_of(worlds, tmp_path, acme)
    contact = world.crm.create_contact(name="Maria Silva").id
    made = world.new_deal(contacts=[contact])
    world.work()
    world.crm.receive_message(contact, "yes")
    world.work()
    due = world.journal.next_due()
    assert due is not None
    world.clock.move_to(due)
    world.work()
    read = world.crm.deal(made.id)
    assert read is not None and read.tags == ("silent",)


def test_an_open_deal_hears_its_answer() -> None:
    hello, _, wait = GREET
    told = rehearse(
        company(deal_created(in_=Sales), hello, wait),
        "rule",
        a_deal(Sales.incoming, contact=MARIA),
        replies={"answer": a_reply("yes")},
    )
    assert told.acts == ["hello"]


QUOTED, BARE = a_deal(Sales.quoted), a_deal(Sales.incoming)


@pytest.mark.parametrize(
    ("on", "more", "why"),
    [
        (deal_created(in_=Renewals), {"deal": BARE}, "the deal is in sales, and not in renewals"),
        (
            entered(Sales.won),
            {"deal": QUOTED, "event": moved(BARE, QUOTED)},
            "the deal is in sales.quoted, and not in sales.won",
        ),
        (
            stage_changed(from_=Sales.agreed, to=Sales.quoted),
            {"deal": QUOTED, "event": moved(BARE, QUOTED)},
            "the deal came from sales.incoming, and not from sales.agreed",
        ),
        (
            deal_updated(fields=[deal.amount]),
            {"deal": QUOTED, "event": changed(QUOTED, a_deal(Sales.quoted, title="Fifty chairs"))},
            "title changed, and not amount",
        ),
        (
            owner_changed(),
            {"deal": QUOTED, "event": changed(QUOTED, a_deal(Sales.quoted, title="Fifty chairs"))},
            "title changed, and not the owner",
        ),
        (
            activity_logged(kind="call"),
            {"deal": QUOTED, "activity": an_activity("meeting")},
            "it was meeting, and not call",
        ),
        (deal_created(in_=Sales), {"deal": QUOTED, "event": moved(BARE, QUOTED)}, "what happened was stage changed"),
        (deal_created(in_=Sales), {"deal": QUOTED}, ""),
        (record_added(Part, in_=Renewals), {"deal": a_deal(Sales.quoted, records=[])}, "the deal is in sales,"),
    ],
)
def test_a_trigger_that_does_not_answer_says_why(on: Trigger, more: dict[str, object], why: str) -> None:
    if isinstance(on, type(record_added(Part))):
        acme = compiled_account(company(on))
        event, stood = Imagination(acme, MONDAY).event(acme.automations[0].on, more["deal"])  # type: ignore[arg-type]
        assert unanswered(acme, acme.automations[0], event, stood).startswith(why)
        return
    told = rehearse(company(on), "rule", **more)  # type: ignore[arg-type]
    assert told.answers is not bool(why)
    assert told.reason == why


def test_a_deal_outside_of_a_segment_says_what_keeps_it_out_and_no_secret() -> None:
    segment = Segment(in_=Sales, where=[deal.amount > 100, deal.secret == "S-1"])
    acme = company(event_received(Prices), for_each=segment)
    told = rehearse(acme, "rule", a_deal(Sales.quoted, amount=5, custom={"secret": "S-1"}), data={"more": "1"})
    assert (told.answers, told.reason) == (False, "its segment does not hold the deal: false")
    seen = [(line.what, line.result, line.values) for line in told.rehearsal.parts[0].trace if line.at == "segment"]
    assert ("deal.amount > 100", "false", {"deal.amount": "5.00 USD"}) in seen
    assert all("S-1" not in value for _, _, values in seen for value in values.values())
    assert rehearse(acme, "rule", a_deal(Renewals.quoted), data={"more": "1"}).reason == (
        "the deal is in renewals, and its segment in sales"
    )
    within = a_deal(Sales.quoted, amount=Decimal(500), custom={"secret": "S-1"})
    assert rehearse(acme, "rule", within, data={"more": "1"}).answers
