"""A company's own fields in rules: read with the deal, changed by a step, told by a newcomer's file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import World

from dealwright.compile import ir
from dealwright.compile.loader import load
from dealwright.model.custom import Custom, held

FILE = """
from dealwright import *

class Firm(CompanyFields):
    segment = Choice("Segment", ["key account", "small"])
    employees = Number("Employees")
    checked = Flag("Checked")

class Deal(DealFields):
    company: Firm = Firm()

deal = Deal()

class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", task=None, because="tests set their own")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])

rule = Automation(
    key="rule",
    on=deal_created(in_=Sales.incoming),
    again=every_event(),
    do=[
        branch(
            "segment",
            case(
                deal.company.segment == "key account",
                add_note("vip", text="{{ deal.company }} is a {{ deal.company.segment }}"),
            ),
            otherwise=[
                update_company("grow", segment="key account", checked=True, employees=deal.company.employees),
                add_note("new", text="{{ deal.company.segment }}, {{ deal.company.employees }}"),
            ],
            unset=[
                update_company("fill", segment="small"),
                add_note("first", text="{{ deal.company.segment or 'nobody' }}"),
            ],
        )
    ],
)
acme = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[rule])
"""


@pytest.fixture
def company(tmp_path: Path) -> ir.Account:
    """The file, compiled."""
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "account.py").write_text(FILE, encoding="utf-8")
    loaded = load(folder)
    assert list(loaded.findings) == []
    (account,) = loaded.accounts
    return account


def test_rules_ask_for_them_and_change_them(tmp_path: Path, company: ir.Account) -> None:
    world = World(tmp_path, company)
    make = lambda name: world.crm.create_deal(pipeline="sales", stage="incoming", title="T", company=name).id  # noqa: E731
    first = make("Acme")
    world.crm.set_company("Acme", [Custom("segment", held("small")), Custom("employees", held(Decimal(12)))])
    world.work()
    assert notes(world, first) == ["small"], "the first turn sees the deal as its event left it"
    second, third, without = make("Acme"), make("Acme"), make(None)
    world.crm.set_company("Acme", [Custom("segment", held("small"))])
    world.work()
    assert notes(world, second)[0].startswith("key account, 12")
    assert notes(world, third)[0].startswith("key account, 12")
    assert notes(world, without) == ["nobody"]
    last = make("Acme")
    world.work()
    assert notes(world, last) == ["Acme is a key account"]
    world.close()


def notes(world: World, deal_id: str) -> list[str]:
    return [note.text for note in world.crm.notes(deal_id)]
