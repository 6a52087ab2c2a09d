"""DW246: a step works with a value that is known to be unset where it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.later import MESSAGES
from dealwright.compile.possible import Alternatives, possible
from dealwright.compile.reckoned import needed
from dealwright.compile.rules.asked_too_soon import asked_too_soon
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.texts import bare_paths
from dealwright.compile.rules.ways import Place

_RECKONED: Final = (ir.Ref, ir.Shift, ir.Reckoned)


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        yield from asked_too_soon(subject, account, automation)
        for place in subject.places(account, automation):
            path = next((each for each in _worked_with(place.step) if _is_unset(place, each)), None)
            if path is not None:
                file, line = subject.step_at(automation, place.step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{place.step.name!r} works with {path}, which is unset wherever it is reached",
                    hint="ask whether it is set, not whether it is unset; or name another value",
                )


def _worked_with(step: ir.Step) -> Iterator[str]:
    """Yield the facts without which a value of the step is none, or a text of it has a gap."""
    for name in step.__struct_fields__:
        given = getattr(step, name)
        if isinstance(given, dict):
            given = tuple(given.values())
        for each in given if isinstance(given, tuple) else (given,):
            if isinstance(each, _RECKONED):
                yield from needed(each)
    if not isinstance(step, MESSAGES):  # DW313 tells of those
        yield from bare_paths(step)


def _is_unset(place: Place, path: str) -> bool:
    """Say whether it is certainly unset, as what is asked of somebody is where nobody is named."""
    there: Alternatives = [(Atom(path, "set"), Atom(path.rpartition(".")[0], "set"))]
    return possible(*place.lately) and not possible(*place.lately, there)


RULE: Final = Rule(
    code="DW246",
    severity="warning",
    title="a step works with what is known to be unset",
    reason=(
        "Where a condition on the way to a step says that a field is unset, a task for whom it names goes to somebody "
        "else, what is written of it clears another field, and a text has a gap there. Most likely the condition was "
        "to ask whether it is set, or another value is meant. So is a field that a "
        "branch compares for a new deal, and which only a later step of the automation reckons."
    ),
    bad="""
class Own(DealFields):
    engineer = Person("Engineer")


own = Own()

prepare = Automation(
    key="prepare",
    on=entered(Sales.met),
    when=[own.engineer.is_unset()],
    do=[set_task("prepare", text="Prepare the demo for {{ deal.title }}", owner=own.engineer, due=hours(8))],
)
""",
    good="""
class Own(DealFields):
    engineer = Person("Engineer")


own = Own()

prepare = Automation(
    key="prepare",
    on=entered(Sales.met),
    when=[own.engineer.is_set()],
    do=[set_task("prepare", text="Prepare the demo for {{ deal.title }}", owner=own.engineer, due=hours(8))],
)
""",
    look=_look,
)
