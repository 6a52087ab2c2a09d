"""A field that a new deal is asked for before the one step that reckons it (DW246)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Spot, Subject, all_steps


def asked_too_soon(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield the branches of an automation that begins with a new deal which compare what a later step of it reckons."""
    if not isinstance(automation.on, ir.OnDealCreated):
        return
    guarded = set(_guarded((automation.when, automation.do)))
    for place, step in enumerate(automation.do):
        if not isinstance(step, ir.BranchStep):
            continue
        asked = {fact for case in step.cases for fact in facts_in(case.when)} - guarded
        for later in automation.do[place + 1 :]:
            for name, value in later.changes.items() if isinstance(later, ir.UpdateDealStep) else ():
                fact = f"deal.{name}"
                if (
                    isinstance(value, ir.Points | ir.Reckoned)
                    and fact in asked
                    and fact not in set(facts_in(value))
                    and _writers(account, name) == 1
                ):
                    path, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{step.name!r} asks for {fact} of a new deal, and {later.name!r}, which is the one"
                        " step that writes it, comes later",
                        hint=f"put {later.name!r} before it",
                    )


def _writers(account: ir.Account, name: str) -> int:
    """Return how many steps of the account write the field."""
    return sum(
        name in (step.changes if isinstance(step, ir.UpdateDealStep) else step.custom)
        for automation in account.automations
        for step in all_steps(automation.do)
        if isinstance(step, ir.UpdateDealStep | ir.CreateDealStep)
    )


def _guarded(node: object) -> Iterator[str]:
    """Yield the facts of which it is asked whether they are set: whoever asks knows that people may write them."""
    match node:
        case ir.IsSet(field=field):
            yield field.path
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _guarded(getattr(node, name))
        case tuple():
            for each in node:
                yield from _guarded(each)
