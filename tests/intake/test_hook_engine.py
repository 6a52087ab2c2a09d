"""The whole road of a hook: signed JSON in, a rule runs for the deal it names, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hook_world import NOW, HandClock, Hooks

from dealwright import Account, Automation, Incoming, Lost, Pipeline, Stage, Won, event_received, every_event, set_task
from dealwright.clock import PlayedClock
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.language.durations import working_days
from dealwright_embedded_crm import EmbeddedCrm


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    agreed = Stage("Agreed the terms", probability=80, task=None, because="tests set their own")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


THANK = Automation(
    key="thank",
    why="",
    on=event_received("invoice-paid", from_="billing", data=["number", "amount"], in_=Sales),
    again=every_event(),
    do=[set_task("call", text="Thank them: {{ event.data.number }}, {{ event.data.amount }}", due=working_days(1))],
)


class World:
    """A CRM, a journal and an engine of one account that billing tells of paid invoices."""

    def __init__(self, folder: Path, journal_url: str) -> None:
        company = Account(
            "acme",
            zone="America/New_York",
            country="US",
            currency="USD",
            working_hours="Mon-Fri 09:00-18:00",
            pipelines=[Sales],
            automations=[THANK],
        )
        lowered, findings = lower(company, folder)
        assert lowered is not None, findings
        clock = PlayedClock(NOW)
        self.crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", clock)
        self.crm.shape(lowered.pipelines, fields=lowered.own_fields(), apply=True)
        self.journal = Journal(journal_url, clock, takeover_after=1.0)
        self.journal.start()
        self.journal.record_release(lowered)
        self.clock = clock

    def close(self) -> None:
        self.journal.close()
        asyncio.run(self.crm.aclose())

    def tell(self, *bodies: dict[str, Any]) -> list[dict[str, int]]:
        """Post the bodies while the engine works, and wait until nothing is left to do."""

        async def play() -> list[dict[str, int]]:
            stop = asyncio.Event()
            site = AccountSite(key="acme", crm=self.crm, feeds=(self.crm,), connectors=(self.crm,))
            engine = Engine(self.journal, [site], self.clock, linger=0.1)
            working = asyncio.create_task(engine.run(stop))
            async with Hooks(self.journal, HandClock()) as hooks:
                answers = [(await hooks.post(body)).json() for body in bodies]
            await asyncio.wait_for(engine.quiet(), 30)
            stop.set()
            await working
            return answers

        return asyncio.run(play())

    def deal(self, reference: str) -> str:
        made = self.crm.create_deal(pipeline="sales", stage="incoming", title=reference, reference=reference)
        return made.id

    def tasks(self, deal_id: str) -> list[str]:
        return [task.text for task in self.crm.tasks(deal_id=deal_id)]


@pytest.fixture
def world(tmp_path: Path, journal_url: str) -> Iterator[World]:
    with closing(World(tmp_path, journal_url)) as made:
        yield made


def paid(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "event": "invoice-paid", "data": {"number": "INV-7", "amount": "120.50"}, **more}


def test_a_hook_that_names_a_deal_runs_the_rule_for_it_once(world: World) -> None:
    by_reference, by_id, other = world.deal("INV-7"), world.deal("INV-8"), world.deal("INV-9")
    first = paid("e1", reference="INV-7")
    answers = world.tell(first, first, paid("e2", deal=by_id))
    assert [answer["accepted"] for answer in answers] == [1, 0, 1]
    assert world.tell(first) == [{"accepted": 0, "duplicates": 1}]
    assert world.tasks(by_reference) == world.tasks(by_id) == ["Thank them: INV-7, 120.50"]
    assert world.tasks(other) == []


def test_a_hook_that_names_no_deal_or_none_that_is_there_runs_nothing_and_holds_nobody_up(world: World) -> None:
    here = world.deal("INV-7")
    answers = world.tell(
        paid("e1"),
        paid("e2", reference="INV-404"),
        paid("e3", deal=999_999),
        paid("e4", deal="no number"),
        paid("e5", reference="INV-7") | {"event": "invoice-sent"},
        paid("e6", reference="INV-7"),
    )
    assert [answer["accepted"] for answer in answers] == [1] * 6
    assert world.tasks(here) == ["Thank them: INV-7, 120.50"]
    assert world.journal.unrouted("acme", 10) == []
