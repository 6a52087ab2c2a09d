"""Nothing sensitive arrives at the advertising platform, whatever its automation asks about it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from meta_world import NOW, PlayedWall, counted, world

from dealwright import (
    Account,
    Automation,
    Choice,
    ContactFields,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Text,
    Won,
    branch,
    case,
    deal_created,
    every_event,
    send_conversion,
)
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.custom import Custom, held
from dealwright.model.requests import CreateDeal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_http.simulation import Answer, Line, Received


class Patient(ContactFields):
    """What only the clinic knows of somebody."""

    allergy = Text("Allergy", sensitive=True)


class ClinicDeal(DealFields):
    """What only the clinic knows of a visit."""

    contact: Patient = Patient()
    treatment = Choice("Treatment", ["cleaning", "implant-of-three-teeth"], sensitive=True)
    dentist = Text("Doctor")


deal = ClinicDeal()


class Sales(Pipeline, key="sales", name="Sales"):
    """A pipeline without stages of its own."""

    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


TOLD = Automation(
    key="told",
    on=deal_created(in_=Sales),
    when=[deal.treatment.is_set()],
    again=every_event(),
    do=[
        branch(
            "worth",
            case(
                deal.treatment == "implant-of-three-teeth",
                send_conversion("lead", event="Lead", value=900, with_={"doctor": deal.dentist}),
            ),
        )
    ],
)


def test_what_a_rule_asks_does_not_arrive(tmp_path: Path) -> None:
    company = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[TOLD])
    lowered, findings = lower(company, tmp_path)
    assert lowered is not None, findings
    clock = PlayedWall(NOW)
    crm = EmbeddedCrm(f"sqlite:///{tmp_path / 'crm.db'}", clock)
    crm.shape(lowered.pipelines, fields=lowered.own_fields(), apply=True)
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", clock, takeover_after=0.5)
    journal.start()
    journal.record_release(lowered)
    somebody = crm.create_contact(first_name="Nora", phone="(212) 555-0101")
    custom = (Custom("dentist", held("Dr. Lima")), Custom("treatment", held("implant-of-three-teeth")))
    wanted = CreateDeal(pipeline="sales", stage="incoming", title="Visit", contacts=(somebody.id,), custom=custom)
    crm.create_deals([wanted])
    heard: list[bytes] = []

    async def work() -> None:
        async with world(tmp_path / "log", clock=clock) as (meta, simulation):
            serve = simulation.serve

            def listen(request: Received, line: Line) -> Answer:
                heard.append(request.body)
                return serve(request, line)

            simulation.serve = listen  # type: ignore[method-assign]
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
    finally:
        journal.close()
        crm.close()
    assert len(counted(tmp_path / "log")) == 1
    (body,) = heard
    assert msgspec.json.decode(body)["data"][0]["custom_data"]["doctor"] == "Dr. Lima"
    assert b"implant" not in body and b"treatment" not in body
