"""DW221: a conversion that needs an amount takes it from a field that may be unset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import Logic, possible, unset
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import places
from dealwright.language.conversion_steps import NEED_VALUE


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for place in places(automation, Logic.of(account)):
            step = place.step
            if not isinstance(step, ir.SendConversionStep) or step.event not in NEED_VALUE:
                continue
            if isinstance(step.value, ir.Ref) and possible(*place.known, unset(step.value.path)):
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} tells of a {step.event}, and nothing says that {step.value.path} is set",
                    hint=f"write when=[{step.value.path} > 0, ...]; without an amount it is not told",
                )


RULE: Final = Rule(
    code="DW221",
    severity="warning",
    title="the amount of a conversion may be unset",
    reason=(
        "A purchase without an amount is refused by the platform, so Dealwright does not tell it: the ads then learn "
        "from some customers only, and nobody notices. A condition says which deals are meant."
    ),
    bad="""
won = Automation(
    key="won",
    on=entered(Sales.won),
    when=[deal.main_contact.phone.is_set()],
    do=[send_conversion("bought", event="Purchase", value=deal.amount)],
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
