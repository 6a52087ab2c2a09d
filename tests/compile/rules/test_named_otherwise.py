"""What another system is told under the name of another field is told (DW287)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    weight, pallets = Number("Weight"), Number("Pallets")


class Asked(OutsideEvent):
    key = "asked"
    phone, email = Text(), Text()
    city, postcode, country = Text(), Text(), Text()
    match = Match(by=[(email, deal.contacts.email)], in_=Sales)


class Person(ContactFields):
    mobile, street, town = Phone("Mobile"), Text("Street"), Text("Town")


class Own(DealFields):
    contact: Person = Person()
    city, postcode = Text("City"), Text("Postcode")
    billing_city, client = Text("Billing city"), Text("Client")
    pickup_on, return_on = Day("Pickup"), Day("Return")
    office, desk_mail = Phone("Office"), Email("Desk")
    number, seats = Text("House number"), Number("Seats")
    diagnosis = Text("Diagnosis", sensitive=True)
    summary = Text("Summary")


own = Own()
contact = own.main_contact
buyer = own.contact_as("buyer")
r = Automation(
    key="r",
    on={on},
    when=[{asked}],
    again=every_event(),
    do=[{do}],
)
"""
EVENT, LINE = "event_received(Asked)", "record_added(Line)"
ASKED = {
    EVENT: "Asked.city.is_set(), Asked.postcode.is_set(), Asked.phone.is_set(), Asked.country.is_set(), own.seats > 0",
    LINE: "Line.weight > 0, Line.pallets > 0",
}


def step(do: str, on: str = EVENT) -> str:
    return example_file(OWN.format(do=do, on=on, asked=ASKED[on]))


def told_of(given: str, on: str = EVENT) -> str:
    return step(f'send_event("e", to="erp", step="s", with_={given})', on)


TOLD = {
    "own": (told_of('{"postcode": own.city}'), "deal.postcode"),
    "or_else": (told_of('{"return_on": own.pickup_on.or_(own.close_date)}'), "deal.return_on"),
    "in_a_text": (told_of('{"postcode": "{{ event.data.city }}"}'), "event.data.postcode"),
    "days": (told_of('{"return_on": own.pickup_on}'), "deal.return_on"),
    "among_others": (told_of('{"postcode": own.city, "seats": own.seats}'), "deal.postcode"),
    "mail_as_phone": (told_of('{"phone": contact.email}'), "deal.main_contact.phone"),
    "phone_as_mail": (told_of('{"email": contact.phone}'), "deal.main_contact.email"),
    "called_otherwise": (told_of('{"mobile_number": contact.email}'), "deal.main_contact.phone"),
    "of_a_buyer": (told_of('{"phone": buyer.email}'), "deal.contact_as.buyer.phone"),
    "own_mail": (told_of('{"phone": own.desk_mail}'), "another field"),
    "of_the_event": (told_of('{"postcode": Asked.city}'), "event.data.postcode"),
    "mail_of_the_event": (told_of('{"phone": Asked.email}'), "event.data.phone"),
    "of_a_contact": (told_of('{"street": contact.town}'), "main_contact.street"),
    "of_a_record": (told_of('{"pallets": Line.weight}', LINE), "record.pallets"),
    "lookup": (step('lookup("l", at="erp:/x", ask={"postcode": own.city}, gives={"ok": bool})'), "deal.postcode"),
    "conversion": (step('send_conversion("c", event="Lead", with_={"postcode": own.city})'), "deal.postcode"),
}
SILENT = {
    "right": told_of('{"postcode": own.postcode, "city": own.city, "phone": contact.phone, "email": contact.email}'),
    "of_another_holder": told_of('{"city": contact.town}'),
    "longer_name": told_of('{"city": own.billing_city}'),
    "given_too": told_of('{"city": own.client, "place": own.city}'),
    "stands_in": told_of('{"return_on": own.pickup_on.or_(own.return_on)}'),
    "stands_in_a_text": told_of('{"postcode": "{{ event.data.city or event.data.postcode }}"}'),
    "two_facts": told_of('{"postcode": "{{ event.data.city }} {{ event.data.phone }}"}'),
    "name_of_theirs": told_of('{"number": own.client}'),
    "built_in": told_of('{"amount": own.seats, "title": own.client, "company": own.city, "close_date": own.return_on}'),
    "no_such_field": told_of('{"zip": own.city}'),
    "sensitive": told_of('{"diagnosis": own.summary}'),
    "another_phone": told_of('{"phone": contact.mobile, "office": contact.phone}'),
    "name_of_who": told_of('{"name": contact.email, "user": contact.email}'),
    "written": step('update_deal("u", city=Asked.country)'),
    "new_record": step('create_record("c", Line, weight=own.seats)'),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("named") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {
        name: [f"{each.message} {each.hint}" for each in told if each.code == "DW287"] for name, told in found.items()
    }


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_under_the_name_of_another_field_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert message.startswith(("'s' gives ", "'l' gives ", "'c' gives "))
    assert TOLD[name][1] in message.partition(" as ")[2]


@pytest.mark.parametrize("name", SILENT)
def test_what_may_be_called_so_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
