"""What the engine's tests talk about: one small company, its CRM, its journal, and an engine on a played clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from dealwright import Account, Automation, DealFields, Incoming, Lost, Pipeline, Stage, Won
from dealwright.clock import PlayedClock
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.crm import Deal, Money
from dealwright.model.events import DealCreated
from dealwright.ports import Connector
from dealwright_embedded_crm import EmbeddedCrm

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
"""Monday 09:00 in New York."""

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="tests set their own")
    agreed = Stage("Agreed the terms", probability=80, task=None, because="tests set their own")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


def account(*automations: Automation) -> ir.Account:
    """Compile a company with these automations."""
    company = Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency="USD",
        working_hours="Mon-Fri 09:00-18:00",
        pipelines=[Sales],
        automations=list(automations),
    )
    lowered, findings = lower(company, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


def some_deal(**changes: object) -> Deal:
    """Return a deal as an event would tell it."""
    fields: dict[str, object] = {
        "id": "1",
        "title": "Forty chairs",
        "pipeline": "sales",
        "stage": "incoming",
        "created_at": MONDAY,
        "updated_at": MONDAY,
        "stage_since": MONDAY,
        "version": 1,
    }
    return Deal(**(fields | changes))  # type: ignore[arg-type]


def created(**changes: object) -> DealCreated:
    """Return the event of a created deal."""
    return DealCreated(source_id="e1", occurred_at=MONDAY, actor="user:ana", after=some_deal(**changes))


class World:
    """A CRM and a journal in a folder (or at a journal's URL), and engines over them."""

    def __init__(
        self,
        folder: Path,
        company: ir.Account,
        *others: Connector,
        journal_url: str | None = None,
        clock: PlayedClock | None = None,
    ) -> None:
        self.clock = clock or PlayedClock(MONDAY)
        self.crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", self.clock)
        self.crm.shape(company.pipelines, fields=company.own_fields(), zone=company.calendar.zone, apply=True)
        if not self.crm.users():
            self.crm.add_user("Ana Vogel")  # outside of Incoming, every deal has an owner
        self.company = company
        self.others = others
        self.url = journal_url or f"sqlite:///{folder / 'journal.db'}"
        self.journal = self.open_journal()
        self.journal.record_release(company)

    def open_journal(self) -> Journal:
        """Open the journal as one more worker."""
        journal = Journal(self.url, self.clock, takeover_after=1.0)
        journal.start()
        return journal

    def engine(self, journal: Journal | None = None, *, batch_limit: int = 250, linger: float = 0.1) -> Engine:
        """Return an engine of this worker."""
        site = AccountSite(key="acme", crm=self.crm, feeds=(self.crm,), connectors=(self.crm, *self.others))
        quick = {"linger": linger, "pause": 0.05, "rest": 0.05}
        return Engine(journal or self.journal, [site], self.clock, batch_limit=batch_limit, **quick)

    def work(self, engine: Engine | None = None) -> None:
        """Run an engine until it is idle, and stop it."""

        async def until_quiet(running: Engine) -> None:
            await running.quiet()

        self.run(until_quiet, engine)

    def run(self, body: Callable[[Engine], Awaitable[None]], engine: Engine | None = None) -> None:
        """Run an engine beside `body`, and stop it."""
        running = engine or self.engine()

        async def main() -> None:
            stop = asyncio.Event()
            task = asyncio.create_task(running.run(stop))
            try:
                await asyncio.wait_for(body(running), 60)
            finally:
                stop.set()
                await task

        asyncio.run(main())

    def new_deal(self, *, amount: int | None = 100, contacts: Sequence[str] = (), title: str = "Forty chairs") -> Deal:
        """Create a deal in Incoming, as a person would."""
        return self.crm.create_deal(
            pipeline="sales",
            stage="incoming",
            title=title,
            amount=None if amount is None else Money(Decimal(amount), "USD"),
            contacts=tuple(contacts),
        )

    def states(self) -> dict[str, dict[str, int]]:
        """Count executions by automation and state, from the public view."""
        return self.journal.counts("executions")

    def effects(self) -> dict[str, dict[str, int]]:
        """Count effects by kind and state, from the public view."""
        return self.journal.counts("effects")

    def reasons(self) -> list[str]:
        """Return the reason of every execution, in event order."""
        rows = self.journal.database.rows(text("select reason from dw_executions order by event_id, automation"))
        return [row["reason"] for row in rows]

    def close(self) -> None:
        """Close both databases."""
        self.journal.close()
        self.crm.close()
