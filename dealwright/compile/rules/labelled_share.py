"""DW295: a step writes another share of an amount than the label of the field says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.sums import PLAIN, Term, summed
from dealwright.model.custom import FieldShape

_SHARE: Final = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
_OF: Final = re.compile(r"%\s*(?:of|del?|do|da|von|des|der)\b", re.IGNORECASE)
"""It is that share of something, and not what is taken off: "Deposit: 40 % of the amount"."""
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)?")
_BOUND: Final = re.compile(
    r"\b(?:max|min|maximum|minimum|most|least|up to|from|over|under|above|below|more|less|about|ca|usually|normally"
    r"|maximal|mindestens|höchstens|bis|ab|über|unter|etwa|hasta|desde|mínimo|máximo|menos|más|até|mais|menor|maior)\b",
    re.IGNORECASE,
)
"""Words by which a label says no one share."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        labelled = {path: share for path, shape in _fields(account) if (share := _said(shape)) is not None}
        parts = {path for path, shape in _fields(account) if _OF.search(shape.label)}
        for automation in account.automations if labelled else ():
            for step in all_steps(automation.do):
                for path, value in _written(step):
                    share = labelled.get(path)
                    given = None if share is None else _share(value)
                    if share is None or given is None or _is(given, share, path in parts) or share in _numbers(value):
                        continue
                    file, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=file,
                        line=line,
                        message=f"{step.name!r} writes {_percent(given)} to {path}, whose label says {_percent(share)}",
                        hint=f"write * {float(share):g} / 100, or correct the label",
                    )


def _fields(account: ir.Account) -> Iterator[tuple[str, FieldShape]]:
    yield from ((f"deal.{shape.key}", shape) for shape in account.deal_fields)
    yield from ((f"deal.company.{shape.key}", shape) for shape in account.company_fields)
    for record in account.records:
        yield from ((f"{record.key}.{shape.key}", shape) for shape in record.fields)


def _said(shape: FieldShape) -> Fraction | None:
    """Return how many percent the label says that an amount is; None if it says none, or several, or a bound."""
    if shape.type != "money" or _BOUND.search(shape.label):
        return None
    found = _SHARE.findall(shape.label)
    if len(found) != 1 or len(_DIGITS.findall(shape.label)) != 1:
        return None
    return Fraction(Decimal(found[0].replace(",", "."))) or None


def _written(step: ir.Step) -> Iterator[tuple[str, ir.Expression]]:
    match step:
        case ir.UpdateRecordStep(record=kind, changes=given) | ir.CreateRecordStep(record=kind, fields=given):
            yield from ((f"{kind}.{name}", value) for name, value in given.items())
        case ir.CreateDealStep(custom=given):
            yield from ((f"deal.{name}", value) for name, value in given.items())
        case _:
            yield from written(step)


def _share(value: ir.Expression) -> Fraction | None:
    """Return how many percent the value is of a sum of facts; None if it is no such share."""
    if not isinstance(value, ir.Reckoned):
        return None
    terms = {term: times for term, times in summed(value).items() if times}
    shares = {abs(times) for times in terms.values()}
    if PLAIN in terms or len(shares) != 1 or any(_is_by_a_field(term) for term in terms):
        return None
    (share,) = shares
    return share * 100 if share != 1 else None


def _is_by_a_field(term: Term) -> bool:
    """Say whether an amount is multiplied with a number of the deal: the share is then in that."""
    match term:
        case ir.Reckoned(sign="*" | "/", left=left, right=right):
            return any(_is_by_a_field(each) or _is_number(each) for each in (left, right))
    return False


def _is_number(given: ir.Expression) -> bool:
    match given:
        case ir.OrElse(of=of):
            return _is_number(of)
        case ir.Ref(type=type_) | ir.Aggregate(type=type_):
            return type_ == "number"
    return False


def _is(given: Fraction, share: Fraction, is_part: bool) -> bool:
    """Say whether it is the share, what it comes to on top, or what of a whole with it is one or it.

    What it leaves is meant too, unless the label says of what it is a part.
    """
    meant = [share, 100 + share, share / (100 + share) * 100, Fraction(10_000) / (100 + share)]
    meant += [] if is_part else [100 - share]
    return any(abs(given - each) <= Fraction(1, 20) for each in meant)


def _numbers(value: ir.Expression) -> set[Fraction]:
    """Return the numbers that are written in a value, as percentages: one of a share may be the one that is said."""
    match value:
        case ir.NumberValue(value=number):
            return {Fraction(number) * 100}
        case ir.Reckoned(sign="/", left=left, right=ir.NumberValue(value=by)) if by == 100:
            return {each / 100 for each in _numbers(left)} | _numbers(left)
        case ir.Reckoned(left=left, right=right):
            return _numbers(left) | _numbers(right)
    return set()


def _percent(share: Fraction) -> str:
    return f"{round(float(share), 2):g} %"


RULE: Final = Rule(
    code="DW295",
    severity="warning",
    title="another share is written than the label of the field says",
    reason=(
        'A field that is called "Deposit: 30 % of the amount" is read as that by whoever opens the deal, and by the '
        "customer who is told it. A step that writes `deal.amount * 3 / 100` there asks for a tenth of it. Told is one "
        "constant share of an amount or a sum that is neither the one in the label nor what it leaves."
    ),
    bad="""
class Own(DealFields):
    deposit = Money("Deposit: 30 % of the amount")


own = Own()

ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    when=[own.deposit.is_unset()],
    do=[update_deal("deposit", deposit=deal.amount * 3 / 100)],
)
""",
    good="""
class Own(DealFields):
    deposit = Money("Deposit: 30 % of the amount")


own = Own()

ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    when=[own.deposit.is_unset()],
    do=[update_deal("deposit", deposit=deal.amount * 30 / 100)],
)
""",
    look=_look,
)
