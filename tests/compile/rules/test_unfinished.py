"""A fact that a text names in quotes is what somebody reads (DW304)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
r = Automation(key="r", on=entered(Sales.quoted), do=[set_task("t", text="{}", due=days(1))])
"""
TOLD = {
    "in_the_place_of_a_name": "Call {{ deal.main_contact.name or 'deal.title' }}",
    "of_ones_own": "Call {{ deal.main_contact.name or 'contact.nick_name' }}",
}
QUIET = {
    "a_fact": "Call {{ deal.main_contact.name or deal.title }}",
    "words": "Call {{ deal.main_contact.name or 'the customer' }}",
    "an_address": "Call {{ deal.main_contact.email or 'deals@acme.example' }}",
    "asked": "{% if deal.title == 'deal.title' %}Give it a title{% else %}Call {{ deal.title }}{% endif %}",
}


def test_a_fact_in_quotes_is_told(tmp_path: Path) -> None:
    texts = {name: example_file(RULE.replace("{}", text)) for name, text in (TOLD | QUIET).items()}
    found = check_files(tmp_path / "company", texts)
    told = {name: [each.message for each in of if each.code == "DW304"] for name, of in found.items()}
    assert {name for name, messages in told.items() if messages} == set(TOLD)
    assert told["in_the_place_of_a_name"] == ["the text of 't' holds \"'deal.title'\", which somebody would read"]
