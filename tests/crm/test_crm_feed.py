"""The change feed: complete, in order, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from crm_world import call, drain, opened, perform

from dealwright.model.events import ContactAdded, ContactRemoved, DealCreated, DealUpdated, Event, StageChanged
from dealwright.model.requests import CreateDeal, DealChanges, MoveDeal, SetTask, UpdateDeal
from dealwright_embedded_crm import EmbeddedCrm

pytestmark = pytest.mark.slow  # processes that write and are killed

HERE = Path(__file__).parent


def test_every_change_is_told_once_with_before_after_and_actor(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    one = crm.create_contact(name="One")
    two = crm.create_contact(name="Two")
    deal = crm.create_deal(
        pipeline="sales", stage="incoming", title="x", contacts=[one.id], owner="Ann", actor="user:7"
    )
    updated = crm.update_deal(deal.id, DealChanges(title="y", tags=("a",)), actor="user:7")
    added = crm.add_contact(deal.id, two.id, actor="user:7")
    removed = crm.remove_contact(deal.id, one.id, actor="user:7")
    moved = crm.move_deal(deal.id, "sales", "won", actor="user:8")
    events = drain(crm)
    assert [type(event) for event in events] == [DealCreated, DealUpdated, ContactAdded, ContactRemoved, StageChanged]
    assert [event.after for event in events] == [deal, updated, added, removed, moved]
    assert [event.before for event in events] == [None, deal, updated, added, removed]
    assert [event.after.version for event in events] == [1, 2, 3, 4, 5]
    assert events[1].changed == ("title", "tags")
    assert (events[2].contact, events[3].contact) == (two, one)
    assert {event.actor for event in events[:4]} == {"user:7"} and events[4].actor == "user:8"
    assert all(event.cause is None and event.answer == "on" for event in events)
    assert removed.contacts == (two,)
    assert crm.deal(deal.id) == moved


def test_what_changes_nothing_tells_nothing(crm: EmbeddedCrm) -> None:
    contact = crm.create_contact(name="One")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x", contacts=[contact.id])
    drain(crm)
    crm.update_deal(deal.id, DealChanges(title=" x ", tags=()))
    crm.move_deal(deal.id, "sales", "incoming")
    crm.add_contact(deal.id, contact.id)
    crm.remove_contact(deal.id, "99")
    perform(crm, call("1", SetTask(deal_id=deal.id, text="Call", due_at=deal.created_at)))
    assert drain(crm) == []
    assert crm.deal(deal.id) == deal


def test_an_echo_carries_the_key_of_the_effect(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x", owner="Ann")
    drain(crm)
    perform(
        crm,
        call("k1", UpdateDeal(deal_id=deal.id, changes=DealChanges(title="y"))),
        call("k2", MoveDeal(deal_id=deal.id, pipeline="sales", stage="won")),
        call("k3", CreateDeal(pipeline="sales", stage="incoming", title="z")),
    )
    events = drain(crm)
    assert [event.cause for event in events] == ["k1", "k2", "k3"]
    assert {event.actor for event in events} == {"automation:acme.greet"}


def test_a_contacts_own_change_is_told_once_with_its_open_deals(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    contact = crm.create_contact(name="One", phone="1")
    deals = [
        crm.create_deal(pipeline="sales", stage=stage, title="x", contacts=[contact.id])
        for stage in ("incoming", "won", "engaging")
    ]
    drain(crm)
    after = crm.update_contact(contact.id, phone="2", email="one@example.com", actor="user:1")
    (event,) = drain(crm)
    assert (event.kind, event.subject, event.actor) == ("contact_updated", f"contact:{contact.id}", "user:1")
    assert (event.contact, event.previous, event.changed, event.more) == (after, contact, ("phone", "email"), 0)
    assert event.deals == (crm.deal(deals[2].id), crm.deal(deals[0].id))
    assert event.deals[0].main_contact == after
    crm.update_contact(contact.id, phone=" 2 ")
    assert drain(crm) == []
    crm.update_deal(deals[0].id, DealChanges(title="y"))
    assert drain(crm)[0].after.main_contact == after


def test_contacts_keep_their_order(crm: EmbeddedCrm) -> None:
    ids = [crm.create_contact(name=f"c{n}").id for n in range(4)]
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="x", contacts=[ids[2], ids[0]])
    crm.add_contact(deal.id, ids[3])
    crm.remove_contact(deal.id, ids[2])
    after = crm.add_contact(deal.id, ids[2])
    assert [contact.id for contact in after.contacts] == [ids[0], ids[3], ids[2]]
    assert crm.deal(deal.id) == after


def test_what_is_not_taken_comes_again_also_after_a_restart(crm: EmbeddedCrm, crm_url: str) -> None:
    crm.create_deals([CreateDeal(pipeline="sales", stage="incoming", title=f"d{n}") for n in range(5)])
    items = crm.pull(10)
    # Only the second and the last: "greater than the last one taken" would lose the rest for ever.
    crm.taken([items[1].event.source_id, items[4].event.source_id])
    assert [item.event for item in crm.pull(10)] == [items[n].event for n in (0, 2, 3)]
    crm.close()
    reopened = opened(crm_url)
    assert [item.event for item in reopened.pull(2)] == [items[0].event, items[2].event]
    reopened.taken([item.event.source_id for item in items])
    assert reopened.pull(10) == []
    reopened.close()


def test_the_raw_bytes_are_the_event(crm: EmbeddedCrm) -> None:
    crm.create_deal(pipeline="sales", stage="incoming", title="x")
    (item,) = crm.pull(10)
    assert msgspec.json.decode(item.raw, type=Event) == item.event


def test_ids_of_events_are_unique_across_crms(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        crm = opened(f"sqlite:///{tmp_path / name}.db")
        crm.create_deal(pipeline="sales", stage="incoming", title="x")
        ids.update(item.event.source_id for item in crm.pull(10))
        crm.close()
    assert len(ids) == 2


def test_an_event_of_another_crm_cannot_be_taken(small: EmbeddedCrm) -> None:
    with pytest.raises(ValueError, match="is no event of this CRM"):
        small.taken(["ffffffffffff:1"])


def test_nothing_is_missed_while_a_second_process_writes(crm: EmbeddedCrm, crm_url: str) -> None:
    writers = 2
    each = 25
    command = [sys.executable, str(HERE / "second_writer.py"), crm_url, str(each)]
    processes = [subprocess.Popen([*command, name]) for name in "ab"[:writers]]
    events = []
    while any(process.poll() is None for process in processes):
        crm.create_deal(pipeline="sales", stage="incoming", title="mine")
        events.extend(drain(crm, limit=7))
    events.extend(drain(crm))
    assert [process.returncode for process in processes] == [0, 0]
    made = [event for event in events if isinstance(event, DealCreated)]
    assert len({event.source_id for event in events}) == len(events)
    assert {event.after.id for event in made} == {deal.id for deal in crm.deals()}
    assert sum(event.after.title != "mine" for event in made) == writers * each
    last = {event.after.id: event.after for event in events}
    assert last == {deal.id: deal for deal in crm.deals()}
    for deal_id in last:
        versions = [event.after.version for event in events if event.after.id == deal_id]
        assert versions == list(range(1, len(versions) + 1))


def test_a_process_that_is_killed_and_started_again_does_everything_once(crm: EmbeddedCrm, crm_url: str) -> None:
    many = 25
    command = [sys.executable, str(HERE / "second_writer.py"), crm_url, str(many), "a"]
    killed = subprocess.Popen(command)
    while killed.poll() is None and len(crm.deals()) < 5:
        pass
    killed.kill()
    killed.wait()
    before = len(crm.deals())
    assert 5 <= before < many
    assert subprocess.run(command, check=False).returncode == 0
    assert sorted(deal.title for deal in crm.deals()) == sorted(f"a{number}" for number in range(many))
    assert {deal.version for deal in crm.deals()} == {2}
    events = drain(crm)
    assert len(events) == len({event.cause for event in events}) == 2 * many
    assert {write.key for write in crm.writes()} == {event.cause for event in events}
