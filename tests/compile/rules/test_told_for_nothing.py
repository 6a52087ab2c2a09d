"""What newcomers were told of, and nothing was wrong with: their companies stay as they are without a silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import codes, snippet

STAGES = """
closers = Role("closers")


class Events(Pipeline, key="events", name="Events"):
    asked = Incoming()
    visited = Stage("Visited the place", owner=closers, task=Task("Write the offer", due=days(1)){criteria})
    offered = Stage("Sent the offer", owner=closers, task=Task("Call", due=days(1)))
    won = Won()
    lost = Lost(reasons=["Price"])
"""
KNOWN = """
known = Automation(
    key="known",
    on={on},
    when=[deal.company.open_deals >= 1],
    again=every_event(),
    do=[assign_owner("same", to=deal.company.newest_open_deal.owner)],
)
"""
CRITERIA = ", entry=Criteria([deal.amount > 0])"


@pytest.mark.parametrize("criteria", ["", CRITERIA])
@pytest.mark.parametrize("on", ["entered(Events.visited)", "stage_changed(to=Events.visited)"])
def test_whom_a_rule_gives_a_deal_to_behind_its_stage_is_no_chance(tmp_path: Path, on: str, criteria: str) -> None:
    """The stage gives the deal away before rules of one's own answer the move (engine/hand_over.py)."""
    text = STAGES.format(criteria=criteria) + KNOWN.format(on=on)
    assert "DW217" not in codes(snippet(tmp_path, text))


def test_two_rules_of_ones_own_that_give_one_deal_away_are_still_told(tmp_path: Path) -> None:
    known = KNOWN.format(on="entered(Events.visited)")
    other = known.replace("known", "named").replace("deal.company.newest_open_deal.owner", "Role('boss')")
    found = snippet(tmp_path, STAGES.format(criteria="") + known + other)
    assert "DW217" in codes(found)


CONTACT = """
rule = Automation(
    key="rule",
    on=entered(Sales.met),
    do=[{step}],
)
"""


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ('update_contact("address", deal.contact_as("payer"), email=deal.main_contact.email)', False),
        ('update_contact("address", deal.contact_as("payer"), email="{{ deal.main_contact.email }}")', False),
        ('update_contact("name", deal.contact_as("payer"), last_name="of {{ deal.main_contact.email }}")', True),
        ('update_deal("name", reference=deal.main_contact.email)', False),
        ('add_note("name", text="Write to {{ deal.main_contact.email }}")', True),
    ],
)
def test_what_an_update_of_a_contact_passes_by_is_no_contact_that_is_missed(
    step: str, told: bool, tmp_path: Path
) -> None:
    assert ("DW218" in codes(snippet(tmp_path, CONTACT.format(step=step)))) == told
