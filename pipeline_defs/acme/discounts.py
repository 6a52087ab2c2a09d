"""Discounts: a rep gives some away alone; about more the head of sales is asked, before the quote goes out.

A question is answered by `dealwright asks answer ID yes --by sam@acme.example --note "for the third hall"`.
"""

from __future__ import annotations

from dealwright import (
    Automation,
    Example,
    add_note,
    ask,
    deal_updated,
    set_task,
    update_deal,
    working_hours,
)

from .fields import deal
from .pipelines import NewBusiness
from .roles import head_of_sales
from .settings import free_discount

agree_discount = Automation(
    key="agree-discount",
    why="Margin dies in the last points of discount.",
    on=deal_updated(fields=[deal.discount], in_=NewBusiness),
    when=[deal.discount > free_discount, deal.stage.is_open()],
    exit_on=deal_updated(fields=[deal.discount]),  # the new discount is another question
    do=[
        update_deal("open", discount_agreed=False),
        ask(
            "head",
            who=head_of_sales,
            question="{{ deal.discount }} % for {{ deal.title }} ({{ deal.amount or 'how much is not known yet' }}, "
            "margin {{ deal.margin or '?' }} %)?",
            yes=[
                update_deal("agree", discount_agreed=True),
                add_note(
                    "say-so", text="{{ answer.by }} agrees to {{ deal.discount }} %: {{ answer.note or 'no word why' }}"
                ),
            ],
            no=[
                set_task(
                    "reckon",
                    text="{{ answer.by }} does not agree to {{ deal.discount }} %: reckon {{ deal.title }} anew",
                    due=working_hours(4),
                ),
                update_deal("cap", discount=free_discount),
            ],
            within=working_hours(8),
            late=[
                set_task(
                    "decide",
                    text="Decide about {{ deal.discount }} % for {{ deal.title }}",
                    due=working_hours(2),
                    owner=head_of_sales,
                ),
            ],
        ),
    ],
    examples=[
        Example(
            "more than a rep may give, and it is agreed",
            in_=NewBusiness.met,
            at="2026-05-11 10:00",
            own={"discount": 15},
            people={head_of_sales: ["Sam Whitfield"]},
            answers={"head": "yes"},
            then=["open", "head", "agree", "say-so"],
        ),
        Example(
            "it is not agreed",
            in_=NewBusiness.met,
            at="2026-05-11 10:00",
            own={"discount": 15},
            people={head_of_sales: ["Sam Whitfield"]},
            answers={"head": "no"},
            then=["open", "head", "reckon", "cap"],
        ),
        Example(
            "nobody decides in a working day",
            in_=NewBusiness.met,
            at="2026-05-11 10:00",
            own={"discount": 15},
            people={head_of_sales: ["Sam Whitfield"]},
            then=["open", "head", "decide at Mon 18:00"],
        ),
        Example(
            "what a rep gives alone",
            in_=NewBusiness.met,
            at="2026-05-11 10:00",
            own={"discount": 10},
            then=["skipped: conditions"],
        ),
    ],
)

automations = [
    agree_discount,
]
