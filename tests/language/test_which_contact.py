"""Which contact: by role, any of them, how many there are; what is refused, with which advice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import DealFields, contact, create_contact, deal_updated, send_email, set_task, update_contact
from dealwright.errors import DefinitionError
from dealwright.language.conditions import Reference
from dealwright.language.schema import known
from dealwright.language.templates import check_template
from dealwright.model.crm import Contact, ContactRole, Deal, role_key

deal = DealFields()
MAIL = {"to": deal.contact_as("buyer"), "subject": "S", "text": "T"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("buyer", "buyer"),
        ("  Accounts  payable ", "accounts_payable"),
        ("ACCOUNTS-PAYABLE", "accounts_payable"),
        ("Médico", "médico"),
        ("Medico\u0301", "medicó"),
        ("ＢＵＹＥＲ", "buyer"),
        ("", ""),
        ("2nd buyer", ""),
        ("_x", ""),
        ("x" * 61, ""),
        ("\u202e", ""),
    ],
)
def test_a_role_is_known_however_it_is_spelled(written: str, key: str) -> None:
    assert role_key(written) == key


@given(st.text())
def test_a_role_that_has_a_key_is_known_by_it(text: str) -> None:
    key = role_key(text)
    if key and len(key) <= 60:
        assert role_key(key) == key


def test_a_role_is_a_part_of_the_path() -> None:
    step = send_email("m", **MAIL)
    assert step.to == "deal.contact_as.buyer"
    assert update_contact("u", deal.contact_as("Pay er"), phone="1").contact == "deal.contact_as.pay_er"
    copied = send_email("m", **MAIL, cc=[deal.contact_as("engineer"), deal.owner.email, "a@b.example"]).cc
    assert copied[:2] == (Reference("deal.contact_as.engineer.email", "text"), Reference("deal.owner.email", "text"))
    assert deal_updated(fields=[deal.contacts.role]).fields == ("contact_roles",)


def some(*roles: str) -> Deal:
    people = tuple(Contact(id=str(number), name=f"C{number}") for number in range(len(roles)))
    links = tuple(ContactRole(str(number), role) for number, role in enumerate(roles) if role)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Deal(
        id="1", title="T", pipeline="p", stage="s", contacts=people, contact_roles=links, created_at=now,
        updated_at=now, stage_since=now, version=1,
    )  # fmt: skip


def test_of_several_the_first_that_was_linked() -> None:
    found = some("", "Payer", "payer").contact_as("payer")
    assert found is not None
    assert found.id == "1"
    assert some("", "").contact_as("payer") is None


MISTAKES = [
    (lambda: deal.contact_as("2nd"), "'2nd' cannot be the role of a contact", 'deal.contact_as("buyer")'),
    (lambda: deal.contact_as(deal.title), "a TextField cannot be the role", "it begins with a letter"),
    (lambda: deal.contacts.phone == "1", "cannot be compared", "deal.contacts.any(contact.phone == '1')"),
    (lambda: deal.contacts.email.is_set(), "cannot be compared", "deal.contacts.any(contact.email"),
    (lambda: deal.contacts.role == "buyer", "cannot be compared", 'deal.contact_as("buyer").id.is_set()'),
    (lambda: deal.contacts.any(), "asks for nothing", "any(contact.email.is_set())"),
    (lambda: deal.contacts.any(contact.email), "contact.email is none", "write contact.email.is_set()"),
    (lambda: deal.contacts.any(lambda each: each), "takes conditions", "deal.amount > 0"),
    (lambda: send_email("m", to=contact, subject="S", text="T"), "to of 'm' cannot be contact", "deal.contact_as("),
    (lambda: send_email("m", **MAIL, cc="a@b.example"), "is a list of contacts and addresses", "deal.owner.email"),
    (lambda: send_email("m", **MAIL, cc=["nobody"]), "'nobody' is none", "deal.owner.email"),
    (lambda: send_email("m", **MAIL, cc=[deal.amount]), "is none", "deal.owner.email"),
    (lambda: send_email("m", **MAIL, cc=[contact]), "cc of 'm' cannot be contact", "deal.contact_as("),
    (lambda: send_email("m", **MAIL, cc=["a@b.example"] * 11), "lists more than 10", "forwards"),
    (lambda: create_contact("c", name="N", role="2"), "role of 'c' cannot be '2'", 'role="payer"'),
    (lambda: set_task("t", text=f"{deal.contact_as('buyer')}", due=None), "has no text", "deal.contact_as.buyer.name"),
]


@pytest.mark.parametrize(("mistake", "says", "advises"), MISTAKES)
def test_mistakes_are_told_with_advice(mistake: object, says: str, advises: str) -> None:
    with pytest.raises(DefinitionError) as found:
        mistake()  # type: ignore[operator]
    assert says in str(found.value)
    assert advises in (found.value.hint or "")


@pytest.mark.parametrize(
    ("source", "says", "advises"),
    [
        ('{{ deal.contact_as("Accounts payable").name }}', "is no fact", "deal.contact_as.accounts_payable.name"),
        ("{{ deal.contact_as.buyer.fon }}", "'deal.contact_as.buyer.fon'", "did you mean deal.contact_as.buyer.phone?"),
        ("{{ deal.contact_as.buyer.emial }}", "no fact", "did you mean deal.contact_as.buyer.email?"),
        ("{{ deal.contact_as.Buyer.name }}", "no fact", ""),
        ("{{ deal.contact_as.buyer }}", "has parts", "deal.contact_as.buyer.email"),
        ("{{ deal.contacts.email }}", "no fact", ""),
        ("{{ contact.name }}", "no fact", "contact is whom a message goes to"),
    ],
)
def test_texts_spell_it_without_a_call(source: str, says: str, advises: str) -> None:
    problem, *_ = check_template(source, known("deal_created"))
    assert says in problem.message
    assert advises in problem.hint


def test_texts_may_name_a_role_and_how_many_there_are() -> None:
    assert (
        check_template("{{ deal.contact_as.buyer.first_name or 'you' }} {{ deal.contacts.count }}", known("entered"))
        == []
    )
