"""What users and we test with: rehearsals of definitions, fakes that behave, not mocks that agree. In the wheel."""

from __future__ import annotations

from dealwright.language.example_replies import a_reply
from dealwright.model.crm import CompanyDeals
from dealwright.testing.made_up import (
    MONDAY,
    a_contact,
    a_deal,
    a_record,
    a_task,
    an_activity,
    changed,
    created,
    moved,
)
from dealwright.testing.rehearsal import Told, compiled_account, rehearse

__all__ = [
    "MONDAY",
    "CompanyDeals",
    "Told",
    "a_contact",
    "a_deal",
    "a_record",
    "a_reply",
    "a_task",
    "an_activity",
    "changed",
    "compiled_account",
    "created",
    "moved",
    "rehearse",
]
