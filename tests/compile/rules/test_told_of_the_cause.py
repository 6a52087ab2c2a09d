"""What is told names the cause, and where it lies: a newcomer was sent to the wrong line, or to the wrong word."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import FIRST, snippet

from dealwright import Money
from dealwright.compile.findings import Finding
from dealwright.errors import DefinitionError
from dealwright.language.schema import ALWAYS
from dealwright.language.templates import check_template

FACTS = {**ALWAYS, "deal.records.part.*.worth": "money", "deal.records.part.count": "number"}


def problems(source: str) -> list[tuple[str, str, str]]:
    """Return what is wrong with a text: the code, the message, and the hint."""
    return [(each.code, each.message, each.hint) for each in check_template(source, FACTS)]  # type: ignore[arg-type]


def told(folder: Path, text: str, code: str) -> list[Finding]:
    """Return the findings of one code."""
    return [each for each in snippet(folder, text) if each.code == code]


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        (
            "{% for one in deal.records.parts %}{{ one.worth | money }}{% endfor %}",
            "there is no fact 'deal.records.parts' here",
            "did you mean deal.records.part?",
        ),
        (
            "{% for line in deal.records.part %}{{ lime.worth | money }}{% endfor %}",
            "there is no fact 'lime.worth' here",
            "did you mean line?",
        ),
        (
            "{% for one in deal.records.part %}{{ one.wort | money }}{% endfor %}",
            "one of deal.records.part has no field 'wort'",
            "did you mean worth?",
        ),
    ],
)
def test_a_name_that_there_is_not_is_the_cause_and_not_its_filter(source: str, message: str, hint: str) -> None:
    assert problems(source) == [("DW302", message, hint)]


def test_a_filter_of_another_kind_of_fact_is_told_still() -> None:
    assert [code for code, _, _ in problems("{{ deal.title | money }}")] == ["DW301"]


def test_an_if_that_nothing_closes_is_told_where_it_opens() -> None:
    source = "Hello\n{% if deal.amount %}a{% endif %}\n{% if deal.title %}\nb\n\nc"
    (problem,) = check_template(source, ALWAYS)
    assert (problem.line, problem.message) == (3, "the text cannot be read: {% if %} of its line 3 is not closed")
    (problem,) = check_template("{% if deal.title %}{% for tag in deal.tags %}{{ tag }}{% endif %}", ALWAYS)
    assert problem.code == "DW300"


@pytest.mark.parametrize(("typed", "meant"), [("ERU", "EUR"), ("UDS", "USD"), ("GPB", "GBP"), ("BRR", "BRL")])
def test_two_letters_of_a_currency_that_are_exchanged_are_told_first(typed: str, meant: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Money(5, typed)
    assert caught.value.hint == f"did you mean {meant}?"


def test_a_part_of_a_contact_that_there_is_not_is_told_once(tmp_path: Path) -> None:
    text = (
        'rule = Automation(key="rule", on=entered(Sales.met), do=[\n'
        '    set_task("call", text="Call {{ deal.main_contact.nme }}", due=hours(1))])\n'
    )
    found = snippet(tmp_path, text)
    assert [(each.code, each.hint) for each in found] == [("DW302", "did you mean deal.main_contact.name?")]


def test_two_roles_of_one_name_are_told_where_both_are_defined(tmp_path: Path) -> None:
    text = (
        'one = Role("recepción")\ntwo = Role("Recepcion")\n'
        'rule = Automation(key="rule", on=entered(Sales.met), do=[\n'
        '    assign_owner("a", to=one), assign_owner("b", to=two)])\n'
    )
    (found,) = told(tmp_path, text, "DW250")
    assert found.line == FIRST + 1
    assert f"'Recepcion' and 'recepción' (rules.py:{FIRST})" in found.message


def contacts(*roles: str) -> str:
    """Return an automation that names these roles of contacts."""
    asked = ", ".join(f'deal.contact_as("{role}").email.is_set()' for role in roles)
    return (
        f'rule = Automation(key="rule", on=entered(Sales.met), when=[{asked}], do=[\n    add_note("n", text="Seen")])\n'
    )


def test_of_two_roles_named_equally_often_none_is_called_the_slip(tmp_path: Path) -> None:
    (found,) = told(tmp_path, contacts("pagadora", "pagador"), "DW251")
    assert found.hint == "write one name in both places: one of them is a slip"
    (found,) = told(tmp_path / "two", contacts("pagadora", "pagador", "pagador"), "DW251")
    assert found.hint == 'did you mean deal.contact_as("pagador")?'


def systems(*more: str) -> str:
    """Return two automations that await events from two systems of nearly one name, and what one does."""
    do = ", ".join(('add_note("n", text="Seen")', *more))
    return (
        'one = Automation(key="one", on=event_received("a", from_="taler"), do=[add_note("n", text="Seen")])\n'
        f'two = Automation(key="two", on=event_received("b", from_="taller"), do=[{do}])\n'
    )


def test_the_system_that_is_also_written_to_is_the_one_that_is_meant(tmp_path: Path) -> None:
    (found,) = told(tmp_path, systems('send_event("order", to="taller")'), "DW253")
    assert (found.line, found.hint) == (FIRST, 'did you mean from_="taller"?')
    (found,) = told(tmp_path / "two", systems(), "DW253")
    assert found.hint == "write one name in both places: one is a slip"
    assert f"from 'taler' at rules.py:{FIRST}" in found.message


def test_a_comparison_without_parentheses_is_told_so(tmp_path: Path) -> None:
    text = (
        'large = setting("large", int, default=5)\n'
        'rule = Automation(key="rule", on=entered(Sales.met), when=[deal.amount >= large & deal.tags.has("x")],\n'
        '    do=[add_note("n", text="Seen")])\n'
    )
    (found,) = told(tmp_path, text, "DW910")
    assert found.hint == "put each comparison in parentheses: (a > b) & (c == d)"
