"""DW257: `fields=` leaves out the field that the automation is about, or names one that nothing in it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.kept_up import BUILT_IN, RECKONED, inputs, watches, writes
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.watched_another import watches_another

_BEFORE: Final = "event.before."


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        on = automation.on
        found = list(_found(subject, account, automation, on))
        yield from found or watches_another(subject, account, automation)


def _found(subject: Subject, account: ir.Account, automation: ir.Automation, on: ir.Trigger) -> Iterator[Spot]:
    if isinstance(on, ir.OnDealUpdated) and on.fields:
        yield from _another_before(subject, account, automation, on)
        yield from _another_ends(subject, automation, on)
    if isinstance(on, ir.OnDealUpdated | ir.OnRecordUpdated) and _keeps(account, automation):
        yield from _for_nothing(subject, automation, on)


def _another_before(
    subject: Subject, account: ir.Account, automation: ir.Automation, on: ir.OnDealUpdated
) -> Iterator[Spot]:
    """Tell of conditions on what only other fields were before than those that are watched."""
    watchable = BUILT_IN | {field.key for field in account.deal_fields}
    asked: dict[str, tuple[str, int]] = {}
    for asking in askings(subject, automation):
        for name in _befores(asking.condition) & watchable:
            asked.setdefault(name, asking.at)
    if asked and asked.keys().isdisjoint(on.fields):
        name, (path, line) = next(iter(asked.items()))
        message = f"deal.{name} is what it was before: {automation.key!r} watches {_named(on.fields)}"
        yield Spot(path=path, line=line, message=message, hint=f"watch it: fields=[deal.{name}]")


def _another_ends(subject: Subject, automation: ir.Automation, on: ir.OnDealUpdated) -> Iterator[Spot]:
    """Tell of a start with fields that nothing is made of, where a change of those that are asked for ends it.

    To end what begins anew with the same change is what exit_on= is given such fields for.
    """
    if any(isinstance(step, ir.SendEventStep | ir.CreateDealStep) for step in all_steps(automation.do)):
        return  # they tell all that the deal has, or hand it on
    asked = set(facts_in(automation.when))
    named = {part for fact in facts_in((automation.when, automation.do)) for part in fact.split(".")}
    if not named.isdisjoint(on.fields) or "owner" in on.fields:
        return  # the owner gets its tasks, without a word
    for ending in automation.exit_on:
        fields = ending.fields if isinstance(ending, ir.OnDealUpdated) else ()
        if fields and set(fields).isdisjoint(on.fields) and all(f"deal.{name}" in asked for name in fields):
            path, line = subject.automation_at(automation, "on")
            message = (
                f"{automation.key!r} asks for {_named(fields)}, whose changes end it: it watches {_named(on.fields)},"
                " and nothing in it is made of that"
            )
            hint = f"watch it: fields=[{_named(fields)}]"
            yield Spot(path=path, line=line, message=message, hint=hint)
            return


def _befores(condition: ir.Condition) -> set[str]:
    """Return the fields of which it is asked what they were before; that one is the same as before is asked of any."""
    match condition:
        case ir.All(of=parts) | ir.Any(of=parts):
            return {name for part in parts for name in _befores(part)}
        case ir.Compare(op="==") | ir.Not(of=ir.Compare(op="!=")) if len(_now(condition)) == 1:
            return set()
    facts = {fact for fact in facts_in(condition) if fact.startswith(_BEFORE)}
    return {fact.removeprefix(_BEFORE).split(".")[0] for fact in facts}


def _now(condition: ir.Condition) -> set[str]:
    """Return what the condition names, and what was before as what it is now."""
    return {fact.replace(_BEFORE, "deal.") for fact in facts_in(condition)}


def _keeps(account: ir.Account, automation: ir.Automation) -> bool:
    """Say whether the automation always writes a value anew when something that it is made of changes."""
    first = {step.name for step in automation.do}
    return automation.again == ir.EveryEvent() and any(
        kept.step in first
        and isinstance(kept.value, RECKONED)
        and any(watches(automation.on, each) for each in inputs(kept, account))
        for kept in writes(automation)
    )


def _for_nothing(
    subject: Subject, automation: ir.Automation, on: ir.OnDealUpdated | ir.OnRecordUpdated
) -> Iterator[Spot]:
    """Tell of watched fields that no condition, value or text names, where others are what a value is made of."""
    steps = list(all_steps(automation.do))
    if any(isinstance(step, ir.SendEventStep | ir.CreateDealStep) for step in steps):
        return  # they tell all that the deal has, or hand it on
    named = {part for fact in facts_in((automation.when, automation.do)) for part in fact.split(".")}
    # Who owns the deal gets its tasks, and roles of contacts are how contacts are found: without a word, both.
    unused = [name for name in on.fields if name not in named and name != "owner" and "." not in name]
    if unused:
        path, line = subject.automation_at(automation, "on")
        of = "deal" if isinstance(on, ir.OnDealUpdated) else on.record
        names = ", ".join(f"{of}.{name}" for name in unused)
        message = f"{automation.key!r} watches {names}, and nothing in it is made of that"
        yield Spot(path=path, line=line, message=message, hint="write it where it was meant, or take it out of fields=")


def _named(fields: tuple[str, ...]) -> str:
    return ", ".join(f"deal.{name}" for name in fields)


RULE: Final = Rule(
    code="DW257",
    severity="warning",
    title="fields= watches something else than the automation is about",
    reason=(
        "`event.before` is the deal as it was before the change that `fields=` waits for: of a field that is not "
        "watched it tells what the deal says now. Where a value is reckoned of watched fields, one that no condition, "
        "no value and no text names makes the automation write what is there: most likely it was meant where another "
        "one stands. The same goes for an automation that a change of the field for which it asks ends, and that only "
        "changes of others begin, and for one that asks for a day or an amount and works with it, and is set off by "
        "another one that it never names."
    ),
    bad="""
later = Automation(
    key="later",
    on=deal_updated(fields=[deal.amount]),
    when=[deal.close_date > event.before.close_date],
    do=[set_task("ask", text="Ask why {{ deal.title }} closes later", due=days(1))],
)
""",
    good="""
later = Automation(
    key="later",
    on=deal_updated(fields=[deal.close_date]),
    when=[deal.close_date > event.before.close_date],
    do=[set_task("ask", text="Ask why {{ deal.title }} closes later", due=days(1))],
)
""",
    look=_look,
)
