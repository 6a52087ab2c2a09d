"""Percentages that are taken for fractions are told (DW283)."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

RULE = """
class Firm(CompanyFields):
    commission = Number("Commission %")


class Own(DealFields):
    company: Firm = Firm()
    deposit, fee = Money("Deposit"), Money("Fee")
    discount, seats = Number("Discount %"), Number("Seats")
    tax_percent, bonus = Number("Tax"), Number("Bonus in percent")


own = Own()
deposit_share = setting("deposit-share", int, default=30, min=10, max=100)
hourly_rate = setting("hourly-rate", int, default=80)
fee_pct = setting("fee-pct", int, default=5)
part_pct = setting("part-pct", float, default=0.3)
r = Automation(key="r", on=entered(Sales.quoted), when=[own.fee.is_set(), {when}], do=[{do}])
"""


def rule(do: str, when: str = "deal.amount > 5") -> str:
    return example_file(RULE.format(do=do, when=when))


def gives(value: str, when: str = "deal.amount > 5") -> str:
    return rule(f'update_deal("u", deposit={value})', when)


def told(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    listed = ("DW283", "DW203", "DW9")
    found = check_files(folder / "company", files)
    return {name: [each.message for each in found[name] if each.code.startswith(listed)] for name in files}


def test_an_amount_times_a_percentage_is_told(tmp_path: Path) -> None:
    files = {
        "deal.amount * settings.deposit-share": gives("deal.amount * deposit_share"),
        "deal.amount * settings.fee-pct": gives("deal.amount * fee_pct"),
        "deal.fee * deal.discount": gives("own.fee * own.discount"),
        "deal.amount * deal.tax_percent": gives("deal.amount * own.tax_percent"),
        "deal.amount * deal.bonus": gives("deal.amount * own.bonus"),
        "deal.amount * deal.company.commission": gives("deal.amount * own.company.commission"),
    }
    found = told(tmp_path, {f"f{n}": text for n, text in enumerate(files.values())})
    for given, messages in zip(files, found.values(), strict=True):
        path = given.partition(" * ")[2]
        assert messages == [f"{given} is a hundred times too much: {path} is a percentage"]


def test_what_a_percentage_leaves_of_the_whole_is_one_too(tmp_path: Path) -> None:
    files = {
        "left": gives("deal.amount * (100 - own.discount)"),
        "of_one": gives("deal.amount * (1 - own.discount)"),
        "stands_in": gives("deal.amount * own.discount.or_(5)"),
        "inside": gives("own.fee + deal.amount * deposit_share"),
        "compared": rule('add_note("n", text="x")', "own.deposit >= deal.amount * deposit_share"),
        "case": rule('branch("b", case(own.deposit >= deal.amount * deposit_share, add_note("n", text="x")))'),
    }
    assert {name: len(each) for name, each in told(tmp_path, files).items()} == dict.fromkeys(files, 1)


def test_an_amount_divided_by_a_percentage_is_told(tmp_path: Path) -> None:
    files = {"turned": gives("deal.amount / deposit_share * 100"), "divided": gives("deal.amount / deposit_share")}
    found = told(tmp_path, files | {"whole": gives("own.fee / fee_pct * 100")})
    assert found == {
        "turned": [
            "(deal.amount / settings.deposit-share) * 100 is more than the whole: settings.deposit-share is a"
            " percentage, and a part of an amount is the amount times the percentage"
        ],
        "divided": [
            "deal.amount / settings.deposit-share is more than the whole: settings.deposit-share is a"
            " percentage, and a part of an amount is the amount times the percentage"
        ],
        "whole": [],
    }


def test_a_fraction_is_written_to_a_percentage(tmp_path: Path) -> None:
    small = 'update_deal("u", discount=0.15)'
    files = {
        "deal": rule(small, "own.discount > 15"),
        "setting": rule('update_deal("u", discount=0.05)', "own.discount > fee_pct"),
        "company": rule('update_company("u", commission=0.15)', "own.company.commission.or_(0) < 15"),
    }
    fine = {
        "of_another_number": rule(small, "own.discount > 10"),
        "not_compared": rule(small),
        "whole": rule('update_deal("u", discount=15)', "own.discount > 15"),
        "no_percentage": rule('update_deal("u", seats=0.15)', "own.seats > 15"),
    }
    found = told(tmp_path, files | fine)
    assert found["deal"] == ["'u' writes 0.15 to deal.discount, which is a percentage: it is compared with 15"]
    assert {name: len(found[name]) for name in files} == dict.fromkeys(files, 1)
    assert {name: found[name] for name in fine} == {name: [] for name in fine}


def test_percentages_that_are_divided_and_numbers_that_are_none_are_left_alone(tmp_path: Path) -> None:
    fine = {
        "divided": gives("deal.amount * deposit_share / 100"),
        "divided_first": gives("deal.amount * (deposit_share / 100)"),
        "left": gives("deal.amount * (100 - own.discount) / 100"),
        "left_of_one": gives("deal.amount * (1 - own.discount / 100)"),
        "hundredth": gives("deal.amount * own.discount * 0.01"),
        "two": gives("deal.amount * deposit_share * own.discount / 10000"),
        "rate": gives("deal.amount * hourly_rate"),
        "fraction": gives("deal.amount * part_pct"),
        "asked_for_as_one": gives("deal.amount * own.discount", "own.discount > 0.1"),
        "seats": gives("deal.amount * own.seats"),
        "numbers": rule('update_deal("u", seats=own.seats * own.discount)'),
        "ratio": rule('add_note("n", text="x")', "own.deposit / deal.amount * 100 >= deposit_share"),
    }
    assert told(tmp_path, fine) == {name: [] for name in fine}
