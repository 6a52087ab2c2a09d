"""Quotes and what they are worth: a large one is looked at twice, and none is left to die unanswered."""

from __future__ import annotations

from dealwright import (
    Automation,
    add_tags,
    branch,
    case,
    days,
    deal_updated,
    entered,
    once,
    set_task,
    stage_visit,
    stop,
    wait,
    working_days,
    working_hours,
)

from .pipelines import NewBusiness, deal

review_amount = Automation(
    key="review-amount",
    why="Large promises deserve a second pair of eyes.",
    on=deal_updated(fields=[deal.amount], in_=NewBusiness),
    when=[deal.amount >= 25_000, deal.stage.is_open()],
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
    do=[
        wait("two-days", days(2)),
        branch("still-quoted", case(deal.stage != NewBusiness.quoted, stop())),
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
)

automations = [
    quote_follow_up,
    review_amount,
]
