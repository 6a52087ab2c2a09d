"""The road of a conversion through the real engine and journal: lost answers, a bad neighbour, and nothing twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from meta_world import NOW, PlayedWall, counted, lines, world
from sqlalchemy import text

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Won,
    deal_created,
    every_event,
    send_conversion,
)
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_http.faults import Fault

deal = DealFields()
PHONES = ("(212) 555-0101", "(212) 555-0102", "(212) 555-0103", "no number, 123456789012345678")


class Sales(Pipeline, key="sales", name="Sales"):
    """A pipeline without stages of its own."""

    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


TOLD = Automation(
    key="told",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[send_conversion("lead", event="Lead", with_={"title": deal.title})],
)


def play(folder: Path, *faults: Fault) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Let deals of everybody come in and the engine work; return executions, effects, and the keys sent."""
    company = Account(
        "acme", zone="America/New_York", country="US", currency="USD", working_hours="Mon-Fri 09:00-18:00",
        pipelines=[Sales], automations=[TOLD],
    )  # fmt: skip
    lowered, findings = lower(company, folder)
    assert lowered is not None, findings
    clock = PlayedWall(NOW)
    crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", clock)
    crm.shape(lowered.pipelines, fields=lowered.own_fields(), apply=True)
    journal = Journal(f"sqlite:///{folder / 'journal.db'}", clock, takeover_after=0.5)
    journal.start()
    journal.record_release(lowered)
    for phone in PHONES:
        contact = crm.create_contact(first_name="Nora", phone=phone)
        crm.create_deal(pipeline="sales", stage="incoming", title="chairs", contacts=(contact.id,))

    async def work() -> None:
        async with world(folder / "log", clock=clock) as (meta, simulation):
            simulation.fail(*faults)
            site = AccountSite(key="acme", crm=crm, feeds=(crm,), connectors=(crm, meta))
            engine, stop = Engine(journal, [site], clock, linger=0.1, pause=0.05, rest=0.05), asyncio.Event()
            running = asyncio.create_task(engine.run(stop))
            try:
                await asyncio.wait_for(engine.quiet(), 30)
            finally:
                stop.set()
                await running

    try:
        asyncio.run(work())
        sent = journal.database.rows(text("select key, delivery from dw_effects where state = 'sent'"))
        assert {row["delivery"] for row in sent} == {"KEYED"}
        counts = journal.counts("executions")["told"], journal.counts("effects")["send_conversion"]
        return *counts, {row["key"] for row in sent}
    finally:
        journal.close()
        crm.close()


@pytest.mark.parametrize(
    "faults",
    [
        (),
        (Fault(status=504, commit=True),),
        # A second back-off is real time.
        pytest.param((Fault(drop=True, commit=True), Fault(status=500)), marks=pytest.mark.slow),
    ],
)
def test_meta_counts_what_the_journal_says_was_sent(tmp_path: Path, faults: tuple[Fault, ...]) -> None:
    executions, effects, sent = play(tmp_path, *faults)
    assert executions == {"done": 3, "failed": 1}
    assert effects == {"sent": 3, "rejected": 1}
    assert sorted(counted(tmp_path / "log")) == sorted(sent)
    assert len(lines(tmp_path / "log")) == 1 + len(faults)
