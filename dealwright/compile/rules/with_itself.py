"""DW291: a fact is taken off itself, or compared with itself: what comes out is the same for every deal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.sums import Term, number_of, reckonings, summed
from dealwright.model.calendar import Duration


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        told: set[tuple[str, int, str]] = set()
        for at, node in _written(subject, automation):
            for message in _wrong(node):
                if (*at, message) not in told:
                    told.add((*at, message))
                    hint = "name another field, or take it out"
                    yield Spot(path=at[0], line=at[1], message=message, hint=hint)


def _written(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], object]]:
    """Yield the conditions that somebody has written, and the steps, with where they stand."""
    for asking in askings(subject, automation):
        yield asking.at, asking.condition
    for step in all_steps(automation.do) if automation.origin == "authored" else ():
        yield subject.step_at(automation, step.name), step


def _wrong(node: object) -> Iterator[str]:
    """Yield what is wrong with what is reckoned and compared in there."""
    wrong = [given for given in _comparisons(node) if _is_itself(given)]
    for given in wrong:
        yield f"{describe.condition(given)} compares a fact with itself: it is the same for every deal"
    for reckoned in () if wrong else reckonings(node):
        yield from _reckoned(reckoned)


def _reckoned(given: ir.Reckoned) -> Iterator[str]:
    left, right = given.left, given.right
    if given.sign == "/" and number_of(right) is None and _plain(left) == _plain(right):
        yield f"{describe.expression(given)} is always 1: it is divided by itself"
        return
    if given.sign in ("+", "-"):
        gone = _gone(given)
        if gone:
            left_over = [each for each in summed(given).items() if each[0] not in gone and each[1]]
            what = f"{_spoken(gone[0])} out of the sum again" if left_over else "nothing, always"
            word = "takes" if left_over else "comes to"
            yield f"{describe.expression(given)} {word} {what}: {_spoken(gone[0])} is taken off itself"
            return
    for side in (left, right):
        for inner in reckonings(side):
            yield from _reckoned(inner)


def _gone(given: ir.Reckoned) -> list[Term]:
    """Return the facts of a sum of which nothing is left in it."""
    return [term for term, times in summed(given).items() if not times and not isinstance(term, str)]


def _spoken(term: Term) -> str:
    return term if isinstance(term, str) else describe.expression(term)


def _plain(given: ir.Expression) -> Mapping[Term, object]:
    return {term: times for term, times in summed(given).items() if times}


def _is_itself(given: ir.CompareReckoned) -> bool:
    """Say whether nothing but a number, or a length of time, is left between the two sides."""
    if isinstance(given.left, ir.Shift) or isinstance(given.right, ir.Shift):
        (ours, by), (theirs, other) = _moved(given.left), _moved(given.right)
        units = {each.unit for each in (by, other) if each is not None}
        return ours == theirs and len(units) == 1
    terms = summed(given.left)
    for term, times in summed(given.right).items():
        terms[term] = terms.get(term, times - times) - times
    facts = [times for term, times in terms.items() if not isinstance(term, str)]
    return bool(facts) and not any(facts)


def _moved(given: object) -> tuple[object, Duration | None]:
    """Return the day or moment that is moved, and by how much; None if it stands as it is."""
    if isinstance(given, ir.Shift) and not isinstance(given.of, ir.Shift):
        return given.of, given.by
    return given, None


def _comparisons(node: object) -> Iterator[ir.CompareReckoned]:
    match node:
        case ir.CompareReckoned():
            yield node
        case msgspec.Struct():
            for name in node.__struct_fields__:
                inner = getattr(node, name)
                if not ir.is_step(inner):
                    yield from _comparisons(inner)
        case tuple():
            for each in node:
                if not ir.is_step(each) and not isinstance(each, ir.Case | ir.Answer):
                    yield from _comparisons(each)


RULE: Final = Rule(
    code="DW291",
    severity="warning",
    title="a fact is taken off itself, or compared with itself",
    reason=(
        "`total - total` is nothing, for every deal, and `begins_on + days(3) > begins_on` is true of all: the name of "
        "one of two fields was written twice, or was completed wrongly. Both are of one type, so nothing refuses it."
    ),
    bad="""
class Own(DealFields):
    total, paid = Money("Total"), Money("Paid")


own = Own()

rest = Automation(
    key="rest",
    on=entered(Sales.won),
    when=[own.total.is_set(), own.paid.is_set()],
    do=[update_deal("rest", amount=own.total - own.total)],
)
""",
    good="""
class Own(DealFields):
    total, paid = Money("Total"), Money("Paid")


own = Own()

rest = Automation(
    key="rest",
    on=entered(Sales.won),
    when=[own.total.is_set(), own.paid.is_set()],
    do=[update_deal("rest", amount=own.total - own.paid)],
)
""",
    look=_look,
)
