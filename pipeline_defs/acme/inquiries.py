"""New inquiries: who asks first is often who sells, so nobody waits, and nobody is asked twice.

What is tagged `spam` on its way in is left alone by all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from dealwright import (
    Automation,
    Example,
    activity_logged,
    add_note,
    assign_owner,
    branch,
    case,
    complete_tasks,
    contact_added,
    days,
    deal_created,
    entered,
    event,
    hours,
    minutes,
    move_deal,
    once,
    person,
    points,
    predicate,
    send_email,
    send_event,
    set_task,
    stage_changed,
    update_deal,
    wait,
    working_days,
    working_hours,
    working_minutes,
)

from .fields import deal
from .pipelines import NewBusiness
from .roles import inside_sales
from .settings import large_deal, promising_from

greet_inbound = Automation(
    key="greet-inbound",
    why="The speed of the first contact decides.",
    on=deal_created(in_=NewBusiness.incoming),
    when=[deal.owner.is_set(), deal.main_contact.phone.is_set(), ~deal.tags.has("spam")],
    when_within=hours(1),  # share-inquiries finds somebody first: a task of nobody's is done by nobody
    again=once(per=person, within=days(30)),
    do=[
        set_task("call", text="Call {{ deal.main_contact.name }} about {{ deal.title }}", due=working_minutes(15)),
    ],
    examples=[
        Example(
            "an inquiry of Saturday night",
            in_=NewBusiness.incoming,
            at="2026-05-09 22:30",
            phone="(212) 555-0142",
            then=["call at Sat 22:30: Call Maria Silva about Forty chairs"],
        ),
        Example(
            "somebody who sells instead of buying",
            in_=NewBusiness.incoming,
            at="2026-05-11 10:00",
            phone="(212) 555-0142",
            tags=["spam"],
            then=["skipped: conditions"],
        ),
    ],
)

share_inquiries = Automation(
    key="share-inquiries",
    why="An inquiry that belongs to nobody is answered by nobody.",
    on=deal_created(in_=NewBusiness.incoming),
    when=[deal.owner.is_unset(), ~deal.tags.has("spam")],
    again=once(per=deal),
    do=[assign_owner("owner", to=inside_sales.least_loaded(open_in=[NewBusiness.qualified]))],
    examples=[
        Example(
            "an inquiry from our site",
            in_=NewBusiness.incoming,
            at="2026-05-09 22:30",
            owner=None,
            people={inside_sales: ["Ana Lima", "Ben Ota"]},
            then=["owner"],
        ),
        Example(
            "one that somebody has taken",
            in_=NewBusiness.incoming,
            at="2026-05-09 22:30",
            then=["skipped: conditions"],
        ),
    ],
)

PRIVATE = frozenset({"gmail.com", "googlemail.com", "hotmail.com", "icloud.com", "outlook.com", "yahoo.com"})


def writes_from_work(facts: Mapping[str, str | None]) -> bool | None:
    """Tell whether an address is a company's own; what comes behind the @ is not to be had by a comparison."""
    address = facts["deal.main_contact.email"]
    return None if address is None else address.lower().rpartition("@")[2] not in PRIVATE


promise = points(
    (40, deal.amount >= large_deal),
    (30, deal.company.won_deals > 0),
    (20, deal.company.size == "chain"),
    (10, deal.main_contact.phone.is_set()),
    (10, predicate("they write from a company's address", writes_from_work, of=[deal.main_contact.email])),
)

score_inquiry = Automation(
    key="score-inquiry",
    why="On a full morning, who promises most is called first.",
    on=deal_created(in_=NewBusiness.incoming),
    when=[~deal.tags.has("spam")],
    again=once(per=deal),
    do=[
        update_deal("score", score=promise),
        branch(
            "promising",
            case(
                promise >= promising_from,
                set_task("first", text="Call {{ deal.company or deal.title }} before the others", due=working_hours(1)),
            ),
        ),
    ],
    examples=[
        Example(
            "much money, and a number to call",
            in_=NewBusiness.incoming,
            at="2026-05-11 10:00",
            amount=25_000,
            phone="(212) 555-0142",
            then=["score", "first: Call Forty chairs before the others"],
        ),
        Example(
            "little money",
            in_=NewBusiness.incoming,
            at="2026-05-11 10:00",
            amount=900,
            phone="(212) 555-0142",
            then=["score"],
        ),
    ],
)

confirm_inquiry = Automation(
    key="confirm-inquiry",
    why="Who writes on a Saturday night wants to know that it has arrived.",
    on=deal_created(in_=NewBusiness.incoming),
    when=[deal.main_contact.email.is_set(), ~deal.tags.has("spam")],
    when_within=minutes(5),  # the form on our site makes the deal first, and its contact a moment later
    again=once(per=person, within=days(30)),
    do=[
        send_email(
            "confirm",
            to=deal.main_contact,
            subject="We have your inquiry",
            text="Hello {{ contact.first_name or 'there' }},\n\nthank you for your inquiry. "
            "{{ deal.owner.name or 'One of us' }} will be in touch within one working day; "
            "an answer to this message reaches them.\n\nAcme Tools\n",
            reply_to=deal.owner.email,
        ),
    ],
    examples=[
        Example(
            "an inquiry of Saturday night",
            in_=NewBusiness.incoming,
            at="2026-05-09 22:30",
            email="maria@example.com",
            then=["confirm at Sat 22:30"],
        ),
        Example(
            "nobody to write to, five minutes later as well",
            in_=NewBusiness.incoming,
            at="2026-05-09 22:30",
            then=["skipped: conditions"],
        ),
    ],
)

find_phone = Automation(
    key="find-phone",
    why="Nobody can be called without a number.",
    on=deal_created(in_=NewBusiness.incoming),  # further on its stage says whose the deal is, and what is next
    when=[deal.owner.is_set(), ~deal.main_contact.phone.is_set(), ~deal.tags.has("spam")],
    when_within=hours(1),
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
                add_note("say-why", text="Qualified: {{ event.contact.name or 'a new contact' }} can be reached"),
            ),
        ),
    ],
)

reached_by_phone = Automation(
    key="reached-by-phone",
    why="Who has just talked to the customer should not have to tidy up after it.",
    on=activity_logged(kind="call", in_=NewBusiness),
    when=[deal.stage == NewBusiness.incoming, event.activity.outcome == "reached"],
    do=[
        complete_tasks("called"),
        move_deal("qualify", to=NewBusiness.qualified),
    ],
)

close_silent = Automation(
    key="close-silent",
    why="A list of inquiries is worth reading if somebody may still be behind each of them.",
    on=deal_created(in_=NewBusiness.incoming),
    again=once(per=deal),
    exit_on=stage_changed(from_=NewBusiness.incoming),
    mode="shadow",  # the head of sales reads for a month what it would close: `dealwright shadow report`
    do=[
        wait("a-week", working_days(6)),
        move_deal("close", to=NewBusiness.lost, reason="No answer"),
    ],
    examples=[
        Example(
            "nobody was reached in a week, Saturday included",
            in_=NewBusiness.incoming,
            at="2026-05-11 10:00",
            then=["close at Mon 18 May 10:00"],
        ),
    ],
)

qualified_to_erp = Automation(
    key="qualified-to-erp",
    why="Marketing pays for inquiries, and wants to know which of them were any good.",
    on=entered(NewBusiness.qualified),
    again=once(per=deal),
    do=[send_event("deal-qualified", to="erp", with_={"company": deal.company, "contact": deal.main_contact.name})],
)

automations = [
    close_silent,
    confirm_inquiry,
    find_phone,
    greet_inbound,
    qualified_to_erp,
    qualify_with_contact,
    reached_by_phone,
    score_inquiry,
    share_inquiries,
]
