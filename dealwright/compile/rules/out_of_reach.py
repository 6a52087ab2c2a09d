"""Comparisons of a field with a number to which the points that are written there never come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic
from dealwright.compile.rules.askings import askings, never
from dealwright.compile.rules.rule import Spot, Subject, all_steps

Reached = Mapping[str, tuple[Decimal, Decimal]]
"""Between which numbers a field is to which steps write points, by path."""


def out_of_reach(
    subject: Subject, account: ir.Account, automation: ir.Automation, logic: Logic, reached: Reached
) -> Iterator[Spot]:
    """Yield what is never true of points; people may write other numbers by hand, so that it is not certain."""
    if not reached:
        return
    bounded = replace(logic, reached=reached)
    defaults = {f"settings.{each.key}": each.default for each in account.settings}
    told: set[ir.Condition] = set()
    for asking in askings(subject, automation):
        for part, now in _never(bounded, asking.condition, defaults):
            if logic.never(part) or logic.never(asking.condition) or part in told or not isinstance(part, ir.Compare):
                continue
            told.add(part)
            least, most = reached.get(part.field.path, (None, None))
            path, line = asking.at
            yield Spot(
                path=path,
                line=line,
                message=f"{describe.condition(part)} is never true{now}: the points that are written there come to"
                f" {least} to {most}",
                hint="compare with a number between them, or give more points",
                severity="warning",
            )


def _never(
    logic: Logic, condition: ir.Condition, defaults: Mapping[str, ir.Value]
) -> Iterator[tuple[ir.Condition, str]]:
    """Yield the parts that are never true, those with settings as long as nobody has set them; and words for that."""
    yield from ((part, "") for part in never(logic, condition))
    for part in _comparisons(condition):
        value = part.value
        default = defaults.get(value.path) if isinstance(value, ir.Ref) else None
        if default is not None and logic.never(structs.replace(part, value=default)):
            yield part, f" while {describe.expression(value)} is {describe.expression(default)}"


def _comparisons(condition: ir.Condition) -> Iterator[ir.Compare]:
    match condition:
        case ir.Compare():
            yield condition
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _comparisons(part)
        case ir.Not(of=part):
            yield from _comparisons(part)


def reached_by_points(account: ir.Account, logic: Logic) -> Reached:
    """Return what is known of the fields to which the account's steps write points."""
    written: dict[str, list[ir.Expression]] = {}
    for automation in account.automations:
        for step in all_steps(automation.do):
            changes = step.changes if isinstance(step, ir.UpdateDealStep) else {}
            changes = step.custom if isinstance(step, ir.CreateDealStep) else changes
            for name, value in changes.items():
                written.setdefault(f"deal.{name}", []).append(value)
    reached = {}
    for path, values in written.items():
        known = [_between(value, logic) for value in values if not isinstance(value, ir.Cleared)]
        sure = [each for each in known if each is not None]
        if len(sure) == len(known) and any(isinstance(value, ir.Points) for value in values):
            reached[path] = min(least for least, _ in sure), max(most for _, most in sure)
    return reached


def _between(value: ir.Expression, logic: Logic) -> tuple[Decimal, Decimal] | None:
    match value:
        case ir.NumberValue(value=number):
            return number, number
        case ir.Points():
            return logic.between(value)
    return None
