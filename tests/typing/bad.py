"""Mistakes, one per marked line: mypy --strict rejects every one of them."""

# ruff: noqa: B015, B018
from __future__ import annotations

from dealwright import (
    Account,
    Automation,
    Choice,
    Choices,
    ContactFields,
    Criteria,
    DealFields,
    Email,
    EmailText,
    Flag,
    Lost,
    Match,
    Message,
    Money,
    Number,
    OutsideEvent,
    Owner,
    Person,
    Phone,
    Pipeline,
    Record,
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
    ask,
    assign_owner,
    branch,
    case,
    complete_tasks,
    contact,
    contact_updated,
    create_contact,
    create_deal,
    create_record,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    event_received,
    hours,
    lookup,
    move_deal,
    notify,
    once,
    outcome,
    owner_changed,
    person,
    points,
    predicate,
    record,
    record_updated,
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
    stop,
    task_completed,
    update_contact,
    update_deal,
    update_record,
    wait,
    wait_until,
    working_days,
)

deal = DealFields()


class Line(Record):
    sku, qty, price, in_stock = Text("SKU"), Number("Qty"), Money("Price"), Flag("In stock")


class OwnContact(ContactFields):
    guardian_of = Text("Guardian of")


class Own(DealFields):
    contact: OwnContact = OwnContact()
    treatment = Choice("Treatment", ["cleaning", "implant"])
    extras = Choices("Extras", ["x-ray", "whitening"])
    dentist = Text("Doctor")
    discount = Number("Discount %")
    deposit = Money("Deposit")
    phone, mail = Phone("Phone"), Email("Mail")
    hygienist = Owner("Hygienist")


own = Own()
hello = Template("hello", body="Hi")


class Booked(OutsideEvent):
    key = "agenda.booked"
    folio, seats, kind = Text(), Number(), Choice("Kind", ["first", "second"])
    match = Match(by=[(folio, own.dentist)], in_=())


class Sales(Pipeline, key="sales"):
    quoted = Stage("Sent the quote")
    won = Won()


class NoKey(Pipeline):  # bad
    won = Won()


class OddKey(Pipeline, key=5):  # bad
    won = Won()


def mistakes() -> None:
    case(deal.title == 5, stop())  # bad
    deal.amount > "x"  # bad
    deal.amount == deal.title  # bad
    deal.title < "x"  # bad
    case(deal.stage == "won", stop())  # bad
    case(deal.stage == Sales, stop())  # bad
    case(deal.pipeline == Sales.won, stop())  # bad
    case(deal.owner == "Ana", stop())  # bad
    deal.close_date > 5  # bad
    deal.titel  # bad
    deal.amount + "1"  # bad
    deal.amount * deal.amount  # bad
    deal.amount + own.discount  # bad
    deal.amount + days(1)  # bad
    deal.close_date + 14  # bad
    deal.close_date + working_days(1)  # bad
    deal.close_date - deal.close_date  # bad
    deal.created_at - working_days(1)  # bad
    deal.title + " again"  # bad
    own.discount % 2  # bad
    own.discount.or_("x")  # bad
    own.discount.or_(deal.amount)  # bad
    deal.amount.or_(own.discount)  # bad
    deal.close_date.or_(0)  # bad
    deal.title.or_("x")  # bad
    own.discount + True > "x"  # bad
    set_task("call", text=deal.amount * 2, due=hours(1))  # bad
    update_deal("x", close_date=deal.created_at + days(1))  # bad
    deal.tags.is_set()  # bad
    deal.tags.has(5)  # bad
    deal.amount & deal.title  # bad
    "vip" in deal.tags  # bad
    Sales.lost  # bad
    deal_created(Sales)  # bad
    deal_created(in_="sales")  # bad
    stage_changed(Sales.won)  # bad
    stage_changed(to=Sales)  # bad
    entered(Sales)  # bad
    deal_updated(fields=["amount"])  # bad
    once(person)  # bad
    once(per="person")  # bad
    once(per=Person)  # bad
    once(per=person, within=working_days(1))  # bad
    wait("pause", 2)  # bad
    set_task("call", text="Call", due=15)  # bad
    set_task("call", "Call", due=hours(1))  # bad
    set_task("call", text=deal.amount, due=hours(1))  # bad
    set_task("call", text="Call", due=hours(1), owner=deal.title)  # bad
    move_deal("go", Sales.won)  # bad
    move_deal("go", to=Sales)  # bad
    create_deal("next", in_=Sales, title="T")  # bad
    create_deal("next", in_=Sales.won)  # bad
    update_deal("x", amount="5")  # bad
    update_deal("x", title=None)  # bad
    update_deal("x", stage=Sales.won)  # bad
    send_event("won", "erp")  # bad
    send_event("won", to="erp", with_={"stage": deal.stage})  # bad
    branch("b", deal.amount > 5)  # bad
    case(True, stop())  # bad
    case(deal.amount > 5, stop)  # bad
    days("2")  # bad
    Task("Call", days(1))  # bad
    Stage("A", task="Call")  # bad
    Automation(key="a", on=deal_created, do=[stop()])  # bad
    Automation(key="a", on=deal_created(), do=[days(1)])  # bad
    Automation(key="a", on=deal_created(), do=[stop()], when=[deal.amount])  # bad
    Automation(key="a", on=deal_created(), do=[stop()], again="once")  # bad
    Account("a", country="US")  # bad
    Account("a", zone="UTC", country="US", pipelines=[Sales.won])  # bad
    move_deal("go", to=Sales.won).deal_id  # bad
    contact_updated(Sales)  # bad
    contact_updated(fields=["email"])  # bad
    contact_updated(fields=deal.main_contact)  # bad
    owner_changed(Sales)  # bad
    owner_changed(in_=Sales.won)  # bad
    task_completed(Sales)  # bad
    activity_logged("call")  # bad
    activity_logged(kind="phone")  # bad
    activity_logged(kind=["call", "letter"])  # bad
    event_received(name="paid")  # bad
    event_received("paid", "billing")  # bad
    event_received("paid", data={"number"})  # bad
    event.data(5)  # bad
    event.data("number") > 5  # bad
    case(event.task.due_at == "today", stop())  # bad
    event.task.owner.email  # bad
    event.activity.result  # bad
    assign_owner("give", "Ana")  # bad
    assign_owner("give", to=deal.owner.name)  # bad
    assign_owner("give", to=None)  # bad
    add_tags("mark")  # bad
    add_tags("mark", deal.tags)  # bad
    add_tags("mark", ["vip"])  # bad
    remove_tags("unmark", deal.title)  # bad
    complete_tasks("tidy", only="call")  # bad
    complete_tasks("tidy", only=stop())  # bad
    add_note("log", "text")  # bad
    add_note("log", text=deal.amount)  # bad
    create_contact("payer", "Bo")  # bad
    create_contact("payer", phone=5)  # bad
    create_contact("payer", name="Bo").changed  # bad
    update_contact("fix", name="Bo")  # bad
    update_contact("fix", deal, name="Bo")  # bad
    update_contact("fix", deal.main_contact.name, name="Bo")  # bad
    update_contact("fix", deal.main_contact, company=deal)  # bad
    send_message("m", via="crm", template="hello", to=deal.main_contact)  # bad
    send_message("m", via="sms", template=hello, to=deal.main_contact)  # bad
    send_message("m", via="crm", template=hello, to=deal)  # bad
    send_message("m", template=hello, to=deal.main_contact)  # bad
    send_email("m", to=deal.main_contact, template=hello)  # bad
    send_email("m", to=deal.main_contact, template=EmailText("S", "T"), subject="S", text="T")  # bad
    Template("t", body={"en": 5})  # bad
    Template("t", body="T", buttons=["yes"])  # bad
    Template("t", body="T", category="sales")  # bad
    WhatsAppTemplate("t", body="T")  # bad
    Message("T", outside_window="hello")  # bad
    hello.pressed(5)  # bad
    replied("hi")  # bad
    replied(to=hello)  # bad
    reply.text > 5  # bad
    send_email("m", to="bo@example.com", subject="S", text="T")  # bad
    send_email("m", to=deal.main_contact.email, subject="S", text="T")  # bad
    send_email("m", to=deal.owner, subject="S", text="T")  # bad
    send_email("m", deal.main_contact, subject="S", text="T")  # bad
    send_email("m", to=deal.main_contact, subject="S")  # bad
    send_email("m", to=deal.main_contact, text="T")  # bad
    send_email("m", to=deal.main_contact, subject="S", text="T", html=deal.title)  # bad
    send_email("m", to=deal.main_contact, subject="S", text="T", bcc=deal.owner.email)  # bad
    send_email("m", to=deal.main_contact, subject="S", text="T", reply_to=deal.owner)  # bad
    send_conversion("buy")  # bad
    send_conversion("buy", event=deal.title)  # bad
    send_conversion("buy", "Purchase", value=1)  # bad
    send_conversion("buy", event="Purchase", value="10")  # bad
    send_conversion("buy", event="Purchase", value=deal.title)  # bad
    update_deal("x", amount=own.discount)  # bad
    update_deal("x", amount=own.discount * 2)  # bad
    create_deal("next", in_=Sales.won, title="Next", amount=own.discount)  # bad
    send_conversion("buy", event="Purchase", value=1, to=deal.owner)  # bad
    send_conversion("buy", event="Lead", lead_id=5)  # bad
    Stage("A", required=["amount"])  # bad
    Stage("A", required=deal.amount)  # bad
    Lost("A", require_reason="yes")  # bad
    wait_until("w", task_completed())  # bad
    wait_until("w", timeout=days(1))  # bad
    wait_until("w", deal_created(), timeout=days(1))  # bad
    wait_until("w", deal.amount, timeout=days(1))  # bad
    wait_until("w", task_completed(), timeout=4)  # bad
    wait_until("w", task_completed(), timeout=days(1), on_timeout=stop())  # bad
    wait_until("w", task_completed(), timeout=days(1)).answered  # bad
    case(wait_until("w", task_completed(), timeout=days(1)).timed_out, stop())  # bad
    Automation(key="a", on=deal_created(), do=[stop()], exit_on="stage_changed")  # bad
    Automation(key="a", on=deal_created(), do=[stop()], exit_on=[deal_created()])  # bad
    Automation(key="a", on=deal_created(), do=[stop()], exit_on=stage_changed)  # bad
    case(outcome("call") == "snet", stop())  # bad
    case(outcome("call") == 5, stop())  # bad
    case(outcome("call"), stop())  # bad
    outcome(stop())  # bad
    outcome("call").is_in("sent", "lost")  # bad
    create_deal("next", in_=Sales.won, title="Next", unless_open=Sales.won)  # bad
    create_deal("next", in_=Sales.won, title="Next", copy=["amount"])  # bad
    create_deal("next", in_=Sales.won, title="Next", copy=deal.amount)  # bad
    create_deal("next", in_=Sales.won, title="Next", copy=[deal.title])  # bad
    Choice("Treatment")  # bad
    Text(5)  # bad
    own.treatment == own.dentist  # bad
    case(own.treatment == 5, stop())  # bad
    case(own.extras == "x-ray", stop())  # bad
    own.extras.has(own.treatment)  # bad
    own.phone == own.mail  # bad
    case(own.phone == 5, stop())  # bad
    own.deposit > "5"  # bad
    own.deposit > own.discount  # bad
    own.deposit > own.dentist  # bad
    case(own.hygienist == "Ana", stop())  # bad
    own.main_contact.dentist  # bad
    own.main_contact.guardian_of > "a"  # bad
    DealFields(contact=OwnContact).main_contact  # bad
    Own(event.contact)  # bad
    Money("5", 5)  # bad
    Choices("Extras")  # bad
    Text("Doctor", renamed_from=5)  # bad
    Flag("Insured", sensitive="yes")  # bad
    Owner(["Ana"])  # bad
    Person("Assistant", sensitve=True)  # bad
    person("Assistant")  # bad
    update_contact("a", own.main_contact, guardian_of=own)  # bad
    create_deal("a", in_=Sales.won, title="T", dentist=own)  # bad
    own.dentist > "a"  # bad
    own.dentits == "Ana"  # bad
    update_deal("a", dentist=own)  # bad
    update_deal("a", dentist=[5])  # bad
    setting("a", int, default="12")  # bad
    setting("a", str, default=5)  # bad
    setting("a", ["soft"], default=None)  # bad
    setting("a", int)  # bad
    setting("a", bytes, default=1)  # bad
    setting("a", int, default=deal.amount)  # bad
    case(deal.amount > setting("a", int, default=1), stop())  # bad
    case(setting("a", str, default="x") == 5, stop())  # bad
    notify("a", who="Ana", text="x")  # bad
    notify("a", who=deal.main_contact, text="x")  # bad
    notify("a", who=deal.owner)  # bad
    notify("a", deal.owner, text="x")  # bad
    notify("a", who=deal.owner, text=deal.amount)  # bad
    ask("a", who="Ana", question="x?", within=days(1))  # bad
    ask("a", who=deal.owner, question="x?")  # bad
    ask("a", who=deal.owner, question="x?", within=4)  # bad
    ask("a", who=deal.owner, question="x?", within=days(1), yes=stop())  # bad
    ask("a", who=deal.owner, question="x?", within=days(1), answers=["a", "b"])  # bad
    ask("a", who=deal.owner, question="x?", within=days(1), yes=[], answers={"a": [], "b": []})  # bad
    ask("a", deal.owner, question="x?", within=days(1))  # bad
    case(outcome("a") == "maybe", stop())  # bad
    deal.contact_as(5)  # bad
    deal.contact_as("buyer").phnoe.is_set()  # bad
    case(deal.contacts.phone == "1", stop())  # bad
    deal.contacts.any(contact.email)  # bad
    deal.contacts.any(lambda one: one.email.is_set())  # bad
    case(deal.contacts.count == "2", stop())  # bad
    send_email("m", to=deal.contacts, subject="S", text="T")  # bad
    send_email("m", to=deal.main_contact, subject="S", text="T", cc=deal.main_contact)  # bad
    create_contact("c", name="N", role=deal.title)  # bad
    lookup("a", at="vies:/a", ask={})  # bad
    lookup("a", at="vies:/a", ask={"x": deal.owner}, gives={"x": bool})  # bad
    lookup("a", at="vies:/a", ask={}, gives={"x": list})  # bad
    lookup("a", at="vies:/a", ask={}, gives={"x": True})  # bad
    lookup("a", at="vies:/a", ask={}, gives={"x": None})  # bad
    lookup("a", at="vies:/a", ask={}, gives={"x": bool}, timeout=days(1))  # bad
    lookup("a", at="vies:/a", ask={}, gives={"x": bool}, cache=90)  # bad
    lookup("a", "vies:/a", ask={}, gives={"x": bool})  # bad
    Match(by=[(deal.reference, deal.reference)], in_=Sales)  # bad
    Match(by=[(Text(), "reference")], in_=Sales)  # bad
    Match(by=[(Text(), deal.reference)], in_=Sales, if_many="newest")  # bad
    Match(by=[(Text(), deal.reference)], in_=Sales.won)  # bad
    event_received(Match)  # bad
    Segment(in_=Sales.quoted)  # bad
    Segment(in_=Sales, where=deal.amount)  # bad
    Segment(in_=Sales, at_most="200")  # bad
    event_received(Booked, data=["folio"])  # bad
    case(Booked.seats == "3", stop())  # bad
    case(Booked.kind > "first", stop())  # bad
    case(Booked.unknown == "x", stop())  # bad
    Role(5)  # bad
    Role("closers").least_loaded(open_in=Sales.won)  # bad
    Role("closers").least_loaded(["won"])  # bad
    assign_owner("a", to=Role)  # bad
    assign_owner("a", to=[Role("closers")])  # bad
    set_task("a", text="x", due=hours(1), owner=Role("closers").busy())  # bad
    notify("a", who=[Role("closers")], text="x")  # bad
    case(deal.owner == Role("closers"), stop())  # bad
    points((deal.amount > 1, 30))  # bad
    points((30, deal.amount))  # bad
    points(30, deal.amount > 1)  # bad
    points((30, deal.amount > 1)) > "5"  # bad
    predicate("a", lambda facts: True)  # bad
    predicate("a", 5, of=[deal.amount])  # bad
    predicate("a", lambda facts: True, of=["deal.amount"])  # bad
    predicate(lambda facts: True, "a", of=[deal.amount])  # bad
    Stage("A", owner="closers")  # bad
    Stage("A", owner=deal.owner)  # bad
    Stage("A", entry=[deal.amount > 0])  # bad
    Stage("A", exit=Criteria([deal.amount], says="x"))  # bad
    Criteria([deal.amount > 0])  # bad
    Criteria([deal.amount > 0], else_="moveback", says="x")  # bad
    case(Line.qty == "2", stop())  # bad
    case(Line.sku > "a", stop())  # bad
    case(Line.unknown == 1, stop())  # bad
    case(deal.records(Line).count == "2", stop())  # bad
    case(deal.records(Line).total(Line.price) > "2", stop())  # bad
    deal.records(Line).total(Line.sku)  # bad
    deal.records(Line).least(Line.in_stock)  # bad
    deal.records(Line).any(Line.in_stock)  # bad
    deal.records(Line).sum(Line.price)  # bad
    deal.records("line")  # bad
    deal.records(DealFields)  # bad
    record_updated(Line, Line.qty)  # bad
    record_updated(Line, fields=["qty"])  # bad
    create_record("c", DealFields, qty=1)  # bad
    update_record("c", paid=True)  # bad
    case(record.qty > 1, stop())  # bad
