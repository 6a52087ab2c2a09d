"""A change or a day that sets an automation off and that it never names, while it is about another one (DW257)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Spot, Subject, all_parts, all_steps
from dealwright.model.custom import FieldShape

_TYPES: Final = frozenset({"day", "moment", "money", "number"})
_OF_TIME: Final = frozenset({"day", "moment"})
_BUILT_IN: Final = {"amount": "money", "close_date": "day"}
_SHORT: Final = 4


def watches_another(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield the one other field that is asked for and worked with, where a watched one of its type is never named."""
    on = automation.on
    if automation.origin != "authored":
        return
    if isinstance(on, ir.OnRecordUpdated):
        found = _of_record(account, automation, on)
    elif any(
        isinstance(step, ir.SendEventStep | ir.CreateDealStep | ir.SendConversionStep)
        for step in all_steps(automation.do)
    ):
        return  # they tell all that the deal has, or hand it on
    elif isinstance(on, ir.OnDealUpdated):
        found = _of_deal(account, automation, on)
    elif isinstance(on, ir.OnDateReached):
        found = _of_day(account, automation, on)
    else:
        return
    if found is not None:
        watched, meant, hint = found
        path, line = subject.automation_at(automation, "on")
        message = f"{automation.key!r} is set off by {watched}, which it does not ask for, and is about {meant}"
        yield Spot(path=path, line=line, message=message, hint=hint)


_Found = tuple[str, str, str]
"""What it watches, what it is about, and what to do."""


def _of_deal(account: ir.Account, automation: ir.Automation, on: ir.OnDealUpdated) -> _Found | None:
    types = {**_BUILT_IN, **{each.key: each.type for each in account.deal_fields}}
    named = _named(automation)
    done = set(facts_in(automation.do))
    asked = {fact for part in all_parts(automation.when) for fact in facts_in(part)}
    both = [each for each in types if each not in on.fields and f"deal.{each}" in asked and f"deal.{each}" in done]
    for name in on.fields:
        type_ = types.get(name)
        alike = [each for each in both if types[each] == type_]
        if name not in named and type_ in _TYPES and len(alike) == 1:
            return f"deal.{name}", f"deal.{alike[0]}", f"watch it: fields=[deal.{alike[0]}]"
    # As many times as it watches, and none of those: the line of another rule.
    times = [each for each in both if types[each] in _OF_TIME]
    strangers = [name for name in on.fields if name not in named and types.get(name) in _OF_TIME]
    if len(on.fields) == len(strangers) == len(times) > 1:
        meant = ", ".join(f"deal.{each}" for each in times)
        return " and ".join(f"deal.{name}" for name in strangers), meant, f"watch them: fields=[{meant}]"
    return None


def _of_record(account: ir.Account, automation: ir.Automation, on: ir.OnRecordUpdated) -> _Found | None:
    """Find the field that is all that is asked of a record, once, and whose changes nothing in the account hears."""
    asked = {fact for part in all_parts(automation.when) for fact in facts_in(part) if fact.startswith("record.")}
    in_cases = {
        fact
        for step in all_steps(automation.do)
        if isinstance(step, ir.BranchStep)
        for case in step.cases
        for part in all_parts(case.when)
        if isinstance(part, ir.Compare | ir.IsSet)
        for fact in facts_in(part)
    }
    if len(asked) != 1 or not isinstance(automation.again, ir.Once) or automation.again.per == "value":
        return None
    (fact,) = asked
    name = fact.removeprefix("record.")
    if not on.fields or name in on.fields or not in_cases.isdisjoint(f"record.{each}" for each in on.fields):
        return None
    if any(_hears(each.on, on.record, name) for each in account.automations):
        return None
    return f"{on.record}.{on.fields[0]}", f"{on.record}.{name}", "watch it, too: name it in fields="


def _hears(on: ir.Trigger, record: str, name: str) -> bool:
    return isinstance(on, ir.OnRecordUpdated) and on.record == record and (not on.fields or name in on.fields)


def _of_day(account: ir.Account, automation: ir.Automation, on: ir.OnDateReached) -> _Found | None:
    """Find the one other day that is named, if the automation is called after it, and not after its own."""
    shapes = {f"deal.{each.key}": each for each in account.deal_fields if each.type in _OF_TIME}
    name = on.field.path
    if name not in shapes or name.rpartition(".")[2] in _named(automation):
        return None
    named = [fact for fact in dict.fromkeys(facts_in((automation.when, automation.do))) if fact in shapes]
    if len(named) != 1:
        return None
    (other,) = named
    called = [word for word in plain_words(automation.key) if len(word) >= _SHORT]
    if len(called) < 2 or not set(called) <= _words(other, shapes) or set(called) & _words(name, shapes):
        return None
    return name, other, f"write date_reached({other})"


def _words(path: str, shapes: Mapping[str, FieldShape]) -> set[str]:
    return {*plain_words(path.removeprefix("deal.").replace("_", " ")), *plain_words(shapes[path].label)}


def _named(automation: ir.Automation) -> set[str]:
    """Return the last parts of all facts that the automation names anywhere but in its trigger."""
    given = (automation.when, automation.do, automation.exit_on)
    return {part for fact in facts_in(given) for part in fact.split(".")}
