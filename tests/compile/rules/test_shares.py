"""Parts of an amount that do not come to it are told (DW284)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from examples import check_files, example_file
from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.compile import ir
from dealwright.compile.rules.sums import summed

OWN = """
deposit_share = setting("deposit-share", int, default=30, min=10, max=100)


class Part(Record, key="part"):
    amount, number, share = Money("Amount"), Number("No."), Number("Share")


class Commission(Record, key="commission"):
    amount = Money("Amount")


class Own(DealFields):
    deposit, rest, tax, paid = Money("Deposit"), Money("Rest"), Money("Tax"), Money("Paid")
    seats = Number("Seats")


own = Own()
r = Automation(key="r", on=entered(Sales.won), when=[own.paid.is_set(), own.seats > 2, own.deposit.is_set()], do=[{do}])
"""
MORE = """
more = Automation(key="more", on=entered(Sales.quoted), when=[own.seats > 9], do=[{do}])
"""


def rule(do: str, more: str = "") -> str:
    return example_file(OWN.format(do=do) + (MORE.format(do=more) if more else ""))


def parts(*values: str, of: str = "Part", of_more: str = "") -> str:
    return ", ".join(f'create_record("{of_more}p{n}", {of}, amount={value})' for n, value in enumerate(values))


TOLD = {
    "too_little": (rule(parts("own.amount * 0.3", "own.amount * 0.6")), "90 % of deal.amount: 30 % + 60 %"),
    "too_much": (rule(parts("own.amount * 0.6", "own.amount / 2")), "110 % of deal.amount: 60 % + 50 %"),
    "three": (rule(parts("own.amount * 0.3", "own.amount * 0.3", "own.amount * 0.3")), "90 %"),
    "thirds": (rule(parts("own.amount * 0.33", "own.amount * 0.33", "own.amount * 0.33")), "99 %"),
    "percent": (rule(parts("own.amount * 40 / 100", "own.amount * 50 / 100")), "90 %"),
    "taken_off": (rule(parts("own.amount - own.amount * 0.8", "own.amount * 0.7")), "20 % + 70 %"),
    "by_setting": (rule(parts("own.amount * deposit_share / 100", "own.amount * 0.6")), "90 %"),
    "stands_in": (rule(parts("own.amount.or_(0) * 0.3", "own.amount.or_(0) * 0.6")), "90 %"),
    "with_a_wait": (
        rule(parts("own.amount * 0.3") + ', wait("w", days(9)), ' + parts("own.amount * 0.6", of_more="b")),
        "90 %",
    ),
    "in_a_branch": (
        rule(f'branch("b", case(own.seats > 5, {parts("own.amount * 0.3", "own.amount * 0.6")}))'),
        "90 %",
    ),
    "one_of_two_ways": (
        rule(
            f'branch("b", case(own.seats > 5, {parts("own.amount * 0.3", "own.amount * 0.7")}),'
            f" otherwise=[{parts('own.amount / 2', 'own.amount * 0.4', of_more='o')}])"
        ),
        "50 % + 40 %",
    ),
    "events": (
        rule(
            'send_event("bill", to="erp", step="one", with_={"sum": own.amount * 0.3}),'
            ' send_event("bill", to="erp", step="two", with_={"sum": own.amount * 0.6})'
        ),
        "90 %",
    ),
    "rest_of_one_step": (rule('update_deal("u", deposit=own.amount * 0.3, rest=own.amount * 0.6)'), "90 %"),
    "rest_that_is_told": (
        rule('send_event("e", to="erp", with_={"rest": own.amount * 0.6, "now": own.amount * 0.3})'),
        "'now' and 'rest' come to 90 % of deal.amount: 30 % + 60 %",
    ),
}
SILENT = {
    "whole": rule(parts("own.amount * 0.3", "own.amount * 0.7")),
    "halves": rule(parts("own.amount / 2", "own.amount / 2")),
    "thirds": rule(parts("own.amount / 3", "own.amount / 3", "own.amount / 3")),
    "thirds_rounded": rule(parts("own.amount * 0.333", "own.amount * 0.333", "own.amount * 0.333")),
    "by_setting": rule(parts("own.amount * deposit_share / 100", "own.amount * (100 - deposit_share) / 100")),
    "what_is_left": rule(parts("own.amount * 0.3", "own.amount - own.paid")),
    "one": rule(parts("own.amount * 0.9")),
    "other_amounts": rule(parts("own.amount * 0.3", "own.paid * 0.6")),
    "whole_and_part": rule(parts("own.amount", "own.amount * 0.1")),
    "commissions": rule(parts("own.amount * 0.4", "own.amount * 0.3", of="Commission")),
    "small_shares": rule(parts("own.amount * 0.05", "own.amount * 0.02")),
    "fee_beside_something_else": rule(parts("own.amount * 0.05", "own.amount * 0.5")),
    "prices_to_choose_from": rule(parts("own.amount * 0.8", "own.amount * 0.9")),
    "an_amount_that_is_not_told": rule(
        parts("own.amount * 0.3", "own.amount * 0.6") + ', create_record("x", Part, number=3)'
    ),
    "rest_elsewhere": rule(parts("own.amount * 0.3", "own.amount * 0.6"), parts("own.amount * 0.1", of_more="m")),
    "rest_in_a_branch": rule(
        parts("own.amount * 0.3", "own.amount * 0.6")
        + f', branch("b", case(own.seats > 5, {parts("own.amount * 0.1", of_more="m")}))'
    ),
    "numbers": rule('create_record("a", Part, share=own.seats * 0.3), create_record("b", Part, share=own.seats * 0.6)'),
    "no_rest": rule('update_deal("u", deposit=own.amount * 0.3, paid=own.amount * 0.6)'),
    "rest_and_tax": rule('update_deal("u", tax=own.amount * 0.19, deposit=own.amount * 0.3, rest=own.amount * 0.7)'),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("shares") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW284"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_parts_that_do_not_come_to_the_whole_are_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert TOLD[name][1] in message


@pytest.mark.parametrize("name", SILENT)
def test_what_is_whole_or_no_part_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []


PATHS = st.sampled_from(["deal.amount", "deal.paid", "deal.rest"])
LEAVES = st.builds(ir.Ref, path=PATHS, type=st.just("money")) | st.builds(
    ir.NumberValue, value=st.decimals(-9, 9, places=1)
)
SUMS = st.sampled_from(["+", "-"])
TREES = st.recursive(LEAVES, lambda sub: st.builds(ir.Reckoned, sign=SUMS, left=sub, right=sub), max_leaves=12)


def worth(tree: object, facts: dict[str, Fraction]) -> Fraction:
    match tree:
        case ir.Ref(path=path):
            return facts[path]
        case ir.NumberValue(value=value):
            return Fraction(value)
        case ir.Reckoned(sign=sign, left=left, right=right):
            one, other = worth(left, facts), worth(right, facts)
            return one + other if sign == "+" else one - other
    raise AssertionError(tree)


@given(TREES, st.fixed_dictionaries({path: st.fractions(-5, 5) for path in ("deal.amount", "deal.paid", "deal.rest")}))
@settings(max_examples=80)
def test_a_sum_comes_to_what_its_terms_come_to(tree: ir.Expression, facts: dict[str, Fraction]) -> None:
    terms = summed(tree)
    assert worth(tree, facts) == sum(
        (times * (facts[term.path] if isinstance(term, ir.Ref) else 1) for term, times in terms.items()), Fraction(0)
    )
