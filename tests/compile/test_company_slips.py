"""Slips with companies that lowering finds."""

from __future__ import annotations

from typing import Any

import pytest
from company_files import account_of


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ('update_company("u", segment="tiny")', "the field 'segment' is a choice"),
        ('update_company("u", segmnt="small")', "no field of a company is named 'segmnt'"),
        ('update_company("u", employees="12")', "the field 'employees' is a number"),
        ('add_note("n", text="{{ deal.company.segmnt }}")', "there is no fact 'deal.company.segmnt' here"),
        ('add_note("n", text="{{ deal.company.newest_open_deal }}")', "has parts"),
        ('add_note("n", text=event.before.company)', "event.before.company is not known here"),
    ],
)
def test_slips_are_found(step: str, says: str) -> None:
    text = f"""
class Firm(CompanyFields):
    segment = Choice("Segment", ["key account", "small"])
    employees = Number("Employees")
class Own(DealFields):
    company: Firm = Firm()
deal = Own()
rules = [Automation(key="r", on=deal_created(), when=deal.company.segment == "small", do=[{step}])]
"""
    loaded: Any = account_of(text)
    assert any(says in each.message for each in loaded.findings), loaded.findings
