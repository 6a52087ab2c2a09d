"""A conversion as people read it: in summaries, timelines and rehearsals; a hostile name is inert there."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from meta_world import conversion

from dealwright.cli.timeline import asked
from dealwright.compile import describe, ir
from dealwright.model.crm import Money

UTC = ZoneInfo("UTC")


def test_a_step_is_described() -> None:
    step = ir.SendConversionStep(
        name="buy", event="Purchase", to="deal.main_contact", value=ir.Ref(path="deal.amount", type="money")
    )
    assert list(describe.steps([step])) == ["buy: conversion 'Purchase' worth deal.amount of deal.main_contact"]
    bare = ir.SendConversionStep(name="lead", event="Met us", to="event.contact")
    assert list(describe.steps([bare])) == ["lead: conversion 'Met us' of event.contact"]


def test_what_was_asked_for_is_told_without_whom() -> None:
    told = asked(conversion(1, value=Money(Decimal("1200.5"), "EUR")).request, UTC)
    assert told == "“Purchase”, 1,200.5 EUR"
    assert asked(conversion(1, name="a\x1b[31m", value=None).request, UTC) == "“a\\e[31m”"
