"""Credit: the bureau is asked about a company before terms are agreed. Where it is, stands in the target file."""

from __future__ import annotations

from dealwright import (
    Automation,
    Example,
    branch,
    case,
    days,
    entered,
    lookup,
    once,
    set_task,
    stage_visit,
    stop,
    working_days,
    working_hours,
)

from .fields import deal
from .pipelines import NewBusiness

credit_check = Automation(
    key="credit-check",
    why="Who pays everybody late pays us first.",
    on=entered(NewBusiness.quoted),
    when=[deal.company.is_set()],
    again=once(per=stage_visit),
    do=[
        bureau := lookup(
            "bureau",
            at="bureau:/companies",
            ask={"name": deal.company},
            gives={"pays_late": bool, "days_late": int | None},
            cache=days(30),
            on_error=[
                set_task(
                    "by-hand",
                    text="The credit bureau does not answer: ask around whether {{ deal.company }} pays on time",
                    due=working_days(1),
                ),
                stop(),
            ],
        ),
        branch(
            "late",
            case(
                bureau.pays_late.is_true(),
                set_task(
                    "advance",
                    text="{{ deal.company }} pays {{ steps.bureau.days_late or 'many' }} days late: "
                    "agree on payment in advance",
                    due=working_hours(4),
                ),
            ),
        ),
    ],
    examples=[
        Example(
            "a company that pays late",
            in_=NewBusiness.quoted,
            at="2026-05-11 10:00",
            company="Chairs & Co",
            given={"bureau": {"pays_late": True, "days_late": 45}},
            then=["bureau", "advance: Chairs & Co pays 45 days late: agree on payment in advance"],
        ),
        Example(
            "one that pays on time",
            in_=NewBusiness.quoted,
            at="2026-05-11 10:00",
            company="Chairs & Co",
            given={"bureau": {"pays_late": False}},
            then=["bureau"],
        ),
        Example(
            "a bureau that does not answer",
            in_=NewBusiness.quoted,
            at="2026-05-11 10:00",
            company="Chairs & Co",
            then=["bureau", "by-hand"],
        ),
    ],
)

automations = [
    credit_check,
]
