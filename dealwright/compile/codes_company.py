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
            "of the first would leave it open which of the two is meant."
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
            "does not name it is the same for all of them: it is about the deal, or about its main contact only."
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
)
