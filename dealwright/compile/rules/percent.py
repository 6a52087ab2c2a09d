"""DW283: a percentage is reckoned with as if it were a fraction, or written as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.reckoned import kind_of
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.sums import reckonings

_PERCENT: Final = re.compile(r"%|\b(?:percent|per cent|percentage|pct|prozent|porcentaje|por ciento|por cento)\b", re.I)
_KEY: Final = re.compile(r"(?:.+[-_])?(?:percent|percentage|pct)")
_SHARE: Final = re.compile(r".+-(?:share|rate)")
_WHOLE: Final = Decimal(100)
_ONE: Final = Decimal(1)


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        named = frozenset(_percentages(account))
        if not named:
            continue
        compared = {pair for automation in account.automations for pair in _compared(account, automation)}
        percent = named - {path for path, number in compared if 0 < number < 1}
        for automation in account.automations:
            for asking in askings(subject, automation):
                for product in _products(asking.condition):
                    yield from _told(*asking.at, product, percent)
            for step in all_steps(automation.do) if automation.origin == "authored" else ():
                path, line = subject.step_at(automation, step.name)
                for product in _products(step):
                    yield from _told(path, line, product, percent)
                for field, value in _written(step):
                    if field in percent and 0 < value < 1 and (field, value * _WHOLE) in compared:
                        yield Spot(
                            path=path,
                            line=line,
                            message=f"{step.name!r} writes {value} to {field}, which is a percentage: it is compared"
                            f" with {(value * _WHOLE).normalize():f}",
                            hint=f"write {(value * _WHOLE).normalize():f}",
                        )


def _percentages(account: ir.Account) -> Iterator[str]:
    """Yield the paths of what is a percentage by its label or name; a share or rate has to go up to a hundred."""
    for holder, shapes in (("deal", account.deal_fields), ("deal.company", account.company_fields)):
        for shape in shapes:
            if shape.type == "number" and (_PERCENT.search(shape.label) or _KEY.fullmatch(shape.key)):
                yield f"{holder}.{shape.key}"
    for setting in account.settings:
        named = _KEY.fullmatch(setting.key) or (_SHARE.fullmatch(setting.key) and setting.most == _WHOLE)
        if named and isinstance(setting.default, ir.NumberValue) and setting.default.value >= 1:
            yield f"settings.{setting.key}"


def _told(path: str, line: int, product: ir.Reckoned, percent: frozenset[str]) -> Iterator[Spot]:
    if kind_of(product) != "money":
        return
    above, below = _factors(product)
    numbers_above = [each.value for each in above if isinstance(each, ir.NumberValue)]
    numbers_below = [each.value for each in below if isinstance(each, ir.NumberValue)]
    times = [found for each in above if (found := _percentage(each, percent))]
    by = [each.path for each in below if isinstance(each, ir.Ref) and each.path in percent]
    if times and not by and not numbers_below and not any(abs(each) < 1 for each in numbers_above):
        yield Spot(
            path=path,
            line=line,
            message=f"{describe.expression(product)} is a hundred times too much: {times[0]} is a percentage",
            hint="divide by 100",
        )
    if by and not times and _is_of_whole(above):
        yield Spot(
            path=path,
            line=line,
            message=f"{describe.expression(product)} is more than the whole: {by[0]} is a percentage, and a part of an"
            " amount is the amount times the percentage",
            hint="write amount * percentage / 100",
        )


def _factors(given: object) -> tuple[list[object], list[object]]:
    """Return what is multiplied, and what is divided by."""
    match given:
        case ir.Reckoned(sign="*" | "/" as sign, left=left, right=right):
            above, below = _factors(left)
            more, less = _factors(right)
            return (above + more, below + less) if sign == "*" else (above + less, below + more)
    return [given], []


def _percentage(factor: object, percent: frozenset[str]) -> str:
    """Return the percentage that a factor is, or what it leaves of the whole; empty if it is something else."""
    match factor:
        case ir.Ref(path=path) if path in percent:
            return path
        case ir.OrElse(of=of):
            return _percentage(of, percent)
        case ir.Reckoned(sign="+" | "-", left=ir.NumberValue(value=whole), right=part) if whole in (_ONE, _WHOLE):
            return _percentage(part, percent)
    return ""


def _is_of_whole(above: list[object]) -> bool:
    """Say whether it is the amount of the deal: what is itself a part, times 100, divided by its share is the whole."""
    return any(isinstance(each, ir.Ref) and each.path == "deal.amount" for each in above)


def _products(node: object) -> Iterator[ir.Reckoned]:
    """Yield the outermost products and quotients right inside of a condition or step; other steps are others."""
    for given in reckonings(node):
        if given.sign in ("*", "/"):
            yield given
            for factor in (each for side in _factors(given) for each in side):
                yield from _products(factor)
        else:
            yield from _products((given.left, given.right))


def _written(step: ir.Step) -> Iterator[tuple[str, Decimal]]:
    if isinstance(step, ir.UpdateDealStep | ir.UpdateCompanyStep):
        yield from ((path, value.value) for path, value in written(step) if isinstance(value, ir.NumberValue))


def _compared(account: ir.Account, node: object) -> Iterator[tuple[str, Decimal]]:
    """Yield the facts that are compared with a number, and the number; a setting counts as what it is at first."""
    defaults = {f"settings.{each.key}": each.default for each in account.settings}
    for given in _comparisons(node):
        left = given.field if isinstance(given, ir.Compare) else given.left
        right: object = given.value if isinstance(given, ir.Compare) else given.right
        left = left.of if isinstance(left, ir.OrElse) else left
        if isinstance(right, ir.Ref):
            right = defaults.get(right.path)
        if isinstance(left, ir.Ref) and isinstance(right, ir.NumberValue):
            yield left.path, right.value


def _comparisons(node: object) -> Iterator[ir.Compare | ir.CompareReckoned]:
    match node:
        case ir.Compare() | ir.CompareReckoned():
            yield node
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _comparisons(getattr(node, name))
        case tuple():
            for each in node:
                yield from _comparisons(each)


RULE: Final = Rule(
    code="DW283",
    severity="warning",
    title="a percentage is taken for a fraction",
    reason=(
        "Thirty percent of an amount is amount * 30 / 100: without the hundred a deposit is thirty times the price, and"
        " no deal ever has it. Divided by thirty it is no part of anything. What is a percentage is told by the % in"
        " the label of a field, by a name that ends in percent or pct, and by a share or rate whose max= is 100. A"
        " field that is compared with 15 is not given 0.15."
    ),
    bad="""
deposit_share = setting("deposit-share", int, default=30, min=10, max=100)


class Own(DealFields):
    deposit = Money("Deposit")


own = Own()

ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    when=[own.deposit.is_unset()],
    do=[update_deal("deposit", deposit=deal.amount * deposit_share)],
)
""",
    good="""
deposit_share = setting("deposit-share", int, default=30, min=10, max=100)


class Own(DealFields):
    deposit = Money("Deposit")


own = Own()

ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    when=[own.deposit.is_unset()],
    do=[update_deal("deposit", deposit=deal.amount * deposit_share / 100)],
)
""",
    look=_look,
)
