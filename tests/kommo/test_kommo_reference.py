"""The reference company with Kommo: what it can be served runs unchanged, and the rest is listed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from kommo_world import Account, account

from dealwright.compile import ir
from dealwright.compile.carried import COMPANY_DEALS, OF_A_CRM, carried
from dealwright.compile.loader import load
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright.model.delivery import Delivery, Keyed
from dealwright.model.requests import Call, Outcome, Request, Sent
from dealwright.ports import TellsLess
from dealwright_embedded_crm.connector import ACTIONS

ACME = Path(__file__).parents[2] / "pipeline_defs" / "acme"
OTHERS = frozenset({"send_event", "send_email", "send_conversion", "lookup", "notify"})


class Others:
    """Carries out what no CRM does, by writing down that it was asked for."""

    name = "others"
    call_timeout = 1.0
    at_once = 100

    def __init__(self) -> None:
        self.asked: list[str] = []

    def actions(self) -> frozenset[str]:
        return OTHERS

    def destinations(self) -> frozenset[str]:
        return frozenset({"erp"})

    def delivery(self, request: Request) -> Delivery:
        return Keyed()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        self.asked += [call.request.kind for call in calls]
        return [Sent() for _ in calls]

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        return [False for _ in calls]

    async def aclose(self) -> None:
        """Nothing is open."""


def acme() -> ir.Account:
    (found,) = load(ACME).accounts
    return found


def test_what_only_a_crm_carries_out_is_what_the_embedded_one_does() -> None:
    assert OF_A_CRM | {COMPANY_DEALS} == ACTIONS
    assert carried(acme(), actions=ACTIONS | OTHERS) == (acme(), ())


def test_what_kommo_can_serve_is_unchanged_and_the_rest_is_listed(tmp_path: Path) -> None:
    async def main() -> None:
        async with account(tmp_path) as here:
            assert isinstance(here.kommo, TellsLess)
            actions = here.kommo.actions() | OTHERS
            kept, left = carried(acme(), actions=actions, untold=here.kommo.untold())
            assert sorted(str(each) for each in left) == [
                "ask-by-message: the CRM never tells replied",
                "instalment-paid: the CRM never tells record_updated",
                "invoice-sent: the CRM never tells task_completed",
                "invoice-to-payer: the CRM never tells task_completed",
                "new-business.first-response: the CRM never tells activity_logged, task_completed",
                "pay-in-two: the CRM does not carry out create_record",
                "reached-by-phone: the CRM never tells activity_logged",
                "score-inquiry: the CRM does not tell what else a company has (deal.company.open_deals and the like)",
            ]
            whole = acme()
            out = {each.automation for each in left}
            assert kept.automations == tuple(each for each in whole.automations if each.key not in out)
            assert kept.pipelines == whole.pipelines
            fewer, more_left = carried(acme(), actions=actions - {"add_note"}, untold=here.kommo.untold())
            assert {each.automation for each in more_left} > out
            assert len(fewer.automations) + len(more_left) == len(whole.automations)

    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.slow
def test_a_deal_of_the_reference_company_goes_its_way_in_kommo(tmp_path: Path) -> None:
    async def main() -> None:
        async with account(tmp_path) as here:
            company, _ = carried(acme(), actions=here.kommo.actions() | OTHERS, untold=here.kommo.untold())
            await here.set_up(company.pipelines)
            await play(here, company)

    async def play(here: Account, company: ir.Account) -> None:
        journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", here.clock)
        journal.start()
        journal.record_release(company)
        everybody = await here.kommo.read_users()
        for role in company.roles:
            journal.set_role("acme", role, everybody, actor="test")
        here.on_items = lambda items: journal.append("acme", "kommo", items)
        others = Others()
        site = AccountSite(key="acme", crm=here.kommo, feeds=(), connectors=(here.kommo, others))
        engine = Engine(journal, [site], here.clock, linger=0.05)
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(stop))
        try:
            ids = here.settings.pipelines["new-business"]
            lee = {"name": "Sam Lee", "phone": "+12025550123", "email": "lee@example.com"}
            inquiry = {"name": "Forty drills", "price": 900, "pipeline_id": ids.id, "status_id": ids.stages["incoming"]}
            (lead,) = await here.people("POST", [inquiry | {"contacts": [lee]}])
            await rest(here, engine)
            for stage in ("qualified", "met", "quoted", "agreed"):
                await here.people("PATCH", [{"id": int(lead), "status_id": ids.stages[stage]}])
                await rest(here, engine)
        finally:
            stop.set()
            await running
        tasks = {task["text"].partition("\n")[0] for task in here.simulator.world.all("tasks").values()}
        assert tasks >= {
            "Call Sam Lee about Forty drills",
            "Book the meeting with Sam Lee",
            "Send the quote for Forty drills",
            "Call back about Forty drills",
            "Send the invoice",
        }
        deal = (await here.kommo.read_deals([lead]))[lead]
        assert deal.reference == f"INV-{lead}"
        assert "send_email" in others.asked
        assert "send_event" in others.asked
        bad = {"failed", "parked"} & {state for states in journal.counts("executions").values() for state in states}
        assert not bad
        journal.close()

    async def rest(here: Account, engine: Engine) -> None:
        while True:
            await engine.quiet()
            await here.heard()
            if engine.idle():
                return

    asyncio.run(asyncio.wait_for(main(), 60))
