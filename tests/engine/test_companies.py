"""What else a company has is read for rules that ask for it, in bulk, stored with the turn, and for no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from engine_world import Sales, World, account, deal

from dealwright import Automation, add_note, assign_owner, branch, case, deal_created, every_event, update_deal
from dealwright.compile import ir
from dealwright.compile.asked import asks_for_company
from dealwright.compile.carried import carried
from dealwright.errors import Unavailable
from dealwright.model.crm import CompanyDeals

ASKS = Automation(
    key="same-owner",
    on=deal_created(in_=Sales.incoming),
    again=every_event(),
    do=[
        branch(
            "known",
            case(deal.company.open_deals >= 1, assign_owner("keep", to=deal.company.newest_open_deal.owner)),
            otherwise=[add_note("alone", text="Nobody works for {{ deal.company }} yet")],
            unset=[add_note("none", text="A deal without a company")],
        )
    ],
)
PLAIN = Automation(key="plain", on=deal_created(), do=[add_note("n", text="{{ deal.company }}")])


class Counted(World):
    """A world that counts how often the CRM is asked."""

    asked: list[int]

    def watch(self, fail: int = 0) -> None:
        """Count from now on; let the first calls fail."""
        self.asked = []
        real = self.crm.company_deals

        async def counting(ids: Sequence[str]) -> Mapping[str, CompanyDeals]:
            self.asked.append(len(ids))
            if len(self.asked) <= fail:
                raise Unavailable("away")
            return await real(ids)

        self.crm.company_deals = counting  # type: ignore[method-assign]


def make(world: World, company: str | None, stage: str = "incoming", owner: str | None = None) -> str:
    return world.crm.create_deal(pipeline="sales", stage=stage, title="T", company=company, owner=owner).id


def notes(world: World, deal_id: str) -> list[str]:
    return [note.text for note in world.crm.notes(deal_id)]


def test_the_owner_of_the_newest_open_deal_gets_it(tmp_path: Path) -> None:
    world = Counted(tmp_path, account(ASKS))
    ben = world.crm.add_user("Ben Ek")
    make(world, "Acme", "quoted", ben.id)
    first, alone, bare = make(world, "Acme"), make(world, "Beta"), make(world, None)
    world.watch()
    world.work()
    taken = world.crm.deal(first)
    assert taken is not None
    assert taken.owner == ben
    assert (notes(world, alone), notes(world, bare)) == (["Nobody works for Beta yet"], ["A deal without a company"])
    assert world.asked[0] == 2, "both at once, and not the one that has no company"
    world.close()


@pytest.mark.slow
def test_a_crm_that_is_away_is_asked_again(tmp_path: Path) -> None:
    world = Counted(tmp_path, account(ASKS))
    alone, bare = make(world, "Beta"), make(world, None)
    world.watch(fail=1)
    world.work()
    assert world.asked == [1, 1]
    assert notes(world, bare) == ["A deal without a company"]
    assert notes(world, alone) == ["Nobody works for Beta yet"]
    world.close()


def test_a_rule_that_does_not_ask_costs_nothing(tmp_path: Path) -> None:
    world = Counted(tmp_path, account(PLAIN))
    deal_id = make(world, "Acme")
    world.watch()
    world.work()
    assert notes(world, deal_id) == ["Acme"]
    assert world.asked == []
    world.close()


def test_another_company_is_asked_about_anew(tmp_path: Path) -> None:
    rule = Automation(
        key="moved",
        on=deal_created(),
        do=[
            add_note("before", text="{{ deal.company.open_deals }}"),
            update_deal("to", company="Acme"),
            add_note("after", text="{{ deal.company }}: {{ deal.company.open_deals }}"),
        ],
    )
    world = Counted(tmp_path, account(rule))
    for _ in range(3):
        world.crm.create_deal(pipeline="sales", stage="quoted", title="T", company="Acme")
    deal_id = make(world, "Beta")
    world.watch()
    world.work()
    assert notes(world, deal_id)[:2] == ["0", "Acme: 3"]
    world.close()


def test_a_crm_that_cannot_tell_leaves_such_rules_out() -> None:
    company = account(ASKS, PLAIN)
    assert [asks_for_company(each) for each in company.automations] == [True, False]
    kept, left = carried(company, actions={"add_note", "update_deal"})
    assert [each.key for each in kept.automations] == ["plain"]
    assert [str(each) for each in left] == [
        "same-owner: the CRM does not tell what else a company has (deal.company.open_deals and the like)"
    ]
    both, none = carried(company, actions={"add_note", "update_deal", "deal.company.open_deals"})
    assert (both, none) == (company, ())
    assert isinstance(both, ir.Account)
