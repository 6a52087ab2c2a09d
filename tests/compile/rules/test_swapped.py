"""Values that are given to each other's names are told (DW287)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Line(Record, key="line"):
    quantity, weight = Number("Quantity"), Number("Weight")


class Asked(OutsideEvent):
    key = "asked"
    name, email = Text(), Text()
    quantity, weight, seats = Number(), Number(), Number()
    title, reference = Text(), Text()
    match = Match(by=[(email, deal.contacts.email)], in_=Sales)


class Own(DealFields):
    quantity, weight, seats = Number("Quantity"), Number("Weight"), Number("Seats")
    kind, form = Text("Kind"), Text("Form")


own = Own()
r = Automation(
    key="r",
    on=event_received(Asked),
    when=[Asked.{set}.is_set(), Asked.weight > 0, Asked.seats > 0, Asked.email.is_set(), own.seats.is_set()],
    again=every_event(),
    do=[{do}],
)
"""


def rule(do: str, asked: str = "quantity") -> str:
    return example_file(OWN.format(do=do, set=asked))


TOLD = {
    "event": (rule('update_deal("u", quantity=Asked.weight, weight=Asked.quantity)'), "quantity, weight"),
    "or_else": (
        rule('update_deal("u", quantity=Asked.weight.or_(own.weight), weight=Asked.quantity)'),
        "quantity, weight",
    ),
    "three": (
        rule('update_deal("u", quantity=Asked.weight, weight=Asked.seats, seats=Asked.quantity)'),
        "quantity, weight, seats",
    ),
    "two_of_three": (
        rule('update_deal("u", seats=Asked.seats, quantity=Asked.weight, weight=Asked.quantity)'),
        "quantity, weight",
    ),
    "contact": (rule('create_contact("c", name=Asked.email, email=Asked.name)', "name"), "name, email"),
    "record": (rule('create_record("c", Line, quantity=Asked.weight, weight=Asked.quantity)'), "quantity, weight"),
    "texts": (
        rule('update_deal("u", title="{{ event.data.reference }}", reference="{{ event.data.title }}")', "title"),
        "title, reference",
    ),
    "new_deal": (
        rule('create_deal("c", in_=Sales.met, title="x", quantity=own.weight, weight=own.quantity)'),
        "quantity, weight",
    ),
    "event_to_others": (
        rule('send_event("e", to="erp", step="s", with_={"kind": own.form, "form": own.kind})'),
        "kind, form",
    ),
    "lookup": (
        rule('lookup("l", at="erp:/x", ask={"kind": own.form, "form": own.kind}, gives={"ok": bool})'),
        "kind, form",
    ),
}
SILENT = {
    "straight": rule('update_deal("u", quantity=Asked.quantity, weight=Asked.weight)'),
    "exchanged": rule('update_deal("u", quantity=own.weight, weight=own.quantity)'),
    "one": rule('update_deal("u", quantity=Asked.weight)'),
    "two_sources": rule('create_deal("c", in_=Sales.met, title="x", quantity=own.weight, weight=Asked.quantity)'),
    "chain": rule('update_deal("u", quantity=Asked.weight, weight=Asked.seats)'),
    "reckoned": rule('update_deal("u", quantity=Asked.weight * 2, weight=Asked.quantity)'),
    "two_steps": rule('update_deal("u", quantity=Asked.weight), update_deal("v", weight=Asked.quantity)'),
    "text_of_two": rule(
        'update_deal("u", title="{{ event.data.reference }} {{ event.data.name }}", reference=Asked.title)', "title"
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("swapped") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW287"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_values_that_are_given_crosswise_are_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    named = [part.partition("=")[0] for part in message.partition(" gives ")[2].split(", ")]
    assert sorted(named) == sorted(TOLD[name][1].split(", "))


@pytest.mark.parametrize("name", SILENT)
def test_values_that_may_be_meant_so_are_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
