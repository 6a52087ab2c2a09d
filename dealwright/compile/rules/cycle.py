"""DW216: automations that set each other off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.links import Link, cycles, links_of
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        links = list(links_of(account))
        for cycle in cycles(links):
            path, line = subject.step_at(cycle[0].source, cycle[0].step)
            named = [_named(subject, link) for link in cycle]
            steps = " -> ".join(f"{name} ({link.step})" for name, link in zip(named, cycle, strict=True))
            yield Spot(
                path=path,
                line=line,
                message=f"automations set each other off: {steps} -> {named[0]}",
                hint="let a condition of one of them, or a case on the way to its step, be false after what the other"
                " one did, or write once(per=deal)",
            )


def _named(subject: Subject, link: Link) -> str:
    authored = link.source.origin == "authored"
    return link.source.key if authored else subject.named(link.source, link.step)


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
