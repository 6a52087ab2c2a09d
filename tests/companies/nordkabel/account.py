"""NordKabel: B2B hardware reseller (switches, cabling), DE/AT/CH; its ERP posts quotes and paid invoices.

The unit is the company with 2-6 people in a deal: buyer, engineer, accounts payable. E-mail first, calls second.
"""

from __future__ import annotations

from dealwright import (
    Account,
    Automation,
    Choice,
    CompanyFields,
    Criteria,
    Day,
    DealFields,
    EmailText,
    Flag,
    Incoming,
    Limits,
    Lost,
    Match,
    MessagePolicy,
    Money,
    Number,
    OutsideEvent,
    Pipeline,
    Record,
    Role,
    Stage,
    Task,
    Text,
    Won,
    add_note,
    ask,
    assign_owner,
    branch,
    case,
    create_deal,
    days,
    deal_created,
    deal_updated,
    event_received,
    every_event,
    lookup,
    move_deal,
    no_activity,
    notify,
    once,
    owner_changed,
    points,
    record,
    record_added,
    replied,
    send_email,
    set_task,
    setting,
    stage_changed,
    stage_visit,
    update_deal,
    wait,
    wait_until,
    working_days,
    working_hours,
)


class Firm(CompanyFields):
    vat_id = Text("VAT id")
    credit_limit = Money("Credit limit")
    segment = Choice("Segment", ["key account", "mid", "small", "public sector"])
    territory = Choice("Territory", ["north", "south", "at", "ch"])


class B2BDeal(DealFields):
    company: Firm = Firm()
    discount = Number("Discount %")
    margin = Number("Margin %")
    quote_no = Text("Quote no.")
    quote_valid_until = Day("Quote valid until")
    needs_stock = Flag("Needs ordering")
    po_number = Text("Purchase order")
    score = Number("Score")


class QuoteLine(Record, of="deal", key="quote-line"):
    sku, qty, unit_price, in_stock = Text("SKU"), Number("Qty"), Money("Price"), Flag("In stock")


deal = B2BDeal()
lines = deal.records(QuoteLine)
sdr, ae, key_am, lead = Role("sdr"), Role("account executive"), Role("key account manager"), Role("head of sales")
max_free_discount = setting("max-free-discount-pct", int, default=12, editable_by="head of sales")


class Reorders(Pipeline, key="reorders", name="Reorders"):
    asked = Stage("Asked for reorder", probability=50, owner=ae, task=Task("Confirm quantities", due=working_hours(8)))
    confirmed = Stage("Confirmed quantities", probability=90, owner=ae, task=Task("Place in ERP", due=working_hours(4)))
    won = Won("Shipped")
    lost = Lost("No reorder", reasons=["Competitor", "Project ended", "Stock enough"])


class Projects(Pipeline, key="projects", name="Projects", deferred_to=Reorders):
    incoming = Incoming(first_response=working_hours(2))
    qualified = Stage(
        "Qualified",
        probability=10,
        owner=sdr,
        task=Task("Book technical call", due=working_days(1)),
        exit=Criteria(
            [deal.company.segment.is_set(), deal.contact_as("buyer").email.is_set()],
            else_="move_back",
            says="Name the buyer and the segment",
        ),
    )
    scoped = Stage(
        "Agreed the bill of materials",
        probability=30,
        owner=ae,
        task=Task("Request stock and price in ERP", due=working_days(1)),
    )
    quoted = Stage(
        "Sent the quote",
        probability=50,
        owner=ae,
        task=Task("Call about the quote", due=working_days(2)),
        rot_after=working_days(10),
        entry=Criteria(
            [deal.quote_no.is_set(), deal.discount <= max_free_discount],
            else_="move_back",
            says="Discount above the free limit needs approval",
        ),
    )
    approved = Stage(
        "Passed credit check", probability=75, owner=ae, task=Task("Send order confirmation", due=working_days(1))
    )
    ordered = Stage(
        "Received purchase order", probability=90, owner=ae, task=Task("Enter order in ERP", due=working_hours(4))
    )
    won = Won("Invoiced")
    lost = Lost("Lost", reasons=["Price", "Delivery time", "No budget", "Competitor", "No decision", "Credit refused"])


class QuoteIssued(OutsideEvent):
    key = "erp.quote.issued"
    number, total, valid_until, reference = Text(), Money(), Day(), Text()
    match = Match(by=[(reference, deal.reference)], in_=[Projects, Reorders], if_many="refuse", if_none="hold")


class InvoicePaid(OutsideEvent):
    key = "erp.invoice.paid"
    po_number, vat_id = Text(), Text()
    match = Match(
        by=[(po_number, deal.po_number), (vat_id, deal.company.vat_id)],
        in_=[Projects, Reorders],
        if_many="ask",
        if_none="hold",
    )


quote_mail = EmailText(
    "Your quote {{ deal.quote_no }}",
    "Dear {{ contact.name or 'customer' }}, valid until {{ deal.quote_valid_until | date }}. {{ deal.owner.name }}",
)
last_call = EmailText("Quote {{ deal.quote_no }} expires on {{ deal.quote_valid_until | date }}", "...")

route = Automation(
    key="route-inbound",
    why="Key accounts never see an SDR.",
    on=deal_created(in_=Projects.incoming),
    do=[
        vies := lookup(
            "vies",
            at="vies:/check",
            ask={"vat": deal.company.vat_id},
            gives={"valid": bool, "name": str},
            cache=days(90),
        ),
        update_deal(
            "score",
            score=points(
                (30, deal.company.segment == "key account"), (20, deal.company.won_deals > 0), (10, vies.valid)
            ),
        ),  # typed arithmetic, never in a text
        branch(
            "who",
            case(deal.company.segment == "key account", assign_owner("to-kam", to=key_am)),
            case(deal.company.open_deals >= 1, assign_owner("to-same-owner", to=deal.company.newest_open_deal.owner)),
            otherwise=[assign_owner("to-territory", to=sdr.least_loaded(open_in=[Projects.qualified]))],
            unset=[assign_owner("to-anybody", to=sdr.least_loaded(open_in=[Projects.qualified]))],
        ),
        set_task(
            "first-call",
            text="Call {{ deal.main_contact.name or 'them' }} ({{ deal.company.name }})",
            due=working_hours(2),
            owner=deal.owner,
        ),
    ],
)

discount = Automation(
    key="discount-approval",
    why="Margin dies in the last two points of discount.",
    on=deal_updated(fields=[deal.discount]),
    when=[deal.discount > max_free_discount, deal.stage.is_open()],
    again=every_event(),
    do=[
        ask(
            "head",
            who=lead,
            question="{{ deal.discount }} % for {{ deal.company.name }} ({{ deal.amount }})?",
            yes=[add_note("ok", text="Approved by {{ answer.by }}")],
            no=[update_deal("cap", discount=max_free_discount)],
            within=working_hours(4),
            late=[notify("late", who=lead, text="Discount waits for you: {{ deal.title }}")],
        )
    ],
)

quoted_lines = Automation(
    key="quote-lines",
    why="What is not in stock has to be ordered before it is promised.",
    on=record_added(QuoteLine),
    when=[deal.stage.is_open()],
    again=once(per=record),
    do=[
        update_deal("worth", amount=lines.total(QuoteLine.unit_price * QuoteLine.qty)),
        branch(
            "stock",
            case(
                QuoteLine.in_stock.is_false(),
                update_deal("order", needs_stock=True),
                set_task("delivery", text="Ask for the delivery time of {{ record.sku }}", due=working_hours(4)),
            ),
        ),
    ],
)

quote_follow = Automation(
    key="quote-follow-up",
    why="Half of the quotes die unanswered.",
    on=event_received(QuoteIssued),
    when=[deal.contact_as("buyer").email.is_set()],
    again=every_event(),
    exit_on=[stage_changed(to=Projects.ordered), stage_changed(to=Projects.lost), replied()],
    on_change="finish",
    do=[
        update_deal(
            "numbers",
            quote_no="{{ event.data.number or deal.quote_no }}",
            amount=QuoteIssued.total.or_(deal.amount),
            quote_valid_until=QuoteIssued.valid_until,
        ),
        move_deal("quoted", to=Projects.quoted),
        send_email("quote", template=quote_mail, to=deal.contact_as("buyer"), cc=[deal.contact_as("engineer")]),
        wait_until(
            "read-or-reply",
            replied(to="quote"),
            timeout=working_days(3),
            on_timeout=[
                set_task(
                    "call",
                    text="Call {{ deal.main_contact.name or 'them' }} about {{ deal.quote_no }}",
                    due=working_hours(4),
                    owner=deal.owner,
                )
            ],
        ),
        wait("before-expiry", until=deal.quote_valid_until, before=days(2), late="skip"),
        send_email("expires", template=last_call, to=deal.contact_as("buyer")),
    ],
)

paid = Automation(
    key="invoice-paid",
    why="ERP decides what is won.",
    on=event_received(InvoicePaid),
    again=every_event(),
    do=[
        move_deal("won", to=Projects.won),
        create_deal("next", in_=Reorders.asked, title="Reorder {{ deal.company.name }}", unless_open=Reorders),
    ],  # must not make a second one
)

stale = Automation(
    key="stale-quote",
    why="Nudge, then cut loose (Zendesk).",
    on=no_activity(for_=working_days(15)),
    when=[deal.stage.is_in(Projects.quoted, Projects.scoped)],
    again=once(per=stage_visit),
    mode="shadow",
    do=[
        set_task("nudge", text="No activity for 3 weeks: nudge or close", due=working_days(2), owner=deal.owner),
        wait("grace", working_days(10)),
        move_deal("cut", to=Projects.lost, reason="No decision"),
    ],
    exit_on=[replied(), stage_changed()],
)

handover = Automation(
    key="owner-changed-note",
    why="The new owner must know why.",
    on=owner_changed(),
    again=every_event(),
    when=[deal.stage.is_open()],
    priority="bulk",
    do=[
        add_note(
            "brief",
            text="{{ event.before.owner.name }} -> {{ deal.owner.name }}. In this stage since {{ deal.stage_since }}",
        )
    ],
)

account = Account(
    key="nordkabel",
    name="NordKabel GmbH",
    zone="Europe/Berlin",
    country="DE",
    languages=["de", "en"],
    pipelines=[Projects, Reorders],
    automations=[route, discount, quoted_lines, quote_follow, paid, stale, handover],
    messages=MessagePolicy(
        max_per_person={days(1): 1, days(7): 3},
        quiet=("18:00", "08:00"),
        same_template_again_after=days(5),
        person=("email", "company"),
    ),
    limits=Limits(per_hour=60, per_day=400),
)
