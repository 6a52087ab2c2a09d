"""The company of a deal: its name, its own fields, and what else it has."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dealwright import Choice, CompanyFields, DealFields, Number, update_company, update_deal
from dealwright.errors import DefinitionError
from dealwright.language.conditions import Comparison, Presence, Reference
from dealwright.language.facts import Known, lookup, text_facts
from dealwright.language.templates import paths, render
from dealwright.model.crm import CompanyDeals, Deal, User
from dealwright.model.custom import Custom, held


class Firm(CompanyFields):
    segment = Choice("Segment", ["key account", "small"])
    employees = Number("Employees")


class B2B(DealFields):
    company: Firm = Firm()


deal = B2B()
NOW = datetime(2026, 3, 2, tzinfo=UTC)
BEN = User(id="2", name="Ben Ek", email="ben@example.com")
WHOLE = Deal(
    id="1", title="T", pipeline="p", stage="s", company="Acme & Co", created_at=NOW, updated_at=NOW, stage_since=NOW,
    version=1, company_custom=(Custom("employees", held(Decimal(12))), Custom("segment", held("small"))),
    company_deals=CompanyDeals(open=2, won=1, newest_id="7", newest_title="Chairs", newest_owner=BEN),
)  # fmt: skip
BARE = Deal(id="1", title="T", pipeline="p", stage="s", created_at=NOW, updated_at=NOW, stage_since=NOW, version=1)


def test_a_company_is_its_name_and_has_parts() -> None:
    same = deal.company == "Acme"
    assert isinstance(same, Comparison)
    assert same.field == Reference("deal.company", "text")
    assert deal.company.name._path == "deal.company.name"
    assert deal.company.newest_open_deal.owner.email._path == "deal.company.newest_open_deal.owner.email"
    assert isinstance(deal.company.is_set(), Presence)
    update_deal("u", company=deal.company.name)
    update_deal("v", company="Beta")
    with pytest.raises(DefinitionError, match="is no option"):
        assert deal.company.segment == "tiny"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("deal.company", "Acme & Co"),
        ("deal.company.name", "Acme & Co"),
        ("deal.company.segment", "small"),
        ("deal.company.employees", Decimal(12)),
        ("deal.company.open_deals", Decimal(2)),
        ("deal.company.won_deals", Decimal(1)),
        ("deal.company.newest_open_deal.id", "7"),
        ("deal.company.newest_open_deal.owner", BEN),
        ("deal.company.newest_open_deal.owner.first_name", "Ben"),
        ("event.before.company.segment", "small"),
        ("event.before.company.name", "Acme & Co"),
    ],
)
def test_what_a_path_holds(path: str, value: object) -> None:
    assert lookup(path, Known(deal=WHOLE, before=WHOLE)) == value
    assert lookup(path, Known(deal=BARE, before=BARE)) is None


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ deal.company }}", "Acme & Co"),
        ("{{ deal.company | upper }}/{{ deal.company.name }}/{{ deal.company.segment }}", "ACME & CO/Acme & Co/small"),
        ("{{ deal.company or 'nobody' }} {{ deal.company.employees }}", "Acme & Co 12"),
        ("{% if deal.company == 'Acme & Co' %}{{ deal.company.open_deals }}{% endif %}", "2"),
        ("{{ deal.company.newest_open_deal.owner.name }}, {{ deal.company.newest_open_deal.title }}", "Ben Ek, Chairs"),
    ],
)
def test_texts(source: str, text: str) -> None:
    facts = text_facts(Known(deal=WHOLE), "UTC", paths(source))
    assert render(source, facts) == text
    bare = text_facts(Known(deal=BARE), "UTC", paths(source))
    assert render("{{ deal.company }}" + source, bare) == render(source, bare)


@pytest.mark.parametrize(
    ("mistake", "says", "advises"),
    [
        (lambda: update_company("u"), "'u' changes nothing", 'segment="small"'),
        (lambda: update_company("u", name="Acme"), "cannot rename a company", "update_deal"),
        (lambda: deal.company.segmnt, "has no 'segmnt'", "did you mean segment?"),
        (lambda: deal.company.newest_open_deal.stage, "has no 'stage'", ""),
    ],
)
def test_mistakes_are_told_with_advice(mistake: object, says: str, advises: str) -> None:
    with pytest.raises(DefinitionError, match=says) as found:
        mistake()  # type: ignore[operator]
    assert advises in (found.value.hint or "")


def test_html_escapes_the_name() -> None:
    source = "<b>{{ deal.company }}</b>{{ deal.company.name }}"
    assert (
        render(source, text_facts(Known(deal=WHOLE), "UTC", paths(source)), html=True)
        == "<b>Acme &amp; Co</b>Acme &amp; Co"
    )


def test_all_facts_can_be_asked_for_at_once() -> None:
    company = text_facts(Known(deal=WHOLE), "UTC")["deal"]["company"]  # type: ignore[index]
    assert str(company) == "Acme & Co"
    assert company["newest_open_deal"]["owner"] == {"name": "Ben Ek", "first_name": "Ben", "email": "ben@example.com"}
