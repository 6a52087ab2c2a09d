"""What a lookup gives and may not give (DW271): told where it is used as it is, and not where somebody has looked."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
vies = lookup("vies", at="vies:/check", ask={{"vat": deal.company}}, gives={{"valid": bool, "shop": str | None}},
              on_error=[add_note("away", text="They do not answer"), stop()])

r = Automation(key="r", on=deal_created(in_=Sales), do=[vies, {steps}])
"""
SHOP = 'add_note("n", text="At {{ steps.vies.shop }}")'
TOLD = {
    "bare": SHOP,
    "behind_another_question": f'branch("b", case(vies.valid.is_true(), {SHOP}))',
}
WELL = {
    "asked": f'branch("b", case(vies.shop.is_set(), {SHOP}))',
    "asked_first": f'branch("b", case(vies.shop.is_unset(), add_tags("t", "none")), otherwise=[{SHOP}])',
    "or": """add_note("n", text="At {{ steps.vies.shop or 'no shop' }}")""",
    "what_must_be_there": 'add_note("n", text="{% if steps.vies.valid %}yes{% endif %}")',
}


def test_what_may_be_missing_is_told_where_nobody_has_looked(tmp_path: Path) -> None:
    files = {name: example_file(RULE.format(steps=step)) for name, step in (TOLD | WELL).items()}
    found = check_files(tmp_path / "company", files)
    told = {name: [each.message for each in findings if each.code == "DW271"] for name, findings in found.items()}
    message = "'n' uses vies.shop, which the other system may leave out"
    assert told == {key: [message] for key in TOLD} | {key: [] for key in WELL}
