"""Codes of what definitions say of a deal's contacts, of companies, and of records under a deal."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

CODES: Final = (
    Code(
        code="DW240",
        title="deal.contacts.any() stands inside of another one",
        reason=(
            "Inside of `deal.contacts.any(...)`, `contact` is the one contact that is looked at. A second one inside "
            "of the first would leave it open which of the two is meant. So it is with `deal.records(...)`."
        ),
        bad="""
nobody = Automation(
    key="nobody-to-call",
    on=deal_created(in_=Sales),
    when=[deal.contacts.any(deal.contacts.any(contact.email.is_set()))],
    do=[set_task("find", text="Find a number for {{ deal.title }}", due=hours(4))],
)
""",
        good="""
nobody = Automation(
    key="nobody-to-call",
    on=deal_created(in_=Sales),
    when=[deal.contacts.any(contact.email.is_set())],
    do=[set_task("find", text="Find a number for {{ deal.title }}", due=hours(4))],
)
""",
    ),
    Code(
        code="DW241",
        title="deal.contacts.any() asks nothing of the contact",
        reason=(
            "Inside of `deal.contacts.any(...)`, `contact` is the one contact that is looked at. A condition that "
            "does not name it is the same for all of them: it is about the deal, or about its main contact only. So it "
            "is with what is asked or reckoned of `deal.records(Instalment)`: it names a field of `Instalment`."
        ),
        bad="""
nobody = Automation(
    key="somebody-to-write-to",
    on=deal_created(in_=Sales),
    when=[deal.contacts.any(deal.main_contact.email.is_set())],
    do=[set_task("write", text="Write to the customer of {{ deal.title }}", due=hours(4))],
)
""",
        good="""
nobody = Automation(
    key="somebody-to-write-to",
    on=deal_created(in_=Sales),
    when=[deal.contacts.any(contact.email.is_set())],
    do=[set_task("write", text="Write to the customer of {{ deal.title }}", due=hours(4))],
)
""",
    ),
    Code(
        code="DW411",
        title="once per record, of a trigger that is about none",
        reason=(
            "once(per=record) acts once for each record under a deal: it counts the one that set the automation off. "
            "A trigger that is about the deal has none to count."
        ),
        bad="""
class Instalment(Record):
    paid = Flag("Paid")


thank = Automation(
    key="thank",
    on=deal_updated(fields=[deal.amount]),
    when=[deal.records(Instalment).any(Instalment.paid.is_true())],
    again=once(per=record),
    do=[set_task("thank", text="Thank them for paying {{ deal.title }}", due=hours(4))],
)
""",
        good="""
class Instalment(Record):
    paid = Flag("Paid")


thank = Automation(
    key="thank",
    on=record_updated(Instalment, fields=[Instalment.paid]),
    when=[Instalment.paid.is_true()],
    again=once(per=record),
    do=[set_task("thank", text="Thank them for paying {{ deal.title }}", due=hours(4))],
)
""",
    ),
)
