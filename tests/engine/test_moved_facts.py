"""What a CRM does by itself when a deal moves is what the next steps see: its close date, its owner."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from engine_world import World

from dealwright import (
    Account,
    Automation,
    Day,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Stage,
    Text,
    Won,
    days,
    deal_created,
    move_deal,
    update_deal,
)
from dealwright.clock import PlayedClock
from dealwright.language.steps import Step
from dealwright.model.crm import Deal
from dealwright.model.custom import value_of
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_deal, compiled_account, rehearse


class Own(DealFields):
    renewal = Day("Renewal")
    seller = Text("Seller")


deal = Own()


class Sales(Pipeline, key="sales"):
    """A pipeline in which the CRM names an owner, and a close date."""

    incoming = Incoming()
    talking = Stage("Talking", task=None, because="tests")
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


WIN, RENEW = move_deal("win", to=Sales.won), update_deal("renew", renewal=deal.close_date + days(30))
EVENING = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
"""The last of March in New York."""


def company(*do: Step) -> Account:
    rule = Automation(key="rule", on=deal_created(in_=Sales), do=list(do))
    return Account(
        "acme", zone="America/New_York", country="US", pipelines=[Sales], automations=[rule], deal_fields=Own
    )


def done(folder: Path, *do: Step, at: datetime = EVENING) -> Deal:
    """Return the deal after the engine has done it."""
    world = World(folder, compiled_account(company(*do)), clock=PlayedClock(at))
    with closing(world):
        made = world.crm.create_deal(pipeline="sales", stage="incoming", title="Forty chairs")
        world.work()
        found = world.crm.deal(made.id)
    assert found is not None
    return found


def test_the_close_date_that_the_crm_sets_is_reckoned_with_in_the_next_step(tmp_path: Path) -> None:
    found = done(tmp_path, WIN, RENEW)
    assert value_of(found.custom, "renewal") == date(2026, 4, 30)


def test_a_deal_that_is_closed_in_the_evening_is_closed_on_that_day_of_the_account(tmp_path: Path) -> None:
    assert done(tmp_path, WIN).close_date == date(2026, 3, 31)


def test_a_rehearsal_reckons_with_that_close_date_too() -> None:
    told = rehearse(company(WIN, RENEW), "rule", a_deal(Sales.incoming), at=EVENING)
    renewed = told.requests[-1]
    assert isinstance(renewed, UpdateDeal)
    assert value_of(renewed.changes.custom or (), "renewal") == date(2026, 4, 30)


def test_the_owner_whom_the_crm_names_is_known_to_the_next_step(tmp_path: Path) -> None:
    found = done(tmp_path, move_deal("talk", to=Sales.talking), update_deal("name", seller=deal.owner.name))
    assert found.owner is not None
    assert value_of(found.custom, "seller") == found.owner.name
