"""Slips that were told in words that misled: each is told with what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from records_world import QuoteLine, Sales, deal, lines

from dealwright import (
    Automation,
    DealFields,
    Flag,
    Money,
    Number,
    Role,
    Stage,
    Task,
    add_note,
    assign_owner,
    create_deal,
    days,
    deal_created,
    entered,
    lookup,
    setting,
    update_deal,
)
from dealwright.compile.check import check
from dealwright.errors import DefinitionError

LARGE = setting("large", Money, default=Money(200, "EUR"))
RECIPE = lookup("recipe", at="pharmacy:/recipes", ask={"id": deal.id}, gives={"valid": str, "left": int})


class Own(DealFields):
    seats = Number("Seats")
    vip = Flag("VIP")


SLIPS: list[tuple[Callable[[], object], str, str]] = [
    (
        lambda: lookup("r", at="a:/b", ask={}, gives={"valid": float}),  # type: ignore[dict-item]
        "'valid' of 'r' cannot be float",
        "write Decimal, for any number; bool, str, int, Decimal or date",
    ),
    (lambda: RECIPE.valid.is_true(), "is a text, and only a flag has is_true()", 'compare it with a text: == "Berlin"'),
    (lambda: RECIPE["left"].is_false(), "is a number, and only a flag", "compare it with a number"),
    (lambda: Own().seats > LARGE, "is a number and settings.large an amount", 'setting("large", int, default=...)'),
    (
        lambda: lines.total(QuoteLine.unit_price * QuoteLine.unit_price),
        "QuoteLine.unit_price * QuoteLine.unit_price",
        "",
    ),
    (lambda: Stage("Sent it", task=None, rot_after=20), "rot_after is a length", "rot_after=days(20), or rot_after="),  # type: ignore[arg-type]
    (lambda: Task("Call", due=2), "after a length of time", "due=days(2), or due="),  # type: ignore[arg-type]
    (lambda: Money("10", "BRR"), "'BRR' is not a currency", "did you mean BRL?"),
    (
        lambda: Role("x").least_loaded(open_in=[Sales.quoted, Sales.won]),
        "lists 'Paid', where no deal is open",
        "worked",
    ),
    (lambda: Role("x").least_loaded(open_in=[Sales.lost]), "lists 'Lost', where no deal is open", "worked on"),
    (lambda: add_note("call--back", text="x"), "with single hyphens between them", 'write "call-back"'),
    (
        lambda: update_deal("u", seats=deal.main_contact),
        "seats of 'u' cannot be deal.main_contact",
        "main_contact.name",
    ),
    (lambda: update_deal("u", seats=deal.amount > 3), "seats of 'u' cannot be a condition", "case(deal.amount > 0"),
    (lambda: update_deal("u", seats=days(3)), "cannot be a length of time", "deal.close_date + days(3)"),
    (lambda: update_deal("u", seats=Sales.quoted), "cannot be the stage", "move_deal(...) moves the deal"),
    (lambda: update_deal("u", stage=Sales.quoted), "does not say where the deal stands", "move_deal("),
    (lambda: create_deal("u", in_=Sales.quoted, title="x", stage="Sent"), "create_deal does not say", "write in_="),
    (lambda: update_deal("u", owner=deal.main_contact), "owner of 'u' is a user, not deal.main_contact", "of your own"),  # type: ignore[arg-type]
    (lambda: assign_owner("u", to=Role("x").least_loaded), "least_loaded, which is not called", "with parentheses"),  # type: ignore[arg-type]
    (lambda: _rule(on=Sales), "not the pipeline Sales", "write deal_created(in_=Sales)"),
    (lambda: _rule(on=Sales.quoted), "not the stage", "write entered(Sales.quoted)"),
    (lambda: _rule(on=QuoteLine), "not the class QuoteLine", "write record_added(QuoteLine)"),
    (lambda: _rule(on=deal_created), "not deal_created, which is not called", "call it: deal_created()"),
    (lambda: _rule(on=deal.amount > 3), "not a condition", "conditions go into when=[...]"),
    (lambda: entered(Sales), "entered() names a stage, and Sales is none", "stage_changed(in_=...)"),  # type: ignore[arg-type]
    (lambda: entered([Sales.quoted]), "and a list is none", "without [ ]"),  # type: ignore[arg-type]
    (lambda: _rule(when=[[deal.amount > 3]]), "a list is none", "take the inner [ ] out"),
    (lambda: _rule(when=[Own().vip]), "deal.vip is none", "write deal.vip.is_true() or deal.vip.is_false()"),
    (lambda: _rule(when=[deal.amount]), "deal.amount is none", "compare it"),
    (lambda: _rule(when=[deal.main_contact]), "deal.main_contact is none", "ask one of them"),
    (lambda: lines.any(lambda line: line), "a function is none", "without lambda"),  # type: ignore[arg-type]
    (lambda: deal.contacts.any([deal.amount > 3]), "a list is none", "without the inner [ ]"),  # type: ignore[arg-type]
    (lambda: deal.contacts.main.phone, "deal.contacts has no 'main'", "deal.main_contact"),  # type: ignore[attr-defined]
    (lambda: deal.contacts.phones, "deal.contacts has no 'phones'", "did you mean phone?"),  # type: ignore[attr-defined]
]


def _rule(on: Any = None, when: Any = ()) -> Automation:
    return Automation(key="r", on=deal_created() if on is None else on, when=when, do=[add_note("n", text="x")])


@pytest.mark.parametrize(("written", "message", "hint"), SLIPS)
def test_a_slip_is_told_with_what_to_write(written: Callable[[], object], message: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        written()
    assert message in str(caught.value)
    assert hint in str(caught.value.hint)
    assert "is_unset" not in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("obrigada", "did you mean obrigado?"),
        ("later", "write texts/later.es.md, texts/later.pt.md (or texts/later.md"),
    ],
)
def test_a_text_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, name: str, hint: str) -> None:
    """It said: write texts/obrigada.en.md, to a company that speaks Portuguese and Spanish."""
    company = tmp_path / "acme"
    (company / "texts").mkdir(parents=True)
    for language in ("pt", "es"):
        (company / "texts" / f"obrigado.{language}.md").write_text("Oi", encoding="utf-8")
    (company / "rules.py").write_text(f'from dealwright import *\nthanks = texts("{name}")\n', encoding="utf-8")
    (found,) = (each for each in check(company).findings if each.code == "DW308")
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    "written",
    [
        'points(\n    (30, deal.amount > 5)\n    (20, deal.tags.has("a")))',
        "points(\n    [30, deal.amount > 5]\n    (20, deal.amount > 9))",
        'deal.tags.has(\n    "vip"\n    ("partner"))',
    ],
)
def test_a_missing_comma_before_parentheses_is_told_as_that(tmp_path: Path, written: str) -> None:
    """It said: TypeError: 'tuple' object is not callable."""
    (tmp_path / "acme").mkdir()
    text = f"from dealwright import *\ndeal = DealFields()\nscore = {written}\n"
    (tmp_path / "acme" / "rules.py").write_text(text, encoding="utf-8")
    told = [(each.code, each.line, each.message[:18]) for each in check(tmp_path / "acme").findings]
    assert ("DW910", 4, "a comma is missing") in told
