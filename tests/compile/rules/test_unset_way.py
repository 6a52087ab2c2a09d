"""DW215: a way for what is unknown, of cases that always know."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import snippet

FILE = """
rule = Automation(
    key="rule",
    on=deal_created(in_=Sales),
    do=[branch("way", {cases}, unset=[add_note("n", text="Nobody knows")])],
)
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule])
"""
KNOWN = 'case(deal.company.is_set(), add_tags("t", "one"))'
UNKNOWN = 'case(deal.reference == "x", add_tags("s", "two"))'
BOTH = 'case(deal.reference != "x", add_tags("r", "three"))'
SET = 'case(deal.reference.is_unset(), add_tags("q", "four"))'


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        (KNOWN, True),
        (UNKNOWN, False),
        (f"{KNOWN}, {UNKNOWN}", False),
        (f"{UNKNOWN}, {BOTH}", False),
        # who has no reference is taken by the case that asks for that
        (f"{UNKNOWN}, {SET}", True),
        (f"{SET}, {UNKNOWN}, {BOTH}", True),
    ],
)
def test_a_way_for_the_unknown_is_told_where_nothing_is(tmp_path: Path, cases: str, told: bool) -> None:
    found = [each.message for each in snippet(tmp_path, FILE.format(cases=cases)) if "unset of" in each.message]
    assert found == (["unset of 'way' is never taken: its cases are never unknown"] if told else [])
