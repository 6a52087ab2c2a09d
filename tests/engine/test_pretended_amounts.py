"""Amounts and numbers of a rehearsal read as those of the CRM do: 500.00 USD, and not 500 USD."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from engine_world import Sales

from dealwright import (
    Account,
    Automation,
    DealFields,
    Example,
    Money,
    Number,
    Record,
    add_note,
    create_record,
    deal_created,
    update_deal,
)
from dealwright.cli.main import cli
from dealwright.errors import DefinitionError
from dealwright.model.custom import Custom, MoneyHeld
from dealwright.model.requests import CreateRecord, UpdateDeal
from dealwright.model.values import Money as Held
from dealwright.model.values import plain_number
from dealwright.testing import a_deal, rehearse


class Own(DealFields):
    value = Money("Value")
    discount = Number("Discount %")


class Instalment(Record):
    amount = Money("Amount")


own = Own()
NOTE = add_note("note", text="{{ deal.amount }} | {{ deal.value }} | {{ deal.discount }}")


def company(*do: object) -> Account:
    rule = Automation(key="rule", on=deal_created(in_=Sales), do=list(do))  # type: ignore[arg-type]
    return Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule],
        deal_fields=Own, records=[Instalment],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "value", "discount", "told"),
    [
        (500, Money("12.5", "EUR"), 30.0, "500.00 USD | 12.50 EUR | 30"),
        (Money("5e3", "JPY"), Money("1", "BHD"), Decimal("1E+3"), "5,000 JPY | 1.000 BHD | 1,000"),
        ("99.50", Money("0", "USD"), Decimal("0.10"), "99.50 USD | 0.00 USD | 0.1"),
        (Decimal("0.005"), 7, 7, "0.005 USD | 7.00 USD | 7"),  # what is finer than the currency no CRM would hold
    ],
)
def test_a_rehearsal_tells_amounts_as_the_crm_would(amount, value, discount, told):
    deal = a_deal(Sales.incoming, amount=amount, custom={"value": value, "discount": discount})
    assert rehearse(company(NOTE), "rule", deal).notes == [told]


def test_what_is_written_is_written_in_full_and_read_so_by_the_steps_behind():
    write = update_deal("write", amount=500, value=Money("12.5", "EUR"), discount=Decimal("30.0"))
    told = rehearse(company(write, create_record("due", Instalment, amount=99.5), NOTE), "rule", a_deal(Sales.incoming))
    assert told.notes == ["500.00 USD | 12.50 EUR | 30"]
    first, second, _ = told.requests
    assert isinstance(first, UpdateDeal) and first.changes.amount == Held(Decimal("500.00"), "USD")
    assert str(first.changes.amount.amount) == "500.00"
    assert isinstance(second, CreateRecord)
    assert second.custom == (Custom("amount", MoneyHeld(Held(Decimal("99.5"), "USD"))),)
    assert str(second.custom[0].value.value.amount) == "99.50"


@pytest.mark.parametrize("number", ["1E+50", "1E-50", "NaN", "Infinity", "0.1234567890123456789012345678901234567"])
def test_a_number_without_needless_zeros_is_the_same_number(number):
    assert str(plain_number(Decimal(number))) == number
    assert str(Held(Decimal(number), "USD").in_full().amount) in (number, f"{Decimal(number):f}.00")


def test_an_example_gives_own_fields_and_records_amounts_in_a_currency(tmp_path: Path):
    (tmp_path / "acme.py").write_text(
        """
from dealwright import *

class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])

class Own(DealFields):
    value = Money("Value")

class Instalment(Record):
    amount = Money("Amount")

deal = Own()
rule = Automation(
    key="rule", on=record_added(Instalment),
    do=[add_note("note", text="{{ record.amount }} of {{ deal.value }} of {{ deal.amount }}")],
    examples=[
        Example(
            "in euros", in_=Sales.incoming, at="2026-05-11 10:00", amount=Money("1100", "EUR"),
            own={"value": Money("500", "EUR")}, record={"amount": Money(50, "EUR")},
            then=["note: 50.00 EUR of 500.00 EUR of 1,100.00 EUR"],
        ),
        Example(
            "in the account's currency", in_=Sales.incoming, at="2026-05-11 10:00", amount=1100,
            own={"value": 500}, record={"amount": 50}, then=["note: 50.00 USD of 500.00 USD of 1,100.00 USD"],
        ),
    ],
)
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule], deal_fields=Own,
    records=[Instalment],
)
"""
    )
    result = CliRunner().invoke(cli, ["check", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "acme: 1 pipeline, 1 automation, ok\n")


@pytest.mark.parametrize("where", ["own", "record"])
def test_a_value_that_no_field_holds_is_told_where_it_was_written(where):
    given = {where: {"value": object()}}
    with pytest.raises(DefinitionError, match=f"'value' of {where}= is a object"):
        Example("odd", in_=Sales.incoming, at="2026-05-11 10:00", then=["done"], **given)
