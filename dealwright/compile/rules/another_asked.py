"""DW273: a step is made of a field that may be unset, and another one of its kind is asked for in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import possible, unset
from dealwright.compile.reckoned import facts_needed
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts
from dealwright.compile.rules.unguarded import unguarded
from dealwright.compile.rules.ways import Place

_KINDS: Final = frozenset({"day", "moment", "money", "number"})
"""Types of facts that values are made of, and of which a deal has several that are taken for one another."""


def _look(subject: Subject) -> Iterator[Spot]:
    yield from unguarded(subject)
    for account, automation in subject.automations:
        asked = _only_asked(automation)
        if not asked:
            continue
        sure = sure_of(account)
        told: set[str] = set()
        for place in subject.places(account, automation):
            for fact in _unset(place):
                other = next((each for each in asked if _alike(each, fact)), None)
                if other is None or fact.path in sure | told:
                    continue
                told.add(fact.path)
                path, line = subject.step_at(automation, place.step.name)
                message = (
                    f"{place.step.name!r} is made of {fact.path}, which may be unset: {automation.key!r} asks for"
                    f" {other.path}, and does not use it"
                )
                yield Spot(path=path, line=line, message=message, hint=f"ask for it: when=[{fact.path}.is_set(), ...]")


def _only_asked(automation: ir.Automation) -> list[ir.Ref]:
    """Return the facts that are asked to be set, and that nothing else in the automation names."""
    parts = all_parts(automation.when)
    asked = [part.field for part in parts if isinstance(part, ir.IsSet) and part.field.type in _KINDS]
    others = [part for part in parts if not isinstance(part, ir.IsSet)]
    named = {*facts_in(others), *facts_in(automation.do), *facts_in(automation.for_each)}
    if isinstance(automation.on, ir.OnDealUpdated):  # that what is watched has come to be set is the event itself
        named |= {f"deal.{name}" for name in automation.on.fields}
    return [field for field in asked if field.path not in named]


def sure_of(account: ir.Account) -> set[str]:
    """The facts that stages ask for: whoever moves a deal fills them in."""
    required = {f"deal.{name}" for each in account.pipelines for stage in each.stages for name in stage.required}
    criteria = [each for each in account.automations if each.origin == "criteria"]
    return required | {fact for each in criteria for fact in facts_in(each.do)}


def _alike(asked: ir.Ref, fact: ir.Ref) -> bool:
    holder = asked.path.rpartition(".")[0]
    return asked.type == fact.type and asked != fact and holder == fact.path.rpartition(".")[0]


def _unset(place: Place) -> Iterator[ir.Ref]:
    """Yield the facts without which a value that the step writes is unset, and that may be unset where it stands."""
    values: tuple[ir.Expression | None, ...] = ()
    match place.step:
        case ir.CreateRecordStep(fields=given) | ir.UpdateRecordStep(changes=given) | ir.UpdateDealStep(changes=given):
            values = tuple(given.values())
        case ir.CreateDealStep(custom=given, amount=amount, close_date=close_date):
            values = (*given.values(), amount, close_date)
    for value in values:
        if isinstance(value, ir.Ref | ir.Shift | ir.Reckoned):
            yield from (fact for fact in facts_needed(value) if possible(*place.known, unset(fact.path)))


RULE: Final = Rule(
    code="DW273",
    severity="warning",
    title="another field is asked for than the one that is used",
    reason=(
        "What is reckoned of an unset field is unset: a record without a day, or a field that is cleared. Where an"
        " automation asks whether one field is set, does nothing with it, and then reckons with another one of its"
        " kind that may be unset, the wrong one is asked for. So it is where nobody has a role, and a contact is added"
        " as another one: the next event adds one more. And where a field has to be set, and is then filled with"
        " something else unread, it was to be asked whether it is unset."
    ),
    bad="""
class Own(DealFields):
    signed_on = Day("Signed on")
    begins_on = Day("Begins on")


own = Own()

close = Automation(
    key="close",
    on=entered(Sales.quoted),
    when=[own.signed_on.is_set()],
    do=[update_deal("close", close_date=own.begins_on + days(30))],
)
""",
    good="""
class Own(DealFields):
    signed_on = Day("Signed on")
    begins_on = Day("Begins on")


own = Own()

close = Automation(
    key="close",
    on=entered(Sales.quoted),
    when=[own.begins_on.is_set()],
    do=[update_deal("close", close_date=own.begins_on + days(30))],
)
""",
    look=_look,
)
