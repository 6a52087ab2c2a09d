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
)
