"""Definitions as users write them: mypy --strict has nothing to say about any of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from dealwright import (
    Account,
    Automation,
    Button,
    Channel,
    Choice,
    Choices,
    CompanyFields,
    ContactFields,
    Criteria,
    Day,
    DealFields,
    Email,
    EmailText,
    Flag,
    Incoming,
    Link,
    Lost,
    Match,
    Message,
    Moment,
    Money,
    Number,
    OutsideEvent,
    Owner,
    Person,
    Phone,
    Pipeline,
    Role,
    Segment,
    Stage,
    Task,
    Template,
    Text,
    WhatsAppTemplate,
    Won,
    activity_logged,
    add_note,
    add_tags,
    assign_owner,
    branch,
    case,
    complete_tasks,
    contact_added,
    contact_removed,
    contact_updated,
    create_contact,
    create_deal,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    event_received,
    every_event,
    hours,
    message_received,
    minutes,
    move_deal,
    notify,
    once,
    outcome,
    owner_changed,
    person,
    remove_tags,
    replied,
    reply,
    send_conversion,
    send_email,
    send_event,
    send_message,
    set_task,
    setting,
    stage_changed,
    stage_visit,
    stop,
    task_completed,
    texts,
    update_contact,
    update_deal,
    value,
    wait,
    wait_until,
    working_days,
    working_hours,
    working_minutes,
)

deal = DealFields()


class OwnContact(ContactFields):
    guardian_of = Text("Guardian of")
    second_phone = Phone("Second phone")


class Firm(CompanyFields):
    vat_id, credit_limit = Text("VAT id"), Money("Credit limit")
    segment = Choice("Segment", ["key account", "small"])


class Own(DealFields):
    contact: OwnContact = OwnContact()
    company: Firm = Firm()
    treatment = Choice("Treatment", ["cleaning", "implant"], sensitive=True)
    extras = Choices("Extras", ["x-ray", "whitening"])
    dentist = Text("Doctor", renamed_from="doctor")
    discount = Number("Discount %")
    deposit = Money("Deposit", renamed_from=["advance", "down_payment"])
    insured = Flag("Has insurance")
    due_on, appointment_at = Day("Due on"), Moment("Appointment")
    billing, folder = Email("Billing"), Link("Folder")
    hygienist = Owner("Hygienist")
    assistant = Person("Assistant", sensitive=True)


own = Own()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Task("Call back", due=working_days(2)))
    waiting = Stage(task=None, because="the customer acts")
    won = Won("Won", task=Task("Hand over", due=hours(4)))
    lost = Lost("Lost", reasons=["Price"])


class Care(Pipeline, key="care"):
    asked = Stage("Asked", required=[deal.amount, deal.main_contact, deal.owner])
    kept = Won(required=(deal.reference,))
    left = Lost("Left", reasons=["Price"], require_reason=True)


r1 = Automation(key="r1", on=deal_created(), do=[stop()])
r2 = Automation(key="r2", on=deal_created(in_=Sales), do=[stop("end")], why="Because.")
r3 = Automation(key="r3", on=deal_created(in_=[Sales.incoming, Care]), do=[stop()], again=every_event())
r4 = Automation(key="r4", on=deal_updated(fields=[deal.amount, deal.owner], in_=Sales), do=[stop()])
r5 = Automation(key="r5", on=deal_updated(fields=deal.tags), do=[stop()], again=once(per=deal))
r6v = Automation(
    key="r6v", on=deal_updated(fields=[deal.close_date]), do=[stop()], again=once(per=value, within=days(30))
)
r6 = Automation(key="r6", on=stage_changed(from_=Sales.quoted, to=[Sales.won, Sales.lost]), do=[stop()])
r7 = Automation(key="r7", on=stage_changed(in_=[Sales, Care]), do=[stop()], again=once(per=stage_visit))
r8 = Automation(key="r8", on=entered(Sales.won, Sales.lost), do=[stop()], again=once(per=person, within=days(30)))
r9 = Automation(key="r9", on=contact_added(in_=Sales), do=[stop()], when=event.contact.email.is_set())
r10 = Automation(key="r10", on=contact_removed(), do=[stop()], when=[deal.main_contact.id.is_unset()])
r11 = Automation(key="r11", on=entered(Sales.won), when=[deal.amount > 100, deal.amount <= 99.5], do=[stop()])
r12 = Automation(key="r12", on=entered(Sales.won), when=deal.amount >= Decimal("1.50"), do=[stop()])
r13 = Automation(key="r13", on=entered(Sales.won), when=deal.amount != Money("100", "EUR"), do=[stop()])
r14 = Automation(
    key="r14",
    on=entered(Sales.won),
    when=((deal.title == "x") | (deal.company == deal.title)) & ~deal.tags.has("a", "b"),
    do=[stop()],
)
r15 = Automation(key="r15", on=entered(Sales.won), when=deal.close_date > date(2026, 1, 1), do=[stop()])
r16 = Automation(key="r16", on=entered(Sales.won), when=deal.created_at < datetime(2026, 1, 1, tzinfo=UTC), do=[stop()])
r17 = Automation(key="r17", on=entered(Sales.won), when=deal.stage_since >= deal.created_at, do=[stop()])
r18 = Automation(
    key="r18",
    on=entered(Sales.won),
    when=[deal.stage == Sales.won, deal.stage.is_in(Sales.won, Care.asked), deal.stage.is_open()],
    do=[stop()],
)
r19 = Automation(
    key="r19", on=entered(Sales.won), when=[deal.pipeline == Sales, deal.pipeline.is_in(Care)], do=[stop()]
)
r20 = Automation(
    key="r20",
    on=stage_changed(),
    when=[deal.owner.is_set(), deal.owner != event.before.owner, deal.owner.email.is_in("a@example.com")],
    do=[stop()],
)
r21 = Automation(
    key="r21",
    on=entered(Sales.won),
    do=[
        made := create_deal(
            "next",
            in_=Care.asked,
            title="Care {{ deal.title }}",
            owner=deal.owner,
            amount=deal.amount,
            close_date=deal.close_date,
            reference=deal.reference,
            tags=["care"],
        ),
        set_task("tell", text="See {{ steps.next.deal_id }}", due=working_minutes(15)),
        branch("made", case(made.deal_id.is_set(), stop()), otherwise=[], unset=[stop()]),
    ],
)
r22 = Automation(
    key="r22",
    on=entered(Sales.won),
    do=[
        update_deal("a", amount=5, title="T", owner="Ana", company=None, tags=["x"]),
        update_deal("b", amount=Money(5, "EUR"), close_date=date(2026, 1, 1), reference=deal.id),
        update_deal("c", amount=deal.amount, tags=deal.tags, owner=deal.owner, close_date=None),
    ],
)
r23 = Automation(
    key="r23",
    on=entered(Sales.quoted),
    do=[
        wait("pause", days(2)),
        wait("more", working_hours(4)),
        moved := move_deal("go", to=Sales.lost, reason="Price", only_forward=False),
        branch("moved", case([moved.moved.is_true(), moved.from_stage == "quoted"], stop())),
    ],
)
r24 = Automation(
    key="r24",
    on=entered(Sales.won),
    do=[
        sent := send_event(
            "deal.won",
            to="erp",
            step="erp",
            with_={"n": 1, "x": 1.5, "who": deal.owner.name, "worth": deal.amount, "day": date(2026, 1, 1), "no": None},
        ),
        branch("ok", case(sent.status < 300, stop()), case(sent.status.is_in(404, 410), stop())),
    ],
)
r25 = Automation(
    key="r25",
    on=entered(Sales.won),
    do=[
        set_task("a", text=deal.title, due=minutes(5), owner="Ana"),
        set_task("b", text="B", due=hours(1), owner=deal.owner),
    ],
)
r26 = Automation(key="r26", on=entered(Sales.won), when=(), do=(stop(),))

r27 = Automation(
    key="r27",
    on=contact_updated(fields=[deal.main_contact.email, event.contact.phone], in_=Sales),
    when=[event.contact.email.is_set(), event.contact.id == deal.main_contact.id],
    do=[update_contact("fix", event.contact, phone=None, name="{{ event.contact.name | title }}")],
)
r28 = Automation(
    key="r28",
    on=owner_changed(in_=[Sales, Care]),
    when=event.before.owner != deal.owner,
    do=[assign_owner("back", to=event.before.owner), assign_owner("hand-over", to="Ana Lima")],
)
r29 = Automation(
    key="r29",
    on=task_completed(),
    when=[event.task.text == "Call", event.task.due_at < deal.stage_since, event.task.owner.name.is_set()],
    do=[complete_tasks("tidy"), add_note("log", text="{{ event.task.text }} is done")],
)
r30 = Automation(
    key="r30",
    on=activity_logged(kind="call", in_=Sales),
    when=event.activity.outcome.is_in("reached", "called back") & (event.activity.at > deal.created_at),
    do=[
        call := set_task("call", text=event.activity.text, due=days(1)),
        done := complete_tasks("done", only=call),
        branch("any", case(done.completed > 0, stop())),
    ],
)
r31 = Automation(key="r31", on=activity_logged(kind=["meeting", "email"]), do=[add_note("n", text=event.activity.kind)])
r32 = Automation(
    key="r32",
    on=event_received("invoice-paid", from_="billing", data=["number", "payer"], in_=Sales),
    when=[event.data("number") == deal.reference, event.data("payer").is_set()],
    do=[
        payer := create_contact("payer", name=event.data("payer"), phone="+1 555", email="{{ event.data.payer }}"),
        mark := add_tags("mark", "paid", "partner"),
        remove_tags("unmark", "cold"),
        branch("new", case(payer.contact_id.is_set() & mark.changed.is_true(), stop())),
    ],
)
r33 = Automation(
    key="r33",
    on=entered(Sales.quoted),
    again=once(per=person, within=days(30)),
    do=[
        offer := send_email(
            "offer",
            to=deal.main_contact,
            subject="Your offer, {{ contact.first_name or 'there' }}",
            text="Dear {{ contact.name }}",
            html="<p>Dear {{ contact.name }}</p>",
            reply_to=deal.owner.email,
            cc=[deal.contact_as("engineer"), deal.owner.email, "sales@acme.example"],
            bcc=["archive@acme.example"],
        ),
        branch("sent", case(offer.message_id.is_set(), stop())),
    ],
)
r34 = Automation(
    key="r34",
    on=contact_added(),
    again=every_event(),
    do=[
        told := send_conversion(
            "lead", event="Lead", to=event.contact, lead_id=deal.reference, with_={"stage": deal.stage.name}
        ),
        send_conversion("bought", event="Purchase", value=Money("10", "EUR")),
        branch("known", case(told.event_id.is_set(), stop())),
    ],
)
r35 = Automation(
    key="r35",
    on=contact_added(in_=Sales),
    again=every_event(),
    do=[send_email("hello", to=event.contact, subject=deal.title, text="Hi", reply_to="sales@acme.example")],
)
r36 = Automation(
    key="r36",
    on=entered(Sales.won),
    again=every_event(),
    exit_on=[stage_changed(from_=Sales.won), activity_logged(kind="call")],
    do=[
        asked := send_email("ask", to=deal.main_contact, subject="Happy?", text="Tell us."),
        answered := wait_until(
            "answer",
            [event_received("answered", from_="forms"), contact_updated(fields=deal.main_contact.email)],
            timeout=working_days(3),
            on_timeout=[set_task("ring", text="Ring them", due=hours(4)), stop()],
        ),
        wait_until("worth", deal.amount > 100, timeout=days(2)),
        wait_until("both", [deal.amount > 100, deal.company.is_set()], timeout=days(2)),
        branch(
            "told",
            case(answered.timed_out.is_true(), stop()),
            case((outcome("ask") == "sent") | outcome("answer").is_in("met", "timed_out"), stop()),
            case(outcome("ask").is_unset() & asked.message_id.is_unset(), stop()),
        ),
    ],
)
r38 = Automation(
    key="r38",
    on=entered(Sales.won),
    again=every_event(),
    do=[
        create_deal("next", in_=Sales.won, title="Next", copy=[deal.amount, deal.tags]),
        create_deal("same", in_=Sales.won, title=deal.title, copy=[deal.owner, deal.close_date], unless_open=Sales),
    ],
)
free = setting("max-free-discount-pct", int, default=12, editable_by="head of sales", min=0, max=100)
large = setting("large-deal", Money, default=Money(20_000, "USD"))
strict = setting("strict", bool, default=False)
tone = setting("tone", ["soft", "firm"], default="soft")
share = setting("share", Decimal, default=Decimal("0.5"))
r39 = Automation(
    key="r39",
    on=deal_created(),
    when=[deal.amount >= large, free > 3, share < free, strict.is_true(), tone == "soft", tone.is_in("soft", "firm")],
    again=every_event(),
    do=[update_deal("cap", amount=large, title=tone)],
)
r40 = Automation(
    key="r40",
    on=owner_changed(),
    do=[notify("new", who=deal.owner, text="{{ deal.title }}"), notify("old", who=event.before.owner, text=deal.title)],
)
r37 = Automation(key="r37", on=deal_created(), again=every_event(), exit_on=task_completed(), do=[wait("w", days(1))])
r38 = Automation(
    key="r38",
    on=deal_updated(fields=[own.discount, own.treatment]),
    when=[
        own.treatment == "implant",
        own.treatment.is_in("implant", "cleaning"),
        own.discount >= 5,
        own.dentist.is_set(),
    ],
    do=[update_deal("own", dentist=own.dentist, treatment="implant", discount=3, title="x")],
)
r39 = Automation(
    key="r39",
    on=contact_updated(fields=[own.main_contact.guardian_of, own.main_contact.second_phone]),
    when=[
        own.main_contact.guardian_of == "Bo",
        own.contact_as("payer").second_phone == own.main_contact.second_phone,
        own.deposit > Money("100", "EUR"),
        own.deposit <= own.amount,
        own.extras.has("x-ray", "whitening"),
        own.hygienist == own.owner,
        own.hygienist.first_name != "Ana",
        own.billing.is_in("a@b.example"),
        own.appointment_at < datetime(2026, 3, 14, tzinfo=UTC),
        own.company.segment == "small",
        own.company.credit_limit > 100,
        own.company == "Acme",
        OwnContact(event.contact).guardian_of.is_set(),
    ],
    do=[
        update_deal("own", extras=["x-ray"], deposit=5, hygienist=own.owner, billing=own.billing, due_on=None),
        update_deal("more", deposit=Money("5", "EUR"), folder="https://x.example/", hygienist="Ana"),
        update_contact("fix", own.main_contact, guardian_of=own.dentist, second_phone=None),
        create_contact("new", name="Bo", guardian_of="{{ deal.title }}"),
        create_deal("next", in_=Sales.incoming, title="Next", dentist=own.dentist, insured=True),
    ],
)
r40 = Automation(
    key="r40",
    on=deal_updated(fields=[own.deposit]),
    when=[Own(event.before).deposit != own.deposit],
    do=[stop()],
    again=every_event(),
)
given = Own(contact=OwnContact(), company=Firm())


class Booked(OutsideEvent):
    key = "agenda.booked"
    folio, phone, seats, start_at = Text(), Text(), Number(), Moment()
    paid, kind, on = Flag(), Choice("Kind", ["first", "second"]), Day()
    match = Match(
        by=[(folio, own.dentist), (seats, own.discount), (phone, deal.contacts.phone), (phone, deal.contacts.email)],
        in_=[Sales, Care],
        if_many="newest_open",
        if_none="create",
    )


r41 = Automation(
    key="r41",
    on=event_received(Booked, from_="agenda", in_=Sales),
    when=[Booked.seats > 2, Booked.paid.is_true(), Booked.kind == "first", Booked.on > date(2026, 1, 1)],
    exit_on=event_received(Booked),
    when_within=minutes(5),
    for_each=Segment(in_=[Sales], where=[deal.stage.is_open(), deal.amount > 50], at_most=10),
    do=[update_deal("own", dentist=Booked.folio, discount=Booked.seats, close_date=Booked.on)],
)

acme = Account(
    "acme", deal_fields=Own, zone="America/New_York", country="US", pipelines=[Sales, Care], automations=[r1, r2, r3]
)
other = Account(
    key="other",
    name="Other",
    zone="Europe/Berlin",
    country="DE",
    currency="EUR",
    working_hours="Mon-Fri 09:00-18:00",
    pipelines=(Sales,),
)

closers = Role("closers")
r_role = Automation(
    key="role",
    on=deal_created(in_=Sales),
    do=[
        assign_owner("turn", to=closers),
        assign_owner("load", to=closers.least_loaded(open_in=[Sales.won])),
        set_task("task", text="Call", due=hours(1), owner=closers.sticky()),
        create_deal("next", in_=Sales.won, title="Next", owner=closers.round_robin()),
        update_deal("owner", owner=closers),
        notify("all", who=closers, text="Hello"),
    ],
)

answers = [Button("yes", "Yes"), Button("no", {"en": "No"})]
hello = Template("hello", body={"en": "Hi"}, buttons=answers, category="utility")
approved = WhatsAppTemplate("approved", category="marketing", body=texts("hello"))
slots = Message("At ten?", outside_window=approved)
mail = EmailText({"en": "Your quote"}, "Dear {{ contact.name }}", html={"en": "<p>Dear</p>"})
chat = Channel("kommo_chat")
r_talk = Automation(
    key="talk",
    on=message_received(in_=Sales),
    when=event.message.button.is_unset() & (event.message.text != "stop"),
    again=every_event(),
    exit_on=[replied(), stage_changed(to=Sales.won)],
    do=[
        greeting := send_message("hi", via="crm", template=hello, to=deal.main_contact),
        send_message("more", via=chat, template=slots, to=event.contact, late=hours(2)),
        send_email("mail", template=mail, to=deal.main_contact, bcc=["archive@acme.example"]),
        wait_until("answer", [replied(to="hi"), activity_logged()], timeout=hours(4)),
        branch("said", case(hello.pressed("yes") | (reply.text == "yes"), stop()), case(reply.button.is_set(), stop())),
        branch("sent", case(greeting.message_id.is_set(), stop())),
    ],
)


class Handed(Pipeline, key="handed"):
    asked = Stage("Asked", owner=closers, entry=Criteria(deal.amount > 0, says="Write the amount down"))
    sent = Stage(
        "Sent the offer",
        owner=closers.sticky(),
        entry=Criteria([deal.company.is_set(), deal.amount > 0], else_="move_back", says="Name the company"),
        exit=Criteria([deal.reference.is_set()], else_="task", says="Write the number down"),
    )
    won = Won("Won")
