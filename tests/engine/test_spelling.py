"""Amounts, numbers and days as the language of a text writes them, and as ever where it is in none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import (
    Account,
    Automation,
    Choice,
    ContactFields,
    Day,
    DealFields,
    EmailText,
    Flag,
    Incoming,
    Lost,
    Moment,
    Number,
    Pipeline,
    Template,
    Won,
    add_note,
    deal_created,
    every_event,
    send_email,
    send_message,
)
from dealwright.compile.digest import behaviour_digest
from dealwright.engine.spelling import spelling_of
from dealwright.language.shown import PLAIN, shown
from dealwright.model.crm import Money
from dealwright.testing import a_contact, a_deal, compiled_account, rehearse

AMOUNT, DAY = Money(Decimal("1234567.50"), "EUR"), date(2026, 3, 4)


@pytest.mark.parametrize(
    ("language", "country", "money", "day", "local"),
    [
        ("", "MX", "1,234,567.50 EUR", "4 Mar 2026", "1,234,567.50 EUR"),
        ("en", "US", "1,234,567.50 EUR", "Mar 4, 2026", "\u20ac1,234,567.50"),
        ("en", "DE", "1.234.567,50 EUR", "4 Mar 2026", "1.234.567,50\xa0\u20ac"),
        ("es", "ES", "1.234.567,50 EUR", "4 mar 2026", "1.234.567,50\xa0\u20ac"),
        ("es", "MX", "1,234,567.50 EUR", "4 mar 2026", "EUR1,234,567.50"),
        ("es", "DE", "1.234.567,50 EUR", "4 mar 2026", "1.234.567,50\xa0\u20ac"),
        ("pt-BR", "US", "1.234.567,50 EUR", "4 de mar. de 2026", "\u20ac\xa01.234.567,50"),
        ("de", "DE", "1.234.567,50 EUR", "04.03.2026", "1.234.567,50\xa0\u20ac"),
        ("fr", "FR", "1\xa0234\xa0567,50 EUR", "4 mars 2026", "1\xa0234\xa0567,50\xa0\u20ac"),
        ("hi", "IN", "12,34,567.50 EUR", "4 \u092e\u093e\u0930\u094d\u091a 2026", "\u20ac12,34,567.50"),
        ("xx", "DE", "1,234,567.50 EUR", "4 Mar 2026", "1,234,567.50 EUR"),
        ("nonsense!", "DE", "1,234,567.50 EUR", "4 Mar 2026", "1,234,567.50 EUR"),
    ],
)
def test_each_language_writes_as_its_people_do(language, country, money, day, local):
    spelling = spelling_of(language, country)
    here = ZoneInfo("UTC")
    assert (shown(AMOUNT, here, spelling), shown(DAY, here, spelling), spelling.money(AMOUNT)) == (money, day, local)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**16), max_value=10**16, places=10),
    st.sampled_from(["en", "es", "pt", "de", "fr", "it", "hi", "ar", "ja", "sv"]),
    st.sampled_from(["US", "MX", "ES", "BR", "DE", "IN"]),
)
def test_no_digit_is_lost(value, language, country):
    digits = [each for each in spelling_of(language, country).number(value) if each.isdigit()]
    assert [int(each) for each in digits] == [int(each) for each in PLAIN.number(value) if each.isdigit()]


# --- in rules ---------------------------------------------------------------------------------------------------------


class Person(ContactFields):
    language = Choice("Language", ["en", "es", "pt-BR", "hi"])


class Own(DealFields):
    contact: Person = Person()
    seats, due_on, visit = Number("Seats"), Day("Due on"), Moment("Visit")
    paid, asked = Flag("Paid"), Flag("Asked")


deal = Own()
TEXT = (
    "{{ deal.amount }} {{ deal.amount | money }} {{ deal.seats }} {{ deal.due_on }} {{ deal.visit }}"
    " {{ deal.visit | date }} {{ deal.visit | time }} {% if deal.amount %}yes{% endif %}"
)
SHORT = "{{ deal.amount }} {{ deal.amount | money }}"
BY_LANGUAGE = {"en": TEXT, "es": TEXT}
NONE = "1,234.50 USD 1,234.50 USD 1,000.25 4 Mar 2026 4 Mar 2026, 15:00 4 Mar 2026 15:00 yes"
ES = "1.234,50 USD 1.234,50\xa0US$ 1.000,25 4 mar 2026 4 mar 2026, 15:00 4 mar 2026 15:00 yes"
EN = "1.234,50 USD 1.234,50\xa0US$ 1.000,25 4 Mar 2026 4 Mar 2026, 15:00 4 Mar 2026 15:00 yes"


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won()
    lost = Lost()


def told(*steps, speaks="es"):
    rule = Automation(key="rule", on=deal_created(), again=every_event(), do=list(steps))
    account = Account(
        "acme",
        zone="UTC",
        country="DE",
        currency="USD",
        pipelines=[Sales],
        automations=[rule],
        languages=["en", "es"],
        deal_fields=Own,
    )
    contact = a_contact(email="eva@example.com", custom={"language": speaks})
    seen = {"seats": Decimal("1000.25"), "due_on": DAY, "visit": datetime(2026, 3, 4, 15, 0, tzinfo=UTC)}
    made = a_deal(Sales.incoming, contact=contact, custom=seen)
    made = msgspec.structs.replace(made, amount=Money(Decimal("1234.50"), "USD"))
    return rehearse(account, "rule", made)


@pytest.mark.parametrize(("speaks", "text"), [("es", ES), ("en", EN)])
def test_messages_and_mails_are_written_as_their_language_writes(speaks, text):
    message = Template("offer", body=BY_LANGUAGE)
    mail = EmailText(BY_LANGUAGE, BY_LANGUAGE, html=dict.fromkeys(BY_LANGUAGE, f"<p>{TEXT}</p>"))
    made = told(
        send_message("m", via="crm", template=message, to=deal.main_contact),
        send_email("e", to=deal.main_contact, template=mail),
        speaks=speaks,
    )
    assert [each.text for each in made.messages] == [text]
    (sent,) = [each for each in made.requests if each.kind == "send_email"]
    # A subject is one line with single spaces.
    assert (sent.subject, sent.text, sent.html) == (" ".join(text.split()), text, f"<p>{text}</p>")


def test_what_is_in_no_language_stays_as_it_was():
    made = told(
        send_message("m", via="crm", template=Template("offer", body=TEXT), to=deal.main_contact),
        send_email("e", to=deal.main_contact, template=EmailText(TEXT, TEXT)),
        send_email("f", to=deal.main_contact, subject=TEXT, text=TEXT),
        add_note("n", text=TEXT),
    )
    assert ([each.text for each in made.messages], made.notes) == ([NONE], [NONE])
    assert [(each.subject, each.text) for each in made.requests if each.kind == "send_email"] == [(NONE, NONE)] * 2


FLAGS = (
    "{{ deal.paid }} {{ deal.asked | upper }} {% if deal.paid and not deal.asked %}so{% endif %}"
    "{% if deal.asked %}wrong{% endif %}"
)


@pytest.mark.parametrize(("language", "says"), [("es", "sí NO so"), ("pt-BR", "sim NÃO so"), ("hi", "yes NO so")])
def test_flags_are_written_in_the_language_of_the_text_and_asked_as_ever(language, says):
    """They were yes and no in every language."""
    body = {language: FLAGS}
    rule = Automation(
        key="rule",
        on=deal_created(),
        again=every_event(),
        do=[
            send_email("e", to=deal.main_contact, template=EmailText(body, body)),
            add_note("n", text=FLAGS),
        ],
    )
    account = Account(
        "acme",
        zone="UTC",
        country="DE",
        currency="EUR",
        pipelines=[Sales],
        automations=[rule],
        languages=[language],
        deal_fields=Own,
    )
    contact = a_contact(email="eva@example.com")
    made = rehearse(account, "rule", a_deal(Sales.incoming, contact=contact, custom={"paid": True, "asked": False}))
    assert [each.text for each in made.requests] == [says, "yes NO so"]


def test_a_mail_that_knows_one_language_is_written_in_it():
    rule = Automation(
        key="rule",
        on=deal_created(),
        again=every_event(),
        do=[send_email("e", to=deal.main_contact, template=EmailText({"es": SHORT}, {"es": SHORT}))],
    )
    account = Account(
        "acme", zone="UTC", country="ES", currency="EUR", pipelines=[Sales], automations=[rule], languages=["es"]
    )
    made = a_deal(Sales.incoming, contact=a_contact(email="eva@example.com"), amount=AMOUNT)
    (sent,) = rehearse(account, "rule", made).requests
    assert sent.text == "1.234.567,50 EUR 1.234.567,50\xa0\u20ac"


def test_mails_in_no_language_have_the_digest_that_they_had():
    """`in_language` came after releases were recorded."""
    rule = Automation(
        key="rule",
        on=deal_created(),
        again=every_event(),
        do=[send_email("e", to=deal.main_contact, subject="Offer", text="Dear {{ contact.name or 'you' }}")],
    )
    account = compiled_account(
        Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule])
    )
    kept = "035a72e25734a6b80696797073a67d563e9f1ddd0939fc16189e28682184df41"
    assert behaviour_digest(account.automations[0]) == kept
