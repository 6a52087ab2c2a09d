"""A field that is given an option which it does not have is told (DW289)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    shop = Choice("Shop", ["north", "south"])


class Someone(ContactFields):
    shop = Choice("Shop", ["north", "south", "abroad"])


class Firm(CompanyFields):
    shop = Choice("Shop", ["north", "south", "abroad"])


class Booked(OutsideEvent):
    key = "booked"
    number, shop = Text(), Choice("Shop", ["north", "south", "east", "west"])
    match = Match(by=[(number, deal.reference)], in_=Sales)


class Own(DealFields):
    contact: Someone = Someone()
    company: Firm = Firm()
    shop = Choice("Shop", ["north", "south"])
    wide = Choice("Wide", ["north", "south", "east", "west", "abroad"])
    note = Text("Note")


own = Own()
r = Automation(
    key="r",
    on={on},
    when=[Booked.shop.is_set(), own.shop.is_unset(), own.wide.is_unset() | own.wide.is_set(), {when}],
    again=every_event(),
    do=[{do}],
)
"""
SHOP = 'update_deal("u", shop=Booked.shop)'
REAL = "own.note.is_unset()"


def rule(do: str = SHOP, when: str = REAL) -> str:
    return example_file(OWN.format(on="event_received(Booked)", when=when, do=do))


TOLD = {
    "event": (rule(), "'east' or 'west'"),
    "one_left": (rule(when='Booked.shop != "west"'), "'east'"),
    "one_of_three": (rule(when='Booked.shop.is_in("north", "south", "west")'), "'west'"),
    "field": (rule('update_deal("u", shop=own.wide)', when="own.wide.is_set()"), "'east' or 'west' or 'abroad'"),
    "company": (rule('update_deal("u", shop=own.company.shop)', when="own.company.shop.is_set()"), "'abroad'"),
    "contact": (
        rule('update_deal("u", shop=own.main_contact.shop)', when="own.main_contact.shop.is_set()"),
        "'abroad'",
    ),
    "to_the_contact": (
        rule(
            'update_contact("u", own.main_contact, shop=Booked.shop)',
            when="own.main_contact.shop.is_unset(), own.main_contact.id.is_set()",
        ),
        "'east' or 'west'",
    ),
    "to_the_company": (rule('update_company("u", shop=Booked.shop)'), "'east' or 'west'"),
    "record": (rule('create_record("u", Line, shop=Booked.shop)'), "'east' or 'west'"),
    "new_deal": (rule('create_deal("c", in_=Sales.met, title="x", shop=Booked.shop)'), "'east' or 'west'"),
}
SILENT = {
    "all_there": rule('update_deal("u", wide=Booked.shop)'),
    "asked": rule(when='Booked.shop.is_in("north", "south")'),
    "asked_in_a_case": rule(f'branch("b", case((Booked.shop == "north") | (Booked.shop == "south"), {SHOP}))'),
    "otherwise": rule(
        f'branch("b", case(Booked.shop.is_in("east", "west"), add_note("n", text="Far")), otherwise=[{SHOP}])'
    ),
    "a_text": rule('update_deal("u", note=Booked.shop)'),
    "from_a_text": rule('update_deal("u", shop=Booked.number)', when=f"Booked.number.is_set(), {REAL}"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("options") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW289"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_an_option_that_is_not_there_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert f" is {TOLD[name][1]}: " in message


@pytest.mark.parametrize("name", SILENT)
def test_options_that_are_there_or_never_come_are_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
