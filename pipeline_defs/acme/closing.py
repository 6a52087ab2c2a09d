"""The end of a deal: what is won is delivered, thanked for and renewed; what is lost is tidied up and learned from."""

from __future__ import annotations

from dealwright import (
    Automation,
    add_tags,
    branch,
    case,
    complete_tasks,
    create_deal,
    days,
    entered,
    event,
    once,
    remove_tags,
    send_conversion,
    send_email,
    send_event,
    set_task,
    stage_changed,
    stage_visit,
    wait,
    working_days,
)

from .fields import deal
from .pipelines import NewBusiness, Renewals

won_to_erp = Automation(
    key="won-to-erp",
    why="What is won is delivered, and renewed a year later.",
    on=entered(NewBusiness.won),
    when=[deal.amount > 0],
    again=once(per=deal),
    do=[
        send_event(
            "deal-won",
            to="erp",
            with_={
                "company": deal.company,
                "amount": deal.amount,
                "margin": deal.margin,
                "number": deal.reference,
                "owner": deal.owner.name,
            },
            reveals=[deal.margin],  # the ERP reckons with it anyway
        ),
        renewal := create_deal(
            "renewal",
            in_=Renewals.incoming,
            title="Renewal: {{ deal.company or deal.title }}",
            copy=[deal.owner, deal.amount],
            close_date=deal.deliver_on.or_(deal.close_date) + days(365),
            tags=["renewal"],
        ),
        branch(
            "created",
            case(
                renewal.deal_id.is_set(),
                set_task(
                    "introduce", text="Introduce onboarding; the renewal is {{ steps.renewal.deal_id }}", due=days(1)
                ),
            ),
        ),
    ],
)

won_to_meta = Automation(
    key="won-to-meta",
    why="Ads should optimise for revenue.",
    on=entered(NewBusiness.won),
    when=[deal.amount > 0, deal.main_contact.phone.is_set() | deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_conversion("purchase", event="Purchase", value=deal.amount)],
)

thank_by_mail = Automation(
    key="thank-by-mail",
    why="Who has just bought wants to know what comes next.",
    on=entered(NewBusiness.won),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[
        send_email(
            "thanks",
            to=deal.main_contact,
            subject="Thank you, {{ contact.first_name or deal.company or 'and welcome' }}",
            text="Hello {{ contact.name or 'there' }},\n\nwe are glad to have you. "
            "{{ deal.owner.name or 'Your contact at Acme' }} will call you about what comes next; "
            "an answer to this message reaches them.\n\nAcme Tools\n",
            reply_to=deal.owner.email,
        ),
    ],
)

close_lost = Automation(
    key="close-lost",
    why="Nobody works on what is lost, and why it was lost belongs into the monthly review.",
    on=stage_changed(to=[NewBusiness.lost, Renewals.lost]),
    do=[
        complete_tasks("tidy"),
        send_event(
            "deal-lost",
            to="erp",
            with_={"reason": deal.lost_reason, "from": event.before.stage.name, "amount": deal.amount},
        ),
    ],
)

win_back = Automation(
    key="win-back",
    why="Who had no time this quarter may have it in the next.",
    on=entered(NewBusiness.lost),
    when=[deal.lost_reason == "Timing"],
    again=once(per=stage_visit),
    exit_on=stage_changed(from_=NewBusiness.lost),
    do=[
        add_tags("mark", "ask-again"),
        wait("quarter", days(90)),
        set_task(
            "ask",
            text="Ask {{ deal.main_contact.name or deal.company or deal.title }} again: the time was not right",
            due=working_days(1),
        ),
    ],
)

reopened = Automation(
    key="reopened",
    why="Somebody who comes back has a reason.",
    on=stage_changed(from_=NewBusiness.lost, in_=NewBusiness),
    when=[deal.stage.is_open()],
    again=once(per=stage_visit),
    do=[
        remove_tags("unmark", "ask-again"),
        set_task("ask-why", text="{{ deal.title }} is open again: ask what has changed", due=working_days(1)),
    ],
)

automations = [
    close_lost,
    reopened,
    thank_by_mail,
    win_back,
    won_to_erp,
    won_to_meta,
]
