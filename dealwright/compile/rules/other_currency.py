"""DW286: an amount that is written in another currency than the account's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps

_ELSEWHERE: Final = (ir.SendConversionStep, ir.SendEventStep, ir.LookupStep)
"""Steps that tell others amounts, in whatever currency those want them."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if account.currency is None:
            continue
        parts = all_parts(automation.when)
        asked = [(subject.condition_at(automation, place), part) for place, part in enumerate(parts)]
        if automation.for_each is not None:
            asked.append((subject.automation_at(automation, "for_each"), automation.for_each.where))
        for step in all_steps(automation.do):
            for place, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
                asked.append((subject.case_at(automation, step.name, place), case.when))
            if isinstance(step, ir.WaitUntilStep) and step.until is not None:
                asked.append((subject.step_at(automation, step.name), step.until))
        for (path, line), condition in asked:
            for given in _in_others(condition, account.currency):
                why = f"whatever is in {account.currency} is neither more nor less nor equal: this is never known"
                yield _spot(path, line, given, account.currency, why)
        for step in ir.actions(automation.do):
            for given in () if isinstance(step, _ELSEWHERE) else _in_others(step, account.currency):
                path, line = subject.step_at(automation, step.name)
                why = f"what is written so compares with no amount in {account.currency}"
                yield _spot(path, line, given, account.currency, why)


def _spot(path: str, line: int, given: ir.MoneyValue, currency: str, why: str) -> Spot:
    return Spot(
        path=path,
        line=line,
        message=f'Money("{given.amount:f}", "{given.currency}"), and the account reckons in {currency}: {why}',
        hint=f'write Money("{given.amount:f}", "{currency}"), or the number alone',
    )


def _in_others(node: object, currency: str) -> Iterator[ir.MoneyValue]:
    """Yield the amounts in a condition or step that are in another currency, each once."""
    yield from dict.fromkeys(each for each in _amounts(node) if each.currency != currency)


def _amounts(node: object) -> Iterator[ir.MoneyValue]:
    match node:
        case ir.MoneyValue():
            yield node
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _amounts(getattr(node, name))
        case tuple():
            for each in node:
                yield from _amounts(each)
        case Mapping():
            for each in node.values():
                yield from _amounts(each)


RULE: Final = Rule(
    code="DW286",
    severity="warning",
    title="an amount is in another currency than the account",
    reason=(
        "Amounts of two currencies are not compared: such a condition is unknown for every deal in the account's own "
        "currency, and what depends on it is never done. What a step writes in another currency is left out of every "
        "such comparison. A conversion, a webhook and a lookup may name any currency. If you do keep deals in several, "
        "silence it where it is meant."
    ),
    bad="""
visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[deal.amount > Money("10000", "EUR")],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
    good="""
visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[deal.amount > Money("10000", "USD")],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
    look=_look,
)
