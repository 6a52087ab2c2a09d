"""Lost reasons of another pipeline, asked for where the deal can be lost in its own only: they compared equal never."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

OWN = """
class Care(Pipeline, key="care"):
    asked = Stage("Asked for it", task=Task("Call", due=days(1)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Moved away", "Price"])


r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])"""
NOTE = 'add_note("n", text="Look")'
AWAY = 'deal.lost_reason == "Moved away"'


def rule(on: str, when: str = "", do: str = NOTE) -> str:
    return example_file(OWN.format(on=on, when=when, do=do))


def branch(asked: str, before: str = "") -> str:
    return f'{before}branch("b", case({asked}, {NOTE}))'


TOLD = {
    "entered": rule("entered(Sales.lost)", AWAY),
    "one_of": rule("entered(Sales.lost)", 'deal.lost_reason.is_in("Price", "Moved away")'),
    "pipeline": rule("activity_logged(in_=Sales)", AWAY),
    "asked": rule("activity_logged()", f"deal.pipeline == Sales, {AWAY}"),
    "case": rule("entered(Sales.lost)", do=branch(AWAY)),
    "moved": rule("stage_changed(from_=Sales.lost, to=Sales.met)", 'event.before.lost_reason == "Moved away"'),
}
FINE = {
    "its_own": rule("entered(Care.lost)", AWAY),
    "of_both": rule("entered(Sales.lost)", 'deal.lost_reason == "Price"'),
    "one_of_two": rule("entered(Sales.lost, Care.lost)", AWAY),
    "anywhere": rule("activity_logged()", AWAY),
    "joined": rule("activity_logged()", f"(deal.stage == Sales.met) | ({AWAY})"),
    "behind_a_wait": rule("entered(Sales.lost)", do=branch(AWAY, 'wait("w", days(1)), ')),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder: Path = tmp_path_factory.mktemp("reasons") / "company"
    every = check_files(folder, TOLD | FINE)
    return {name: [f"{each.message}; {each.hint}" for each in of if each.code == "DW214"] for name, of in every.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_reason_of_another_pipeline_is_told(found: dict[str, list[str]], name: str) -> None:
    assert found[name] == [
        "no lost stage where its deals can be lists the reason 'Moved away': this is never true;"
        " there are Price, Timing"
    ]


@pytest.mark.parametrize("name", FINE)
def test_a_reason_of_a_pipeline_where_the_deal_may_be_is_left_alone(found: dict[str, list[str]], name: str) -> None:
    assert found[name] == []
