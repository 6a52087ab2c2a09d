"""Deals are found by their own fields, by what every deal has, and by phones and addresses of their contacts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from crm_world import made_by, opened
from sqlalchemy import text
from test_crm_custom_fields import FIELDS, update

from dealwright.model.requests import Sent
from dealwright.ports import MOST_FOUND, DealKey
from dealwright_embedded_crm import EmbeddedCrm


def found(crm: EmbeddedCrm, *keys: DealKey, country: str = "US") -> dict[DealKey, list[str]]:
    deals = asyncio.run(crm.deals_by_key(keys, country=country))
    return {key: [deal.id for deal in several] for key, several in deals.items()}


def new(crm: EmbeddedCrm, title: str = "Chairs", contacts: Sequence[str] = (), **more: object) -> str:
    return crm.create_deal(pipeline="sales", stage="incoming", title=title, contacts=tuple(contacts), **more).id  # type: ignore[arg-type]


def test_by_phone_in_whatever_format_and_by_address(crm: EmbeddedCrm) -> None:
    joe = crm.create_contact(name="Joe", phone="(212) 555-0123 ext. 9", email="Joe@X.com")
    other = crm.create_contact(name="Jim", phone="+1 646 555 0123")  # the same last digits
    deals = [new(crm, contacts=[joe.id]), new(crm, contacts=[other.id, joe.id]), new(crm, contacts=[other.id])]
    phone, email = DealKey("contacts.phone", "+12125550123"), DealKey("contacts.email", "joe@x.com")
    assert found(crm, phone, email) == {phone: deals[1::-1], email: deals[1::-1]}
    assert found(crm, phone, country="DE") == {}  # there it is another number
    assert asyncio.run(crm.contacts_by_key([phone, email], country="US")) == {phone: [joe.id], email: [joe.id]}
    crm.update_contact(joe.id, phone="+49 30 1234567", email=None)
    assert found(crm, phone, email) == {}
    moved = DealKey("contacts.phone", "+49301234567")
    assert found(crm, moved) == {moved: deals[1::-1]}
    crm.merge_contacts(other.id, joe.id)
    assert found(crm, moved) == {}  # the kept one has a phone of its own
    kept = DealKey("contacts.phone", "+16465550123")
    assert found(crm, kept) == {kept: deals[::-1]}


@pytest.mark.parametrize(
    "phone",
    [
        "tel:+1-212-555-0123",
        "Tel. 212 555 0123",
        "Mobile: +1 212 555 0123",
        "212 555 0123 #45",
        "212 555 0123,45",
        "２１２ ５５５ ０１２３",
        "212-KKK-0123",
    ],
)
def test_by_a_phone_with_words_or_an_extension(crm: EmbeddedCrm, phone: str) -> None:
    """What stood before the number, or behind a comma, was taken for it: a second contact and deal were made."""
    deal = new(crm, contacts=[crm.create_contact(name="Joe", phone=phone).id])
    key = DealKey("contacts.phone", "+12125550123")
    assert found(crm, key) == {key: [deal]}


def test_open_deals_come_before_those_that_are_closed(crm: EmbeddedCrm) -> None:
    crm.add_user("Ana Vogel")
    crm.shape([], fields=FIELDS, apply=True)
    joe = crm.create_contact(name="Joe", phone="2125550123")
    ids = [new(crm, contacts=[joe.id], company="Acme", reference=None) for _ in range(3)]
    for number, id_ in enumerate(ids):
        update(crm, str(number), id_, dentist="Dr. No")
    crm.move_deal(ids[2], "sales", "won")
    keys = [DealKey("contacts.phone", "+12125550123"), DealKey("company", "Acme"), DealKey("dentist", "Dr. No")]
    assert found(crm, *keys) == {key: [ids[1], ids[0], ids[2]] for key in keys}


def test_by_own_fields_and_by_those_of_every_deal(crm: EmbeddedCrm) -> None:
    crm.shape([], fields=FIELDS, apply=True)
    first, second = new(crm, reference="R-1", company="Acme"), new(crm, "Tables", company="Acme")
    assert update(crm, "1", first, dentist="Dr. No", discount=Decimal(12)) == Sent(receipt={"changed": True})
    assert update(crm, "2", second, dentist="Dr. No") == Sent(receipt={"changed": True})
    keys = [DealKey("dentist", "Dr. No"), DealKey("discount", "12"), DealKey("reference", "R-1")]
    keys += [DealKey("title", "Tables"), DealKey("company", "Acme"), DealKey("dentist", "Nobody")]
    both = [second, first]
    assert found(crm, *keys) == dict(zip(keys, [both, [first], [first], [second], both], strict=False))
    assert update(crm, "3", first, dentist=None, discount=None) == Sent(receipt={"changed": True})
    crm.delete_deal(second)
    assert found(crm, *keys[:2]) == {}


def test_what_is_gone_is_in_no_index(crm: EmbeddedCrm) -> None:
    crm.shape([], fields=FIELDS, apply=True)
    joe = crm.create_contact(name="Joe", phone="2125550123", email="joe@x.com")
    deal = new(crm)
    assert update(crm, "1", deal, dentist="Dr. No") == Sent(receipt={"changed": True})
    crm.delete_contact(joe.id)
    crm.delete_deal(deal)
    with crm._database.read() as connection:
        assert connection.execute(text("select count(*) from lookups")).scalar_one() == 0


@pytest.mark.slow
def test_a_value_that_thousands_have_is_not_read_whole(crm: EmbeddedCrm) -> None:
    joe = crm.create_contact(name="Joe", phone="2125550123")
    ids = [new(crm, contacts=[joe.id], company="Acme") for _ in range(MOST_FOUND + 5)]
    phone, company = DealKey("contacts.phone", "+12125550123"), DealKey("company", "Acme")
    newest = ids[::-1][: MOST_FOUND + 1]
    assert found(crm, phone, company) == {phone: newest, company: newest}


def test_long_values_that_begin_alike_do_not_hide_one_another(crm: EmbeddedCrm) -> None:
    """Only the newest fifty that began alike were looked at: an older deal was not found, and made a second time."""
    crm.shape([], fields=FIELDS, apply=True)
    begins = "https://example.com/quotes?" + "x" * 80
    ids = [new(crm) for _ in range(MOST_FOUND + 5)]
    for number, id_ in enumerate(ids):
        update(crm, str(number), id_, dentist=f"{begins}{number}")
    first, none = DealKey("dentist", f"{begins}0"), DealKey("dentist", f"{begins}no")
    assert found(crm, first, none) == {first: [ids[0]]}
    update(crm, "away", ids[0], dentist=None)
    assert found(crm, first) == {}


@pytest.mark.slow
def test_long_values_of_before_are_found_whole(empty_url: str) -> None:
    long = "Dr. No " * 20
    index = "insert into lookups (kind, value, thing_id) values"
    rows = [*V0006_ROWS[3:], f"{index} ('own.dentist', '{long[:80]}', 7)", f"{index} ('own.discount', '120', 7)"]
    made_by("0012", empty_url, rows, custom=V0006_CUSTOM.replace("Dr. No", long))
    crm = opened(empty_url)
    crm.shape([], fields=FIELDS, apply=True)
    keys = [DealKey("dentist", long), DealKey("discount", "120")]
    assert found(crm, *keys) == {key: ["7"] for key in keys}
    update(crm, "1", "7", dentist=None, discount=None)
    with crm._database.read() as connection:
        assert connection.execute(text("select count(*) from lookups")).scalar_one() == 0
    crm.close()


@pytest.mark.slow
def test_what_was_there_before_the_index_is_found(empty_url: str) -> None:
    made_by("0006", empty_url, V0006_ROWS, custom=V0006_CUSTOM)
    crm = opened(empty_url)  # brings it up
    phone, email = DealKey("contacts.phone", "+12125550123"), DealKey("contacts.email", "joe@x.com")
    own = [DealKey("dentist", "Dr. No"), DealKey("discount", "120")]
    assert found(crm, phone, email, *own) == {key: ["7"] for key in (phone, email, *own)}
    with crm._database.write() as connection:
        kept = connection.execute(text("select kind, value, thing_id from lookups order by kind, value")).all()
    assert len(kept) == 4
    # As the code of today keeps it: what is changed back and forth leaves no row of the migration's behind.
    for phone_number, discount in (("1", Decimal(1)), ("(212) 555-0123", Decimal(120))):
        crm.update_contact("3", phone=phone_number)
        assert update(crm, phone_number, "7", discount=discount) == Sent(receipt={"changed": True})
    with crm._database.read() as connection:
        again = connection.execute(text("select kind, value, thing_id from lookups order by kind, value")).all()
    crm.close()
    assert again == kept


_AT = "'2026-03-02T09:00:00.000000+00:00'"
V0006_CUSTOM = (
    '[{"key":"dentist","value":{"is":"text","value":"Dr. No"}},'
    '{"key":"discount","value":{"is":"number","value":"120"}},'
    '{"key":"insured","value":{"is":"flag","value":true}}]'
)
V0006_ROWS = (
    "insert into fields values ('deal', 'dentist', '', 'text', '[]', false, '[]', 0, true)",
    "insert into fields values ('deal', 'discount', '', 'number', '[]', false, '[]', 1, true)",
    "insert into fields values ('deal', 'insured', '', 'flag', '[]', false, '[]', 2, true)",
    "insert into contacts (id, name, phone, email, created_at, updated_at)"
    f" values (3, 'Joe', '(212) 555-0123', 'Joe@X.com', {_AT}, {_AT})",
    "insert into pipelines (key, name, position) values ('sales', 'Sales', 0)",
    "insert into stages (pipeline, key, name, kind, reasons, position)"
    " values ('sales', 'incoming', 'Incoming', 'incoming', '[]', 0)",
    "insert into deals (id, title, pipeline, stage, tags, created_at, updated_at, stage_since, version, custom)"
    f" values (7, 'Chairs', 'sales', 'incoming', '[]', {_AT}, {_AT}, {_AT}, 1, :custom)",
    "insert into deal_contacts (deal_id, contact_id, position) values (7, 3, 0)",
)
