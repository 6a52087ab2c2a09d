"""Values in the HTML of a message stand only where escaping keeps them."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright.language.markup import check_html
from dealwright.language.templates import render


@pytest.mark.parametrize(
    "source",
    [
        "",
        "no markup, {{ deal.title }}",
        "<p>Dear {{ contact.name or 'you' }}, 1 < 2 {{ deal.title }}</p>",
        '<a title="{{ deal.title }}" href="https://acme.example/{{ deal.id }}?n={{ deal.reference }}">x</a>',
        "<a href='mailto:{{ deal.owner.email }}'>answer</a> <a href=\"tel:{{ contact.phone }}\">call</a>",
        '<p {% if deal.company %}title="{{ deal.company }}"{% endif %}>x</p>',
        "<style>p { color: red }</style><!-- ours --><p style='color: red'>{{ deal.title }}</p>",
        "{% for tag in deal.tags %}<li>{{ tag }}</li>{% endfor %}<br/>",
    ],
)
def test_values_in_text_and_quoted_attributes_are_fine(source):
    assert check_html(source) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("<p title={{ deal.title }}>", "outside quotes"),
        ("<p {{ deal.title }}>", "outside quotes"),
        ("<{{ deal.title }} x='y'>{{ deal.title }}</p><p {{ deal.id }}>", "outside quotes"),
        ('<a href="{{ deal.reference }}">', "where href leads"),
        ('<a href=" {{ deal.reference }}">', "where href leads"),
        ('<a href="https://{{ deal.reference }}/x">', "where href leads"),
        ('<a href="https://acme.example{{ deal.reference }}">', "where href leads"),
        ('<a href="javascript:{{ deal.reference }}">', "where href leads"),
        ("<img src='{{ deal.reference }}'>", "where src leads"),
        ('<p onclick="{{ deal.title }}">', "attribute onclick"),
        ('<p style="color: {{ deal.title }}">', "attribute style"),
        ("<script>x = '{{ deal.title }}'</script>", "inside <script>"),
        ("<style>{{ deal.title }}</style>", "inside <style>"),
        ("<!-- {{ deal.title }} -->", "in an HTML comment"),
        ("<!DOCTYPE {{ deal.title }}>", "in an HTML comment"),
        ("<?php {{ deal.title }}>", "in an HTML comment"),
        ("<![if {{ deal.title }}]>", "in an HTML comment"),
        ('<p title="{{ deal.title }}', "is not closed"),
    ],
)
def test_values_elsewhere_are_refused(source, says):
    assert [problem.code for problem in check_html(source)] == ["DW301"]
    assert says in check_html(source)[0].message


class Shape(HTMLParser):
    """The markup of a page without what stands in it."""

    def __init__(self, page):
        super().__init__()
        self.shape = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag):
        self.shape.append(tag)

    def handle_comment(self, data):
        self.shape.append("comment")


PAGE = "<p title=\"{{ deal.title }}\">{{ deal.title }}</p><a href='https://acme.example/?q={{ deal.title }}'>x</a>"


@given(st.text(max_size=30) | st.text(alphabet="<>\"'=/! -&;:ax", max_size=30))
def test_no_value_changes_the_markup(title):
    """What `check` lets pass keeps its shape, whatever stands in the deal."""
    assert check_html(PAGE) == []
    page = render(PAGE, {"deal": {"title": title}}, html=True)
    assert Shape(page).shape == [("p", ["title"]), "p", ("a", ["href"]), "a"]
