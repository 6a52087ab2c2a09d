"""Care: no deal without a person to talk to, none without an owner who knows it, and no renewal that comes too late."""

from __future__ import annotations

from dealwright import (
    Automation,
    add_note,
    branch,
    case,
    contact_removed,
    contact_updated,
    days,
    deal_created,
    event,
    owner_changed,
    set_task,
    wait,
    working_days,
    working_hours,
)

from .fields import deal
from .pipelines import NewBusiness, Renewals

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

address_changed = Automation(
    key="address-changed",
    why="A quote that went to the old address is a quote that nobody answers.",
    on=contact_updated(fields=[deal.main_contact.email, deal.main_contact.phone]),
    do=[
        branch(
            "papers-are-out",
            case(
                deal.stage.is_in(NewBusiness.quoted, NewBusiness.agreed, Renewals.offered),
                set_task(
                    "make-sure",
                    text="{{ event.contact.name or 'A contact' }} has another number or address: "
                    "make sure that {{ deal.title }} has arrived",
                    due=working_hours(4),
                ),
            ),
            otherwise=[
                add_note(
                    "log",
                    text="{{ event.contact.name or 'A contact' }} is now reached at "
                    "{{ event.contact.phone or 'no number' }}, {{ event.contact.email or 'no e-mail' }}",
                ),
            ],
        ),
    ],
)

handed_over = Automation(
    key="handed-over",
    why="A customer tells their story once; the new owner reads it.",
    on=owner_changed(in_=NewBusiness),
    when=[event.before.owner.is_set(), deal.owner.is_set(), deal.stage.is_open()],
    priority="bulk",  # who leaves hands over a hundred deals at once: no inquiry waits for that
    do=[
        set_task(
            "read-up",
            text="Read up on {{ deal.title }}; {{ event.before.owner.name }} knows it",
            due=working_hours(4),
        ),
        add_note("log", text="Handed over from {{ event.before.owner.name }} to {{ deal.owner.name }}"),
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
    address_changed,
    contact_left,
    handed_over,
    plan_renewal,
]
