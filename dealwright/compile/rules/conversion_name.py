"""DW220: a conversion is called nearly, and not quite, as advertising platforms call it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.near import nearly
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language.conversion_steps import STANDARD_EVENTS

_CLOSE: Final = 0.9
"""One letter of a long name, as difflib counts; "Contacted" is no "Contact" but a stage."""


_LONG: Final = 6
"""Letters of a name of which one slip of the hand makes no other word: "Leads" may be an event of somebody's own."""


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            if not isinstance(step, ir.SendConversionStep):
                continue
            meant = _meant(step.event)
            if meant:
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.event!r} of {step.name!r} is an event of your own, and nearly a standard one",
                    hint=f"did you mean {meant}?",
                )


def _meant(event: str) -> str:
    """Return the standard event that was most likely meant; none if it is one, or far from all of them."""
    if event in STANDARD_EVENTS:
        return ""
    plain = _plain(event)
    for standard in STANDARD_EVENTS:
        if plain == _plain(standard) or nearly(plain, _plain(standard), shortest=_LONG):
            return standard
    near = difflib.get_close_matches(event, STANDARD_EVENTS, n=1, cutoff=_CLOSE)
    return near[0] if near else ""


def _plain(event: str) -> str:
    return "".join(character for character in event.casefold() if character.isalnum())


RULE: Final = Rule(
    code="DW220",
    severity="warning",
    title="a conversion's name is nearly a standard one",
    reason=(
        "The platform takes any name, and only its own ones (`Purchase`, `Lead` ...) feed bidding and reports by "
        "themselves: a 'purchase' counts as something that nobody has ever optimised for, and nobody is told."
    ),
    bad="""
won = Automation(
    key="won",
    on=entered(Sales.won),
    when=[deal.amount > 0, deal.main_contact.phone.is_set()],
    do=[send_conversion("bought", event="purchase", value=deal.amount)],
)
""",
    good="""
won = Automation(
    key="won",
    on=entered(Sales.won),
    when=[deal.amount > 0, deal.main_contact.phone.is_set()],
    do=[send_conversion("bought", event="Purchase", value=deal.amount)],
)
""",
    look=_look,
)
