"""The page for the owner says whose a field is, to whom something is written, and nothing in another language."""

from __future__ import annotations

import pytest

from dealwright.compile import ir
from dealwright.compile.explain.conditions import expression
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.steps import sentence
from dealwright.compile.explain.tongue import TONGUES
from dealwright.model.calendar import Calendar, Duration
from dealwright.model.custom import FieldShape, RecordShape

LINE = RecordShape(key="line", label="Line", fields=(FieldShape(key="price", type="money", label="Price"),))
ACCOUNT = ir.Account(
    key="verde",
    name="Verde",
    calendar=Calendar(zone="UTC", spans=()),
    country="BR",
    currency="BRL",
    pipelines=(),
    automations=(),
    company_fields=(FieldShape(key="cnpj", type="text", label="CNPJ"),),
    contact_fields=(FieldShape(key="birthday", type="day", label="Birthday"),),
    records=(LINE,),
)
TEXT = ir.TextValue(value="Sure?")
TO_MAIN = "deal.main_contact"


def names(language: str) -> Names:
    return Names(ACCOUNT, TONGUES[language], {"a": 1})


@pytest.mark.parametrize(
    ("language", "path", "says"),
    [
        ("en", "deal.company.cnpj", "the field “CNPJ” of the company"),
        ("es", "deal.company.cnpj", "el campo «CNPJ» de la empresa"),
        ("pt", "deal.company.cnpj", "o campo “CNPJ” da empresa"),
        ("en", "deal.main_contact.birthday", "the field “Birthday” of the main contact"),
        ("es", "event.contact.birthday", "el campo «Birthday» de ese contacto"),
        ("pt", "deal.contact_as.payer.birthday", "o campo “Birthday” do contato que é “payer”"),
        ("en", "deal.visit", "the field “visit”"),
    ],
)
def test_it_is_said_whose_a_field_is(language, path, says):
    assert names(language).field(path) == says


def test_where_the_sentence_says_so_already_it_is_not_said_again():
    step = ir.UpdateCompanyStep(name="a", changes={"cnpj": TEXT})
    assert sentence(step, names("en")) == "Writes down at the deal's company: the field “CNPJ”: “Sure?”."


@pytest.mark.parametrize(
    ("language", "ask", "mail"),
    [
        (
            "en",
            "Asks everybody of “boss”: “Sure?”. Waits for the answer (“yes” or “no”)",
            "Sends an e-mail to the main",
        ),
        ("es", "Pregunta a todos los de «boss»: «Sure?». Espera la respuesta («sí» o «no»)", "Envía un correo al cont"),
        ("pt", "Pergunta a todos de “boss”: “Sure?”. Espera a resposta (“sim” ou “não”)", "Envia um e-mail ao cont"),
    ],
)
def test_it_is_said_to_whom_in_the_language_of_the_page(language, ask, mail):
    answers = tuple(ir.Answer(answer=each, do=()) for each in ("yes", "no"))
    boss = ir.RoleValue(role="boss", how="everybody")
    asks = ir.AskStep(name="a", who=boss, question=TEXT, answers=answers, within=Duration(amount=1, unit="days"))
    sends = ir.SendEmailStep(name="a", to=TO_MAIN, subject=TEXT, text=TEXT)
    assert sentence(asks, names(language)).startswith(ask)
    assert sentence(sends, names(language)).startswith(mail)


def test_answers_of_ones_own_stay_as_people_type_them():
    answers = (ir.Answer(answer="yes", do=()), ir.Answer(answer="later", do=()))
    asks = ir.AskStep(
        name="a", who=ir.Ref(path="deal.owner", type="user"), question=TEXT, answers=answers,
        within=Duration(amount=1, unit="days"),
    )  # fmt: skip
    assert "(«yes» o «later»)" in sentence(asks, names("es"))
    assert sentence(asks, names("es")).startswith("Pregunta al responsable")


@pytest.mark.parametrize(
    ("language", "says"), [("en", "backwards as well"), ("es", "hacia atrás"), ("pt", "para trás")]
)
def test_a_move_that_may_go_backwards_says_so(language, says):
    place = ir.StageValue(pipeline="sales", stage="met")
    back = sentence(ir.MoveDealStep(name="a", to=place, only_forward=False), names(language))
    forward = sentence(ir.MoveDealStep(name="a", to=place, only_forward=True), names(language))
    assert says in back
    assert back != forward


def test_languages_are_called_as_the_page_calls_them():
    assert [TONGUES["pt"].language(code) for code in ("pt", "es", "xx")] == ["português", "espanhol", "xx"]


def test_what_is_reckoned_of_records_stands_in_one_pair_of_parentheses():
    price = ir.Ref(path="record.price", type="money")
    twice = ir.Reckoned(left=price, sign="+", right=price)
    total = ir.Aggregate(of="total", record="line", value=twice, type="money")
    said = expression(total, names("en"))
    assert said == "the sum (the field “Price” + the field “Price”) of the deal's records “Line”"
