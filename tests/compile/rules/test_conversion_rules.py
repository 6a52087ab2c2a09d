"""Conversions that `check` warns of (nobody to match, no amount, a slip in a name), and those it leaves alone."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, codes, example_file

RULE = """
r = Automation(
    key="r",
    on={on},
    when=[{when}],
    do=[send_conversion("c", event="{event}", {more})],
)
"""
PHONE = "deal.main_contact.phone.is_set()"
BAD = {
    "nobody": ("DW218", "deal.amount > 0", "Purchase", "value=deal.amount"),
    "lead_id_that_may_be_unset": ("DW218", "deal.amount > 0", "Lead", "lead_id=deal.reference"),
    "no_buyer": ("DW218", "deal.amount > 0", "Purchase", 'value=deal.amount, to=deal.contact_as("buyer")'),
    "nothing": ("DW221", PHONE, "Purchase", "value=deal.amount"),
    "lower_case": ("DW220", PHONE, "lead", ""),
    "spelled_apart": ("DW220", PHONE, "Submit application", ""),
    "a_slip": ("DW220", PHONE, "InitiateCheckot", ""),
    "two_letters_exchanged": ("DW220", PHONE, "Purchsae", "value=5"),
}
GOOD = {
    "a_buyer": ('deal.contact_as("buyer").email.is_set()', "Lead", 'to=deal.contact_as("buyer")'),
    "either": (f"{PHONE} | deal.main_contact.email.is_set()", "Lead", ""),
    "with_a_lead_id": ("deal.reference.is_set()", "Lead", "lead_id=deal.reference"),
    "with_a_text": ("deal.amount > 0", "Lead", 'lead_id="{{ deal.reference }}"'),
    "fixed": (PHONE, "Purchase", "value=5"),
    "no_amount_needed": (PHONE, "Lead", "value=deal.amount"),
    "a_stage": (PHONE, "Contacted", ""),
    "a_plural": (PHONE, "Leads", ""),
    "another_stage": (PHONE, "Qualified", ""),
}


def test_conversions_of_nobody_of_nothing_and_with_a_slip_are_told(tmp_path: Path) -> None:
    files = {
        name: example_file(RULE.format(on="entered(Sales.won)", when=when, event=event, more=more))
        for name, (_, when, event, more) in BAD.items()
    }
    found = check_files(tmp_path / "company", files)
    assert {name: codes(each) for name, each in found.items()} == {name: {code} for name, (code, *_) in BAD.items()}


def test_conversions_that_are_well_are_left_alone(tmp_path: Path) -> None:
    files = {
        name: example_file(RULE.format(on="entered(Sales.won)", when=when, event=event, more=more))
        for name, (when, event, more) in GOOD.items()
    }
    found = check_files(tmp_path / "company", files)
    assert {name: codes(each) for name, each in found.items()} == {name: set() for name in GOOD}
