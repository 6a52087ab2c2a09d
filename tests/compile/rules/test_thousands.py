"""Numbers with a point between their thousands are told (DW288)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

RULE = """
{before}
r = Automation(key="r", on=entered(Sales.met), when=[{when}], do=[add_note("n", text="Seen")])
"""
KUWAIT = '\n\nacme = Account("acme", zone="UTC", country="KW", currency="{}", pipelines=[Sales], automations=[r])\n'
TOLD = {
    "number": ("deal.amount > 5.000", "5.000 is 5"),
    "money": ('deal.amount > Money("1.000", "USD")', "1.000 is 1"),
    "hundreds": ("deal.amount > 120.500", "120.500 is 120.5"),
    "reckoned": ("deal.amount * 2 > 12.000", "12.000 is 12"),
}
SILENT = {
    "thousand": "deal.amount > 5_000",
    "cents": "deal.amount > 5.50",
    "three_decimals": "deal.amount > 5.125",
    "less_than_one": "deal.amount * 0.250 > 5",
    "four_decimals": "deal.amount > 5.0000",
    "a_text": 'deal.reference == "5.000"',
    "of_three_decimals": 'deal.amount.is_unset() | (deal.amount > Money("1.500", "KWD"))',
}


def rule(when: str, before: str = "") -> str:
    return example_file(RULE.format(when=when, before=before))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": rule(when) for name, (when, _) in TOLD.items()}
    files |= {f"silent_{name}": rule(when) for name, when in SILENT.items()}
    files["told_setting"] = rule(
        "deal.contacts.count > most", 'most = setting("most", Decimal, default=Decimal("2.000"))'
    ).replace("from dealwright import *", "from decimal import Decimal\n\nfrom dealwright import *")
    found = check_files(tmp_path_factory.mktemp("thousands") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW288"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_point_between_thousands_is_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"told_{name}"] == [f"{TOLD[name][1]}: a point stands before decimals"]


def test_a_point_between_thousands_is_told_of_a_setting(told: dict[str, list[str]]) -> None:
    assert told["told_setting"] == ["2.000 is 2: a point stands before decimals"]


@pytest.mark.parametrize("name", SILENT)
def test_a_number_with_decimals_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []


def test_an_account_whose_currency_has_three_decimals_may_write_them(tmp_path: Path) -> None:
    for currency, count in (("KWD", 0), ("USD", 1)):
        text = RULE.format(when="deal.amount > 5.000", before="") + KUWAIT.format(currency)
        (found,) = check_files(tmp_path / currency, {"rules": example_file(text)}).values()
        assert sum(each.code == "DW288" for each in found) == count
