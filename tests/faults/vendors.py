"""A company on three vendors at once: real simulators, the real connectors, a journal, an engine, and its audit.

Every lead makes one effect of each delivery class: a task in Kommo (CHECKABLE), a tag there (IDEMPOTENT), a conversion
at Meta (KEYED for 48 hours), an event to `erp` (KEYED) and one to `trail`, which knows no repeats (AT_MOST_ONCE).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import text

from dealwright import (
    Account,
    Automation,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Won,
    add_tags,
    deal_created,
    every_event,
    send_conversion,
    send_event,
    set_task,
    working_days,
)
from dealwright.clock import PlayedClock
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_http import Secret
from dealwright_kommo.simulator import Manners
from dealwright_meta import MetaConnector, MetaSettings
from dealwright_meta.simulator import MetaSimulation
from dealwright_webhook import FOREVER, Target, WebhookConnector, WebhookSettings
from dealwright_webhook.receiver import Receiver
from tests.kommo.kommo_world import MONDAY
from tests.kommo.kommo_world import Account as Kommo
from tests.kommo.kommo_world import account as kommo_account

TIMEOUT: Final = 1.0
"""Seconds that a request may take here."""

_PATIENCE: Final = 60.0
_SECRET: Final = Secret("0123456789abcdef")
_DATASET: Final = "1234567890123456"
_OPEN: Final = "select automation, state, reason from dw_executions where state <> 'done'"
_SOONER: Final = text("update executions set lease_until = lease_until - :seconds where state = 'retrying'")
_REST: Final = 0.005
_SKIP: Final = 1.0


class Sales(Pipeline, key="sales", name="Sales of chairs"):
    """The stages of the simulated account."""

    incoming = Incoming("Incoming leads")
    quoted = Stage("Sent the quote", task=None, because="tests set their own")
    agreed = Stage("Agreed the terms", task=None, because="tests set their own")
    won = Won("Closed - won")
    lost = Lost("Closed - lost")


_ON: Final = {"on": deal_created(in_=Sales), "again": every_event()}
AUTOMATIONS: Final = (
    Automation(key="task", do=[set_task("call", text="Call {{ deal.title }}", due=working_days(1))], **_ON),  # type: ignore[arg-type]
    Automation(key="tag", do=[add_tags("tag", "hot")], **_ON),  # type: ignore[arg-type]
    Automation(key="meta", do=[send_conversion("lead", event="Lead")], **_ON),  # type: ignore[arg-type]
    Automation(key="erp", do=[send_event("tell", to="erp", with_={"title": "{{ deal.title }}"})], **_ON),  # type: ignore[arg-type]
    Automation(key="trail", do=[send_event("tell", to="trail", with_={"title": "{{ deal.title }}"})], **_ON),  # type: ignore[arg-type]
)


class JumpingClock(PlayedClock):
    """Business time, wall time and monotonic time; `skipped` are seconds that need not be waited for."""

    def __init__(self, start: datetime = MONDAY) -> None:
        super().__init__(start)
        self.skipped = 0.0
        self.jumped = timedelta(0)

    def now(self) -> datetime:
        """Business time: what the wall shows."""
        return super().now() + self.jumped

    def wall(self) -> datetime:
        """What the wall shows, right or wrong."""
        return self.now()

    def monotonic(self) -> float:
        """Real monotonic time, and what was skipped: no jump moves it."""
        return super().monotonic() + self.skipped


class Company:
    """The simulators, the engine, and what both have written down."""

    def __init__(
        self, kommo: Kommo, meta: MetaSimulation, erp: Receiver, trail: Receiver, engine: Engine, journal: Journal,
        clock: JumpingClock, folder: Path,
    ) -> None:  # fmt: skip
        self.kommo = kommo
        self.simulators = {"kommo": kommo.simulator, "meta": meta, "erp": erp, "trail": trail}
        self.engine = engine
        self.journal = journal
        self.clock = clock
        self._folder = folder

    async def leads(self, many: int, start: int = 0) -> None:
        """Make leads as people do, each with a contact."""
        pipeline, status = self.kommo.settings.ids("sales", "incoming") or (0, 0)
        await self.kommo.people(
            "POST",
            [
                {
                    "name": f"lead {n}", "price": 100, "pipeline_id": pipeline, "status_id": status,
                    "contacts": [{"name": f"Nora {n}", "phone": f"(212) 555-{n:04}", "email": f"nora{n}@example.com"}],
                }
                for n in range(start, start + many)
            ],
        )  # fmt: skip

    async def quiet(self, so_far: Callable[[], bool] = bool) -> None:
        """Return when everything has come to rest, or `so_far`; where only back-offs are left, time is skipped."""
        async with asyncio.timeout(_PATIENCE):
            while not so_far():
                await self.kommo.heard()
                if self.engine.idle():
                    return
                states = {state for of in self.journal.counts("executions").values() for state in of}
                if not states & {"ready", "running"}:
                    self._skip()
                await asyncio.sleep(_REST)

    def _skip(self) -> None:
        """Let back-offs pass at once. On PostgreSQL they end on its own clock: they are moved towards it instead."""
        self.clock.skipped += _SKIP
        if self.journal.database.postgresql:
            with self.journal.database.write() as connection:
                connection.execute(_SOONER, {"seconds": _SKIP})

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what the journal says."""
        return [dict(row) for row in self.journal.database.rows(text(query))]

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return a simulator's own record."""
        return [msgspec.json.decode(line) for line in (self._folder / f"{name}.jsonl").read_bytes().splitlines()]

    async def audit(self, leads: int) -> int:
        """Compare the simulators' records with the journal and with what people made; return how many are parked."""
        effects = self.rows("select key, automation, state, execution_id from dw_effects")
        committed = {name: Counter(k for line in self.log(name) if line["committed"] for k in line["keys"])
                     for name in self.simulators}  # fmt: skip
        for automation, simulator in {"task": "kommo", "meta": "meta", "erp": "erp"}.items():
            keys = [row["key"] for row in effects if row["automation"] == automation]
            assert len(keys) == leads, f"{automation}: {len(keys)} effects for {leads} leads"
            assert {key: committed[simulator][key] for key in keys} == dict.fromkeys(keys, 1), (
                f"lost or twice: {automation}"
            )
        tasks = Counter(task["text"].partition("\n")[0] for task in self.kommo.simulator.world.all("tasks").values())
        assert tasks == Counter(f"Call lead {n}" for n in range(leads))
        ids = [str(id_) for id_ in self.kommo.simulator.world.all("leads")]
        assert [deal.tags for deal in (await self.kommo.kommo.read_deals(ids)).values()] == [("hot",)] * leads
        assert all(row["state"] == "sent" for row in effects if row["automation"] != "trail"), self.rows(_OPEN)
        counts = self.journal.counts("executions")
        assert all(counts[key] == {"done": leads} for key in ("task", "tag", "meta", "erp"))
        return self._audit_trail(leads, [row for row in effects if row["automation"] == "trail"], committed["trail"])

    def _audit_trail(self, leads: int, effects: list[dict[str, Any]], committed: Counter[str]) -> int:
        """What nobody may repeat is there once at most; what is unknown is parked and named."""
        assert len(effects) == leads
        assert {row["state"] for row in effects} <= {"sent", "unknown"}
        assert max(committed.values(), default=0) <= 1, "twice: trail"
        assert {row["key"] for row in effects if row["state"] == "sent"} <= set(committed), "lost: trail"
        unknown = {row["execution_id"] for row in effects if row["state"] == "unknown"}
        parked = self.rows("select id, reason from dw_executions where state = 'parked'")
        assert {row["id"] for row in parked} == unknown
        assert {row["reason"] for row in parked} <= {"tell: outcome unknown, a person decides"}
        return len(parked)


@asynccontextmanager
async def company(
    folder: Path,
    *,
    journal_url: str | None = None,
    manners: Manners | None = None,
    batch: int = 50,
) -> AsyncIterator[Company]:
    """Run everything while a test is in it; the vendors have a clock of their own, which is right."""
    clock, right = JumpingClock(), JumpingClock()
    url = journal_url or f"sqlite:///{folder / 'journal.db'}"
    lowered, findings = lower(
        Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=list(AUTOMATIONS)),
        folder,
    )
    assert lowered is not None, findings
    settings = {"timeout": TIMEOUT, "look_after": 0.1, "per_second": 500.0, "batch": batch}
    async with kommo_account(folder, manners=manners, clock=right, ours=clock, **settings) as kommo:
        meta = MetaSimulation(folder / "meta.jsonl", right, token="a-token", datasets=[_DATASET])
        erp = Receiver(folder / "erp.jsonl", _SECRET, right, name="erp")
        trail = Receiver(folder / "trail.jsonl", _SECRET, right, name="trail", dedupes=False)
        ports = {each: await each.start() for each in (meta, erp, trail)}
        to_meta = MetaConnector(
            MetaSettings(dataset=_DATASET, token=Secret("a-token"), url=f"http://127.0.0.1:{ports[meta]}",
                         batch=batch, timeout=TIMEOUT, allow_private=True),
            clock,
        )  # fmt: skip
        targets = {
            name: Target(url=f"http://127.0.0.1:{ports[server]}/", secret=_SECRET, allow_private=True,
                         dedupes_for=known, timeout=TIMEOUT)
            for name, server, known in (("erp", erp, FOREVER), ("trail", trail, None))
        }  # fmt: skip
        webhook = WebhookConnector(WebhookSettings(targets=targets), clock)  # type: ignore[arg-type]  # FOREVER is typed as text
        journal = Journal(url, clock, takeover_after=1.0)
        journal.start()
        journal.record_release(lowered)
        kommo.on_items = lambda items: journal.append("acme", "kommo", items)
        site = AccountSite(key="acme", crm=kommo.kommo, feeds=(), connectors=(kommo.kommo, to_meta, webhook))
        engine = Engine(journal, [site], clock, linger=0.05)
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(stop))
        try:
            yield Company(kommo, meta, erp, trail, engine, journal, clock, folder)
        finally:
            stop.set()
            await running
            journal.close()
            for each in (to_meta, webhook, meta, erp, trail):
                await (each.aclose() if isinstance(each, MetaConnector | WebhookConnector) else each.stop())
