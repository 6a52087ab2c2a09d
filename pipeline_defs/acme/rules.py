"""What Acme does by itself when something happens to a deal."""

from __future__ import annotations

from dealwright import (
    Automation,
    DealFields,
    branch,
    case,
    contact_added,
    contact_removed,
    create_deal,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    move_deal,
    once,
    person,
    send_event,
    set_task,
    stage_changed,
    stage_visit,
    stop,
    update_deal,
    wait,
    working_days,
    working_hours,
    working_minutes,
)

from .pipelines import NewBusiness, Renewals

deal = DealFields()

greet_inbound = Automation(
    key="greet-inbound",
    why="The speed of the first contact decides.",
    on=deal_created(in_=NewBusiness.incoming),
    when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam")],
    again=once(per=person, within=days(30)),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name }} about {{ deal.title }}", due=working_minutes(15)),
    ],
)

find_phone = Automation(
    key="find-phone",
    why="Nobody can be called without a number.",
    on=deal_created(in_=NewBusiness),
    when=[~deal.main_contact.phone.is_set(), ~deal.tags.has("spam")],
    do=[
        set_task(
            "find",
            text="Find a number for {{ deal.main_contact.name or deal.company or deal.title }}",
            due=working_hours(4),
        ),
    ],
)

qualify_with_contact = Automation(
    key="qualify-with-contact",
    why="An inquiry with somebody to talk to is worth a meeting.",
    on=contact_added(in_=NewBusiness),
    when=[
        deal.stage == NewBusiness.incoming,
        event.contact.email.is_set() | event.contact.phone.is_set(),
    ],
    again=once(per=deal),
    do=[
        move := move_deal("qualify", to=NewBusiness.qualified),
        branch(
            "moved",
            case(
                move.moved.is_true(),
                send_event("deal-qualified", to="erp", with_={"contact": event.contact.name, "from": move.from_stage}),
            ),
        ),
    ],
)

contact_left = Automation(
    key="contact-left",
    why="A deal without a person is a deal without a chance.",
    on=contact_removed(),
    when=[deal.stage.is_open(), deal.main_contact.id.is_unset()],
    do=[
        set_task(
            "find-another",
            text="{{ event.contact.name or 'The contact' }} is off {{ deal.title }}: find somebody else",
            due=working_days(1),
        ),
    ],
)

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

reopened = Automation(
    key="reopened",
    why="Somebody who comes back has a reason.",
    on=stage_changed(from_=NewBusiness.lost, in_=NewBusiness),
    when=[deal.stage.is_open()],
    again=once(per=stage_visit),
    do=[set_task("ask-why", text="{{ deal.title }} is open again: ask what has changed", due=working_days(1))],
)

invoice_number = Automation(
    key="invoice-number",
    why="Onboarding finds a deal by its number.",
    on=entered(NewBusiness.paid),
    when=[deal.reference.is_unset()],
    do=[update_deal("number", reference="INV-{{ deal.id }}")],
)

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
            with_={"company": deal.company, "amount": deal.amount, "number": deal.reference, "owner": deal.owner.name},
        ),
        renewal := create_deal(
            "renewal",
            in_=Renewals.incoming,
            title="Renewal: {{ deal.company or deal.title }}",
            owner=deal.owner,
            amount=deal.amount,
            reference=deal.reference,
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

lost_to_erp = Automation(
    key="lost-to-erp",
    why="Why deals are lost belongs into the monthly review.",
    on=stage_changed(to=[NewBusiness.lost, Renewals.lost]),
    do=[
        send_event(
            "deal-lost",
            to="erp",
            with_={"reason": deal.lost_reason, "from": event.before.stage.name, "amount": deal.amount},
        ),
    ],
)

plan_renewal = Automation(
    key="plan-renewal",
    why="A renewal that starts early is a renewal.",
    on=deal_created(in_=Renewals),
    do=[
        wait("next-day", working_days(1)),
        branch(
            "untouched",
            case(
                deal.stage == Renewals.incoming,
                set_task(
                    "plan", text="Plan {{ deal.title }} with {{ deal.owner.first_name or 'its owner' }}", due=days(3)
                ),
            ),
        ),
    ],
)

automations = [
    contact_left,
    find_phone,
    greet_inbound,
    invoice_number,
    lost_to_erp,
    plan_renewal,
    qualify_with_contact,
    quote_follow_up,
    reopened,
    review_amount,
    won_to_erp,
]
