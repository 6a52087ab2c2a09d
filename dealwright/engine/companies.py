"""What else the company of a deal has: read before a decision that asks for it, and for no other."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dealwright.compile.asked import asks_for_company
from dealwright.engine.bench import Job
from dealwright.model.crm import Deal
from dealwright.ports import Crm, TellsCompanies


def without_company(jobs: Iterable[Job]) -> list[Job]:
    """Return those executions that ask for what was not read yet of the deals they are decided on."""
    return [
        job
        for job in jobs
        if job.facts is not None
        and asks_for_company(job.automation)
        and job.facts.deal.company is not None
        and job.facts.deal.company_deals is msgspec.UNSET
    ]


async def read_companies(crm: Crm, jobs: Iterable[Job]) -> None:
    """Read what the companies of these executions' deals have beside them, all at once, into their facts.

    What is read is stored with the turn that it decides, as the rest of the deal is.

    Raises:
        ConnectorError: the CRM cannot be read.
    """
    asking = list(jobs)
    deals = await _told(crm, {job.facts.deal.id: job.facts.deal for job in asking if job.facts is not None})
    for job in asking:
        if job.facts is not None and job.facts.deal.id in deals:
            job.facts = msgspec.structs.replace(job.facts, deal=_with(job.facts.deal, deals[job.facts.deal.id]))


async def with_company(crm: Crm, deal: Deal) -> Deal:
    """Return one deal with what its company has beside it, if the CRM can tell.

    Raises:
        ConnectorError: the CRM cannot be read.
    """
    return (await _told(crm, {deal.id: deal})).get(deal.id, deal)


async def _told(crm: Crm, deals: dict[str, Deal]) -> dict[str, Deal]:
    if not isinstance(crm, TellsCompanies):
        return {}  # such an automation is left out of a release (compile/carried.py)
    told = await crm.company_deals(sorted(deals))
    return {id_: msgspec.structs.replace(deals[id_], company_deals=each) for id_, each in told.items() if id_ in deals}


def _with(deal: Deal, told: Deal) -> Deal:
    return msgspec.structs.replace(deal, company_deals=told.company_deals)
