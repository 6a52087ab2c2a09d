"""DW270: a question that nobody answers is as if it had not been asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for step in ir.asks(automation.do):
            if not step.late:
                path, line = subject.step_at(automation, step.name)
                message = f"if nobody answers {step.name!r} in time, nothing is done about it"
                hint = "write late=[set_task(...)], late=[notify(...)], or late=[stop()] if that is what you mean"
                yield Spot(path=path, line=line, message=message, hint=hint)


RULE: Final = Rule(
    code="DW270",
    severity="warning",
    title="a question without an answer is forgotten",
    reason=(
        "People are away, and do not read their mail. What waits for a decision needs to say what happens when there "
        "is none: without late= the automation goes on as if nothing had been asked."
    ),
    bad="""
may = Automation(
    key="may",
    on=deal_created(in_=Sales),
    do=[
        ask(
            "may",
            who=deal.owner,
            question="May we offer {{ deal.title }}?",
            yes=[set_task("offer", text="Offer {{ deal.title }}", due=hours(4))],
            within=working_hours(8),
        ),
    ],
)
""",
    good="""
may = Automation(
    key="may",
    on=deal_created(in_=Sales),
    do=[
        ask(
            "may",
            who=deal.owner,
            question="May we offer {{ deal.title }}?",
            yes=[set_task("offer", text="Offer {{ deal.title }}", due=hours(4))],
            within=working_hours(8),
            late=[set_task("decide", text="Decide about {{ deal.title }}", due=hours(4))],
        ),
    ],
)
""",
    look=_look,
)
