"""An event that looks for its number among other numbers than those that are called so is told (DW296)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    permit_number, order, code = Text("Number of the permit"), Text("Number of the order"), Text("Code")
    seats = Number("Seats")


own = Own()


class Told(OutsideEvent):
    key = "office.told"
    {fields}
    match = Match(by=[{by}], in_=Sales)


r = Automation(key="r", on=event_received(Told),
    when=[own.permit_number.is_set(), own.order.is_set(), own.code.is_set()],
    do=[set_task("t", text="Look at {{{{ deal.title }}}}", due=days(1))])
"""


def event(by: str, fields: str = 'permit_number = Text("Their number")') -> str:
    return example_file(OWN.format(by=by, fields=fields))


TOLD = {
    "by_its_key": (event("(permit_number, own.reference)"), "deal.permit_number is called so, too"),
    "by_its_label": (
        event("(nummer, own.code)", 'nummer = Text("Number of the order")'),
        "deal.order is called 'Number of the order', as it is",
    ),
}
QUIET = {
    "itself": event("(permit_number, own.permit_number)"),
    "itself_and_another": event("(permit_number, own.permit_number), (permit_number, own.reference)"),
    "another_name": event("(number, own.reference)", 'number = Text("Number")'),
    "longer_name": event("(order_code, own.code)", 'order_code = Text("Number of the order")'),
    "one_word": event("(its, own.reference)", 'its = Text("Code")'),
    "contacts": event("(code, deal.contacts.phone)", 'code = Text("Code")'),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {**{key: text for key, (text, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("match"), files)
    return {key: [each.message for each in all_of if each.code == "DW296"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_a_number_among_others_is_told(key: str, found: dict[str, list[str]]) -> None:
    assert len(found[key]) == 1
    assert TOLD[key][1] in found[key][0]


@pytest.mark.parametrize("key", QUIET)
def test_a_number_among_its_own_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
