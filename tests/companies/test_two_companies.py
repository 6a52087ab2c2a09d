"""Two companies as their engineers would write them: the language says all of it, and does what they mean.

They are the examples beside the design (clinic, reseller) in the language's own spelling. What changed, and why: steps
are named in ASCII; own fields of contacts stand in the class of the deal's; examples are deals and expectations that
`check` runs, not prose; a fact that no CRM has (a signature, a last activity) is left out; a message says what it does
for somebody without a name or a phone; and quote lines, which the reseller's engineer has a class for, have a rule.
"""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from nordkabel.account import Projects, QuoteLine, lead, sdr
from nordkabel.account import account as nordkabel
from sonrisa.account import Citas, closer, reception
from sonrisa.account import account as sonrisa

from dealwright import Account, Money, minutes
from dealwright.compile.check import check
from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.loader import load
from dealwright.compile.refused import refusals
from dealwright.model.crm import Money as Held
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_contact, a_deal, a_record, a_reply, compiled_account, rehearse

HERE = Path(__file__).parent
COMPANIES = ("nordkabel", "sonrisa")
MARIA = a_contact(phone="+525512345678", email="maria@example.com")
STAFF = {reception: ["Rosa"], closer: ["Luz"]}


# --- as files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("company", COMPANIES)
def test_nobody_has_anything_to_say_about_them(company: str) -> None:
    assert check(HERE / company).findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("company", COMPANIES)
def test_they_are_typed(company: str) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(HERE / company / "account.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("company", "refused"),
    [
        ("sonrisa", {"saludo", "recordatorio-24h", "visita-cerrada", "aviso-fallo", "citas.rot-plan-sent"}),
        ("nordkabel", {"quote-follow-up", "stale-quote", "projects.rot-quoted"}),
    ],
)
def test_up_refuses_what_uses_words_that_are_not_there_yet_and_runs_the_others(company: str, refused: set[str]) -> None:
    (loaded,) = load(HERE / company).companies
    (account,) = loaded.accounts
    assert {each.automation for each in refusals(loaded, account)} == refused


@pytest.mark.parametrize("account", [sonrisa, nordkabel], ids=["sonrisa", "nordkabel"])
@pytest.mark.parametrize("language", sorted(TONGUES))
def test_their_owners_can_read_them(account: Account, language: str) -> None:
    text = page(compiled_account(account), TONGUES[language])
    for automation in account.automations:
        assert automation.why in text


# --- what they do ---------------------------------------------------------------------------------------------------


def test_a_lead_of_the_clinic_who_says_yes_is_offered_what_the_agenda_has() -> None:
    told = rehearse(
        sonrisa,
        "saludo",
        a_deal(Citas.incoming, contact=MARIA, custom={"dentist": "Dra. Paz"}),
        people=STAFF,
        replies={"respuesta": a_reply(button="si", after=minutes(10))},
        given={"slots": {"first": "martes 10:00", "second": "martes 17:00"}},
        at="2026-05-12 10:00",
    )
    assert told.acts == ["owner", "hola", "slots", "opciones", "contactado"]
    assert told.messages[1].text == "Tengo martes 10:00 o martes 17:00. ¿Cuál te queda?"
    assert told.moves == ["citas.contacted"]


@pytest.mark.parametrize(
    ("reply", "acts"),
    [
        (a_reply(button="luego", after=minutes(10)), ["owner", "hola", "pausa"]),
        (a_reply("¿Cuánto cuesta?", after=minutes(10)), ["owner", "hola", "leer"]),
        (None, ["owner", "hola", "llamar-2"]),
    ],
    ids=["later", "free text", "silence"],
)
def test_whatever_else_the_lead_says_or_does_not_somebody_takes_care(reply: object, acts: list[str]) -> None:
    replies = {} if reply is None else {"respuesta": reply}
    told = rehearse(sonrisa, "saludo", a_deal(Citas.incoming, contact=MARIA), people=STAFF, replies=replies)  # type: ignore[arg-type]
    assert told.acts == acts


def test_when_the_agenda_does_not_answer_a_person_offers_by_hand() -> None:
    told = rehearse(
        sonrisa,
        "saludo",
        a_deal(Citas.incoming, contact=MARIA),
        people=STAFF,
        replies={"respuesta": a_reply(button="si", after=minutes(10))},
    )
    assert told.tasks == ["Agenda no responde: ofrecer a mano"]
    assert told.moves == []


def test_what_the_agenda_books_is_written_down() -> None:
    data = {"phone": "+525512345678", "start_at": "2026-05-20T16:30:00-06:00", "dentist": "Dra. Paz", "folio": "F-7"}
    told = rehearse(sonrisa, "cita-agendada", a_deal(Citas.contacted, contact=MARIA), data=data)
    assert told.acts == ["cita", "cierra-tareas", "a-agendada"]
    assert told.moves == ["citas.booked"]


def test_a_firm_of_which_nothing_is_known_goes_to_an_sdr_and_is_called() -> None:
    deal = a_deal(Projects.incoming, company="Kabel AG", contact=MARIA)
    told = rehearse(nordkabel, "route-inbound", deal, people={sdr: ["Sam"]})
    assert told.acts == ["score", "to-anybody", "first-call"]
    assert told.lookups == [], "there is no number to ask about"
    assert told.tasks == ["Call Maria Silva (Kabel AG)"]


def test_a_discount_above_the_limit_is_asked_about_and_cut_when_it_is_refused() -> None:
    deal = a_deal(Projects.quoted, amount=5_000, custom={"discount": Decimal(20)}, currency="EUR", company="Kabel AG")
    people = {lead: ["Heike"]}
    refused = rehearse(nordkabel, "discount-approval", deal, people=people, answers={"head": "no"})
    assert [type(each) for each in refused.requests][-1] is UpdateDeal
    assert [each.question for each in refused.questions] == ["20 % for Kabel AG (5,000.00 EUR)?"]
    allowed = rehearse(nordkabel, "discount-approval", deal, people=people, answers={"head": "yes"})
    assert allowed.notes
    small = a_deal(Projects.quoted, amount=5_000, custom={"discount": Decimal(5)}, currency="EUR")
    assert rehearse(nordkabel, "discount-approval", small, people=people).acts == []


def test_an_invoice_that_is_paid_wins_the_deal_and_begins_the_next() -> None:
    told = rehearse(nordkabel, "invoice-paid", a_deal(Projects.ordered, company="Kabel AG"), data={"po_number": "P1"})
    assert told.acts == ["won", "next"]
    assert told.moves == ["projects.won"]


def test_a_line_that_is_not_in_stock_is_asked_for_and_the_deal_is_worth_its_lines() -> None:
    cable = a_record(QuoteLine, id="1", sku="C-1", qty=100, unit_price=Money("0.80", "EUR"), in_stock=True)
    switch = a_record(QuoteLine, id="2", sku="S-24", qty=2, unit_price=Money("310", "EUR"), in_stock=False)
    deal = a_deal(Projects.scoped, company="Kabel AG", records=[cable, switch])
    told = rehearse(nordkabel, "quote-lines", deal, record=switch)
    assert told.tasks == ["Ask for the delivery time of S-24"]
    worth = told.requests[0]
    assert isinstance(worth, UpdateDeal) and worth.changes.amount == Held(Decimal("700.00"), "EUR")
    assert rehearse(nordkabel, "quote-lines", deal, record=cable).acts == ["worth"]
