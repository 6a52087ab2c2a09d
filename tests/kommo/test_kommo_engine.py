"""Kommo on the engine's road: hooks in, leads read again, rules decide, tasks out; nothing lost and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from kommo_world import PERSON, Account, account
from sqlalchemy import text

from dealwright import (
    Account as Company,
)
from dealwright import (
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Won,
    add_note,
    add_tags,
    deal_created,
    deal_updated,
    entered,
    every_event,
    hours,
    once,
    set_task,
    stage_visit,
    wait,
    working_days,
)
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.events import DealNoticed
from dealwright.ports import FeedItem
from dealwright_http.faults import Fault
from dealwright_kommo.simulator import Manners

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales of chairs"):
    incoming = Incoming("Incoming leads")
    quoted = Stage("Sent the quote", task=None, because="tests set their own")
    agreed = Stage("Agreed the terms", task=None, because="tests set their own")
    won = Won("Closed - won")
    lost = Lost("Closed - lost")


CALL = Automation(
    key="call", why="", on=deal_created(in_=Sales), when=[deal.amount > 10], again=every_event(),
    do=[set_task("call", text="Call {{ deal.title }}", due=working_days(1))],
)  # fmt: skip
QUOTED = Automation(
    key="quoted", why="", on=entered(Sales.quoted), when=[deal.stage == Sales.quoted], again=once(per=stage_visit),
    do=[add_tags("tag", "hot"), add_note("note", text="Quoted"), wait("rest", hours(1)), add_tags("late", "cold")],
)  # fmt: skip
TAGGED = Automation(
    key="tagged", why="", on=deal_updated(fields=[deal.tags], in_=Sales), again=every_event(),
    do=[set_task("look", text="Look at {{ deal.title }}", due=working_days(1))],
)  # fmt: skip


class Town:
    """An account with an engine over it."""

    def __init__(self, here: Account, folder: Path, *automations: Automation) -> None:
        company = Company(
            "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=list(automations)
        )
        lowered, findings = lower(company, Path(__file__).parent)
        assert lowered is not None, findings
        self.here = here
        self.journal = Journal(f"sqlite:///{folder / 'journal.db'}", here.clock, takeover_after=1.0)
        self.journal.start()
        self.journal.record_release(lowered)
        here.on_items = lambda items: self.journal.append("acme", "kommo", items)
        site = AccountSite(key="acme", crm=here.kommo, feeds=(), connectors=(here.kommo,))
        self.engine = Engine(self.journal, [site], here.clock, linger=0.05, pause=0.05, rest=0.05)

    async def quiet(self) -> None:
        """Return when hooks, their answers, and the hooks of those have come to rest."""
        while True:
            await self.engine.quiet()
            await self.here.heard()
            if self.engine.idle():
                return

    def tasks(self) -> list[str]:
        found = self.here.simulator.world.all("tasks").values()
        return sorted(task["text"].partition("\n")[0] for task in found)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.journal.database.rows(text(query))]


def play(folder: Path, body: Callable[[Town], Awaitable[None]], *automations: Automation, **options: Any) -> None:
    async def main() -> None:
        async with account(folder, **options) as here:
            town = Town(here, folder, *automations)
            stop = asyncio.Event()
            running = asyncio.create_task(town.engine.run(stop))
            try:
                await body(town)
            finally:
                stop.set()
                await running
                town.journal.close()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_hook_is_read_again_decided_on_and_answered_by_a_task(tmp_path: Path) -> None:
    async def body(town: Town) -> None:
        await town.here.people("POST", [_lead(town, "One"), _lead(town, "Two", price=5), _lead(town, "Three")])
        await town.quiet()
        assert town.tasks() == ["Call One", "Call Three"]
        assert town.journal.counts("executions") == {"call": {"done": 2, "skipped": 1}}
        assert dict(town.rows("select kind, count(*) from dw_events group by kind")) == {"deal_created": 3}

    play(tmp_path, body, CALL)


def test_what_we_change_comes_back_as_an_echo_that_joins_the_chain(tmp_path: Path) -> None:
    async def body(town: Town) -> None:
        (lead,) = await town.here.people("POST", [_lead(town, "One")])
        await town.quiet()
        ids = town.here.settings.ids("sales", "quoted")
        assert ids is not None
        await town.here.people("PATCH", [{"id": int(lead), "status_id": ids[1], "by": PERSON}])
        await town.quiet()
        assert town.tasks() == ["Look at One"]
        caused = town.rows(
            "select events.kind, automation, depth from events join effects on effects.key = events.cause"
        )
        assert caused == [("deal_updated", "quoted", 1)]
        notes = town.here.simulator.world.all("leads_notes").values()
        assert [note["params"]["text"].partition("\n")[0] for note in notes] == ["Quoted"]
        town.here.clock.move_to(town.engine.next_due() or town.here.clock.now())
        await town.quiet()
        tags = (await town.here.kommo.read_deals([lead]))[lead].tags
        assert set(tags) == {"hot", "cold"}, "the stage visit is the same one when the deal is read again"

    play(tmp_path, body, QUOTED, TAGGED)


def test_what_we_changed_is_ours_though_the_hook_of_a_person_lets_it_be_read_first(tmp_path: Path) -> None:
    """Kommo tells one change in several hooks at once: what we answer the first with is read again at the second."""

    async def body(town: Town) -> None:
        (lead,) = await town.here.people("POST", [_lead(town, "One")])
        await town.quiet()
        ids = town.here.settings.ids("sales", "quoted")
        assert ids is not None
        late: list[FeedItem] = []

        def hold_back(items: Sequence[FeedItem]) -> None:
            """Take the hook of the move; whatever says only that something changed comes later, theirs first."""
            moved = [each for each in items if isinstance(each.event, DealNoticed) and each.event.happened == "moved"]
            late.extend(each for each in items if each not in moved)
            town.journal.append("acme", "kommo", moved)

        town.here.on_items = hold_back
        await town.here.people("PATCH", [{"id": int(lead), "status_id": ids[1], "price": 200, "by": PERSON}])
        await town.quiet()
        late.sort(key=lambda item: isinstance(item.event, DealNoticed) and item.event.ours)
        assert [item.event.ours for item in late if isinstance(item.event, DealNoticed)] == [False, True]
        for item in late:
            town.journal.append("acme", "kommo", [item])
            await town.quiet()
        assert town.tasks() == ["Look at One"]
        told = town.rows(
            "select events.kind, automation, events.depth from events left join effects on effects.key = events.cause "
            "where events.kind = 'deal_updated' order by events.id"
        )
        assert told == [("deal_updated", None, 0), ("deal_updated", "quoted", 1)], "the price is theirs, the tag ours"

    play(tmp_path, body, QUOTED, TAGGED)


def test_a_task_whose_answer_was_lost_is_looked_for_and_is_there_once(tmp_path: Path) -> None:
    async def body(town: Town) -> None:
        town.here.simulator.fail(
            Fault(method="POST", path="/api/v4/tasks", status=504, commit=True),
        )
        await town.here.people("POST", [_lead(town, str(n)) for n in range(5)])
        await town.quiet()
        assert town.tasks() == [f"Call {n}" for n in range(5)]
        assert town.journal.counts("effects") == {"set_task": {"sent": 5}}

    play(tmp_path, body, CALL, manners=Manners(), timeout=0.4, look_after=0.1)


def _lead(town: Town, name: str, **more: Any) -> dict[str, Any]:
    pipeline, status = town.here.settings.ids("sales", "incoming") or (0, 0)
    return {"name": name, "price": 100, "pipeline_id": pipeline, "status_id": status} | more
