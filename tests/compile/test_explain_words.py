"""The page for the owner, word by word: what two words become where one is filled in, and verbs that agree."""

from __future__ import annotations

import pytest

from dealwright.compile import ir
from dealwright.compile.explain.conditions import condition
from dealwright.compile.explain.names import Names
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
