"""DW221: a purchase is told whose amount may be unset, or of a deal that is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import not_one_of, possible, unset
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place
from dealwright.language.conversion_steps import NEED_VALUE


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for place in subject.places(account, automation):
            step = place.step
            if not isinstance(step, ir.SendConversionStep) or step.event not in NEED_VALUE:
                continue
            if _is_lost(account, place):
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} tells of a {step.event}, and the deal is lost where it is reached",
                    hint="tell it when the deal is won: on=entered(...) of its Won stage",
                )
            if isinstance(step.value, ir.Ref) and possible(*place.known, unset(step.value.path)):
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} tells of a {step.event}, and nothing says that {step.value.path} is set",
                    hint=f"write when=[{step.value.path} > 0, ...]; without an amount it is not told",
                )


def _is_lost(account: ir.Account, place: Place) -> bool:
    lost = [
        ir.StageValue(pipeline=pipeline.key, stage=stage.key)
        for pipeline in account.pipelines
        for stage in pipeline.stages
        if stage.kind == "lost"
    ]
    known = place.lately
    return bool(lost) and possible(*known) and not possible(*known, not_one_of("deal.stage", lost))


RULE: Final = Rule(
    code="DW221",
    severity="warning",
    title="a purchase is told without an amount, or of a lost deal",
    reason=(
        "A purchase without an amount is refused by the platform, so Dealwright does not tell it: the ads then learn "
        "from some customers only, and nobody notices. A condition says which deals are meant. What is told of "
        "lost deals teaches the ads to find more of them."
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
