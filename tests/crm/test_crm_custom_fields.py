"""Custom fields of deals: kept with their types, told by the feed, refused if they cannot be kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from crm_world import call, drain, perform

from dealwright.model.custom import Custom, FieldShape, FieldShapes, held
from dealwright.model.events import DealUpdated
from dealwright.model.requests import DealChanges, Refused, Sent, UpdateDeal
from dealwright_embedded_crm import EmbeddedCrm

VALUES = {
    "appointment_at": datetime(2026, 12, 1, 15, 30, tzinfo=UTC),
    "dentist": "Dr. Ñandú",
    "discount": Decimal("12.50"),
    "due_on": date(2026, 12, 24),
    "insured": False,
}

FIELDS = FieldShapes(
    deal=(
        FieldShape(key="appointment_at", type="moment"),
        FieldShape(key="dentist", type="text"),
        FieldShape(key="discount", type="number"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="insured", type="flag"),
    )
)


def update(crm: EmbeddedCrm, key: str, deal: str, **custom: object) -> object:
    changes = tuple(Custom(name, None if value is None else held(value)) for name, value in custom.items())  # type: ignore[arg-type]
    return perform(crm, call(key, UpdateDeal(deal_id=deal, changes=DealChanges(custom=changes))))[0]


def test_they_come_back_as_they_were_and_the_feed_names_what_changed(crm: EmbeddedCrm) -> None:
    crm.shape([], fields=FIELDS, apply=True)
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="A crown")
    drain(crm)
    assert update(crm, "1", deal.id, **VALUES) == Sent(receipt={"changed": True})
    kept = crm.deal(deal.id)
    assert kept is not None
    assert kept.custom == tuple(Custom(name, held(value)) for name, value in VALUES.items())  # type: ignore[arg-type]
    assert update(crm, "2", deal.id, insured=False) == Sent(receipt={"changed": False})
    assert update(crm, "3", deal.id, insured=True, dentist=None) == Sent(receipt={"changed": True})
    told = [event for event in drain(crm) if isinstance(event, DealUpdated)]
    assert [set(event.changed) for event in told] == [set(VALUES), {"insured", "dentist"}]
    assert update(crm, "4", deal.id, **dict.fromkeys(VALUES)) == Sent(receipt={"changed": True})
    cleared = crm.deal(deal.id)
    assert cleared is not None
    assert not cleared.custom


def test_what_cannot_be_kept_is_refused_with_words(crm: EmbeddedCrm) -> None:
    crm.shape([], fields=FIELDS, apply=True)
    deal = crm.create_deal(pipeline="sales", stage="incoming", title="A crown")
    refused = update(crm, "1", deal.id, dentist="x" * 2_000)
    assert isinstance(refused, Refused)
    assert "dentist" in refused.message
    assert update(crm, "2", deal.id, dentist=" \n ") == Sent(receipt={"changed": False})
