"""DW286 and DW310: amounts in another currency than the account's, and characters in texts that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, codes, example_file

TASK = 'set_task("visit", text="Visit {{ deal.title }}", due=hours(4))'


def rule(when: str = "", do: str = TASK) -> str:
    return f"""
visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[{when or "deal.amount > 5"}],
    do=[{do}],
)
"""


EUR = 'Money("5", "EUR")'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (rule(f"deal.amount > {EUR}"), {"DW286"}),
        (rule(f"~(deal.amount + {EUR} > 7)"), {"DW286"}),
        (rule('deal.tags.has("x")', f'branch("b", case(deal.amount > {EUR}, {TASK}))'), {"DW286"}),
        (rule(do=f'wait_until("w", deal.amount > {EUR}, timeout=hours(1), on_timeout=[stop()]), {TASK}'), {"DW286"}),
        (rule(do=f'update_deal("u", amount={EUR})'), {"DW286"}),
        (rule(do=f'branch("b", case(deal.tags.has("x"), update_deal("u", amount={EUR})))'), {"DW286"}),
        (rule(do='update_deal("u", amount=Money("5", "USD"))'), set()),
        (rule('deal.amount > Money("5", "USD")'), set()),
    ],
)
def test_an_amount_in_another_currency_is_told_where_it_stands(tmp_path: Path, text: str, found: set[str]) -> None:
    told = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    assert codes(told) == found
    assert all(each.hint == 'write Money("5", "USD"), or the number alone' for each in told)


@pytest.mark.parametrize("odd", [r"\x1b[31m", r"\u202e", r"\u2066", r"\u200b", r"\ufeff", r"\u2028"])
@pytest.mark.parametrize("rest", ["{{ deal.title }}", ""])
def test_what_nobody_sees_is_refused_in_every_text(tmp_path: Path, odd: str, rest: str) -> None:
    text = rule(do=f'set_task("visit", text="Visit {odd}{rest}", due=hours(4))')
    (told,) = check_files(tmp_path / "company", {"rules": example_file(text)})["rules"]
    assert told.code == "DW310"
    assert str(told).isprintable()


def test_what_people_write_on_purpose_stays(tmp_path: Path) -> None:
    text = rule(do='add_note("n", text="a\\tb\\nso\\u00adft \\u200fעברית\\u200e \\u200c {{ deal.title }}")')
    assert check_files(tmp_path / "company", {"rules": example_file(text)})["rules"] == []
