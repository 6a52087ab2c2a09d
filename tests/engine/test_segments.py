"""`for_each=Segment(...)`: an event without a deal, answered for each deal of a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from engine_world import MONDAY, Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    Match,
    OutsideEvent,
    Segment,
    Text,
    event_received,
    every_event,
    faults,
    set_task,
    working_days,
)
from dealwright.compile import ir
from dealwright.engine.rehearse import rehearse
from dealwright.errors import DefinitionError, JournalError
from dealwright.journal.browse import Browse, Filter
from dealwright.journal.browse_show import Shown
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem
from dealwright.testing import a_deal


class PricesChanged(OutsideEvent):
    key = "erp.prices.changed"
    number = Text()


class Paid(OutsideEvent):
    key = "erp.paid"
    number = Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


TELL = set_task("tell", text="New prices {{ event.data.number }} for {{ deal.title }}", due=working_days(1))
NOTE = set_task("note", text="Noted", due=working_days(1))
OPEN = Segment(in_=Sales, where=[deal.stage.is_open(), deal.amount > 50], at_most=3)


def company(*more: Automation, segment: Segment = OPEN) -> ir.Account:
    rule = Automation(key="prices", on=event_received(PricesChanged), for_each=segment, again=every_event(), do=[TELL])
    return account(rule, *more)


@pytest.fixture
def open_world(tmp_path: Path, journal_url: str) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(*more: Any, **how: Any) -> World:
        worlds.append(World(tmp_path, company(*more, **how), journal_url=journal_url))
        return worlds[-1]

    yield make
    for each in worlds:
        with closing(each):
            pass


def tell(world: World, id_: str, name: str = "erp.prices.changed", **more: Any) -> None:
    event = EventReceived(
        source_id=id_, occurred_at=MONDAY, actor="hook:erp", source="erp", name=name, data={"number": "P-1"}, **more
    )
    world.journal.append("acme", "erp", [FeedItem(event=event, raw=b"{}")])


def tasks(world: World) -> list[str]:
    return sorted(f"{task.deal_id}: {task.text}" for task in world.crm.tasks())


def test_one_execution_for_each_deal_of_the_segment_however_often_it_comes(open_world: Callable[..., World]) -> None:
    world = open_world()
    ids = [world.new_deal(title=f"D{n}", amount=amount).id for n, amount in enumerate((100, 200, 10, None))]
    lost = world.new_deal(title="L")
    world.crm.move_deal(lost.id, "sales", "lost", lost_reason="Price")
    tell(world, "e1")
    tell(world, "e1")
    world.work()
    wanted = [f"{ids[0]}: New prices P-1 for D0", f"{ids[1]}: New prices P-1 for D1"]
    assert tasks(world) == wanted
    assert world.states() == {"prices": {"done": 2}}
    assert world.journal.unmatched("acme") == []


def test_too_many_wait_for_a_person_who_lets_them_go_or_drops_them(open_world: Callable[..., World]) -> None:
    world = open_world()
    ids = [world.new_deal(title="D").id for _ in range(4)]
    tell(world, "e1")
    tell(world, "e2")
    world.work()
    assert tasks(world) == []
    second, first = world.journal.unmatched("acme")
    assert (first.reason, first.automation) == ("too_many", "prices")
    assert first.detail == "4 deals are in the segment of prices, and 3 are the most"
    assert world.journal.retry_unmatched("acme") == 0
    world.journal.drop_unmatched("acme", second.id, actor="ana")
    world.journal.assign_every("acme", first.id, actor="ana")
    with pytest.raises(JournalError, match="was assigned already, by ana"):
        world.journal.assign_every("acme", first.id, actor="bo")
    world.work()
    assert tasks(world) == [f"{id_}: New prices P-1 for D" for id_ in sorted(ids)]
    assert world.journal.unmatched("acme") == []


def test_each_automation_has_its_own_segment_and_others_their_own_deal(
    open_world: Callable[..., World],
) -> None:
    small = Segment(in_=Sales, where=[deal.amount < 50])
    other = Automation(key="small", on=event_received(PricesChanged), for_each=small, again=every_event(), do=[NOTE])
    world = open_world(other, Automation(key="paid", on=event_received(Paid), again=every_event(), do=[NOTE]))
    big, little = world.new_deal(title="B").id, world.new_deal(title="L", amount=10).id
    tell(world, "e1")
    tell(world, "e2", name="erp.paid")
    tell(world, "e3", deal_id=big)  # it names its deal: it is about no segment
    world.work()
    assert tasks(world) == [f"{big}: New prices P-1 for B", f"{little}: Noted"]
    assert [row.name for row in world.journal.unmatched("acme")] == ["erp.paid"]


@pytest.mark.slow
def test_a_failure_in_the_middle_spreads_it_once(open_world: Callable[..., World]) -> None:
    world = open_world()
    world.new_deal(title="D")
    for point in ("match.before-observed:1:raise", "observe.after-commit:1:raise"):
        faults.arm(point)
        try:
            tell(world, point[:5])
            world.work()
        finally:
            faults.arm(None)
    assert len(tasks(world)) == 2


def test_a_replay_of_one_deals_event_is_about_that_deal_alone(open_world: Callable[..., World]) -> None:
    world = open_world()
    first, second = world.new_deal(title="D").id, world.new_deal(title="D").id
    tell(world, "e1")
    world.work()
    rows = world.journal.database.rows(
        text("select id from dw_events where subject = :subject"), subject=f"deal:{second}"
    )
    world.journal.replay_event(rows[-1]["id"], actor="ana")
    world.work()
    assert tasks(world) == [f"{first}: New prices P-1 for D", *[f"{second}: New prices P-1 for D"] * 2]


def test_what_a_segment_needs() -> None:
    with pytest.raises(DefinitionError, match="needs an event from outside that has a class"):
        Automation(key="x", on=event_received("prices"), for_each=OPEN, do=[NOTE])
    with pytest.raises(DefinitionError, match="for_each of the automation 'x' is a Segment, not list"):
        Automation(key="x", on=event_received(PricesChanged), for_each=[OPEN], do=[NOTE])  # type: ignore[arg-type]
    for wrong in (0, 1001, True, "many"):
        with pytest.raises(DefinitionError, match="at_most of a Segment is a number from 1 to 1,000"):
            Segment(in_=Sales, at_most=wrong)  # type: ignore[arg-type]
    with pytest.raises(DefinitionError, match="in_ of a Segment names pipelines"):
        Segment(in_=[])


@pytest.mark.parametrize(("amount", "answers"), [(100, True), (10, False), (None, False)])
def test_a_rehearsal_asks_whether_the_deal_is_in_the_segment(amount: int | None, answers: bool) -> None:
    """A newcomer's rehearsal of a price change acted on a deal of another pipeline."""
    whole = company()
    rule = whole.automation("prices")
    assert rule is not None
    one = a_deal(Sales.incoming, amount=amount)
    event = EventReceived(
        source_id="1", occurred_at=MONDAY, actor="hook:erp", source="erp", name="erp.prices.changed", deal=one
    )
    assert rehearse(whole, rule, event, one, MONDAY).answers is answers


def test_an_event_for_a_segment_says_what_came_of_it(open_world: Callable[..., World]) -> None:
    small = Segment(in_=Sales, where=[deal.amount < 50])
    other = Automation(key="small", on=event_received(PricesChanged), for_each=small, again=every_event(), do=[NOTE])
    world = open_world(other)
    world.new_deal(amount=100)
    tell(world, "e1")
    world.work()
    shown = Shown(world.journal)
    events = Browse(world.journal.database).events(Filter(account="acme"), 50).rows
    (line,) = (each for each in events if each.source_id == "e1")
    assert shown.segment_of("acme", line, "prices") == "1 deal of its segment, each told by an event of its own"
    assert shown.segment_of("acme", line, "small") == "no deal was in its segment when it came"
    for _ in range(3):
        world.new_deal(amount=100)
    tell(world, "e2")
    world.work()
    events = Browse(world.journal.database).events(Filter(account="acme"), 50).rows
    (line,) = (each for each in events if each.source_id == "e2")
    told = "4 deals are in the segment of prices, and 3 are the most; it waits (dealwright unmatched ls)"
    assert shown.segment_of("acme", line, "prices") == told
