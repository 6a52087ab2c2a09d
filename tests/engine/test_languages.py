"""In which language a contact is written to: told by its phone, in the account's order."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET

from dealwright import (
    Account,
    Automation,
    Button,
    DealFields,
    EmailText,
    Incoming,
    Pipeline,
    Template,
    Won,
    every_event,
    hours,
    replied,
    send_email,
    send_message,
    wait_until,
)
from dealwright import deal_created as created
from dealwright.compile import ir
from dealwright.compile.carried import carried
from dealwright.compile.lower import lower
from dealwright.engine.languages import chosen
from dealwright.language.wait_steps import WaitUntil
from dealwright.model.crm import Contact
from dealwright.model.custom import Custom, held, merged
from dealwright.testing import Told, a_contact, a_deal, rehearse

deal = DealFields()


class Sales(Pipeline, key="sales"):
    """A short pipeline."""

    incoming = Incoming()
    won = Won("Won")


HELLO = Template(
    "hello",
    body={"en": "Hi", "es": "Hola", "pt-BR": "Olá"},
    buttons=[Button("later", {"pt-BR": "Depois", "es": "Luego", "en": "Later"}), Button("ok", "OK")],
)
QUOTE = EmailText({"en": "Your quote", "es": "Su cotización", "pt": "Sua cotação"}, "{{ deal.title }}")
GREET = Automation(
    key="greet",
    on=created(),
    again=every_event(),
    do=[
        send_message("hi", via="crm", template=HELLO, to=deal.main_contact),
        send_email("quote", template=QUOTE, to=deal.main_contact),
    ],
)


def company(*languages: str, country: str = "MX") -> Account:
    return Account(
        "acme", zone="UTC", country=country, pipelines=[Sales], automations=[GREET], languages=list(languages)
    )


def told(phone: str | None, *languages: str, country: str = "MX") -> Told:
    contact = a_contact(phone=phone, email="maria@example.com")
    return rehearse(company(*languages, country=country), "greet", a_deal(Sales.incoming, contact=contact))


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("+52 55 1234 5678", "Hola"),
        ("55 1234 5678", "Hola"),
        ("+55 11 91234-5678", "Olá"),
        ("+1 212 555 0142", "Hi"),
        ("+81 3 1234 5678", "Hi"),
        ("no phone at all", "Hi"),
        (None, "Hi"),
    ],
)
def test_a_contact_is_written_to_in_the_language_of_its_phones_country(phone: str | None, said: str) -> None:
    found = told(phone, "en", "es", "pt-BR")
    assert [(message.text, message.language) for message in found.messages] == [
        (said, {"Hola": "es", "Olá": "pt-BR", "Hi": "en"}[said])
    ]
    on_first = {"Hola": "Luego", "Olá": "Depois", "Hi": "Later"}[said]
    assert [(each.id, each.text) for each in found.messages[0].buttons] == [("later", on_first), ("ok", "OK")]
    assert found.emails[0].subject == {"Hola": "Su cotización", "Olá": "Sua cotação", "Hi": "Your quote"}[said]
    assert found.emails[0].text == "Forty chairs"


@pytest.mark.parametrize(
    ("phone", "wanted"),
    [
        ("+44 1481 960194", "en-GB"),
        ("+44 7624 123456", "en-GB"),
        ("+590 590 27 20 00", "fr"),
        ("+34 612 345 678", "es"),
    ],
)
def test_who_lives_in_a_part_of_a_country_is_written_to_as_there(phone: str, wanted: str) -> None:
    """Guernsey was no country in which anything is spoken."""
    texts = [ir.Body(language=each, text=ir.TextValue(value=each)) for each in ("es", "en-GB", "fr")]
    spain = Account("acme", zone="UTC", country="ES", pipelines=[Sales], languages=["es", "en-GB", "fr"])
    account, _ = lower(spain, Path())
    assert account is not None
    assert chosen(texts, account, Contact(id="1", phone=phone)).language == wanted


def test_where_several_are_spoken_the_accounts_order_decides() -> None:
    swiss = Contact(id="1", phone="+41 44 668 18 00")
    texts = [ir.Body(language=each, text=ir.TextValue(value=each)) for each in ("fr", "de")]
    for first, second in (("fr", "de"), ("de", "fr")):
        switzerland = Account("acme", zone="UTC", country="CH", pipelines=[Sales], languages=[first, second])
        account, _ = lower(switzerland, Path())
        assert account is not None
        assert chosen(texts, account, swiss).language == first


def test_an_answer_to_an_email_is_waited_for_in_vain_so_it_is_left_out() -> None:
    by_mail = Automation(
        key="wait",
        on=created(),
        again=every_event(),
        do=[*GREET.do, *_waiting("quote")],
    )
    ours = Automation(key="ours", on=created(), again=every_event(), do=[*GREET.do, *_waiting("hi")])
    account, findings = lower(
        Account(
            "a",
            zone="UTC",
            country="MX",
            pipelines=[Sales],
            automations=[by_mail, ours],
            languages=["en", "es", "pt"],
        ),
        Path(),
    )
    assert account is not None, findings
    actions = {"send_message", "send_email"}
    kept, left = carried(account, actions=actions)
    assert [each.key for each in kept.automations if each.origin == "authored"] == ["ours"]
    assert [str(each) for each in left] == [
        "wait: no connector tells of answers to e-mails, and it waits for one to 'quote'"
    ]
    _, elsewhere = carried(account, actions={"send_email"}, untold={"replied", "message_received"})
    assert "ours: the CRM never tells replied" in [str(each) for each in elsewhere]
    _, silent = carried(account, actions={"send_email"})
    assert "ours: the CRM does not carry out send_message" in [str(each) for each in silent]


def _waiting(to: str) -> list[WaitUntil]:
    return [wait_until("answer", replied(to=to), timeout=hours(1))]


@pytest.mark.parametrize(
    ("says", "said"), [("es", "es"), ("pt_BR", "pt-BR"), ("EN", "en"), ("klingon", "pt-BR"), ("", "pt-BR")]
)
def test_what_the_contacts_own_field_says_counts_more_than_its_phone(says: str, said: str) -> None:
    custom = merged(UNSET, [Custom("language", held(says))])
    brazilian = Contact(id="1", phone="+55 11 91234-5678", custom=custom)
    account, _ = lower(company("en", "es", "pt-BR"), Path())
    assert account is not None
    (step, _) = account.automations[0].do
    assert isinstance(step, ir.SendMessageStep)
    assert chosen(step.message.bodies, account, brazilian).language == said
