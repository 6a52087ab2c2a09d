"""A share of an amount that is another one than the field's label says is told (DW295)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Part(Record, key="part"):
    amount = Money("Amount, 25 % of all")


class Own(DealFields):
    deposit, rebate, bonus = Money({label!r}), Money("Rebate"), Money("Bonus")
    off = Number("Discount in %")


own = Own()
r = Automation(key="r", on=entered(Sales.won), when=[own.deposit.is_set(), own.rebate > 1, own.bonus > 1, own.off > 1],
    do=[{do}])
"""


def rule(value: str, label: str = "Deposit: 30 % of the amount") -> str:
    return example_file(OWN.format(do=f'update_deal("d", deposit={value})', label=label))


TOLD = {
    "a_tenth": (rule("own.amount * 3 / 100"), "writes 3 % to deal.deposit, whose label says 30 %"),
    "as_a_decimal": (rule("own.amount * 0.03"), "writes 3 %"),
    "thousand": (rule("own.amount * 30 / 1000"), "writes 3 %"),
    "another_one": (rule("own.amount * 0.4"), "writes 40 %"),
    "what_is_left_of_it": (rule("own.amount * 60 / 100", "Abono: 40 % del monto"), "writes 60 %"),
    "of_a_sum": (rule("(own.amount * (1 - own.off.or_(0) / 100) - own.rebate.or_(0)) * 3 / 100"), "writes 3 %"),
    "comma": (
        rule("own.amount * 0.25", "Abono: 2,5 % del monto"),
        "writes 25 % to deal.deposit, whose label says 2.5 %",
    ),
    "record": (
        example_file(OWN.format(do='create_record("d", Part, amount=own.amount * 0.3)', label="Deposit")),
        "writes 30 % to part.amount, whose label says 25 %",
    ),
}
QUIET = {
    "as_it_says": rule("own.amount * 30 / 100"),
    "tenths": rule("own.amount * 3 / 10"),
    "what_is_left": rule("own.amount * 0.7", "Price, 30 % off"),
    "on_top": rule("own.amount * 1.3"),
    "tax_that_is_in_it": rule("own.amount * 19 / 119", "Tax (19 %)"),
    "net": rule("own.amount / 1.19", "Net, without 19 %"),
    "of_a_share": rule("own.amount * 0.5 * 0.3"),
    "all": rule("own.amount - own.rebate"),
    "another_constant": rule("own.amount * 0.3 + 100"),
    "not_alike": rule("own.amount * 0.3 - own.rebate"),
    "a_bound": rule("own.amount * 0.2", "Deposit, at most 30 %"),
    "two": rule("own.amount * 0.2", "Deposit: 30 %, or 20 %"),
    "none": rule("own.amount * 0.2", "Deposit"),
    "by_a_field": rule("own.amount * own.off / 100"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {**{key: text for key, (text, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("labelled"), files)
    return {key: [each.message for each in all_of if each.code == "DW295"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_another_share_than_the_label_says_is_told(key: str, found: dict[str, list[str]]) -> None:
    assert len(found[key]) == 1
    assert TOLD[key][1] in found[key][0]


@pytest.mark.parametrize("key", QUIET)
def test_what_the_label_may_mean_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
