"""What is not said where a file or the account did not load: nobody knows it then."""

from __future__ import annotations

from pathlib import Path

import pytest

from dealwright.compile.check import check

MODEL = """
from dealwright import *


deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    met = Stage("Met the customer", task=Task("Write the offer", due=days(1)))
    won = Won()
    lost = Lost(reasons=["Price"])


class Setup(Pipeline, key="setup", name="Setup"):
    # dealwright: ignore[DW107] because a rule sets it
    planned = Stage("Planned the visit")
    done = Won()
    off = Lost(reasons=["Customer"])


class Paid(OutsideEvent):
    key = "billing.paid"
    number, seats = Text(), Number()
    match = Match(by=[(number, deal.reference)], in_=Sales)
"""
RULES = """
from dealwright import *
from .model import Sales, Setup, deal

start = Automation(
    key="start",
    on=entered(Sales.won),
    when=[deal.amount > Money("50", "BRL"), deal.amount < 100],
    do=[create_deal("setup", in_=Setup.planned, title="Set up {{ deal.title }}")],
)
"""
ACCOUNT = """
from dealwright import *
from .model import Sales, Setup
from .paid import paid
from .rules import start

acme = Account(
    "acme", zone="UTC", country="BR", currency="BRL", pipelines=[Sales, Setup], automations=[start, paid],
)
"""
PAID = """
from dealwright import *
from .model import Paid

paid = Automation(
    key="paid", on=event_received(Paid), do=[add_note("n", text="{{ event.data.number }} {{ event.data.seats }}")]
)
"""
FIELDS = """

class Own(DealFields):
    folder = Text("Folder")


class Item(Record, key="item", name="Item"):
    price = Money("Price")
"""
FIELDS_ACCOUNT = ACCOUNT.replace("import Sales,", "import Item, Own, Sales,").replace(
    "pipelines=", "deal_fields=Own, records=[Item], pipelines="
)
WRONG = '\nwrong = activity_logged(kind="fax")\n'


def told(folder: Path, **files: str) -> set[str]:
    """Check the company with these files in the place of its own."""
    company = folder / "acme"
    company.mkdir()
    for name, text in {"model": MODEL, "rules": RULES, "paid": PAID, "account": ACCOUNT, **files}.items():
        (company / f"{name}.py").write_text(text, encoding="utf-8")
    return {each.code for each in check(company).findings}


def test_the_company_says_what_is_wrong_with_it_once_everything_loads(tmp_path: Path) -> None:
    assert told(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules", RULES + WRONG),
        ("account", ACCOUNT.replace('"UTC"', '"UCT/No"')),
        ("account", ACCOUNT + WRONG),
        ("account", ACCOUNT.replace('currency="BRL"', 'currency="BRR"')),
    ],
)
def test_no_currency_is_made_up_where_the_account_does_not_load(tmp_path: Path, name: str, text: str) -> None:
    """It was told that the account reckons in USD, whatever it said."""
    assert told(tmp_path, **{name: text}) in ({"DW910"}, {"DW911"})


def test_an_account_whose_file_fails_below_it_still_says_its_currency(tmp_path: Path) -> None:
    euros = RULES.replace("BRL", "EUR")
    assert told(tmp_path, rules=euros, account=ACCOUNT + WRONG) >= {"DW910", "DW286"}


@pytest.mark.parametrize("name", ["rules", "paid"])
def test_what_no_automation_does_is_not_said_where_a_file_does_not_load(tmp_path: Path, name: str) -> None:
    """It said that no automation puts deals into the pipeline, and that nothing reads a field: the file did."""
    text = {"rules": RULES, "paid": PAID}[name]
    imports, _, rest = text.partition("\n\n")
    assert told(tmp_path, **{name: f"{imports}\n{WRONG}\n{rest}"}) == {"DW910"}


@pytest.mark.parametrize(
    "account", [FIELDS_ACCOUNT.replace("UTC", "UCT/No"), FIELDS_ACCOUNT + WRONG, "from dealwright import *\n" + WRONG]
)
def test_fields_that_texts_alone_name_are_known_where_the_account_does_not_load(tmp_path: Path, account: str) -> None:
    """It said that there is no fact of that name: the account says which class has it."""
    rules = RULES.replace('title="Set up {{ deal.title }}"', 'title="{{ deal.folder }} {{ deal.records.item.count }}"')
    assert told(tmp_path, model=MODEL + FIELDS, rules=rules, account=account) in ({"DW910"}, {"DW911"})


def test_no_silence_is_called_idle_where_a_file_does_not_load(tmp_path: Path) -> None:
    """Each silence of the company was, as soon as one file had a slip: its rule had not seen what it silences."""
    silence = "# dealwright: ignore[DW214] because the price list changes\n"
    rules = RULES.replace("    when=[", f"    {silence}    when=[")
    assert told(tmp_path, rules=rules) == {"DW921"}
    for name, text in {"account": ACCOUNT + WRONG, "paid": "from dealwright import *\nx = (\n"}.items():
        (tmp_path / name).mkdir()
        assert not told(tmp_path / name, **{"rules": rules, name: text}) & {"DW921"}


def test_what_no_automation_does_is_said_once_everything_loads(tmp_path: Path) -> None:
    without = RULES.replace('create_deal("setup", in_=Setup.planned, title=', 'add_note("setup", text=')
    unread = PAID.replace(" {{ event.data.seats }}", "")
    assert told(tmp_path, rules=without, paid=unread) == {"DW104", "DW264"}
