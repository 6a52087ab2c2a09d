"""A company as its engineer writes it: mypy --strict has nothing to say about any definition, nor has `check`."""

from __future__ import annotations

from datetime import date

from dealwright import (
    Account,
    Automation,
    Choice,
    Day,
    DealFields,
    Example,
    Flag,
    Incoming,
    Limits,
    Lost,
    MessagePolicy,
    Moment,
    Money,
    Number,
    Pipeline,
    Stage,
    Task,
    Text,
    Won,
    activity_logged,
    add_note,
    add_tags,
    ask,
    assign_owner,
    branch,
    case,
    complete_tasks,
    contact_added,
    contact_removed,
    contact_updated,
    create_contact,
    create_deal,
    date_reached,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    event_received,
    every_event,
    hours,
    local,
    message_failed,
    minutes,
    move_deal,
    mute,
    no_activity,
    notify,
    once,
    opted_out,
    outcome,
    owner_changed,
    person,
    remove_tags,
    rep_wrote,
    send_conversion,
    send_email,
    send_event,
    set_task,
    setting,
    stage_changed,
    stage_visit,
    stop,
    task_completed,
    update_contact,
    update_deal,
    value,
    wait,
    wait_until,
    working_days,
    working_hours,
    working_minutes,
)


class Fields(DealFields):
    treatment = Choice("Treatment", ["cleaning", "implant", "braces"])
    dentist = Text("Doctor")
    discount = Number("Discount %")
    insured = Flag("Has insurance")
    renewal_on = Day("Renewal on")
    appointment_at = Moment("Appointment")


deal = Fields()
large = setting("large-deal", Money, default=Money(20_000, "USD"), min=0)
free_discount = setting("free-discount", int, default=12)
tone = setting("tone", ["soft", "firm"], default="soft")


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    met = Stage("Held the meeting", probability=20, task=Task("Send the quote", due=working_days(1)))
    quoted = Stage("Sent the quote", probability=40, task=Task("Call back about {{ deal.title }}", due=working_days(2)))
    agreed = Stage("Agreed the terms", probability=70, task=Task("Send the invoice", due=working_hours(8)))
    submitted = Stage("Sent to their board", probability=80, task=None, because="the customer acts")
    paid = Stage("Received the payment", probability=95, task=Task("Hand over", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price", "Timing", "No answer"])


class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", probability=50, task=Task("Ask for an answer", due=working_days(3)))
    sent = Stage("Sent the renewal", probability=60, task=Task("Call", due=working_days(2)))
    signed = Stage("Received the signature", probability=80, task=Task("File it", due=working_days(1)))
    filed = Stage("Filed the contract", probability=90, task=Task("Tell finance", due=working_days(1)))
    billed = Stage("Sent the invoice", probability=95, task=Task("Look for the money", due=working_days(5)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price", "Gone"], require_reason=True)


# --- what happens to a new deal
d1 = Automation(
    key="first-call",
    why="The first contact decides.",
    on=deal_created(in_=Sales.incoming),
    when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam", "vendor")],
    again=once(per=person, within=days(30)),
    do=[set_task("call", text="Call {{ deal.main_contact.name or deal.title }}", due=working_minutes(15))],
    examples=[
        Example(
            "a lead on Saturday night",
            in_=Sales.incoming,
            at="2026-05-09 22:30",
            phone="+12125550142",
            then=["call at Sat 22:30: Call Maria Silva"],
        ),
    ],
)
d2 = Automation(
    key="thank-for-inquiry",
    on=deal_created(in_=[Sales.incoming, Sales.met]),
    when=deal.main_contact.email.is_set(),
    again=once(per=person, within=days(30)),
    do=[
        send_email(
            "thank",
            to=deal.main_contact,
            subject="Your inquiry",
            text="Dear {{ contact.first_name or 'customer' }}, {{ deal.owner.first_name or 'we' }} will call you.",
            reply_to=deal.owner.email,
        ),
    ],
)
d3 = Automation(
    key="no-way-to-reach",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.phone.is_unset() & deal.main_contact.email.is_unset()],
    do=[set_task("find", text="Find out how to reach {{ deal.title }}", due=hours(4))],
)
d4 = Automation(
    key="large-deal",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=deal.amount >= large,
    again=once(per=deal),
    do=[set_task("visit", text="Visit {{ deal.main_contact.name or deal.title }}", due=working_days(1))],
)
d5 = Automation(
    key="referral",
    on=deal_created(in_=Sales),
    when=deal.tags.has("referral"),
    do=[add_note("note", text="Came by a referral: thank whoever sent them")],
)
# --- moves
d6 = Automation(
    key="quote-follow-up",
    why="Half of the quotes die unanswered.",
    on=entered(Sales.quoted),
    again=once(per=stage_visit),
    exit_on=[stage_changed(to=[Sales.agreed, Sales.lost]), contact_removed()],
    do=[
        wait("two-days", days(2)),
        branch(
            "size",
            case(deal.amount >= 10_000, set_task("visit", text="Visit them", due=working_hours(4))),
            otherwise=[set_task("nudge", text="Nudge {{ deal.title }}", due=working_hours(4))],
            unset=[set_task("ask", text="Ask what {{ deal.title }} is worth", due=working_hours(4))],
        ),
    ],
)
d7 = Automation(
    key="won-to-meta",
    on=entered(Sales.won),
    when=[deal.amount > 0, deal.main_contact.phone.is_set() | deal.main_contact.email.is_set()],
    do=[send_conversion("purchase", event="Purchase", value=deal.amount)],
)
d8 = Automation(
    key="won-to-erp",
    on=entered(Sales.won),
    do=[send_event("deal-won", to="erp", with_={"worth": deal.amount, "title": "{{ deal.title }}"})],
)
d9 = Automation(
    key="renewal-after-win",
    on=entered(Sales.won),
    do=[
        renewal := create_deal(
            "renewal", in_=Renewals.asked, title="Renew {{ deal.title }}", copy=[deal.amount], unless_open=Renewals
        ),
        branch("made", case(renewal.deal_id.is_set(), add_note("note", text="Renewal {{ steps.renewal.deal_id }}"))),
    ],
)
d10 = Automation(
    key="moved-back",
    on=stage_changed(from_=Sales.agreed, to=Sales.quoted),
    do=[add_note("why", text="Came back from {{ event.before.stage.name }}: ask why")],
)
d11 = Automation(
    key="lost-for-price",
    on=entered(Sales.lost),
    when=deal.lost_reason == "Price",
    do=[set_task("check", text="Check our price for {{ deal.title }}", due=working_days(2))],
)
d12 = Automation(
    key="lost-silently",
    on=entered(Sales.lost),
    when=~deal.lost_reason.is_in("Price", "Timing"),
    do=[add_note("ask", text="Nobody said why")],
)
d13 = Automation(
    key="paid-in-full",
    on=event_received("invoice-paid", from_="billing", data=["number", "payer"], in_=Sales),
    when=event.data("number").is_set(),
    do=[
        add_note("log", text="Invoice {{ event.data.number }} is paid by {{ event.data.payer or 'somebody' }}"),
        move_deal("paid", to=Sales.paid),
    ],
)
d14 = Automation(
    key="payer-becomes-contact",
    on=event_received("invoice-sent", from_="billing", data=["payer"]),
    when=[event.data("payer").is_set(), event.data("payer") != deal.main_contact.name],
    do=[create_contact("payer", name=event.data("payer"))],
)
# --- tasks, calls, owners
d15 = Automation(
    key="call-reached",
    on=activity_logged(kind="call", in_=Sales),
    when=event.activity.outcome == "reached",
    do=[complete_tasks("tidy")],
)
d16 = Automation(
    key="meeting-held",
    on=activity_logged(kind=["meeting"], in_=Sales),
    when=deal.stage == Sales.incoming,
    do=[move_deal("met", to=Sales.met)],
)
d17 = Automation(
    key="visit-done",
    on=task_completed(in_=Sales),
    when=event.task.text == "Visit them",
    do=[add_tags("mark", "visited")],
)
d18 = Automation(
    key="handed-over",
    on=owner_changed(in_=Sales),
    when=event.before.owner.is_set(),
    do=[set_task("read-up", text="Ask {{ event.before.owner.name }} about it", due=working_days(1))],
)
d19 = Automation(
    key="tell-new-owner",
    on=owner_changed(),
    when=deal.owner.email.is_set(),
    do=[notify("tell", who=deal.owner, text="{{ deal.title }} is yours")],
)
d20 = Automation(
    key="nobody-owns-it",
    on=stage_changed(to=Sales.met),
    when=~deal.owner.is_set(),
    do=[assign_owner("take", to="Ana Lima")],
)
# --- contacts
d21 = Automation(
    key="new-contact",
    on=contact_added(in_=Sales),
    when=event.contact.phone.is_unset(),
    do=[set_task("phone", text="Ask {{ event.contact.name or 'them' }} for a number", due=working_days(1))],
)
d22 = Automation(
    key="contact-gone",
    on=contact_removed(in_=Sales),
    when=deal.main_contact.id.is_unset(),
    do=[set_task("whom", text="Find out whom to talk to about {{ deal.title }}", due=working_days(1))],
)
d23 = Automation(
    key="address-changed",
    on=contact_updated(fields=[deal.main_contact.email, deal.main_contact.phone]),
    do=[add_note("note", text="{{ event.contact.name or 'A contact' }} has a new address or number")],
)
d24 = Automation(
    key="fill-phone",
    on=event_received("phone-told", from_="forms", data=["phone"]),
    when=[event.data("phone").is_set(), deal.main_contact.id.is_set()],
    do=[update_contact("phone", deal.main_contact, phone=event.data("phone"))],
)
# --- waiting
d25 = Automation(
    key="chase-the-answer",
    on=entered(Sales.submitted),
    when=deal.main_contact.email.is_set(),
    again=once(per=stage_visit),
    exit_on=entered(Sales.lost),
    do=[
        send_email("ask", to=deal.main_contact, subject="Your board", text="Has your board decided?"),
        answered := wait_until(
            "answer",
            [event_received("answered", from_="forms"), activity_logged(kind="call")],
            timeout=working_hours(16),
            on_timeout=[set_task("call", text="Call the board of {{ deal.title }}", due=working_hours(1))],
        ),
        branch("told", case(answered.timed_out.is_false() & (outcome("ask") == "sent"), add_note("ok", text="Heard"))),
    ],
)
d26 = Automation(
    key="worth-at-last",
    on=entered(Sales.met),
    do=[
        wait_until("worth", deal.amount > 0, timeout=days(30), on_timeout=[stop("never")]),
        set_task("quote", text="Send a quote for {{ deal.amount }}", due=working_days(1)),
    ],
)
d27 = Automation(
    key="discount-approval",
    on=deal_updated(fields=[deal.discount], in_=Sales),
    when=deal.discount > free_discount,
    again=once(per=value),
    do=[
        ask(
            "head",
            who=deal.owner,
            question="{{ deal.discount }} % for {{ deal.title }}?",
            yes=[add_note("agreed", text="Agreed by {{ answer.by }}")],
            no=[set_task("talk", text="Talk about the discount", due=working_hours(4))],
            within=working_hours(4),
            late=[set_task("late", text="The discount waits for you", due=working_hours(2))],
        ),
    ],
)
# --- own fields
d28 = Automation(
    key="implant",
    on=deal_updated(fields=[deal.treatment], in_=Sales),
    when=[deal.treatment == "implant", deal.insured.is_false()],
    do=[set_task("finance", text="Offer a plan: {{ deal.treatment }}", due=working_days(1))],
)
d29 = Automation(
    key="appointment-told",
    on=event_received("booking", from_="agenda", data=["doctor"], in_=Sales),
    when=event.data("doctor").is_set(),
    do=[update_deal("doctor", dentist=event.data("doctor"))],
)
d30 = Automation(
    key="close-date",
    on=deal_updated(fields=[deal.close_date], in_=Sales),
    when=deal.close_date < date(2030, 1, 1),
    again=once(per=value, within=days(30)),
    do=[add_note("seen", text="It is to close on {{ deal.close_date }}")],
)
d31 = Automation(
    key="braces-or-implant",
    on=entered(Renewals.asked),
    when=deal.treatment.is_in("braces", "implant"),
    do=[add_tags("mark", "long-treatment")],
)
d32 = Automation(
    key="cleaning",
    on=entered(Renewals.sent),
    when=deal.treatment != "cleaning",
    do=[remove_tags("unmark", "short-treatment")],
)
d33 = Automation(
    key="firm-tone",
    on=entered(Renewals.lost),
    when=tone == "firm",
    do=[add_note("note", text="They were told firmly")],
)
# --- how it is run
d34 = Automation(
    key="tidy-up",
    on=entered(Renewals.won),
    mode="shadow",
    priority="bulk",
    on_change="cancel",
    do=[set_task("file", text="File {{ deal.title }}", due=local("18:00"))],
)
d35 = Automation(
    key="quick-look",
    on=entered(Renewals.billed),
    on_change="migrate",
    do=[wait("moment", minutes(5)), add_note("look", text="Look at the invoice of {{ deal.title }}")],
)
# --- what is not there yet
d36 = Automation(
    key="remind",
    on=date_reached(deal.appointment_at, before=hours(24)),
    again=once(per=value),
    exit_on=[rep_wrote(), opted_out()],
    do=[wait("evening", hours(6)), set_task("confirm", text="Confirm the appointment", due=local("18:00"))],
)
d37 = Automation(
    key="after-renewal",
    on=date_reached(deal.renewal_on, after=days(3), in_=Renewals),
    again=every_event(),
    do=[set_task("ask", text="Ask for the renewal", due=working_days(1))],
)
d38 = Automation(
    key="stale",
    on=no_activity(for_=working_days(15), in_=[Sales]),
    when=deal.stage.is_open(),
    again=once(per=stage_visit),
    do=[set_task("nudge", text="Nothing for three weeks", due=working_days(2))],
)
d39 = Automation(
    key="message-failed",
    on=message_failed(),
    again=every_event(),
    do=[set_task("call", text="Call {{ event.contact.name or 'them' }}: {{ event.reason }}", due=working_hours(2))],
)
d40 = Automation(
    key="before-expiry",
    on=entered(Renewals.signed),
    do=[
        wait("expiry", until=deal.close_date, before=days(2), late="skip"),
        mute("quiet", who=deal.main_contact, for_=days(30)),
        add_note("done", text="Nobody writes for a month"),
    ],
)
d41 = Automation(
    key="last-call",
    on=entered(Renewals.filed),
    when=deal.main_contact.email.is_set(),
    again=once(per=deal),
    do=[send_email("last", to=deal.main_contact, subject="Thank you", text="We have it.", late=hours(6))],
)
d42 = Automation(
    key="opted-out",
    on=opted_out(),
    when=event.contact.email.is_set(),
    do=[add_tags("mark", "no-mail")],
)

clinic = Account(
    "clinic",
    name="The clinic",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-12:30 13:30-18:00, Sat 10:00-14:00",
    holidays="US",
    closed=[date(2026, 12, 24)],
    pipelines=[Sales, Renewals],
    deal_fields=Fields,
    automations=[
        *(d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15, d16, d17, d18, d19, d20, d21),
        *(d22, d23, d24, d25, d26, d27, d28, d29, d30, d31, d32, d33, d34, d35, d36, d37, d38, d39, d40, d41, d42),
    ],
    messages=MessagePolicy(max_per_person={days(1): 3}, quiet=("20:00", "09:00"), until_enforced="send"),
    limits=Limits(per_hour=40, per_day=200, import_burst=50),
)
