"""DW279: a branch on a flag does something for yes and for what nobody has said, and nothing for no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        if automation.origin != "authored":
            continue
        for step in all_steps(automation.do):
            match step:
                case ir.BranchStep(
                    cases=(ir.Case(when=ir.Compare(field=field, op="==", value=ir.FlagValue(value=yes)), do=do),),
                    otherwise=(),
                    unset=tuple() as unset,
                ) if both := sorted(_deeds(do) & _deeds(unset)):
                    said, left = ("yes", "no") if yes else ("no", "yes")
                    path, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{step.name!r} {' and '.join(both)} where {field.path} is {said} and where nobody has"
                        f" said, and does nothing where it is {left}",
                        hint=f"write otherwise=[...] for {left}; unset= is for what is unknown alone",
                    )


def _deeds(steps: Sequence[ir.Step]) -> set[str]:
    """Return what the steps do that others go by: what they tell another system, and where they move the deal.

    To ask somebody, or to write to them, is what is done about the unknown, and says nothing of a no.
    """
    found = set()
    for step in all_steps(steps):
        match step:
            case ir.SendEventStep(to=to):
                found.add(f"tells {to!r} something")
            case ir.MoveDealStep():
                found.add("moves the deal")
    return found


RULE: Final = Rule(
    code="DW279",
    severity="warning",
    title="a branch on a flag has no way for no",
    reason=(
        "A flag is yes, no, or unknown. A branch that moves the deal, or tells another system, both for yes and for "
        "what is unknown, and has no `otherwise=`, passes by every deal of which it is known: `unset=` is not taken "
        "for them."
    ),
    bad="""
class Own(DealFields):
    damage = Flag("Damage")


own = Own()

back = Automation(
    key="back",
    on=entered(Sales.quoted),
    do=[
        branch(
            "whole",
            case(own.damage.is_true(), send_event("kept", to="bank")),
            unset=[send_event("returned", to="bank")],
        ),
    ],
)
""",
    good="""
class Own(DealFields):
    damage = Flag("Damage")


own = Own()

back = Automation(
    key="back",
    on=entered(Sales.quoted),
    do=[
        branch(
            "whole",
            case(own.damage.is_true(), send_event("kept", to="bank")),
            otherwise=[send_event("returned", to="bank")],
            unset=[send_event("asked", to="bank")],
        ),
    ],
)
""",
    look=_look,
)
