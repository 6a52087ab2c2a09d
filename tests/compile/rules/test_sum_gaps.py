"""DW275: sums that are unset because a part of them may be."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

FILE = """
class Extra(Record, key="extra", name="Extra"):
    price, count = Money("Price"), Number("Count")


class Firm(CompanyFields):
    orders = Number("Orders")


class Person(ContactFields):
    visits = Number("Visits")


class Own(DealFields):
    contact: Person = Person()
    company: Firm = Firm()
    paid, due, fee, extras = Money("Paid"), Money("Due"), Money("Fee"), Money("Extras")
    calls, seats = Number("Calls"), Number("Seats")


own = Own()


class Asked(Pipeline, key="asked", name="Asked"):
    incoming = Incoming()
    met = Stage("Held the meeting", probability=40, task=Task("Write", due=days(1)), required=[own.fee])
    won, lost = Won(), Lost(reasons=["Price"])


class Paid(OutsideEvent):
    key = "bank.paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, own.reference)], in_=[Sales], if_many="ask", if_none="hold")


r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])
{more}
"""
PAID = 'event_received(Paid, from_="bank", in_=Sales)'
ADDS = 'update_deal("u", paid=own.paid + Paid.amount)'
SENDS = 'send_event("s", to="bank", with_={"sum": own.due + own.extras})'


def rule(do: str = ADDS, when: str = "Paid.amount > 0", on: str = PAID, more: str = "") -> str:
    return example_file(FILE.format(do=do, when=when, on=on, more=more))


def other(do: str, on: str) -> str:
    return f'\no = Automation(key="o", on={on}, when=[deal.amount > 0], again=every_event(), do=[{do}])'


TOLD = {
    "itself": (rule(), "'u' adds to deal.paid, which may be unset, and nothing sets it at first"),
    "itself_behind": (rule('update_deal("u", paid=Paid.amount + own.paid)'), "'u' adds to deal.paid"),
    "counter": (
        rule('update_deal("u", calls=own.calls + 1)', "deal.amount > 0", 'activity_logged(kind="call", in_=Sales)'),
        "'u' adds to deal.calls",
    ),
    "of_the_company": (
        rule('update_company("u", orders=own.company.orders + 1)', "deal.amount > 0", "entered(Sales.won)"),
        "'u' adds to deal.company.orders",
    ),
    "of_the_record": (
        rule('update_record("u", Extra, count=Extra.count + 1)', "Extra.price > 5", "record_updated(Extra, in_=Sales)"),
        "'u' adds to record.count",
    ),
    "of_the_contact": (
        rule(
            'update_contact("u", own.main_contact, visits=own.main_contact.visits + 1)',
            "deal.amount > 0",
            "entered(Sales.won)",
        ),
        "'u' adds to deal.main_contact.visits",
    ),
    "cleared_elsewhere": (rule(more=other('update_deal("c", paid=None)', "entered(Sales.lost)")), "adds to deal.paid"),
    "one_is_asked": (
        rule(SENDS, "own.due > 0"),
        "'s' reckons with deal.extras, which may be unset: then all of the sum is",
    ),
    "conversion": (
        rule(
            'send_conversion("s", event="Lead", value=deal.amount + own.extras)',
            "deal.amount > 0, deal.main_contact.email.is_set()",
        ),
        "'s' reckons with deal.extras",
    ),
    "taken_off": (
        rule('update_deal("s", due=deal.amount - own.paid)', "deal.amount > 0"),
        "'s' reckons with deal.paid",
    ),
    "with_the_event": (rule('update_deal("s", due=own.extras + Paid.amount)'), "'s' reckons with deal.extras"),
    "inside_of_a_product": (
        rule('update_deal("s", due=(deal.amount + own.extras) * 2)', "deal.amount > 0"),
        "'s' reckons with deal.extras",
    ),
    "written_by_records": (
        rule(
            SENDS, "own.due > 0", more=other('update_deal("t", extras=deal.amount)', "record_added(Extra, in_=Sales)")
        ),
        "'s' reckons with deal.extras",
    ),
}
SILENT = {
    "or_nothing": rule('update_deal("u", paid=own.paid.or_(0) + Paid.amount)'),
    "itself_asked": rule(when="Paid.amount > 0, own.paid.is_set()"),
    "in_a_case": rule(f'branch("b", case(own.paid.is_set(), {ADDS}), otherwise=[add_note("n", text="x")])'),
    "first_here": rule(
        f'branch("b", case(own.paid.is_unset(), update_deal("f", paid=Paid.amount)), otherwise=[{ADDS}])'
    ),
    "first_elsewhere": rule(more=other('update_deal("f", paid=0)', "entered(Sales.quoted)")),
    "first_of_the_contact": rule(
        'update_contact("u", own.main_contact, visits=own.main_contact.visits + 1)',
        "deal.amount > 0",
        "entered(Sales.won)",
        other('update_contact("f", own.contact_as("buyer"), visits=0)', "deal_created(in_=Sales)"),
    ),
    "or_else_all": rule('update_deal("u", paid=(own.paid + Paid.amount).or_(Paid.amount))'),
    "required": rule(
        'update_deal("u", fee=own.fee + Paid.amount)',
        "deal.stage == Asked.met, Paid.amount > 0",
        PAID.replace("Sales", "Asked"),
    ).replace("in_=[Sales]", "in_=[Asked]"),
    "multiplied": rule('update_deal("s", due=deal.amount * own.seats)', "deal.amount > 0"),
    "of_a_product": rule('update_deal("s", due=deal.amount + own.seats * own.fee)', "deal.amount > 0"),
    "both_asked": rule(SENDS, "own.due > 0, own.extras > 0"),
    "nothing_asked": rule(SENDS, "deal.amount > 0"),
    "filled_in_by_people": rule('update_deal("s", due=deal.amount + own.fee)', "deal.amount > 0"),
    "written_before": rule(f'update_deal("w", extras=deal.amount), {SENDS}', "own.due > 0"),
    "written_when_created": rule(
        SENDS, "own.due > 0", more=other('update_deal("t", extras=deal.amount)', "deal_created(in_=Sales)")
    ),
    "waited_for": rule(
        f'wait_until("w", own.extras > 0, timeout=days(3), on_timeout=[stop()]), {SENDS}', "own.due > 0"
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("sums") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW275"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_part_that_may_be_unset_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert TOLD[name][1] in message


@pytest.mark.parametrize("name", SILENT)
def test_a_part_that_is_there_or_stands_in_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
