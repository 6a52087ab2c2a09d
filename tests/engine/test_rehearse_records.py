"""What a rehearsal or an example is told of records and colleagues: what could only pass by in silence is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    Choices,
    Day,
    Flag,
    Incoming,
    Lost,
    Money,
    Number,
    Pipeline,
    Record,
    Role,
    Text,
    Won,
    add_note,
    deal_created,
    every_event,
    notify,
    record_added,
)
from dealwright.compile.check import check
from dealwright.engine.examples import run
from dealwright.errors import InputError
from dealwright.testing import a_deal, a_record, rehearse


class Line(Record):
    sku, qty, price = Text("SKU"), Number("Qty"), Money("Price")
    paid, due_on = Flag("Paid"), Day("Due on")
    size, extras = Choice("Size", ["small", "large"]), Choices("Extras", ["wax", "ink"])


class Order(Record):
    number = Number("No.")


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won()
    lost = Lost()


bosses = Role("bosses")


def account(*do, on=None):
    rule = Automation(key="rule", on=on or record_added(Line), again=every_event(), do=list(do))
    return Account(
        "acme", zone="UTC", country="DE", currency="EUR", pipelines=[Sales], automations=[rule], records=[Order]
    )


NOTE = add_note("n", text="{{ record.qty }}")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"qty": "many"}, "qty of Line is a number, and 'many' is none"),
        ({"paid": "yes"}, "paid of Line is a flag, and 'yes' is none"),
        ({"due_on": "2026-05-11"}, "due_on of Line is a day, and '2026-05-11' is none"),
        ({"sku": 5}, "sku of Line is a text, and 5 is none"),
        ({"price": 100}, 'price of Line is an amount, and 100 is in no currency: write Money("100", "USD")'),
        ({"size": "smal"}, "size of Line is one of small, large, and not 'smal'"),
        ({"extras": ["wax", "glue"]}, "extras of Line is one of wax, ink, and not 'glue'"),
    ],
)
def test_a_value_that_a_field_of_a_record_cannot_hold_is_refused_at_its_line(given, says):
    with pytest.raises(InputError) as caught:
        a_record(Line, **given)
    assert says in str(caught.value)
    (place,) = (note for note in caught.value.__notes__ if note.startswith("at "))
    assert place.rpartition(":")[0] == f"at {Path(__file__)}"


def test_values_that_fit_are_taken():
    a_record(
        Line, sku="A", qty=2, price=Money("5", "EUR"), paid=True, due_on=date(2026, 5, 11), size="small", extras=["wax"]
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "'rule' is set off by a record of the kind 'line', and the deal has none"),
        ({"record": a_record(Order, number=1)}, "of the kind 'line', and record= is a 'order'"),
    ],
)
def test_a_rule_about_a_record_is_not_rehearsed_without_one(given, says):
    """It was skipped, as if its conditions were not true."""
    with pytest.raises(InputError, match=says):
        rehearse(account(NOTE), "rule", a_deal(Sales.incoming), **given)


def test_a_record_for_a_rule_that_none_sets_off_is_refused():
    rules = account(add_note("n", text="x"), on=deal_created())
    with pytest.raises(InputError, match="is set off by no record: leave it out"):
        rehearse(rules, "rule", a_deal(Sales.incoming), record=a_record(Line, qty=1))


def test_the_deals_own_record_is_taken_where_none_is_named():
    told = rehearse(account(NOTE), "rule", a_deal(Sales.incoming, records=[a_record(Line, qty=3)]))
    assert told.notes == ["3"]


def test_who_stands_behind_a_role_by_name_is_told_something():
    """They had no e-mail address, and a step that tells them something was passed by."""
    rules = account(notify("told", who=bosses, text="Look"), on=deal_created())
    told = rehearse(rules, "rule", a_deal(Sales.incoming), people={bosses: ["Ana Lima", "João Ruiz"]})
    (mail,) = told.notified
    assert (mail.to, mail.also) == ("ana.lima@example.com", ("joao.ruiz@example.com",))


FILE = """
from dealwright import *


class Line(Record):
    qty = Number("Qty")


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


deal = DealFields()
bosses = Role("bosses")
told = Automation(
    key="told",
    on=deal_created(in_=Sales),
    do=[notify("role", who=bosses, text="Look"), notify("owner", who=deal.owner, text="Look")],
    examples=[
        Example("a deal", in_=Sales.incoming, at="2026-05-11 10:00", people={bosses: ["Ben"]}, then=["role", "owner"]),
    ],
)
line = Automation(
    key="line",
    on=record_added(Line, in_=Sales),
    when=[Line.qty > 1],
    do=[add_note("n", text="Look")],
    examples=[
        Example("of which nothing is told", in_=Sales.incoming, at="2026-05-11 10:00", then=["n"]),
        Example("two", in_=Sales.incoming, at="2026-05-11 10:00", record={"qty": 2}, then=["n"]),
        Example("one", in_=Sales.incoming, at="2026-05-11 10:00", record={"qty": 1}, then=["skipped: conditions"]),
        Example("no such field", in_=Sales.incoming, at="2026-05-11 10:00", record={"quantity": 1}, then=["n"]),
        Example("no such value", in_=Sales.incoming, at="2026-05-11 10:00", record={"qty": "two"}, then=["n"]),
    ],
)
count = Automation(
    key="count",
    on=record_added(Line, in_=Sales),
    do=[add_note("n", text="{{ deal.records.line.count }}")],
    examples=[Example("the first line", in_=Sales.incoming, at="2026-05-11 10:00", then=["n: 1"])],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[told, line, count]
)
"""


def test_examples_tell_colleagues_and_what_a_record_holds(tmp_path):
    folder = tmp_path / "company"
    folder.mkdir()
    (folder / "rules.py").write_text(FILE, encoding="utf-8")
    loaded = check(folder)
    assert [str(each) for each in loaded.findings] == []
    found = run(loaded)
    assert [each.message for each in found] == [
        "the example 'of which nothing is told' cannot be run: it tells nothing of the record that sets it off",
        "the example 'no such field' cannot happen: records of the kind 'line' have no field 'quantity'; they have qty",
        "the example 'no such value' cannot happen: qty is a number, and what is given is none",
    ]
    assert found[0].hint == 'say what its fields hold: record={"amount": 500}'
