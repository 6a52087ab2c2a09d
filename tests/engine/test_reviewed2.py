"""What a second reviewer found in the engine: facts that were too old, and one execution that stopped its account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    deal_created,
    event_received,
    every_event,
    move_deal,
    send_email,
    send_event,
    set_task,
    working_days,
)
from dealwright.engine import observe
from dealwright.engine.route import route
from dealwright.journal.payload import seal
from dealwright.model.crm import Contact, Deal
from dealwright.model.delivery import AtMostOnce
from dealwright.model.events import EventReceived
from dealwright.model.requests import Call, DealChanges, Outcome
from dealwright.ports import FeedItem
from dealwright.testing.scripted import ScriptedConnector

PAID = Automation(
    key="paid",
    why="",
    on=event_received("paid", from_="billing"),
    again=every_event(),
    do=[set_task("thank", text="Thank for {{ deal.title }}", due=working_days(1))],
)
WELCOME = Automation(
    key="welcome",
    why="",
    on=deal_created(in_=Sales),
    when=[deal.stage == Sales.incoming],
    again=every_event(),
    do=[send_event("created", to="erp"), move_deal("go", to=Sales.quoted)],
)


def mail(key: str, subject: str) -> Automation:
    """An automation that writes to the customer of every new deal."""
    step = send_email("mail", to=deal.main_contact, subject=subject, text="Hello")
    return Automation(key=key, why="", on=deal_created(in_=Sales), again=every_event(), do=[step])


class Messages(ScriptedConnector):
    """Sends e-mail at most once, and remembers what it was asked to send."""

    def __init__(self) -> None:
        super().__init__(("send_email", "send_event"), delivery=AtMostOnce())
        self.told: list[tuple[str, str]] = []
        self.before: Callable[[Sequence[Call]], None] | None = None

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Note whom and what, then answer."""
        if self.before is not None:
            self.before(calls)
        outcomes = await super().perform(calls)
        requests = [call.request for call in calls if call.request.kind == "send_email"]
        self.told += [(request.subject, request.to) for request in requests]  # type: ignore[union-attr]
        return outcomes


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def here(tmp_path: Path, messages: Messages) -> Iterator[World]:
    """A company without automations: tests record theirs."""
    made = World(tmp_path, account(), messages)
    yield made
    made.close()


def released(here: World, *automations: Automation) -> None:
    here.journal.record_release(account(*automations))


def told(here: World, source_id: str, **names: str) -> None:
    """Receive an event from the hook."""
    event = EventReceived(
        source_id=source_id, occurred_at=MONDAY, actor="hook:billing", source="billing", name="paid", **names
    )
    here.journal.append("acme", "billing", [FeedItem(event=event, raw=b"{}")])


def a_contact(here: World, **fields: str) -> str:
    (made,) = here.crm.create_contacts([Contact(id="", **{"name": "Maria", "email": "maria@example.com", **fields})])
    return made.id


def executions(here: World) -> list[tuple[str, str, str]]:
    rows = here.journal.database.rows(text("select id, state, reason from executions order by event_id, automation"))
    return [(row["id"], row["state"], row["reason"]) for row in rows]


def tasks(here: World) -> list[str]:
    return sorted(task.text for task in here.crm.tasks())


def test_a_slower_observation_of_another_engine_does_not_replace_the_first(here: World) -> None:
    released(here, PAID)
    gone, healthy = here.new_deal(title="Gone"), here.new_deal(title="Healthy")
    here.work()
    told(here, "1", deal_id=gone.id)
    told(here, "2", deal_id=healthy.id)
    other = here.open_journal()
    unread = other.unrouted("acme", 10)
    here.journal.observed("acme", asyncio.run(observe.read(here.crm, here.journal.unrouted("acme", 10), here.company)))
    ready = here.journal.unrouted("acme", 10)
    here.crm.delete_deal(gone.id)
    other.observed("acme", asyncio.run(observe.read(here.crm, unread, here.company)))
    assert here.journal.unrouted("acme", 10) == ready
    release = here.journal.active_release("acme")
    assert release is not None
    assert here.journal.route(release.account, release.digest, ready, route(release.account, ready))
    here.work()
    assert here.states() == {"paid": {"failed": 1, "done": 1}}
    assert tasks(here) == ["Thank for Healthy"]
    other.close()


def test_an_execution_that_cannot_be_begun_is_parked_and_the_others_of_its_batch_go_on(here: World) -> None:
    released(here, PAID)
    first, healthy = here.new_deal(title="First"), here.new_deal(title="Healthy")
    here.work()
    told(here, "1", deal_id=first.id)
    told(here, "2", deal_id=healthy.id)
    here.journal.observed("acme", asyncio.run(observe.read(here.crm, here.journal.unrouted("acme", 10), here.company)))
    ready = here.journal.unrouted("acme", 10)
    release = here.journal.active_release("acme")
    assert release is not None
    assert here.journal.route(release.account, release.digest, ready, route(release.account, ready))
    event = ready[0].event
    assert isinstance(event, EventReceived)
    with here.journal.database.write() as connection:  # as an older version could leave it
        lost = EventReceived(
            source_id="1", occurred_at=MONDAY, actor="hook:billing", source="billing", name="paid", observed=True
        )
        connection.execute(
            text("update events set body = :body where id = :id"), {"body": seal(lost), "id": ready[0].id}
        )
    here.work()
    assert [row[1:] for row in executions(here)] == [
        ("parked", "cannot be begun: LookupError (its event or its release does not fit it)"),
        ("done", ""),
    ]
    assert tasks(here) == ["Thank for Healthy"]
    here.journal.cancel_execution(executions(here)[0][0], actor="ana")
    assert here.states() == {"paid": {"cancelled": 1, "done": 1}}


def test_what_had_left_when_its_execution_cannot_be_begun_any_more_is_unknown(here: World, messages: Messages) -> None:
    released(here, mail("greet", "Hello"))
    here.new_deal(contacts=[a_contact(here)])

    def dies(calls: Sequence[Call]) -> None:
        raise KeyboardInterrupt

    messages.before = dies
    with pytest.raises(KeyboardInterrupt):
        here.work()
    assert here.effects() == {"send_email": {"sending": 1}}
    with here.journal.database.write() as connection:  # nobody has that release any more
        connection.execute(text("update executions set release = 'gone', state = 'ready', worker = null"))
    here.work()
    assert [row[1:] for row in executions(here)] == [
        ("parked", "cannot be begun: ReleaseError (its event or its release does not fit it)")
    ]
    assert here.effects() == {"send_email": {"unknown": 1}}


def test_a_replayed_event_is_decided_on_the_deal_as_it_is_now(here: World, messages: Messages) -> None:
    released(here, WELCOME)
    made = here.new_deal()
    here.work()
    here.crm.move_deal(made.id, "sales", "won")
    here.work()
    here.journal.replay_event(1, actor="ana")
    here.work()
    assert [row[1:] for row in executions(here)] == [("done", ""), ("skipped", "conditions")]
    assert len(messages.requests) == 1
    assert asyncio.run(here.crm.read_deals([made.id]))[made.id].stage == "won"
    # What the decision was made on is kept, not the event's own facts.
    facts = text("select facts from turns where execution_id = :id and n = 1")
    assert here.journal.database.rows(facts, id=executions(here)[1][0])[0]["facts"] is not None


def test_a_replayed_event_of_a_deal_that_is_gone_sends_nothing(here: World, messages: Messages) -> None:
    only_tells = Automation(
        key="tell", why="", on=deal_created(in_=Sales), again=every_event(), do=[send_event("created", to="erp")]
    )
    released(here, only_tells)
    made = here.new_deal()
    here.work()
    here.crm.delete_deal(made.id)
    here.journal.replay_event(1, actor="ana")
    here.work()
    assert [row[1:] for row in executions(here)] == [("done", ""), ("cancelled", "the deal is gone")]
    assert len(messages.requests) == 1


def test_what_failed_in_its_first_turn_is_retried_on_the_deal_as_it_is_now(here: World, messages: Messages) -> None:
    released(here, mail("greet", "{{ deal.company }}"))
    made = here.new_deal(contacts=[a_contact(here)])
    here.work()
    ((execution, state, _),) = executions(here)
    assert state == "failed"
    here.crm.update_deal(made.id, DealChanges(company="Chairs & Co"))
    here.journal.retry_execution(execution, actor="ana")
    here.work()
    assert here.states() == {"greet": {"done": 1}}
    assert messages.told == [("Chairs & Co", "maria@example.com")]


def test_a_message_that_stood_in_line_is_rendered_on_its_deal_as_it_is_when_its_turn_comes(
    here: World, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two automations write at once; while the first one's request is under way, the deal and the address change."""
    released(here, mail("one", "one {{ deal.title }}"), mail("two", "two {{ deal.title }}"))
    contact = a_contact(here)
    made = here.new_deal(contacts=[contact], title="Old")
    deals_read: list[str] = []
    read_deals = here.crm.read_deals

    async def reading(ids: Sequence[str]) -> Mapping[str, Deal]:
        deals_read.extend(ids)
        return await read_deals(ids)

    monkeypatch.setattr(here.crm, "read_deals", reading)
    perform = messages.perform

    async def slow(calls: Sequence[Call]) -> Sequence[Outcome]:
        if not messages.told:
            for _ in range(2000):  # until the other one stands in line: it has its first turn behind it
                await asyncio.sleep(0.001)
                began = text("select count(*) as n from executions where state = 'running'")
                if here.journal.database.rows(began)[0]["n"] == 2:
                    break
            for _ in range(50):
                await asyncio.sleep(0.001)
            here.crm.update_deal(made.id, DealChanges(title="New"))
            here.crm.update_contact(contact, email="new@example.com")
        return await perform(calls)

    monkeypatch.setattr(messages, "perform", slow)
    here.work()
    first, second = messages.told
    assert first[0].endswith(" Old") and first[1] == "maria@example.com"
    assert second[0].endswith(" New") and second[1] == "new@example.com"
    assert deals_read == [made.id, made.id]  # each message's deal once, when its turn has come


def test_a_hook_that_names_a_deal_merged_into_another_is_about_that_one(here: World) -> None:
    released(here, PAID)
    kept, between, old = (here.new_deal(title=title) for title in ("Kept", "Between", "Old"))
    here.crm.merge_deals(between.id, old.id)
    here.crm.merge_deals(kept.id, between.id)
    told(here, "1", deal_id=old.id)
    told(here, "2", deal_id="999")
    here.work()
    assert tasks(here) == ["Thank for Kept"]
    # For an execution that waits, a deal that was merged away is gone.
    assert asyncio.run(here.crm.read_deals([old.id])) == {}
