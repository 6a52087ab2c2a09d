"""Roles as they are named: any name in one script, composed; nothing that only looks like one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from dealwright import (
    Account,
    Automation,
    DealFields,
    Lost,
    Pipeline,
    Role,
    Stage,
    Won,
    assign_owner,
    deal_created,
    notify,
)
from dealwright.compile import ir
from dealwright.compile.lower import draft, lower
from dealwright.errors import DefinitionError
from dealwright.language.roles import folded

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    quoted = Stage("Sent the quote", task=None, because="test")
    won = Won("Closed won")


@pytest.mark.parametrize(
    "name", ["closers", "recepción", "account executive", "coordinadora", "Vertrieb & Service", "менеджер", "営業"]
)
def test_names_of_people_are_taken(name: str) -> None:
    assert Role(name).name == name
    assert Role(unicodedata.normalize("NFD", f"  {name} ")) == Role(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "has a name"),
        (" ", "has a name"),
        (5, "has a name"),
        ("x" * 61, "longer than 60"),
        ("clоsers", "look alike"),  # a Cyrillic o
        ("closers\u200b", "not seen"),
        ("closers\u202e", "not seen"),
        ("ｃlosers", "looks like another"),
        ("closers; drop", "a name is letters"),
        ("{{ deal.title }}", "a name is letters"),
    ],
)
def test_what_only_looks_like_a_name_is_refused(name: object, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        Role(name)  # type: ignore[arg-type]


def test_roles_are_frozen_and_alike_by_name() -> None:
    closers = Role("closers")
    with pytest.raises(AttributeError):
        closers.name = "other"  # type: ignore[misc]
    assert closers == Role("closers")
    assert len({closers, Role("closers")}) == 1
    assert folded("Recepción") == folded("RECEPCION")


def lowered(*do: object) -> tuple[ir.Account | None, list[str]]:
    rule = Automation(key="rule", on=deal_created(), do=do)  # type: ignore[arg-type]
    account = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[rule])
    found, findings = lower(account, Path(__file__).parent)
    return found, [each.code for each in findings]


def test_what_is_said_of_a_role_stands_in_the_ir() -> None:
    closers = Role("closers")
    account, _ = lowered(
        assign_owner("a", to=closers),
        assign_owner("b", to=closers.least_loaded(open_in=[Sales.quoted])),
        assign_owner("c", to=closers.sticky()),
        notify("d", who=closers, text="Hello"),
    )
    assert account is not None
    assert account.roles == ("closers",)
    picks = [ir.role_of(step) for step in ir.actions(account.automations[0].do)]
    assert [pick.how for pick in picks if pick is not None] == ["round_robin", "least_loaded", "sticky", "everybody"]
    assert picks[1] is not None
    assert picks[1].open_in == (ir.StageValue(pipeline="sales", stage="quoted"),)
    assert ir.decode(ir.encode(account)) == account


def test_two_roles_with_one_name_but_for_accents_are_told() -> None:
    account, codes = lowered(assign_owner("a", to=Role("recepción")), assign_owner("b", to=Role("Recepcion")))
    assert (account, codes) == (None, ["DW250"])


def test_roles_that_only_own_stages_are_told_at_the_stage() -> None:
    """It was told in Dealwright's own source."""

    class Visits(Pipeline, key="visits"):
        planned = Stage("Planned the visit", owner=Role("recepción"), task=None, because="a test")
        seen = Stage("Saw the place", owner=Role("Recepcion"), task=None, because="a test")
        won = Won("Sold")
        lost = Lost("Lost")

    account = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Visits], automations=[])
    _, (found,) = draft(account, Path(__file__).parent)
    line = Path(__file__).read_text(encoding="utf-8").splitlines()[found.line - 1]
    assert (found.code, found.path, 'Role("Recepcion")' in line) == ("DW250", Path(__file__).name, True)


def test_open_in_are_stages() -> None:
    with pytest.raises(DefinitionError, match="open_in of the role 'closers' is a list of stages"):
        Role("closers").least_loaded(open_in=["quoted"])  # type: ignore[list-item]
