"""DW216: automations that set each other off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.links import cycles, links_of
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        links = list(links_of(account))
        for cycle in cycles(links):
            path, line = subject.step_at(cycle[0].source, cycle[0].step)
            steps = " -> ".join(f"{link.source.key} ({link.step})" for link in cycle)
            yield Spot(
                path=path,
                line=line,
                message=f"automations set each other off: {steps} -> {cycle[0].source.key}",
                hint="let a condition of one of them be false after what the other one did, or write once(per=deal)",
            )


RULE: Final = Rule(
    code="DW216",
    severity="warning",
    title="automations set each other off in a circle",
    reason=(
        "One writes what the next one answers, and the last one sets the first one off again. The engine ends such "
        "a chain, at a place that nobody chose."
    ),
    bad="""
up = Automation(
    key="up",
    on=deal_updated(fields=[deal.amount]),
    do=[update_deal("name", company="{{ deal.amount }}")],
)
down = Automation(
    key="down",
    on=deal_updated(fields=[deal.company]),
    do=[update_deal("worth", amount=1_000)],
)
""",
    good="""
up = Automation(
    key="up",
    on=deal_updated(fields=[deal.amount]),
    do=[update_deal("name", company="{{ deal.amount }}")],
)
down = Automation(
    key="down",
    on=deal_updated(fields=[deal.reference]),
    do=[update_deal("worth", amount=1_000)],
)
""",
    look=_look,
)
