"""Events from outside as authors write them: what is refused, and what lowering finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dealwright import (
    Account,
    Automation,
    Choices,
    CompanyFields,
    DealFields,
    Incoming,
    Lost,
    Match,
    Money,
    Number,
    OutsideEvent,
    Pipeline,
    Text,
    Won,
    event_received,
    stop,
    update_deal,
)
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.errors import DefinitionError


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Firm(CompanyFields):
    vat_id = Text("VAT id")


class OwnDeal(DealFields):
    company: Firm = Firm()
    po_number = Text("Purchase order")


deal = OwnDeal()


def event(**body: Any) -> type[OutsideEvent]:
    return type(OutsideEvent)("Paid", (OutsideEvent,), {"key": "erp.paid", **body})  # type: ignore[return-value]


def lowered(*automations: Automation) -> tuple[ir.Account | None, list[str]]:
    account = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=automations)
    found, findings = lower(account, Path(__file__).parent)
    return found, [f"{each.code} {each.message}" for each in findings]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"key": None}, "Paid has no key"),
        ({"key": "Erp Paid"}, "which is not the name of an event"),
        ({"number": 5}, "'number' of Paid is no field"),
        ({"matched": None}, "'matched' of Paid is no field"),
        ({"match": "number"}, "match of Paid is a Match"),
        ({"what": Choices("What", ["a"])}, "'what' of Paid is what the data of an event cannot tell"),
        ({"number": Text(renamed_from="no")}, "is what the data of an event cannot tell"),
        ({"match": Match(by=[(Text(), deal.reference)], in_=Sales)}, "names a field that is not its own"),
    ],
)
def test_a_class_says_what_is_wrong_with_it(body: dict[str, Any], says: str) -> None:
    with pytest.raises(DefinitionError) as error:
        event(**body)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"by": []}, "by of a Match is a list of pairs"),
        ({"by": [(Text(),)]}, "a field of the event, a field of the deal"),
        ({"by": [(Text(), "deal.reference")]}, "ends with a field of the deal"),
        ({"by": [(Text(), deal.amount)]}, "no deal is found by deal.amount"),
        ({"by": [(Text(), deal.stage.name)]}, "no deal is found by deal.stage.name"),
        ({"by": [(Text(), deal.main_contact.phone)]}, "looks at every contact of a deal"),
        ({"by": [(Number(), deal.reference)]}, "compares a number with deal.reference, which is a text"),
        ({"by": [(Money(), deal.reference)]}, "compares an amount with deal.reference"),
        ({"in_": []}, "names no pipeline"),
        ({"in_": Sales.won}, "names pipelines, and Won is none"),
        ({"if_many": "newest"}, "if_many of a Match cannot be 'newest'"),
        ({"if_none": "make"}, "if_none of a Match cannot be 'make'"),
    ],
)
def test_a_match_says_what_is_wrong_with_it(given: dict[str, Any], says: str) -> None:
    with pytest.raises(DefinitionError) as error:
        Match(**({"by": [(Text(), deal.reference)], "in_": Sales} | given))
    assert says in str(error.value)


def test_nothing_is_made_of_a_class_and_none_extends_another() -> None:
    paid = event()
    with pytest.raises(DefinitionError, match="nothing is made of it"):
        paid()
    with pytest.raises(DefinitionError, match="extends an event"):
        type(OutsideEvent)("Again", (paid,), {"key": "erp.again"})
    with pytest.raises(DefinitionError, match="data of Paid are its fields"):
        event_received(paid, data=["number"])  # type: ignore[call-overload]


def test_a_field_belongs_to_automations_that_begin_with_its_event() -> None:
    paid, sent = event(number=Text()), event(key="erp.sent", number=Text())
    good = Automation(key="a", on=event_received(paid), when=paid.number.is_set(), do=[stop()])  # type: ignore[attr-defined]
    assert lowered(good)[1] == []
    bad = Automation(key="b", on=event_received(paid), do=[update_deal("x", reference=sent.number)])  # type: ignore[attr-defined]
    assert lowered(bad)[1] == ["DW203 Paid.number is not known here: another event began this"]


def test_what_no_crm_looks_up_is_refused() -> None:
    number, field = Text(), deal.contact_as("buyer").phone
    paid = event(number=number, match=Match(by=[(number, field)], in_=Sales))
    account, findings = lowered(Automation(key="a", on=event_received(paid), do=[stop()]))
    assert account is None
    assert findings == [f"DW203 an event cannot find its deal by {field._path}"]


def test_an_event_finds_its_deal_by_a_field_of_the_company() -> None:
    number = Text()
    paid = event(number=number, match=Match(by=[(number, deal.company.vat_id)], in_=Sales))
    account, findings = lowered(Automation(key="a", on=event_received(paid), do=[stop()]))
    assert account is not None, findings
    assert account.outside[0].match is not None
    assert account.outside[0].match.by == (ir.MatchPair(field="number", path="deal.company.vat_id"),)


def test_a_company_is_known_by_its_name() -> None:
    name = Text()
    paid = event(name=name, match=Match(by=[(name, deal.company)], in_=Sales))
    account, findings = lowered(Automation(key="a", on=event_received(paid), do=[stop()]))
    assert account is not None, findings
    assert account.outside[0].match is not None
    assert account.outside[0].match.by == (ir.MatchPair(field="name", path="deal.company"),)
