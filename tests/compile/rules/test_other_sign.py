"""A discount that is added, and one sign that is turned where a share of the sum is written, are told (DW297)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
sale_discount = setting("sale-discount", int, default=10, min=0, max=50)


class Own(DealFields):
    price, rebate, deposit, tax = Money("Price"), Money("Rebate"), Money("Deposit"), Money("Tax")
    discount, nachlass, markup = Number("Discount in %"), Number("Nachlass"), Number("Markup in %")


own = Own()
r = Automation(key="r", on=deal_updated(fields=[own.price, own.discount]), when=[own.price > 0, own.rebate > 0],
    do=[{do}])
"""


def rule(**changes: str) -> str:
    given = ", ".join(f"{name}={value}" for name, value in changes.items())
    return example_file(OWN.format(do=f'update_deal("u", {given})'))


TOLD = {
    "added": (rule(amount="own.price * (1 + own.discount.or_(0) / 100)"), "adds deal.discount to the whole"),
    "of_a_hundred": (rule(amount="own.price * (100 + own.discount) / 100"), "adds deal.discount"),
    "turned_round": (rule(amount="(own.discount / 100 + 1) * own.price"), "adds deal.discount"),
    "hundredth": (rule(amount="own.price * (1 + own.discount * 0.01)"), "adds deal.discount"),
    "another_tongue": (rule(amount="own.price * (1 + own.nachlass / 100)"), "adds deal.nachlass"),
    "setting": (rule(amount="own.price * (1 + sale_discount / 100)"), "adds settings.sale-discount"),
    "sign": (
        rule(amount="own.price + own.rebate", deposit="(own.price - own.rebate) * 3 / 10"),
        "amount of 'u' adds deal.rebate, and deposit of 'u' is a share of the same sum and takes it off",
    ),
}
QUIET = {
    "taken_off": rule(amount="own.price * (1 - own.discount.or_(0) / 100)"),
    "markup": rule(amount="own.price * (1 + own.markup / 100)"),
    "divided": rule(amount="own.price / (1 + own.discount / 100)"),
    "same_sign": rule(amount="own.price - own.rebate", deposit="(own.price - own.rebate) * 3 / 10"),
    "least_and_most": rule(amount="own.price + own.rebate", deposit="own.price - own.rebate"),
    "other_sums": rule(amount="own.price + own.rebate", deposit="(own.price - own.tax.or_(0)) * 3 / 10"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {**{key: text for key, (text, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("sign"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {key: [each.message for each in all_of if each.code == "DW297"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_what_is_added_and_was_to_be_taken_off_is_told(key: str, found: dict[str, list[str]]) -> None:
    assert len(found[key]) == 1
    assert TOLD[key][1] in found[key][0]


@pytest.mark.parametrize("key", QUIET)
def test_what_may_be_added_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
