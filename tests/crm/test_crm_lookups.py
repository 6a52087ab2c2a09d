"""Deals are found by their own fields, by what every deal has, and by phones and addresses of their contacts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from test_crm_custom_fields import FIELDS, update

from dealwright.model.requests import Sent
from dealwright.ports import MOST_FOUND, DealKey
from dealwright_embedded_crm import EmbeddedCrm, migrations


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


def test_a_value_that_thousands_have_is_not_read_whole(crm: EmbeddedCrm) -> None:
    joe = crm.create_contact(name="Joe", phone="2125550123")
    ids = [new(crm, contacts=[joe.id], company="Acme") for _ in range(MOST_FOUND + 5)]
    phone, company = DealKey("contacts.phone", "+12125550123"), DealKey("company", "Acme")
    newest = ids[::-1][: MOST_FOUND + 1]
    assert found(crm, phone, company) == {phone: newest, company: newest}


def test_what_was_there_before_the_index_is_found(crm: EmbeddedCrm) -> None:
    crm.shape([], fields=FIELDS, apply=True)
    joe = crm.create_contact(name="Joe", phone="(212) 555-0123", email="Joe@X.com")
    deal = new(crm, contacts=[joe.id])
    assert update(crm, "1", deal, dentist="Dr. No", discount=Decimal(120)) == Sent(receipt={"changed": True})
    with crm._database.write() as connection:
        kept = connection.execute(text("select kind, value, thing_id from lookups order by kind, value")).all()
        connection.execute(text("drop table lookups"))
        connection.execute(text("update alembic_version set version_num = '0006'"))
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        again = connection.execute(text("select kind, value, thing_id from lookups order by kind, value")).all()
    assert again == kept
    assert len(kept) == 4
