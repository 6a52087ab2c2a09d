"""The page for the owner, word by word: what two words become where one is filled in, and verbs that agree."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from dealwright.compile import ir
from dealwright.compile.explain.conditions import condition
from dealwright.compile.explain.names import Names
from dealwright.compile.explain.page import page
from dealwright.compile.explain.steps import expression
from dealwright.compile.explain.tongue import TONGUES
from dealwright.model.calendar import Calendar, Duration
from dealwright.model.custom import FieldShape

ACCOUNT = ir.Account(
    key="acme",
    name="Acme",
    calendar=Calendar(zone="UTC", spans=()),
    country="BR",
    currency="BRL",
    pipelines=(),
    automations=(),
    deal_fields=(FieldShape(key="extras", type="choices", options=("wax",), label="Extras"),),
)
CLOSE = ir.Ref(path="deal.close_date", type="day")


@pytest.mark.parametrize(
    ("language", "key", "given", "says"),
    [
        ("pt", "is.shift", {"length": "90 dias", "start": "a data"}, "90 dias depois da data"),
        ("pt", "is.shift", {"length": "90 dias", "start": "o momento"}, "90 dias depois do momento"),
        ("pt", "on.entered", {"stages": "as etapas"}, "um negócio entra nas etapas"),
        ("pt", "outside.found", {"name": "X", "places": "o funil", "ways": "o número"}, "no funil, pelo número;"),
        ("pt", "outside.named", {"name": "o banco"}, "Do banco o outro sistema"),
        ("pt", "receipt.choice", {"step": "“a”"}, "a resposta ao passo “a”"),
        ("pt", "is.shift", {"length": "1 dia", "start": "“o fim”"}, "depois de “o fim”"),
        ("pt", "is.shift", {"length": "1 dia", "start": "outro dia"}, "depois de outro dia"),
        ("es", "is.role.everybody", {"role": "el equipo"}, "del equipo"),
        ("es", "is.role.everybody", {"role": "la mesa"}, "de la mesa"),
        ("en", "is.shift", {"length": "a day", "start": "the day"}, "a day after the day"),
    ],
)
def test_two_words_become_one_where_the_language_has_one_for_them(language, key, given, says):
    assert says in TONGUES[language].say(key, **given)


def test_a_day_that_is_reckoned_of_another_one_is_told_as_people_say_it():
    """It was: 90 dias depois de a data prevista de fechamento."""
    later = ir.Shift(of=CLOSE, by=Duration(amount=90, unit="days"))
    said = expression(later, Names(ACCOUNT, TONGUES["pt"]))
    assert said == "90 dias depois da data prevista de fechamento"


@pytest.mark.parametrize(
    ("language", "tags", "extras"),
    [
        ("en", "the tags include “wax”", "the field “Extras” does not include “wax”"),
        ("es", "las etiquetas incluyen «wax»", "el campo «Extras» no incluye «wax»"),
        ("pt", "as etiquetas incluem “wax”", "o campo “Extras” não inclui “wax”"),
    ],
)
def test_a_verb_agrees_with_what_has_it(language, tags, extras):
    names = Names(ACCOUNT, TONGUES[language])
    of_tags = ir.Has(field=ir.Ref(path="deal.tags", type="tags"), values=("wax",))
    of_extras = ir.Has(field=ir.Ref(path="deal.extras", type="choices"), values=("wax",))
    assert condition(of_tags, names) == tags
    assert condition(of_extras, names, holds=False) == extras


LARGE = ir.Setting(
    key="large-deal",
    kind="money",
    default=ir.MoneyValue(amount=Decimal(10_000), currency="MXN"),
    least=Decimal(0),
    most=Decimal("99999.5"),
    editable_by="head of sales",
)
TONE = ir.Setting(key="tone", kind="text", default=ir.TextValue(value="soft"), options=("firm", "soft"))


@pytest.mark.parametrize(
    ("language", "country", "large", "tone"),
    [
        (
            "es",
            "MX",
            "«large-deal»: 10,000 MXN; como mínimo 0 MXN; como máximo 99,999.5 MXN; decide head of sales",
            "«tone»: «soft»; uno de «firm» o «soft»",
        ),
        (
            "es",
            "ES",
            "«large-deal»: 10.000 MXN; como mínimo 0 MXN; como máximo 99.999,5 MXN; decide head of sales",
            "«tone»: «soft»; uno de «firm» o «soft»",
        ),
        (
            "pt",
            "BR",
            "“large-deal”: 10.000 MXN; no mínimo 0 MXN; no máximo 99.999,5 MXN; quem decide: head of sales",
            "“tone”: “soft”; um de “firm” ou “soft”",
        ),
        (
            "en",
            "MX",
            "“large-deal”: 10,000 MXN; at least 0 MXN; at most 99,999.5 MXN; head of sales decides",
            "“tone”: “soft”; one of “firm” or “soft”",
        ),
    ],
)
def test_settings_are_told_with_numbers_as_the_country_writes_them(language, country, large, tone):
    account = msgspec.structs.replace(ACCOUNT, country=country, settings=(LARGE, TONE))
    text = page(account, TONGUES[language])
    assert f"- {large}.\n- {tone}.\n" in text


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "the sum of the points (5 if the tags include “wax”) is at least 3"),
        ("es", "la suma de los puntos (5 si las etiquetas incluyen «wax») es como mínimo 3"),
        ("pt", "a soma dos pontos (5 se as etiquetas incluem “wax”) é no mínimo 3"),
    ],
)
def test_points_are_compared_in_one_grammar(language, says):
    """It was: os pontos (...) é no mínimo 3."""
    tags = ir.Has(field=ir.Ref(path="deal.tags", type="tags"), values=("wax",))
    sum_ = ir.Points(of=(ir.Point(points=Decimal(5), when=tags),))
    scored = ir.Scored(score=sum_, op=">=", value=ir.NumberValue(value=Decimal(3)))
    assert condition(scored, Names(ACCOUNT, TONGUES[language])) == says
