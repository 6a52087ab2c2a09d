"""Quotes and what they are worth: a large one is looked at twice, and none is left to die unanswered."""

from __future__ import annotations

from dealwright import (
    Automation,
    Example,
    add_tags,
    branch,
    case,
    days,
    deal_updated,
    entered,
    once,
    set_task,
    stage_changed,
    stage_visit,
    wait,
    working_days,
    working_hours,
)

from .fields import deal
from .pipelines import NewBusiness
from .settings import large_deal

review_amount = Automation(
    key="review-amount",
    why="Large promises deserve a second pair of eyes.",
    on=deal_updated(fields=[deal.amount], in_=NewBusiness),
    when=[deal.amount >= large_deal, deal.stage.is_open()],
    again=once(per=deal, within=days(7)),
    do=[
        set_task(
            "review",
            text="Review {{ deal.title }}: now {{ deal.amount }}, was {{ event.before.amount or 'nothing' }}",
            due=working_hours(8),
        ),
        add_tags("mark", "large"),
    ],
)

quote_follow_up = Automation(
    key="quote-follow-up",
    why="Half of the quotes die unanswered.",
    on=entered(NewBusiness.quoted),
    again=once(per=stage_visit),
    exit_on=stage_changed(from_=NewBusiness.quoted),
    do=[
        wait("two-days", days(2)),
        branch(
            "size",
            case(
                deal.amount >= 10_000,
                set_task(
                    "call-sponsor",
                    text="Call the sponsor of {{ deal.title }} ({{ deal.amount }})",
                    due=working_hours(2),
                ),
            ),
            otherwise=[set_task("nudge", text="Nudge {{ deal.main_contact.name or deal.title }}", due=working_days(1))],
            unset=[set_task("ask-amount", text="Write down what {{ deal.title }} is worth", due=working_hours(4))],
        ),
    ],
    examples=[
        Example(
            "a large quote of Friday morning",
            in_=NewBusiness.quoted,
            at="2026-05-15 10:00",
            amount=12_000,
            then=["call-sponsor at Sun 10:00"],
        ),
        Example(
            "a quote that says no sum",
            in_=NewBusiness.quoted,
            at="2026-05-11 10:00",
            then=["ask-amount at Wed 10:00: Write down what Forty chairs is worth"],
        ),
    ],
)

automations = [
    quote_follow_up,
    review_amount,
]
