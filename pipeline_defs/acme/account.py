"""Acme, the reference company: where it works, and what is on."""

from __future__ import annotations

from dealwright import Account

from .pipelines import NewBusiness, Renewals
from .rules import automations

acme = Account(
    "acme",
    name="Acme Tools",
    zone="America/New_York",
    country="US",
    currency="USD",
    working_hours="Mon-Fri 09:00-18:00, Sat 10:00-14:00",
    pipelines=[NewBusiness, Renewals],
    automations=automations,
)
