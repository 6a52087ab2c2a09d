"""DW277: a reference is written over, or is the same for every deal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import possible, unset
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place

_PATH: Final = "deal.reference"
_OF_MANY: Final = ("deal.pipeline.", "deal.stage.", "settings.")
"""Facts that are the same of many deals."""

_KEEPS: Final = (ir.OnDealUpdated, ir.OnContactUpdated, ir.OnRecordAdded, ir.OnRecordUpdated, ir.OnRecordRemoved)
"""What is done on these may keep a reference like what has changed."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        for place in subject.places(account, automation):
            value = _written(place.step)
            if value is None:
                continue
            told = hint = ""
            if all(path.startswith(_OF_MANY) for path in facts_in(value)):
                told = f"{place.step.name!r} gives every deal one reference: {describe.expression(value)}"
                hint = 'put a fact into it that is of this deal alone: reference="Q-{{ deal.id }}"'
            elif isinstance(place.step, ir.UpdateDealStep) and _is_over(place, automation, value):
                only = not possible(*place.known, unset(_PATH))
                where = ", and only where there is one" if only else ""
                told = f"{place.step.name!r} writes over the reference that a deal has{where}"
                hint = "write when=[deal.reference.is_unset(), ...], or a case that asks for it"
            if told:
                path, line = subject.step_at(automation, place.step.name)
                yield Spot(path=path, line=line, message=told, hint=hint)


def _written(step: ir.Step) -> ir.Expression | None:
    """Return what the step gives a deal as its reference."""
    match step:
        case ir.CreateDealStep(reference=value):
            pass
        case ir.UpdateDealStep(changes=changes):
            value = changes.get("reference")
        case _:
            return None
    return value if isinstance(value, ir.TextValue | ir.NumberValue | ir.TemplateText | ir.Ref) else None


def _is_over(place: Place, automation: ir.Automation, value: ir.Expression) -> bool:
    """Say whether the deal may have a reference there that is no part of the new one, and that nobody has looked at.

    What an event, another system or a record tells is newer than what is there, and is no matter of this rule.
    """
    read = set(facts_in(value))
    if _PATH in read or not all(path.startswith(("deal.", *_OF_MANY)) for path in read):
        return False
    if isinstance(automation.on, _KEEPS):
        return False
    asked = {atom.demand for part in place.known for way in part for atom in way if atom.path == _PATH}
    return asked <= {"set", "unset"} and possible(*place.known, [(Atom(_PATH, "set"),)])


RULE: Final = Rule(
    code="DW277",
    severity="warning",
    title="a reference is written over, or is the same for every deal",
    reason=(
        "Others know a deal by its reference: the import of a file, events from outside, customers. A rule that writes "
        "another one over it makes a corrected file create the deal a second time, and a reference that all deals have "
        "finds none of them. What an event or another system tells may be written over what is there."
    ),
    bad="""
number = Automation(
    key="number",
    on=entered(Sales.quoted),
    do=[update_deal("number", reference="Q-{{ deal.id }}")],
)
""",
    good="""
number = Automation(
    key="number",
    on=entered(Sales.quoted),
    when=[deal.reference.is_unset()],
    do=[update_deal("number", reference="Q-{{ deal.id }}")],
)
""",
    look=_look,
)
