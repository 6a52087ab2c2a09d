"""DW225: an event, or another system, that does not tell a value clears the deal's field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import possible, unset
from dealwright.compile.reckoned import kind_of, needed
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import Place
from dealwright.language.schema import UPDATABLE

_OR: Final = frozenset({"number", "money", "day", "moment"})
"""Types of facts that have or_()."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        writers, entered = _writers(account), _entered(account)
        for automation in account.automations:
            for place in subject.places(account, automation):
                step = place.step
                if not isinstance(step, ir.UpdateDealStep):
                    continue
                cleared = [(name, value, _untold(value, place)) for name, value in step.changes.items()]
                # What only this event writes may well go when it says nothing; the rest is what others know.
                others = {name for name in step.changes if name in UPDATABLE or name in entered or writers[name] > 1}
                if _leaves_out(place):
                    others |= {name for name, value in step.changes.items() if _has_or(value)}
                cleared = [each for each in cleared if each[2] and each[0] in others]
                if cleared:
                    file, line = subject.step_at(automation, step.name)
                    names = ", ".join(f"deal.{name}" for name, _, _ in cleared)
                    paths = ", ".join(dict.fromkeys(path for _, _, path in cleared))
                    message = f"{step.name!r} clears {names} where the event does not tell {paths}"
                    yield Spot(path=file, line=line, message=message, hint=_hint(*cleared[0]))


def _writers(account: ir.Account) -> Counter[str]:
    """How many automations write each field of the deal."""
    return Counter(
        name
        for automation in account.automations
        for name in {
            name for step in all_steps(automation.do) if isinstance(step, ir.UpdateDealStep) for name in step.changes
        }
    )


def _entered(account: ir.Account) -> frozenset[str]:
    """The fields that the criteria of stages ask for: people fill them in."""
    asked = {
        fact
        for automation in account.automations
        if automation.origin == "criteria"
        for step in all_steps(automation.do)
        if isinstance(step, ir.BranchStep) and step.name.startswith(("entry-", "exit-"))
        for case in step.cases
        for fact in facts_in(case.when)
    }
    return frozenset(fact.removeprefix("deal.") for fact in asked)


def _untold(value: ir.Expression, place: Place) -> str:
    """The fact of the event without which the value is unset, if nothing says that it is there; empty if none."""
    if not isinstance(value, ir.Ref | ir.Shift | ir.Reckoned):
        return ""
    told = [path for path in needed(value) if path.startswith("event.data.")]
    return next((path for path in told if possible(*place.known, unset(path))), "")


def _leaves_out(place: Place) -> bool:
    """Say whether the way there asks whether the event tells something: it is one that does not always tell all."""
    asked = (atom for ways in place.known for way in ways for atom in way if atom.demand == "set")
    return any(atom.path.startswith("event.data.") for atom in asked)


def _has_or(value: ir.Expression) -> bool:
    return isinstance(value, ir.Reckonable) and kind_of(value) in _OR


def _hint(name: str, value: ir.Expression, path: str) -> str:
    asked = f"ask for it: when=[{path}.is_set(), ...]"
    if _has_or(value):
        return f"{asked}, or keep what is there: {name}=....or_(deal.{name})"
    if isinstance(value, ir.Ref) and value.type == "text":
        return f'{asked}, or keep what is there: {name}="{{{{ {path} or deal.{name} }}}}"'
    return asked


RULE: Final = Rule(
    code="DW225",
    severity="warning",
    title="an event that tells nothing clears a field",
    reason=(
        "`update_deal` writes what it is given, and what is unset clears. An event from outside may leave any of its "
        "fields out, and one that nobody has filled in wipes out what a rep, or another rule, has written down. Own "
        "fields that only this automation writes are told where the criteria of a stage have people fill them in, and"
        " amounts, numbers and dates where something else of the event is asked for with is_set()."
    ),
    bad="""
class Paid(OutsideEvent):
    key = "erp.paid"
    number, total = Text(), Money()
    match = Match(by=[(number, deal.reference)], in_=Sales)


paid = Automation(
    key="paid",
    on=event_received(Paid),
    do=[update_deal("total", amount=Paid.total)],
)
""",
    good="""
class Paid(OutsideEvent):
    key = "erp.paid"
    number, total = Text(), Money()
    match = Match(by=[(number, deal.reference)], in_=Sales)


paid = Automation(
    key="paid",
    on=event_received(Paid),
    do=[update_deal("total", amount=Paid.total.or_(deal.amount))],
)
""",
    look=_look,
)
