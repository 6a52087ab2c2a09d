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
    replied,
    send_message,
    set_task,
    stage_changed,
    stage_visit,
    stop,
    wait,
    wait_until,
    working_days,
    working_hours,
)

from .fields import deal
from .messages import does_it_fit
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

ask_by_message = Automation(
    key="ask-by-message",
    why="A button is pressed sooner than a call is taken.",
    on=entered(NewBusiness.quoted),
    when=[deal.main_contact.phone.is_set()],
    again=once(per=stage_visit),
    exit_on=stage_changed(from_=NewBusiness.quoted),
    do=[
        wait("read-it", working_hours(4)),
        send_message("fits", via="crm", template=does_it_fit, to=deal.main_contact),
        # who says nothing is not asked by message again: quote-follow-up has somebody call
        wait_until("answer", replied(to="fits"), timeout=working_days(1), on_timeout=[stop()]),
        branch(
            "said",
            case(
                does_it_fit.pressed("yes"),
                set_task("agree", text="{{ deal.title }} fits: agree the terms", due=working_hours(2)),
            ),
            case(
                does_it_fit.pressed("price"),
                set_task("haggle", text="Talk about the price of {{ deal.title }}", due=working_hours(4)),
            ),
            otherwise=[
                set_task(
                    "read", text="{{ deal.main_contact.name or 'They' }} wrote: {{ reply.text }}", due=working_hours(1)
                ),
            ],
        ),
    ],
    examples=[
        Example(
            "nobody answers",
            in_=NewBusiness.quoted,
            at="2026-05-11 10:00",
            phone="(212) 555-0142",
            then=["fits at Mon 14:00", "done"],
        ),
    ],
)

automations = [
    ask_by_message,
    quote_follow_up,
    review_amount,
]
