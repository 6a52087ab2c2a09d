"""DW297: a discount is added, or what one value takes off another one adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.reckoned import kind_of
from dealwright.compile.rules.given_twice import given_by_name
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.sums import PLAIN, Term, number_of, reckonings, summed

_OFF: Final = frozenset(["discount", "descuento", "desconto", "rabatt", "remise", "nachlass", "skonto", "sconto"])
_WHOLE: Final = (1, 100)


class _Value(NamedTuple):
    """What a step writes under a name, as a sum."""

    step: str
    name: str
    terms: Mapping[Term, Fraction]


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        off = frozenset(_discounts(account))
        values: list[_Value] = []
        for step in all_steps(automation.do):
            path, line = subject.step_at(automation, step.name)
            for added in dict.fromkeys(_added(step, off)):
                message = f"{step.name!r} adds {describe.expression(added)} to the whole, which is a discount"
                yield Spot(path=path, line=line, message=message, hint="take it off: write 1 - ... / 100")
            for given, _ in given_by_name(step):
                sums = ((name, summed(value)) for name, value in given.items() if isinstance(value, ir.Reckoned))
                values += (_Value(step.name, name, {t: n for t, n in terms.items() if n}) for name, terms in sums)
        for one, other in combinations(values, 2):
            if (term := _turned(one, other)) is not None:
                plus, minus = (one, other) if one.terms[term] > 0 else (other, one)
                path, line = subject.step_at(automation, plus.step)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{plus.name} of {plus.step!r} adds {_spoken(term)}, and {minus.name} of {minus.step!r} is"
                    " a share of the same sum and takes it off",
                    hint="write the same sign in both",
                )


def _discounts(account: ir.Account) -> Iterator[str]:
    """Yield the paths of numbers that are called a discount."""
    for holder, shapes in (("deal", account.deal_fields), ("deal.company", account.company_fields)):
        for shape in shapes:
            if shape.type == "number" and _is_off(shape.key.replace("_", " "), shape.label):
                yield f"{holder}.{shape.key}"
    yield from (f"settings.{each.key}" for each in account.settings if _is_off(each.key, ""))


def _is_off(key: str, label: str) -> bool:
    return not _OFF.isdisjoint(plain_words(key)) or not _OFF.isdisjoint(plain_words(label)[:2])


def _added(node: object, off: frozenset[str]) -> Iterator[ir.Ref]:
    """Yield the discounts that are added to one or a hundred where an amount is multiplied with that."""
    for given in reckonings(node):
        if given.sign == "*" and kind_of(given) == "money":
            for side in (given.left, given.right):
                match side:
                    case ir.Reckoned(sign="+", left=left, right=right):
                        for whole, part in ((left, right), (right, left)):
                            fact = _fact(part)
                            if number_of(whole) in _WHOLE and fact is not None and fact.path in off:
                                yield fact
        yield from _added((given.left, given.right), off)


def _fact(given: object) -> ir.Ref | None:
    """Return the fact of which it is a plain part."""
    match given:
        case ir.Ref():
            return given
        case ir.OrElse(of=of):
            return _fact(of)
        case ir.Reckoned(sign="*" | "/", left=left, right=ir.NumberValue(value=value)) if value > 0:
            return _fact(left)
    return None


def _turned(one: _Value, other: _Value) -> Term | None:
    """Return the one term whose sign is turned where one value is else a share of the other one; None if none is."""
    if one.terms.keys() != other.terms.keys() or len(one.terms) < 2 or PLAIN in one.terms:
        return None
    shares = {term: times / other.terms[term] for term, times in one.terms.items()}
    sizes = {abs(share) for share in shares.values()}
    turned = [term for term, share in shares.items() if share < 0]
    if len(sizes) != 1 or sizes == {Fraction(1)} or len(turned) != 1 or len(shares) == len(turned):
        return None
    return turned[0]


def _spoken(term: Term) -> str:
    return term if isinstance(term, str) else describe.expression(term)


RULE: Final = Rule(
    code="DW297",
    severity="warning",
    title="what is to be taken off is added",
    reason=(
        "`price * (1 + discount / 100)` makes a customer who was promised ten percent off pay ten percent more. Told "
        "is a number that is called a discount and is added to the whole, and a sum of which one value of an "
        "automation writes a share, where another one writes the sum with one sign turned: `net = price + rebate` "
        "beside `deposit = (price - rebate) * 3 / 10`."
    ),
    bad="""
class Own(DealFields):
    price, discount = Money("Price"), Number("Discount in %")


own = Own()

net = Automation(
    key="net",
    on=deal_updated(fields=[own.price, own.discount]),
    when=[own.price > 0],
    do=[update_deal("net", amount=own.price * (1 + own.discount.or_(0) / 100))],
)
""",
    good="""
class Own(DealFields):
    price, discount = Money("Price"), Number("Discount in %")


own = Own()

net = Automation(
    key="net",
    on=deal_updated(fields=[own.price, own.discount]),
    when=[own.price > 0],
    do=[update_deal("net", amount=own.price * (1 - own.discount.or_(0) / 100))],
)
""",
    look=_look,
)
