"""Texts that say before of what is now, and over of what is to come, are told (DW293, DW248)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Own(DealFields):
    good_until = Day("The quote is good until")


own = Own()
r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])
"""
OWNED = "deal.owner.is_set(), event.before.owner.is_set()"
NEW = "deal.owner.is_set()"


def owner(do: str, when: str = OWNED) -> str:
    return example_file(OWN.format(on="owner_changed(in_=Sales)", when=when, do=do))


def task(text: str) -> str:
    return f'set_task("t", text="{text}", due=days(1))'


def day(text: str, side: str = "before=days(1)", first: str = "") -> str:
    on = f"date_reached(own.good_until, {side})"
    return example_file(OWN.format(on=on, when="deal.amount > 1", do=first + task(text)))


TOLD = {
    "antes": (owner(task("Leer {{ deal.title }}; antes lo tenía {{ deal.owner.name }}")), "DW293", "'t' says 'antes'"),
    "previously": (owner(task("Read {{ deal.title }}, previously of {{ deal.owner.name }}")), "DW293", "previously"),
    "of_themselves": (
        owner('notify("n", who=event.before.owner, text="{{ deal.title }}: ask {{ event.before.owner.name }}")'),
        "DW293",
        "'n' tells event.before.owner of event.before.owner",
    ),
    "expired": (day("The quote of {{ deal.title }} has expired"), "DW248", "'t' says 'has expired', and 'r' begins"),
    "and_a_question": (day("The quote of {{ deal.title }} has expired. Once more, or not?"), "DW248", "'has expired'"),
    "vencido": (day("La cotización de {{ deal.title }} ha vencido"), "DW248", "'t' says 'ha vencido'"),
}
QUIET = {
    "as_it_was": owner(task("Leer {{ deal.title }}; antes lo tenía {{ event.before.owner.name }}")),
    "now": owner(task("Read {{ deal.title }}: it is of {{ deal.owner.name }}")),
    "a_time_to_come": owner(task("Leer {{ deal.title }} antes de {{ deal.owner.name }}")),
    "not_asked": owner(task("Leer {{ deal.title }}; antes lo tenía {{ deal.owner.name }}"), NEW),
    "told_of_the_new_one": owner(
        'notify("n", who=event.before.owner, text="{{ event.before.owner.name }}: now {{ deal.owner.name }} has it")'
    ),
    "greeted": owner(
        'notify("n", who=event.before.owner, text="{{ event.before.owner.name }}, {{ deal.title }} is gone")', NEW
    ),
    "over_then": day("The quote of {{ deal.title }} has expired", "after=days(1)"),
    "whether": day("See whether the quote of {{ deal.title }} has expired"),
    "later": day("The quote of {{ deal.title }} has expired", first='wait("w", days(3)), '),
    "to_come": day("The quote of {{ deal.title }} expires"),
}
CODES = {"DW293", "DW248"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    files = {**{key: text for key, (text, _, _) in TOLD.items()}, **QUIET}
    checked = check_files(tmp_path_factory.mktemp("before"), files)
    assert not [str(each) for all_of in checked.values() for each in all_of if each.severity == "error"]
    return {key: [(e.code, e.message) for e in all_of if e.code in CODES] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_what_is_said_of_another_time_is_told(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    ((code, message),) = found[key]
    assert code == TOLD[key][1]
    assert TOLD[key][2] in message


@pytest.mark.parametrize("key", QUIET)
def test_what_is_said_of_its_time_is_not(key: str, found: dict[str, list[tuple[str, str]]]) -> None:
    assert found[key] == []
