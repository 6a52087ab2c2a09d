"""The company of the benchmarks, its backlog of created deals, and an engine that drains it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec

from benchmarks.databases import Journals
from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Won,
    deal_created,
    every_event,
    once,
    person,
    send_conversion,
    set_task,
    working_minutes,
)
from dealwright.clock import Clock, PlayedClock
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.crm import Contact, Money
from dealwright.model.requests import Call, CreateDeal, Outcome, Sent
from dealwright.ports import Connector
from dealwright_embedded_crm import EmbeddedCrm

MONDAY: Final = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
"""Monday 09:00 in New York; business time stands still while a benchmark runs."""

CHUNK: Final = 500
"""Events that the engine routes in one transaction."""

BATCH: Final = 500
"""Executions that the engine claims in one transaction, as it does by default."""

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="one automation is measured")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


def company(*, once_per_person: bool = False, converts: bool = False) -> ir.Account:
    """Compile the company: one automation with three conditions that sets a task, and then tells Meta of a purchase."""
    task = set_task("call", text="Call {{ deal.main_contact.name }} about {{ deal.title }}", due=working_minutes(15))
    purchase = send_conversion("purchase", event="Purchase", value=deal.amount)
    greet = Automation(
        key="greet",
        why="The speed of the first contact decides.",
        on=deal_created(in_=Sales),
        when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam"), deal.amount > 10],
        again=once(per=person) if once_per_person else every_event(),
        do=[task, purchase] if converts else [task],
    )
    account = Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency="USD",
        working_hours="Mon-Fri 09:00-18:00",
        pipelines=[Sales],
        automations=[greet],
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


class Losing(EmbeddedCrm):
    """A CRM that says of one call that it was carried out, and has lost it: what `--break` takes away."""

    _lost = False

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Lose the first call of all."""
        if self._lost:
            return await super().perform(calls)
        self._lost = True
        return [Sent(receipt={"task_id": "0"}), *await super().perform(calls[1:])]


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Created deals that lie in a CRM and, as events that nobody has routed, in a journal; copied for each round."""

    journals: Journals
    folder: Path
    name: str

    @classmethod
    def make(cls, journals: Journals, folder: Path, name: str, *, deals: int, persons: int) -> Backlog:
        """Create deals whose contacts are so many persons in turn, and append their events to a new journal."""
        made = cls(journals=journals, folder=folder, name=name)
        clock = PlayedClock(MONDAY)
        url = journals.new(name)
        with closing(Journal(url, clock)) as journal, closing(EmbeddedCrm(made._crm_url(name), clock)) as crm:
            crm.shape(company().pipelines, apply=True)
            owner = crm.add_user("Ana Vogel")
            contacts = crm.create_contacts(
                [Contact(id="", name=f"Kim {n}", phone=f"+1212555{n:04}") for n in range(persons)]
            )
            wanted = [
                CreateDeal(
                    pipeline="sales",
                    stage="incoming",
                    title=f"Forty chairs {n}",
                    amount=Money(Decimal(100 + n), "USD"),
                    contacts=(contacts[n % persons].id,),
                    owner=owner.id,
                )
                for n in range(deals)
            ]
            for start in range(0, deals, CHUNK):
                crm.create_deals(wanted[start : start + CHUNK])
            while items := crm.pull(CHUNK):
                journal.append("acme", crm.source, items)
                crm.taken([item.event.source_id for item in items])
        return made

    def copy(self, to: str) -> str:
        """Copy journal and CRM; return the URL of the journal's copy."""
        shutil.copyfile(self.crm_path(self.name), self.crm_path(to))
        return self.journals.copy(self.name, to)

    def crm_path(self, name: str) -> Path:
        """Return where the CRM of a copy lies."""
        return self.folder / f"{name}.crm.db"

    def _crm_url(self, name: str) -> str:
        return f"sqlite:///{self.crm_path(name)}"

    def drain(
        self,
        name: str,
        url: str,
        definitions: ir.Account,
        *,
        journal_class: type[Journal] = Journal,
        connectors: Callable[[Clock], Sequence[Connector]] = lambda _clock: (),
        broken: bool,
    ) -> tuple[float, Journal]:
        """Work a copy until nothing is left; return the seconds from start to idle, and the closed journal."""
        clock = PlayedClock(MONDAY)
        crm = (Losing if broken else EmbeddedCrm)(self._crm_url(name), clock)
        journal = journal_class(url, clock)
        with closing(journal), closing(crm):
            journal.record_release(definitions)
            journal.start()
            site = AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm, *connectors(clock)))
            return asyncio.run(_until_idle(Engine(journal, [site], clock, linger=0.1, batch_limit=BATCH))), journal


async def _until_idle(engine: Engine) -> float:
    stop = asyncio.Event()
    start = perf_counter()
    running = asyncio.create_task(engine.run(stop))
    while not engine.idle():
        await asyncio.sleep(0.01)
    seconds = perf_counter() - start
    stop.set()
    await running
    return seconds
