"""What a request asks for, on one line of a history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dealwright.cli.timeline import asked
from dealwright.model.crm import Money, User
from dealwright.model.custom import Custom, held
from dealwright.model.requests import (
    ContactChanges,
    CreateRecord,
    DealChanges,
    RemoveRecord,
    Request,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)

OWN = (
    Custom("deposit", held(Money(Decimal("450.00"), "EUR"))),
    Custom("due_on", held(date(2026, 12, 1))),
    Custom("paid", held(True)),
    Custom("hygienist", held(User(id="7", name="Ana Vogel"))),
    Custom("extras", held(("x-ray", "whitening"))),
    Custom("note", None),
)
SAID = "deposit = 450.00 EUR, due_on = 1 Dec 2026, paid = yes, hygienist = Ana Vogel, extras = x-ray, whitening"
NOTHING = "note = nothing"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (UpdateDeal(deal_id="1", changes=DealChanges(custom=OWN[:5])), SAID),
        (UpdateDeal(deal_id="1", changes=DealChanges(custom=OWN[5:])), NOTHING),
        (
            UpdateDeal(
                deal_id="1", changes=DealChanges(amount=Money(Decimal(5), "EUR"), tags=("a", "b"), company=None)
            ),
            "amount = 5 EUR, company = nothing, tags = a, b",
        ),
        (UpdateContact(contact_id="1", deal_id="1", changes=ContactChanges(phone="1")), "phone = 1"),
        (UpdateCompany(deal_id="1", custom=OWN[:1]), "deposit = 450.00 EUR"),
        (
            CreateRecord(deal_id="1", record="instalment", custom=OWN[1:3]),
            "instalment: due_on = 1 Dec 2026, paid = yes",
        ),
        (CreateRecord(deal_id="1", record="instalment"), "instalment"),
        (UpdateRecord(deal_id="1", record_id="2", custom=OWN[5:]), NOTHING),
        (RemoveRecord(deal_id="1", record_id="2"), "record 2"),
    ],
)
def test_what_is_written_stands_there_as_people_read_it(request_: Request, words: str) -> None:
    """A company's own fields were told as the values that the program holds: `Custom(key=..., value=MoneyHeld(...`."""
    assert asked(request_, ZoneInfo("UTC"))[:99] == words[:99]
