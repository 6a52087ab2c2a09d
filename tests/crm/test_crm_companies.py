"""Companies: what they have beside a deal, and their own fields."""

from __future__ import annotations

import asyncio

from dealwright.model.crm import CompanyDeals
from dealwright_embedded_crm import EmbeddedCrm


def beside(crm: EmbeddedCrm, *ids: str) -> dict[str, CompanyDeals]:
    return dict(asyncio.run(crm.company_deals(ids)))


def deal(crm: EmbeddedCrm, stage: str, company: str | None, owner: str | None = None) -> str:
    return crm.create_deal(pipeline="sales", stage=stage, title=f"in {stage}", company=company, owner=owner).id


def test_what_else_a_company_has_does_not_count_the_deal_itself(crm: EmbeddedCrm) -> None:
    ann, ben = crm.add_user("Ann"), crm.add_user("Ben")
    first = deal(crm, "prospecting", "Acme", ann.id)
    second = deal(crm, "engaging", "Acme", ben.id)
    won = deal(crm, "won", "Acme")
    lost = deal(crm, "lost", "Acme")
    lead = deal(crm, "incoming", "Acme")
    alone, without = deal(crm, "prospecting", "Beta"), deal(crm, "prospecting", None)
    found = beside(crm, first, second, won, lost, lead, alone, without, "999", "x")
    assert set(found) == {first, second, won, lost, lead, alone}
    assert found[alone] == CompanyDeals()
    assert found[lead] == CompanyDeals(open=2, won=1, newest_id=second, newest_title="in engaging", newest_owner=ben)
    assert (found[first].open, found[first].newest_id, found[first].newest_owner) == (2, lead, None)
    assert (found[won].open, found[won].won) == (3, 0)
    assert (found[lost].open, found[lost].won) == (3, 1)
    assert beside(crm) == {}


def test_very_many_deals_are_asked_about_at_once(crm: EmbeddedCrm) -> None:
    with crm.together():
        ids = [deal(crm, "incoming", f"C{number % 7}") for number in range(300)]
    found = beside(crm, *ids)
    assert len(found) == 300
    assert sum(each.open for each in found.values()) == sum(n * (n - 1) for n in (43, 43, 43, 43, 43, 43, 42))
