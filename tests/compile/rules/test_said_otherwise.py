"""Texts that say otherwise than the condition which they explain are told (DW293)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from examples import check_files, example_file
from hypothesis import given
from hypothesis import strategies as st

from dealwright.compile import ir
from dealwright.compile.rules.explained import Explained
from dealwright.compile.rules.said_numbers import contradicted

OWN = """
free = setting("free-discount", int, default=12)


class Own(DealFields):
    deposit, seats, discount = Money("Deposit"), Number("Seats"), Number("Discount %")
    office = Phone("Office")


own = Own()
contact = own.main_contact


class Stays(Pipeline, key="stays", name="Stays"):
    incoming = Incoming()
    agreed = Stage("Agreed 3 days", task=Task("Call", due=days(1)){criteria})
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


r = Automation(
    key="r",
    why="{why}",
    on={on},
    when=[{when}own.deposit.is_set(), own.seats.is_set(), own.discount.is_set()],
    again=every_event(),
    do=[{do}],
)
"""
NOTE = 'add_note("n", text="x")'


def company(
    *, criteria: str = "", why: str = "", when: str = "", do: str = NOTE, on: str = "entered(Stays.won)"
) -> str:
    asked = f", entry=Criteria({criteria})" if criteria else ""
    return example_file(OWN.format(criteria=asked, why=why, when=f"{when}, " if when else "", do=do, on=on))


def says(text: str, condition: str = "own.deposit >= 5000", else_: str = "report") -> str:
    return company(criteria=f'[{condition}], says="{text}", else_="{else_}"')


def why(text: str, when: str = "own.amount >= 5000") -> str:
    return company(why=text, when=when)


def task(text: str, when: str) -> str:
    return company(when=when, do=f'set_task("t", text="{text}", due=hours(4))')


NO_PHONE, NO_MAIL = "contact.phone.is_unset()", "contact.email.is_unset()"
TOLD = {
    "at_least": says("At least 500"),
    "task_of_criteria": says("At least 500", else_="task"),
    "moved_back": says("At least 500", else_="move_back"),
    "another_bound": says("A minimum of 4,000 is paid first"),
    "a_nought": says("Deposit: 500"),
    "spanish": says("Al menos 500 euros"),
    "portuguese": says("No mínimo R$ 500"),
    "german": says("Mindestens 500 €"),
    "thousands_with_a_point": says("Mindestens 50.000"),
    "most": says("Up to 200 seats", "own.seats <= 20"),
    "denied": says("At least 500", "~(own.deposit < 5000)"),
    "more_than": says("More than 500", "own.deposit > 5000"),
    "percent": says("At most 50 %", "own.discount <= 5"),
    "why": why("Deals over 10,000 are for seniors"),
    "why_a_nought": why("Deals over 500 are for seniors"),
    "task": task("Over 500: look at {{ deal.title }}", "own.amount >= 5000"),
    "task_in_a_case": company(
        do='branch("b", case(own.amount > 5000, set_task("t", text="More than 500: look", due=hours(4))))'
    ),
    "mail_for_phone": task("Ask for the e-mail address", NO_PHONE),
    "phone_for_mail": task("Ask for the phone number", NO_MAIL),
    "falta": task("Falta el correo electrónico", NO_PHONE),
    "pt": task("Peça o número de telefone", NO_MAIL),
    "german_mail": task("E-Mail-Adresse erfragen", NO_PHONE),
    "own_phone": task("Find out the e-mail address", "own.office.is_unset()"),
    "criteria_for_mail": says("Write down the e-mail address", "contact.phone.is_set()"),
    "asked_of_the_customer": company(
        when=f"{NO_PHONE}, contact.name.is_set()",
        do='send_email("m", to=own.main_contact, subject="Hello", text="What is your e-mail address?")',
    ),
    "awaited": company(
        do='set_task("t", text="Ask for the e-mail address", due=hours(4)), '
        f'wait_until("w", contact.phone.is_set(), timeout=days(3)), {NOTE}'
    ),
    "watched": company(
        on="contact_updated(fields=[contact.phone])", do='add_note("new", text="The e-mail address has changed")'
    ),
}
SILENT = {
    "same": says("At least 5000"),
    "grouped": says("At least 5,000.00 EUR"),
    "grouped_otherwise": says("Mindestens 5.000 €"),
    "with_a_space": says("Au moins 5 000"),
    "thousand": says("At least 5k, or 5 mil"),
    "both": says("Between 500 and 5000"),
    "first_that_counts": says("At least 13", "own.seats > 12"),
    "fraction": says("At most 15 %", "own.discount <= 0.15"),
    "time": says("At least 500 days before"),
    "clock": says("From 9:00 on, with a deposit"),
    "setting": says("At most 15 %", "own.discount <= free"),
    "two_bounds": says("At least 500", "own.deposit >= 5000, own.seats >= 50"),
    "other_way": says("Up to 500 may be paid later"),
    "no_number": says("Pay the deposit"),
    "stage_with_a_number": says("Pay the deposit", "own.deposit >= 30"),
    "nothing": says("At least 500", "own.deposit > 0"),
    "why_of_something_else": why("More than 3 calls, and nobody buys"),
    "why_of_many": why("We get over 4,000 inquiries a year"),
    "why_percent": why("Over 60 % go with who answers first"),
    "why_plain": why("In 2025 we lost 500 of them"),
    "task_of_something_else": task("Offer the discount from 10,000 on", "own.amount >= 5000"),
    "otherwise": company(
        do='branch("b", case(own.amount > 5000, add_note("n", text="x")),'
        ' otherwise=[set_task("t", text="More than 500: look", due=hours(4))])'
    ),
    "asked_right": task("Ask for the phone number", NO_PHONE),
    "both_named": task("No phone number: ask for the e-mail address", NO_PHONE),
    "by_mail": task("Write them an e-mail", NO_PHONE),
    "both_unset": task("Ask for the e-mail address", f"{NO_PHONE}, {NO_MAIL}"),
    "with_a_phone": task("Ask for the e-mail address", "contact.phone.is_set()"),
    "called": task("Call and ask for the e-mail address", NO_PHONE),
    "shown": task("Ask at the e-mail address {{ deal.main_contact.email or 'of the company' }}", NO_PHONE),
    "criteria_of_either": says("Write down the e-mail address", "contact.phone.is_set() | contact.email.is_set()"),
    "awaited_right": company(
        do='set_task("t", text="Ask for the e-mail address", due=hours(4)), '
        f'wait_until("w", contact.email.is_set(), timeout=days(3)), {NOTE}'
    ),
    "watched_right": company(
        on="contact_updated(fields=[contact.email])", do='add_note("new", text="The e-mail address has changed")'
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, text in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("said") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW293"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_text_that_says_otherwise_is_told(told: dict[str, list[str]], name: str) -> None:
    assert len(told[f"told_{name}"]) == 1


@pytest.mark.parametrize("name", SILENT)
def test_a_text_that_may_be_right_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []


BOUNDS = st.integers(2, 9_999_999)


def of(text: str, number: int) -> Explained:
    asked = ir.Compare(
        field=ir.Ref(path="deal.amount", type="money"), op=">=", value=ir.NumberValue(value=Decimal(number))
    )
    return Explained("says", text, ("", 1), (asked,))


@given(BOUNDS, st.sampled_from(["{:,}", "{}", "{:,}.00", "EUR {:,}"]), st.sampled_from([",", ".", " ", "'"]))
def test_a_number_may_be_written_as_people_write_it(number: int, shape: str, mark: str) -> None:
    text = shape.format(number)
    if mark != "," and not text.endswith(".00"):
        text = text.replace(",", mark)
    assert contradicted(of(f"At least {text}, please", number)) is None


@given(BOUNDS, st.integers(1, 3))
def test_a_nought_too_many_or_too_few_is_always_told(number: int, noughts: int) -> None:
    assert contradicted(of(f"At least {number * 10**noughts}", number)) is not None
    assert contradicted(of(f"At least {number}", number * 10**noughts)) is not None
