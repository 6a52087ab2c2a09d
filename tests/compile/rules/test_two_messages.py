"""DW412: one person gets two messages at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import snippet

FILE = """
class Booked(OutsideEvent):
    key = "calendar.booked"
    mail = Text()
    match = Match(by=[(mail, deal.contacts.email)], in_=[Sales], if_many="newest_open", if_none={none})

hello = Template("hello", body="When may we call you?", buttons=[Button("now", "Now"), Button("later", "Later")])
bye = Message("See you.")
first = Automation(key="first", on={first}, when=[{when}], again=every_event(), do=[{do}])
second = Automation(key="second", on={second}, when=[{when_second}], again=every_event(), do=[{do_second}])
acme = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[first, second],
)
"""
THERE = "deal.main_contact.id.is_set()"
HELLO = 'send_message("hello", via="crm", template=hello, to=deal.main_contact)'
AGAIN = 'send_message("again", via="crm", template=hello, to=deal.main_contact)'
BYE = 'send_message("bye", via="crm", template=bye, to=deal.main_contact)'
MAIL = 'send_email("mail", to=deal.main_contact, subject="Hello", text="Hello there.")'
CREATED = "deal_created(in_=Sales.incoming)"
BOOKED = 'event_received(Booked, from_="calendar")'
NOTE = 'add_note("n", text="Seen")'


def told(folder: Path, **given: str) -> list[str]:
    """Return what DW412 says of two automations."""
    values = {
        "first": CREATED, "when": THERE, "do": HELLO,
        "second": CREATED, "when_second": THERE, "do_second": BYE,
        "none": '"hold"',
    } | given  # fmt: skip
    text = FILE.format(**values)
    return [each.message for each in snippet(folder, text) if each.code == "DW412"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"do_second": AGAIN},
        {"second": "deal_created(in_=Sales)"},
        {"second": "entered(Sales.incoming)"},
        {"do": f"{NOTE}, {HELLO}", "when": f"{THERE}, deal.amount > 5"},
        {"do": f'branch("b", case(deal.amount > 5, {HELLO}))'},
        {"do": MAIL, "do_second": MAIL.replace("Hello there", "And hello"), "when": "deal.main_contact.email.is_set()"},
    ],
)
def test_two_automations_that_write_on_one_event_are_told(tmp_path: Path, given: dict[str, str]) -> None:
    found = told(tmp_path, **given)
    assert len(found) == 1
    assert "'first' both write to deal.main_contact on one event" in found[0]


@pytest.mark.parametrize(
    "given",
    [
        {"when": f"{THERE}, deal.amount > 5", "when_second": f"{THERE}, deal.amount <= 5"},
        {"do_second": f'wait("day", days(1)), {BYE}'},
        {"second": "entered(Sales.met)"},
        {"do_second": MAIL, "when_second": "deal.main_contact.email.is_set()"},
        {"do_second": BYE.replace("deal.main_contact", 'deal.contact_as("payer")')},
        {"do_second": NOTE},
        {"do": f'branch("b", case(deal.amount > 5, {HELLO}))', "when_second": f"{THERE}, deal.amount < 2"},
    ],
)
def test_what_never_comes_at_once_or_to_one_person_is_not(tmp_path: Path, given: dict[str, str]) -> None:
    assert told(tmp_path, **given) == []


def test_one_in_shadow_sends_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, do_second=f'{BYE}], mode="shadow", examples=[') == []


def test_a_deal_that_an_event_makes_is_greeted_beside_the_event(tmp_path: Path) -> None:
    found = told(tmp_path, first=BOOKED, none='"create"')
    assert len(found) == 1
    assert "when the event makes the deal" in found[0]
    assert told(tmp_path, first=BOOKED) == []
    assert told(tmp_path, first=BOOKED, none='"create"', when=f"{THERE}, deal.stage == Sales.met") == []


def test_a_message_beside_the_step_that_sets_the_other_one_off_is_told(tmp_path: Path) -> None:
    move = 'move_deal("on", to=Sales.met)'
    entered = "entered(Sales.met)"
    for do in (f"{HELLO}, {move}", f"{move}, {HELLO}", f'{HELLO}, branch("b", case(deal.amount > 5, {move}))'):
        found = told(tmp_path, second=entered, do=do)
        assert len(found) == 1
        assert "when 'on' sets it off" in found[0]
    for do in (f'{HELLO}, wait("day", days(1)), {move}', move):
        assert told(tmp_path, second=entered, do=do) == []
    apart = f'branch("b", case(deal.amount > 5, {move}), otherwise=[{HELLO}])'
    assert told(tmp_path, second=entered, do=apart) == []


def one(folder: Path, do: str) -> list[str]:
    """Return what DW412 says of one automation."""
    return told(folder, do=do, do_second=NOTE)


def test_one_text_twice_in_a_row_is_told(tmp_path: Path) -> None:
    assert one(tmp_path, f"{HELLO}, {AGAIN}") == [
        "'again' sends deal.main_contact the very text that 'hello' has just sent"
    ]
    assert one(tmp_path, f'{HELLO}, branch("b", case(deal.amount > 5, {AGAIN}))')
    assert one(tmp_path, f'branch("b", case(deal.amount > 5, {HELLO}), otherwise=[{NOTE}]), {AGAIN}')


@pytest.mark.parametrize(
    "do",
    [
        f"{HELLO}, {BYE}",
        f'{HELLO}, wait("week", days(7)), {AGAIN}',
        f'branch("b", case(deal.amount > 5, {HELLO}), otherwise=[{AGAIN}])',
        f'branch("b", case(deal.amount > 5, {HELLO}, stop())), {AGAIN}',
        f'branch("b", case(deal.amount > 5, {HELLO})), branch("c", case(deal.amount < 2, {AGAIN}))',
        f'{HELLO}, wait_until("w", replied(to="hello"), timeout=days(1), on_timeout=[{AGAIN}, stop()]), {NOTE}',
    ],
)
def test_one_text_with_a_pause_or_on_two_ways_is_not(tmp_path: Path, do: str) -> None:
    assert one(tmp_path, do) == []


def answered(case: str, *, before: str = "") -> str:
    """Return steps that ask, wait for the answer, and send the same template again in a case."""
    wait = 'wait_until("w", replied(to="hello"), timeout=days(1), on_timeout=[stop()])'
    return f'{HELLO}, {wait}, branch("b", case({case}, {before}{AGAIN}))'


def test_a_button_answered_with_its_own_message_is_told(tmp_path: Path) -> None:
    assert one(tmp_path, answered('hello.pressed("now")')) == [
        "'again' answers a button of 'hello' with 'hello' itself: the customer is asked again what they have just said"
    ]
    assert one(tmp_path, answered('hello.pressed("now") | hello.pressed("later")'))
    assert one(tmp_path, answered("deal.amount > 5")) == []
    # an answer in words may well be asked again
    assert one(tmp_path, answered('~hello.pressed("now")')) == []
    assert one(tmp_path, answered('hello.pressed("later")', before='wait("week", days(7)), ')) == []
