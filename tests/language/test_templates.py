"""Texts: what they may say, what they may not, and what hostile values do to them (nothing)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright.language import schema
from dealwright.language.templates import MAX_OUTPUT, TemplateError, check_template, is_template, render

FACTS = {
    "deal": {
        "title": "Pumps",
        "amount": "1,200.00 USD",
        "company": None,
        "tags": ("vip", "fair"),
        "created_at": "14 Mar 2026, 15:04",
        "close_date": "1 Apr 2026",
        "main_contact": {"name": "Ana Pérez", "first_name": None},
    },
    "steps": {"next_deal": {"deal_id": "77"}, "go": {"moved": True}},
    "account": {"name": "Acme"},
}
KNOWN = schema.known("deal_created", {"next-deal": "create_deal", "go": "move_deal", "passed-by": "set_task"})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Call {{ deal.main_contact.name }}", "Call Ana Pérez"),
        ("Hi {{ deal.main_contact.first_name or 'there' }}", "Hi there"),
        ("[{{ deal.company }}]", "[]"),
        ("{{ deal.amount }} for {{ deal.title | upper }}", "1,200.00 USD for PUMPS"),
        ("{% if deal.company %}yes{% else %}no{% endif %}", "no"),
        ("{% if deal.title == 'Pumps' and not deal.company %}yes{% endif %}", "yes"),
        ("{% for tag in deal.tags %}{{ tag | title }}{% if not loop.last %}, {% endif %}{% endfor %}", "Vip, Fair"),
        ("{{ deal.tags }}", "vip, fair"),
        ("{{ deal.created_at | date }} at {{ deal.created_at | time }}", "14 Mar 2026 at 15:04"),
        ("{{ deal.close_date | date }}", "1 Apr 2026"),
        ("{{ deal.title | truncate(3) }}", "Pu…"),
        ("{{ deal.title | replace('Pump', 'Valve') }}", "Valves"),
        ("{{ steps.next_deal.deal_id }}", "77"),
        ("{{ steps.go.moved }}", "yes"),
        ("{{ steps.passed_by.task_id or 'none' }}", "none"),
        ("{{ deal.title if deal.company else 'nobody' }}", "nobody"),
        ("{# a note #}a\n{{ account.name }}\n", "a\nAcme\n"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_a_text_is_filled_in(source, text):
    assert check_template(source, KNOWN) == []
    assert render(source, FACTS) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 300000000 }}",
        "{{ ''.__class__ }}",
        "{{ deal.__class__ }}",
        "{{ deal.title.__class__.__mro__ }}",
        "{{ deal['title'] }}",
        "{{ deal.title() }}",
        "{{ deal.title.upper() }}",
        "{{ range(10) }}",
        "{{ 1 + 1 }}",
        "{{ deal.title ~ deal.title }}",
        "{{ -1 }}",
        "{{ 1.5 }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ (1, 2) }}",
        "{{ deal.title is defined }}",
        "{{ deal.title | attr('x') }}",
        "{{ deal.title | map('x') }}",
        "{{ deal.title | replace('a', deal.title) }}",
        "{{ deal.title | truncate('x') }}",
        "{{ deal.title | truncate(length=5) }}",
        "{{ deal.title if deal.company }}",
        "{{ 'a' in deal.title }}",
        "{{ deal.amount < 5 }}",
        "{% set x = 1 %}",
        "{% set x %}a{% endset %}",
        "{% macro m() %}{% endmacro %}",
        "{% call m() %}{% endcall %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}a{% endfilter %}",
        "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% autoescape true %}{% endautoescape %}",
        "{% do deal.title %}",
        "{% for x in range(10) %}{% endfor %}",
        "{% for x in 'abc' %}{% endfor %}",
        "{% for x in deal.tags recursive %}{% endfor %}",
        "{% for x in deal.tags if x %}{% endfor %}",
        "{% for x, y in deal.tags %}{% endfor %}",
        "{% for x in deal.tags %}{% for y in deal.tags %}a{% endfor %}{% endfor %}",
        "{% for x in deal.tags %}{{ loop.cycle }}{% endfor %}",
        "{% for x in deal.tags %}{{ x.y }}{% endfor %}",
        "{% for x in deal.title %}{% endfor %}",
        "{{ steps.next-deal.deal_id }}",
        "{{ unclosed",
        "{% if deal.title %}",
        "{{ deal.titel }}",
        "{{ deal }}",
        "{{ deal.owner }}",
        "{{ deal.main_contact }}",
        "{{ steps.later.deal_id }}",
        "{{ steps.next_deal.task_id }}",
        "{{ event.contact.name }}",
        "{{ self }}",
        "{{ loop.index }}",
        "{{ deal.title | date }}",
        "{{ deal.close_date | time }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if deal.title %}" * 200 + "{% endif %}" * 200,
        "{{ " + "9" * 5000 + " }}",
        "{{ deal.title" + " | upper" * 3000 + " }}",
        "x" * 20_000,
    ],
)
def test_a_text_that_does_more_is_refused_before_anything_runs(source):
    problems = check_template(source, KNOWN)
    assert problems
    assert all(problem.code in ("DW300", "DW301", "DW302", "DW303") and problem.message for problem in problems)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("{{ deal.titel }}", "did you mean deal.title?"),
        (
            "{{ steps.next-deal.deal_id }}",
            "a step's name is spelled with underscores in texts: steps.next_deal.deal_id",
        ),
        ("{{ deal.title | uper }}", "did you mean upper?"),
        ("{{ deal.pipeline }}", "say deal.pipeline.name"),
    ],
)
def test_a_refused_text_says_what_to_write(source, hint):
    assert [problem.hint for problem in check_template(source, KNOWN)] == [hint]


def test_the_contact_of_an_event_is_known_to_its_triggers_only():
    assert check_template("{{ event.contact.name }}", schema.known("contact_added")) == []
    assert check_template("{{ event.contact.name }}", schema.known("entered"))


@pytest.mark.parametrize(
    "source", ["{{ 'a' * 300000000 }}", "{{ ''.__class__ }}", "{{ deal['title'] }}", "{{ open('x') }}"]
)
def test_render_refuses_what_the_check_would_have_refused(source):
    with pytest.raises(TemplateError):
        render(source, FACTS)


@pytest.mark.parametrize(
    "source", ["{{ deal.nothing }}", "{{ nothing }}", "{{ nothing or 'x' }}", "{{ deal.nothing.more }}"]
)
def test_render_never_prints_what_is_not_there(source):
    with pytest.raises(TemplateError, match="not there"):
        render(source, FACTS)


def test_render_reads_mappings_only():
    class Model:
        def __init__(self) -> None:
            self.title = "secret"

        def delete(self) -> str:
            raise AssertionError("reached")

    for source in ("{{ deal.title }}", "{{ deal.delete }}", "{{ deal.__dict__ }}"):
        with pytest.raises(TemplateError):
            render(source, {"deal": Model()})


def test_values_are_data_and_are_never_rendered_again():
    hostile = "{{ 7 }} {% for %} =1+1 <script> [b]x[/b] *y* %s {0}"
    assert render("{{ deal.title }}", {"deal": {"title": hostile}}) == hostile


def test_control_characters_and_line_breaks_of_a_value_become_a_space():
    value = "a\r\nBcc: x\x1b[31mred\x00\u202egnp\u2028b\tc\u200dd"
    text = render("1\n{{ deal.title }}\n2", {"deal": {"title": value}})
    assert text == "1\na Bcc: x [31mred gnp b c\u200dd\n2"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ deal.title }}", "x" * 1_000_000),
        ("{{ deal.title }}{{ deal.title }}", "ü" * 20_000),
        ("{{ deal.title | replace('x', '" + "y" * 1000 + "') }}", "x" * 10_000),
        ("{{ deal.title" + " | replace('x', 'xxxxxxxx')" * 10 + " }}", "x"),
        ("{% for tag in deal.tags %}" + "z" * 5000 + "{% endfor %}", "x"),
    ],
)
def test_a_text_never_grows_beyond_its_limit(source, value):
    with pytest.raises(TemplateError, match="64 kB"):
        render(source, {"deal": {"title": value, "tags": ("a",) * 10_000}})


@given(st.text(max_size=200))
def test_any_title_goes_through_as_one_line_of_itself(title):
    text = render("[{{ deal.title }}]", {"deal": {"title": title}})
    assert len(text.splitlines()) == 1
    assert len(text.encode("utf-8", "replace")) <= MAX_OUTPUT


@given(st.text(alphabet="{}%#|. \"'()[]_adeiltxforns0+-*~=", max_size=60))
def test_any_source_is_rendered_or_refused(source):
    if check_template(source, KNOWN):
        return
    render(source, FACTS | {"deal": {**FACTS["deal"], "id": "1"}})


def test_is_template_sees_every_mark():
    assert is_template("{{ a }}")
    assert is_template("{% if a %}")
    assert is_template("{# a #}")
    assert not is_template("100 % {a}")


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ deal.amount.or_(0) }}", "the text calls something", "in a text write {{ deal.amount or 'none' }}"),
        ("{{ deal.title | money }}", "the filter 'money' works on an amount, not on deal.title", ""),
        ("{{ deal.amount | date }}", "the filter 'date' works on a moment or a day, not on deal.amount", ""),
    ],
)
def test_what_amounts_and_days_are_asked_for_in_a_text_is_told(source, message, hint):
    (problem,) = check_template(source, schema.ALWAYS)
    assert message in problem.message
    assert problem.hint == hint
