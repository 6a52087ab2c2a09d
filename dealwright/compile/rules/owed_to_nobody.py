"""DW281: what is taken off is taken off of nothing: an amount that is paid, or a price, is less than nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import possible, unset
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place

_NEVER_BELOW: Final = re.compile(
    r"(?:.*[_-])?(?:back|refund|refunded|return|payback|payout|pay|price|fee|due|rest|remaining|deposit|costs?)"
    r"(?:[_-].*)?",
    re.IGNORECASE,
)
"""What somebody pays is nothing at the least; a balance or a difference may be less."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        for place in subject.places(account, automation):
            for name, value in _written(place.step):
                found = _below(place, value)
                if found is None:
                    continue
                less, taken = found
                path, line = subject.step_at(automation, place.step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{name} of {place.step.name!r} is less than nothing wherever {less.path} is unset:"
                    f" {describe.expression(value)}",
                    hint=f"did you mean {taken.path} - {less.path}.or_(0)? If not, ask for {less.path}.is_set()",
                )


def _written(step: ir.Step) -> Iterator[tuple[str, ir.Expression]]:
    """Yield what the step writes or sends that is never less than nothing, by name."""
    given: Mapping[str, ir.Expression] = {}
    match step:
        case ir.SendConversionStep(value=value) if value is not None:
            yield "value", value
        case ir.CreateDealStep(amount=amount, custom=given):
            if amount is not None:
                yield "amount", amount
        case ir.UpdateDealStep(changes=given):
            if "amount" in given:
                yield "amount", given["amount"]
        case ir.SendEventStep(with_=given) | ir.CreateRecordStep(fields=given) | ir.UpdateRecordStep(changes=given):
            pass
    yield from ((name, value) for name, value in given.items() if _NEVER_BELOW.fullmatch(name))


def _below(place: Place, value: ir.Expression) -> tuple[ir.Ref, ir.Ref] | None:
    """Return what may be unset there and is taken for nothing then, and what is taken off of it all the same."""
    match value:
        case ir.Reckoned(
            sign="-",
            left=ir.OrElse(of=ir.Ref() as less, other=ir.NumberValue(value=number) | ir.MoneyValue(amount=number)),
            right=ir.Ref() as taken,
        ) if number == 0:
            there = possible(*place.known, unset(less.path), [(Atom(taken.path, "set"),)])
            return (less, taken) if there else None
    return None


RULE: Final = Rule(
    code="DW281",
    severity="warning",
    title="something is taken off of nothing",
    reason=(
        "`costs.or_(0) - deposit` is less than nothing wherever there are no costs. What is paid back, a price or the "
        "worth of a deal never is: the two stand the wrong way round, or the first one has to be there."
    ),
    bad="""
class Own(DealFields):
    damage, paid = Money("Damage"), Money("Paid")


own = Own()

back = Automation(
    key="back",
    on=entered(Sales.won),
    do=[send_event("return", to="bank", with_={"back": own.damage.or_(0) - own.paid})],
)
""",
    good="""
class Own(DealFields):
    damage, paid = Money("Damage"), Money("Paid")


own = Own()

back = Automation(
    key="back",
    on=entered(Sales.won),
    do=[send_event("return", to="bank", with_={"back": own.paid - own.damage.or_(0)})],
)
""",
    look=_look,
)
