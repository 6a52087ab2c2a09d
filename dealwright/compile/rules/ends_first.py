"""DW292: something is to end before it starts: two days or moments stand in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.rules.askings import Asking, askings
from dealwright.compile.rules.day_pairs import Days
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.model.calendar import Duration

_MINUTES: Final = {"minutes": 1, "hours": 60, "days": 24 * 60}
_WHEN: Final = ("day", "moment")


class _Order(NamedTuple):
    """What a comparison or a value says: the one is before the other, or at the same time if it is not `strict`."""

    first: str
    last: str
    strict: bool


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        days = Days(account)
        straight = {each for automation in account.automations for each in _straight(subject, automation, days)}
        for automation in account.automations:
            for asking in askings(subject, automation):
                for part, order in _turned(asking.condition, days):
                    if _is_wrong(subject, automation, asking, order, straight, days):
                        yield _spot(asking.at, describe.condition(part), order)
            for step in all_steps(automation.do) if automation.origin == "authored" else ():
                for what, order in _ends_early(step, days):
                    if days.sure(order.last, order.first) or _flipped(order) in _pairs(straight):
                        yield _spot(subject.step_at(automation, step.name), f"{step.name!r} writes {what}", order)


def _spot(at: tuple[str, int], what: str, order: _Order) -> Spot:
    return Spot(
        path=at[0],
        line=at[1],
        message=f"{what}: {order.first.rpartition('.')[2]} is the end of what begins with"
        f" {order.last.rpartition('.')[2]}",
        hint="turn the two round",
    )


def _flipped(order: _Order) -> tuple[str, str]:
    return order.last, order.first


def _pairs(orders: set[_Order]) -> set[tuple[str, str]]:
    return {(each.first, each.last) for each in orders}


def _is_wrong(
    subject: Subject, automation: ir.Automation, asking: Asking, order: _Order, straight: set[_Order], days: Days
) -> bool:
    """Say whether nobody can mean it: who asks for what is the wrong way round may tell somebody to correct it."""
    known = [each for each in straight if (each.first, each.last) == _flipped(order)]
    if automation.origin == "criteria":
        return days.sure(order.last, order.first) or bool(known)
    # Two that are the same day are no mistake, unless the company says that there are none.
    if not known or not (order.strict or any(each.strict for each in known)):
        return False
    return any(_goes_on(each) for each in _done(automation, asking))


def _done(automation: ir.Automation, asking: Asking) -> Iterator[ir.Step]:
    """Yield what is done where the condition is true."""
    if asking.of in ("when", "segment"):
        yield from all_steps(automation.do)
    elif asking.of == "case":
        for step in all_steps(automation.do):
            for case in step.cases if isinstance(step, ir.BranchStep) else ():
                if asking.condition in all_parts(case.when):
                    yield from all_steps(case.do)


def _goes_on(step: ir.Step) -> bool:
    """Say whether a step goes on with the deal, as nobody does who has found a mistake."""
    match step:
        case ir.CreateRecordStep() | ir.CreateDealStep():
            return True
        case ir.MoveDealStep(only_forward=forward, reason=reason):
            return forward and reason is None
    return False


def _straight(subject: Subject, automation: ir.Automation, days: Days) -> Iterator[_Order]:
    """Yield the pairs that stand in the right order in a condition, or in what a step writes."""
    for asking in askings(subject, automation):
        for order in _orders(asking.condition):
            if days.starts(order.first, order.last):
                yield order
    for step in all_steps(automation.do):
        for holder, given in _written(step):
            for name, value in given.items():
                of, by = _moved(value)
                if by > 0 and days.starts(of, f"{holder}.{name}"):
                    yield _Order(of, f"{holder}.{name}", True)


def _orders(node: object) -> Iterator[_Order]:
    """Yield what the comparisons in a condition say; what is denied says the opposite."""
    match node:
        case ir.Not(of=part):
            yield from (_Order(each.last, each.first, not each.strict) for each in _orders(part))
        case ir.Compare() | ir.CompareReckoned():
            order = _order(node)
            if order is not None:
                yield order
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _orders(getattr(node, name))
        case tuple():
            for each in node:
                yield from _orders(each)


def _turned(condition: ir.Condition, days: Days) -> Iterator[tuple[ir.Condition, _Order]]:
    """Yield the comparisons that ask for the end before the start; what is denied is left out."""
    match condition:
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _turned(part, days)
        case ir.OfRecords(of=part):
            yield from _turned(part, days)
        case ir.Compare() | ir.CompareReckoned():
            order = _order(condition)
            if order is not None and days.starts(order.last, order.first):
                yield condition, order


def _order(given: ir.Compare | ir.CompareReckoned) -> _Order | None:
    """Return which of two facts has to be before the other one; None if it says something else of them."""
    left, right = (given.field, given.value) if isinstance(given, ir.Compare) else (given.left, given.right)
    (one, by), (other, later) = _moved(left), _moved(right)
    if not one or not other or one == other:
        return None
    if given.op in ("<", "<="):
        return _Order(one, other, given.op == "<" or by > later) if by >= later else None
    if given.op in (">", ">="):
        return _Order(other, one, given.op == ">" or later > by) if later >= by else None
    return None


def _moved(given: object) -> tuple[str, int]:
    """Return the day or moment that is moved, and by how many minutes, working time as if it was not; or nothing."""
    match given:
        case ir.Ref(path=path, type=type_) if type_ in _WHEN:
            return path, 0
        case ir.OrElse(of=of):
            return _moved(of)
        case ir.Shift(of=of, by=by, back=back):
            path, moved = _moved(of)
            return path, moved + (-_length(by) if back else _length(by))
    return "", 0


def _length(by: Duration) -> int:
    return by.amount * _MINUTES[by.unit.removeprefix("working_")]


def _written(step: ir.Step) -> Iterator[tuple[str, Mapping[str, ir.Expression]]]:
    match step:
        case ir.UpdateDealStep(changes=given):
            yield "deal", given
        case ir.UpdateCompanyStep(changes=given):
            yield "deal.company", given
        case ir.UpdateRecordStep(changes=given) | ir.CreateRecordStep(fields=given):
            yield "record", given


def _ends_early(step: ir.Step, days: Days) -> Iterator[tuple[str, _Order]]:
    """Yield the ends that a step puts before their start: before what is the start, or both beside one fact."""
    for holder, given in _written(step):
        moved = {f"{holder}.{name}": _moved(value) for name, value in given.items()}
        for end, (of, by) in moved.items():
            for start, (begins, after) in moved.items():
                # Who exchanges the two of one deal corrects them.
                swapped = days.sure(of, begins) and by == after == 0 and not of.startswith(f"{holder}.")
                if days.starts(start, end) and ((of and of == begins and by < after) or swapped):
                    name = end.rpartition(".")[2]
                    yield f"{name}={describe.expression(given[name])}", _Order(end, start, True)
            own = not isinstance(step, ir.CreateRecordStep) and of not in moved
            if own and by < 0 and days.starts(of, end):
                name = end.rpartition(".")[2]
                yield f"{name}={describe.expression(given[name])}", _Order(end, of, True)


RULE: Final = Rule(
    code="DW292",
    severity="warning",
    title="something ends before it starts",
    reason=(
        "`return_day <= pickup_day` in the criteria of a stage keeps out every deal whose days are right, and lets in "
        "those that are not. Which of two days is the first one is told by their names (start and end, from and until, "
        "pickup and return, check_in and check_out, entrada and salida, inicio and fim ...). Who only asks for such "
        "deals may be looking for mistakes: that is told where another place of the files has them the right way "
        "round, and where it goes on with the deal. What arrives and departs may stay or travel: that is told only "
        "where another place has it the other way round."
    ),
    bad="""
class Own(DealFields):
    pickup_day, return_day = Day("Pickup"), Day("Return")


own = Own()

shorten = Automation(
    key="shorten",
    on=entered(Sales.quoted),
    when=[own.pickup_day.is_set(), own.return_day.is_unset()],
    do=[update_deal("three-days", return_day=own.pickup_day - days(3))],
)
""",
    good="""
class Own(DealFields):
    pickup_day, return_day = Day("Pickup"), Day("Return")


own = Own()

shorten = Automation(
    key="shorten",
    on=entered(Sales.quoted),
    when=[own.pickup_day.is_set(), own.return_day.is_unset()],
    do=[update_deal("three-days", return_day=own.pickup_day + days(3))],
)
""",
    look=_look,
)
