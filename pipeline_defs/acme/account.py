"""Acme, the reference company: where it works, and what is on.

One file for each subject, with a list of its automations. What is in no list is off, and `dealwright check` says so.
"""

from __future__ import annotations

from dealwright import Account

from .care import automations as care
from .closing import automations as closing
from .credit import automations as credit
from .discounts import automations as discounts
from .inquiries import automations as inquiries
from .instalments import automations as instalments
from .invoices import automations as invoices
from .pipelines import NewBusiness, Renewals
from .quotes import automations as quotes

acme = Account(
    "acme",
    name="Acme Tools",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-18:00, Sat 10:00-14:00",
    languages=["en", "es"],
    pipelines=[NewBusiness, Renewals],
    automations=[*inquiries, *quotes, *discounts, *credit, *invoices, *instalments, *closing, *care],
)
