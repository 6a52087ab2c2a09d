"""Facts: every path of the schema has a value of its type, and a text; what is missing is unset."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest

from dealwright.compile import ir
from dealwright.language import schema
from dealwright.language.facts import lookup, text_facts
from dealwright.language.templates import check_template, render
from dealwright.model.crm import Contact, Deal, Money, PipelineShape, StageShape, User

SALES = PipelineShape(key="sales", name="Sales", stages=(StageShape(key="met", name="Met them", kind="open"),))
FULL = Deal(
    id="7",
    title="Pumps",
    pipeline="sales",
    stage="met",
    owner=User(id="u1", name="Ana Maria Pérez", email="ana@example.com"),
    amount=Money(Decimal("1234.50"), "USD"),
    close_date=date(2026, 3, 14),
    reference="INV-7",
    tags=("vip", "fair"),
    company="Acme",
    contacts=(Contact(id="c1", name="Bo Li", first_name="Bo", last_name="Li", phone="+1 555", email="bo@example.com"),),
    lost_reason="Price",
    created_at=datetime(2026, 3, 1, 15, 4, tzinfo=UTC),
    updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    stage_since=datetime(2026, 3, 2, 0, 30, tzinfo=UTC),
    version=3,
)
BARE = Deal(
    id="8",
    title="",
    pipeline="gone",
    stage="gone",
    contacts=(),
    created_at=FULL.created_at,
    updated_at=FULL.updated_at,
    stage_since=FULL.stage_since,
    version=1,
)
STEPS = {"next-deal": {"deal_id": "77"}, "go": {"moved": True, "from_stage": "met"}, "tell": {"status": 204}}
KINDS = {"next-deal": "create_deal", "go": "move_deal", "tell": "send_event"}

TYPES = {
    "text": str,
    "id": str,
    "number": Decimal,
    "money": Money,
    "day": date,
    "moment": datetime,
    "tags": tuple,
    "stage": tuple,
    "pipeline": str,
    "user": User,
    "flag": bool,
}


def look(path: str, deal: Deal = FULL) -> object:
    return lookup(
        path,
        deal=deal,
        contact=FULL.contacts[0],
        before=FULL,
        steps=STEPS,
        pipelines=(SALES,),
        account_key="acme",
        account_name="Acme Tools",
    )


EVERY = {**schema.known("contact_added", KINDS)}
LEFT_OUT = {"steps.go.to_stage"}


def test_the_language_and_the_ir_name_the_same_types():
    assert get_args(schema.FieldType) == get_args(ir.FieldType)


@pytest.mark.parametrize("path", sorted(EVERY))
def test_every_path_holds_a_value_of_its_type(path):
    value = look(path)
    if path in LEFT_OUT:
        assert value is None
    else:
        assert isinstance(value, TYPES[EVERY[path]])


def test_values_are_those_of_the_model():
    assert look("deal.stage") == ("sales", "met")
    assert look("deal.stage.name") == "Met them"
    assert look("deal.owner.first_name") == "Ana"
    assert look("steps.tell.status") == Decimal(204)
    assert look("steps.go.moved") is True
    assert look("event.before.amount") == Money(Decimal("1234.50"), "USD")


def test_what_is_missing_is_unset_and_empty_tags_are_not():
    for path, kind in schema.ALWAYS.items():
        if path.startswith("deal.") and path not in (
            "deal.id",
            "deal.pipeline",
            "deal.stage",
            "deal.created_at",
            "deal.stage_since",
        ):
            assert look(path, BARE) == (() if kind == "tags" else None), path
    assert lookup("event.contact.name", deal=BARE) is None
    assert lookup("event.before.stage", deal=BARE) is None
    assert lookup("steps.never.deal_id", deal=BARE) is None


@pytest.mark.parametrize(
    "path", ["deal.titel", "deal.main_contact", "deal", "event.contact", "account.secret", "os.environ"]
)
def test_a_path_that_the_schema_does_not_have_is_an_error(path):
    with pytest.raises(KeyError):
        look(path)


def test_a_contact_without_a_name_is_called_by_its_parts():
    contact = Contact(id="c", first_name="Bo", last_name="Li")
    assert lookup("event.contact.name", deal=BARE, contact=contact) == "Bo Li"
    assert lookup("event.contact.name", deal=BARE, contact=Contact(id="c", first_name=" ")) is None


def texts(deal: Deal) -> dict[str, object]:
    return text_facts(
        deal=deal,
        zone="America/New_York",
        contact=None,
        before=FULL,
        steps=STEPS,
        pipelines=(SALES,),
        account_key="acme",
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ deal.amount }}", "1,234.50 USD"),
        ("{{ deal.close_date }}", "14 Mar 2026"),
        ("{{ deal.created_at }}", "1 Mar 2026, 10:04"),
        ("{{ deal.stage_since | date }}", "1 Mar 2026"),
        ("{{ deal.stage.name }} of {{ deal.pipeline.name }}", "Met them of Sales"),
        ("{{ deal.owner.first_name }} {{ deal.owner.email }}", "Ana ana@example.com"),
        ("{{ deal.tags }}", "vip, fair"),
        ("{{ deal.main_contact.phone }}", "+1 555"),
        ("{{ steps.next_deal.deal_id }} {{ steps.tell.status }} {{ steps.go.moved }}", "77 204 yes"),
        ("{{ event.before.stage.name }}{{ event.contact.name }}", "Met them"),
        ("{{ account.key }}", "acme"),
    ],
)
def test_texts_show_facts_as_people_read_them(source, text):
    assert check_template(source, EVERY) == []
    assert render(source, texts(FULL)) == text


def test_every_path_of_the_schema_can_stand_in_a_text():
    for path in EVERY:
        source = f"{{{{ {path.replace('-', '_')} }}}}"
        if check_template(source, EVERY):
            assert schema.is_group(path, EVERY)
        else:
            render(source, texts(FULL))
            render(source, texts(BARE))


def test_text_facts_are_plain():
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(held) for key, held in value.items())
        if type(value) is tuple:
            return all(type(item) is str for item in value)
        return value is None or type(value) in (str, bool)

    assert plain(texts(FULL))
    assert plain(texts(BARE))
