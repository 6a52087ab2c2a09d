"""What the journal's tests talk about: one account, its deals, a clock that is set by hand, and short ways to act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import text

from dealwright.compile import ir
from dealwright.engine.act import effect_key
from dealwright.engine.records import (
    Claimed,
    EffectOutcome,
    EffectRow,
    GateRequest,
    GateResult,
    Progress,
    Reservation,
    Routed,
    Settlement,
    ToRoute,
    Turn,
    Verdict,
)
from dealwright.journal.store import Journal
from dealwright.mirror.tables import metadata
from dealwright.model.calendar import Calendar, WorkingSpan
from dealwright.model.crm import Contact, Deal, PipelineShape, StageShape
from dealwright.model.delivery import Keyed
from dealwright.model.events import DealCreated, DealUpdated, StageChanged
from dealwright.model.requests import Outcome, Sent, SetTask
from dealwright.ports import FeedItem

Open = Callable[[], Journal]
"""Opens a test's journal as one more worker."""

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
LEASE = 30.0
GRACE = 10.0
"""Seconds that the journals of these tests wait after a lease before they take over."""


class HandClock:
    """Business time, wall time and monotonic time, each set by hand."""

    def __init__(self) -> None:
        self.business = MONDAY
        self.on_the_wall = MONDAY
        self.seconds = 1000.0

    def now(self) -> datetime:
        """Business time."""
        return self.business

    def wall(self) -> datetime:
        """Wall time."""
        return self.on_the_wall

    def monotonic(self) -> float:
        """Monotonic seconds."""
        return self.seconds


SALES = PipelineShape(
    key="sales",
    name="Sales",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="won", name="Won", kind="won"),
    ),
)


def automation(key: str, on: ir.Trigger) -> ir.Automation:
    """Return an automation that is nothing but its trigger: these tests do the deciding."""
    return ir.Automation(key=key, on=on, when=ir.All(of=()), again=ir.EveryEvent(), do=())


def company(key: str = "acme", country: str = "US") -> ir.Account:
    """Return an account with `greet` on created deals and `watch` and `follow` on updated ones."""
    return ir.Account(
        key=key,
        name=key.title(),
        calendar=Calendar(zone="UTC", spans=tuple(WorkingSpan(weekday=day, start=540, end=1080) for day in range(5))),
        country=country,
        currency="USD",
        pipelines=(SALES,),
        automations=(
            automation("greet", ir.OnDealCreated()),
            automation("watch", ir.OnDealUpdated()),
            automation("follow", ir.OnDealUpdated()),
        ),
    )


ACME = company()


def deal(id_: str, version: int = 1, contacts: Sequence[Contact] = ()) -> Deal:
    """Return a deal."""
    return Deal(
        id=id_,
        title=f"Deal {id_}",
        pipeline="sales",
        stage="incoming",
        contacts=tuple(contacts),
        created_at=MONDAY,
        updated_at=MONDAY,
        stage_since=MONDAY,
        version=version,
    )


def created(source_id: str, after: Deal, **more: Any) -> FeedItem:
    """Return the feed's entry of a created deal."""
    event = DealCreated(source_id=source_id, occurred_at=MONDAY, actor="user:ana", after=after, **more)
    return FeedItem(event=event, raw=b"{}")


def updated(source_id: str, after: Deal, **more: Any) -> FeedItem:
    """Return the feed's entry of an updated deal."""
    event = DealUpdated(
        source_id=source_id, occurred_at=MONDAY, actor="user:ana", after=after, changed=("title",), **more
    )
    return FeedItem(event=event, raw=b"{}")


def moved(source_id: str, after: Deal, **more: Any) -> FeedItem:
    """Return the feed's entry of a deal that changed its stage; no automation of `company` answers it."""
    event = StageChanged(source_id=source_id, occurred_at=MONDAY, actor="user:ana", after=after, **more)
    return FeedItem(event=event, raw=b"{}")


def answers(events: Sequence[ToRoute], account: ir.Account = ACME) -> list[Routed]:
    """Return the executions that the account's automations make of the events, without engine/route's loop rules."""
    kinds = {"deal_created": ("greet",), "deal_updated": ("watch", "follow"), "stage_changed": ()}
    return [
        Routed(event_id=item.id, automation=key, subject=item.event.subject)
        for item in events
        for key in kinds[item.event.kind]
        if account.automation(key) is not None
    ]


def receive(journal: Journal, *items: FeedItem, account: ir.Account = ACME) -> int:
    """Append entries of the CRM's feed."""
    return journal.append(account.key, "crm", items)


def route(journal: Journal, account: ir.Account = ACME, limit: int = 10_000) -> bool:
    """Route what is unrouted."""
    events = journal.unrouted(account.key, limit)
    return journal.route(account, "release", events, answers(events, account))


def window(journal: Journal, key: str = "greet", account: str = "acme") -> str:
    """Open a window; what is claimed in it stays this worker's while it is open."""
    return journal.open_window(account, key, "version").id


def claim(journal: Journal, key: str = "greet", limit: int = 10_000, account: str = "acme") -> Sequence[Claimed]:
    """Claim in a window of its own."""
    return journal.claim(account, key, window(journal, key, account), limit, LEASE)


def effect_of(journal: Journal, claimed: Claimed, step: str = "call", delivery: Any = None) -> EffectRow:
    """Return the effect of a step as the engine would plan it."""
    key = effect_key(journal.installation, claimed.id, step, 1, "deal")
    before = next((effect for effect in claimed.effects if effect.key == key), None)
    return EffectRow(
        key=key,
        execution_id=claimed.id,
        step=step,
        target="deal",
        state="planned" if before is None else before.state,
        delivery=delivery or Keyed(),
        request=SetTask(deal_id=claimed.subject, text="Call", due_at=MONDAY + timedelta(days=1)),
        attempts=0 if before is None else before.attempts,
    )


def turn_of(claimed: Claimed, effect: EffectRow | None = None) -> Turn:
    """Return the next turn of an execution."""
    return Turn(
        execution_id=claimed.id,
        n=claimed.turn + 1,
        as_of=MONDAY,
        facts=None,
        trace=(),
        progress=Progress(passed=True),
        effect=effect,
    )


def plan(journal: Journal, claimed: Sequence[Claimed], step: str = "call", delivery: Any = None) -> list[EffectRow]:
    """Plan one effect for each execution."""
    effects = [effect_of(journal, item, step, delivery) for item in claimed]
    journal.plan([turn_of(item, effect) for item, effect in zip(claimed, effects, strict=True)])
    return effects


def once(scope: str, *, mode: str = "live", rule: str = "again:greet", until: datetime | None = None) -> Verdict:
    """Return the verdict that an effect may be sent if it gets this reservation."""
    return Verdict(decision="send", reservations=(Reservation(mode=mode, rule=rule, scope=scope, until=until),))


SEND = Verdict(decision="send")
HOLD = Verdict(decision="hold", guard="stop", reason="stop")
SHADOW = Verdict(decision="drop", guard="mode", reason="shadow")


def gate(
    journal: Journal, effects: Sequence[EffectRow], verdicts: Verdict | Sequence[Verdict] = SEND, account: str = "acme"
) -> Sequence[GateResult] | None:
    """Take effects to the gate on the epoch of now."""
    given = [verdicts] * len(effects) if isinstance(verdicts, Verdict) else verdicts
    requests = [GateRequest(effect=effect, verdict=verdict) for effect, verdict in zip(effects, given, strict=True)]
    return journal.pass_gate(account, journal.controls(account).epoch, "greet", requests)


def results(passed: Sequence[GateResult] | None) -> list[str]:
    """Return what the gate made of the effects, in the order it took them."""
    assert passed is not None
    return [item.result for item in passed]


def answer(journal: Journal, effects: Sequence[EffectRow], outcome: Outcome | None = None) -> None:
    """Let the other side answer."""
    journal.receive_outcomes([EffectOutcome(effect=effect, outcome=outcome or Sent()) for effect in effects])


def settle(journal: Journal, claimed: Sequence[Claimed], state: Any = "done", **more: Any) -> frozenset[str]:
    """Settle executions, all alike."""
    return journal.settle([Settlement(execution_id=item.id, state=state, **more) for item in claimed])


def states(journal: Journal, table: str = "executions") -> list[str]:
    """Return the states of all executions (or effects), oldest first."""
    order = {"executions": "event_id, automation", "effects": "planned_at, key"}[table]
    return [row["state"] for row in journal.database.rows(text(f"select state from {table} order by {order}"))]


def execute(journal: Journal, sql: str, **parameters: Any) -> None:
    """Run a statement that no code of ours would run."""
    with journal.database.write() as connection:
        connection.execute(text(sql), parameters)


def one(journal: Journal, sql: str, **parameters: Any) -> Any:
    """Return one value."""
    with journal.database.read() as connection:
        return connection.execute(text(sql), parameters).scalar_one()


def headless(journal: Journal) -> int:
    """Count lanes with work and not exactly one head."""
    return int(
        one(
            journal,
            "select count(*) from (select lane from executions where pos is not null group by lane "
            "having sum(case when head then 1 else 0 end) <> 1) as x",
        )
    )


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run functions at the same time, each in a thread; return what they returned."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], object]) -> object:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [task.result(timeout=60) for task in [pool.submit(begin, work) for work in works]]


def empty(url: str) -> None:
    """Empty a PostgreSQL journal; what makes it this installation stays. (To truncate takes a second of fsync.)"""
    filled = [table.name for table in reversed(metadata.sorted_tables) if table.name != "meta"]
    with psycopg.connect(plain(url)) as connection:
        connection.execute("set session_replication_role = replica")  # past the triggers that refuse it
        for name in filled:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))


def plain(url: str) -> str:
    """Return the address as psycopg takes it."""
    return url.replace("postgresql+psycopg", "postgresql")
