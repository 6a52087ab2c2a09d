"""Codes of what definitions mean together: keys, places, facts, texts, messages."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW201",
        title="two definitions have one key",
        reason=(
            "A key is the name under which the journal keeps what was done. Two with one key could not be told apart."
        ),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)


visit = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Visit {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)


visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Visit {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW202",
        title="a pipeline or stage is not one of the account's",
        reason=(
            "An account is made of the pipelines it lists; a rule for another one would never run, or write to a "
            "place that is not there."
        ),
        bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


move = Automation(
    key="move",
    on=deal_created(in_=Sales.quoted),
    do=[move_deal("over", to=Repairs.inspected)],
)


acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[move])
repairs = Account("repairs", zone="UTC", country="US", pipelines=[Repairs])
""",
        good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage("Inspected the machine", task=Task("Send the estimate", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


move = Automation(
    key="move",
    on=deal_created(in_=Sales.quoted),
    do=[move_deal("over", to=Repairs.inspected)],
)


acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales, Repairs], automations=[move])
""",
    ),
    Code(
        code="DW203",
        title="a condition or a value names a fact that is not known there",
        reason=(
            "What a rule may ask depends on its trigger: a deal that was just created has no before, and only "
            "some events have a contact."
        ),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[event.before.amount > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=[event.before.amount > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW204",
        title="two keys become one name when they are compiled",
        reason=(
            "Each automation becomes one flow in Prefect, whose name has no hyphens: two keys that differ in "
            "nothing else would become one."
        ),
        bad="""
call = Automation(
    key="a-b",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)


visit = Automation(
    key="sales-stage-tasks",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW205",
        title="a plain amount has no currency",
        reason=("A plain number is in the account's currency. In an account without one, 1,000 is worth anything."),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)


acme = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[call])
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)


acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[call])
""",
    ),
    Code(
        code="DW206",
        title="the reason for a lost deal is left out, or is not one of the stage's",
        reason=("Reasons are counted. One that the stage does not list would be a column of its own in every report."),
        bad="""
lose = Automation(
    key="lose",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=[deal.amount < 10],
    do=[move_deal("drop", to=Sales.lost, reason="Prize")],
)
""",
        good="""
lose = Automation(
    key="lose",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    when=[deal.amount < 10],
    do=[move_deal("drop", to=Sales.lost, reason="Price")],
)
""",
    ),
    Code(
        code="DW207",
        title="a setting is defined twice",
        reason=(
            "A setting has one value for the account, whatever asks for it. Two definitions with one key may have two "
            "defaults and two bounds, and nobody could say which counts."
        ),
        bad="""
most = setting("large-deal", Money, default=Money(10_000, "USD"))
also = setting("large-deal", Money, default=Money(20_000, "USD"))

visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[(deal.amount > most) | (deal.amount > also)],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
        good="""
most = setting("large-deal", Money, default=Money(10_000, "USD"))

visit = Automation(
    key="visit",
    on=deal_created(in_=Sales),
    when=[deal.amount > most],
    do=[set_task("visit", text="Visit {{ deal.title }}", due=hours(4))],
)
""",
    ),
    Code(
        code="DW300",
        title="a text cannot be read",
        reason="A brace that is not closed would end the automation when the first deal comes.",
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW301",
        title="a text does what texts may not",
        reason=(
            "A text names facts, or-else values and filters. It calls nothing, computes nothing and reaches no Python."
        ),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title.upper() }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title | upper }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW302",
        title="a text names a fact that is not there",
        reason="A typo in a fact would be found by the first customer who reads the text.",
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.titel }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW303",
        title="a text is too long",
        reason="A text of more than 64 kB is no text that anybody reads, and no channel takes it.",
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call. " * 20_000, due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW401",
        title="a message without again=",
        reason=(
            "Whoever writes to customers says how often. No guess is safe: every event may be ten messages a day, "
            "once for ever may be too few."
        ),
        bad="""
hello = Automation(
    key="hello",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    do=[
        send_email(
            "hello",
            to=deal.main_contact,
            subject="Your inquiry",
            text="Hello {{ contact.first_name or 'there' }}, we will call you today.",
        ),
    ],
)
""",
        good="""
hello = Automation(
    key="hello",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=person, within=days(30)),
    do=[
        send_email(
            "hello",
            to=deal.main_contact,
            subject="Your inquiry",
            text="Hello {{ contact.first_name or 'there' }}, we will call you today.",
        ),
    ],
)
""",
    ),
    Code(
        code="DW402",
        title="a message to another contact than the one that is counted",
        reason=(
            "once(per=person) counts the deal's main contact. A message to the contact of the event would be "
            "counted on somebody else."
        ),
        bad="""
hello = Automation(
    key="hello",
    on=contact_added(in_=Sales),
    when=[event.contact.email.is_set()],
    again=once(per=person),
    do=[
        send_email(
            "hello",
            to=event.contact,
            subject="Your inquiry",
            text="Hello {{ contact.first_name or 'there' }}, we will call you today.",
        ),
    ],
)
""",
        good="""
hello = Automation(
    key="hello",
    on=contact_added(in_=Sales),
    when=[event.contact.email.is_set()],
    again=once(per=deal),
    do=[
        send_email(
            "hello",
            to=event.contact,
            subject="Your inquiry",
            text="Hello {{ contact.first_name or 'there' }}, we will call you today.",
        ),
    ],
)
""",
    ),
    Code(
        code="DW403",
        title="once per value, of a trigger that names no value",
        reason=(
            "once(per=value) acts once for each value of the trigger's fields, or of the data of its event. A trigger "
            "that answers any change names none."
        ),
        bad="""
worth = Automation(
    key="worth",
    on=deal_updated(in_=Sales),
    again=once(per=value),
    do=[set_task("look", text="{{ deal.title }} is worth {{ deal.amount }} now", due=hours(4))],
)
""",
        good="""
worth = Automation(
    key="worth",
    on=deal_updated(fields=[deal.amount], in_=Sales),
    again=once(per=value),
    do=[set_task("look", text="{{ deal.title }} is worth {{ deal.amount }} now", due=hours(4))],
)
""",
    ),
)
"""What lowering finds: an account with one of these is not compiled."""
