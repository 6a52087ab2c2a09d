"""A step that is named after a field which nothing writes, and that writes another one, is told (DW298)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Booked(OutsideEvent):
    key = "booked"
    number, at = Text(), Moment()
    match = Match(by=[(number, deal.reference)], in_=Sales)


class Own(DealFields):
    tasting_at, starts_at, ends_at = Moment("Degustación"), Moment("The party begins"), Moment("The party ends")
    seats = Number("Tasting guests")


own = Own()
r = Automation(key="r", on=event_received(Booked), when=[Booked.at.is_set()], do=[update_deal("{step}", {given})])
"""
ASKED = """
a = Automation(key="a", on=deal_updated(fields=[own.tasting_at]), when=[own.tasting_at.is_set(), own.seats > 1],
    do=[set_task("t", text="Cook for {{ deal.title }} {{ deal.tasting_at }} {{ deal.seats }}", due=days(1)){more}])
"""


def rule(step: str, given: str, more: str = "", asked: bool = True) -> str:
    return example_file(OWN.format(step=step, given=given) + (ASKED.replace("{more}", more) if asked else ""))


TOLD = {
    "by_its_label": rule("degustacion", "starts_at=Booked.at"),
    "by_its_key": rule("tasting-at", "ends_at=Booked.at"),
}
QUIET = {
    "itself": rule("degustacion", "tasting_at=Booked.at"),
    "another_name": rule("times", "starts_at=Booked.at"),
    "its_own_name": rule("party", "starts_at=Booked.at"),
    "both": rule("degustacion", "tasting_at=Booked.at, starts_at=Booked.at"),
    "written_elsewhere": rule("degustacion", "starts_at=Booked.at", ', update_deal("o", tasting_at=own.close_date)'),
    "nobody_asks": rule("degustacion", "starts_at=Booked.at", asked=False),
    "cleared": rule("degustacion", "starts_at=None"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    checked = check_files(tmp_path_factory.mktemp("another"), {**TOLD, **QUIET})
    return {key: [each.message for each in all_of if each.code == "DW298"] for key, all_of in checked.items()}


@pytest.mark.parametrize("key", TOLD)
def test_a_step_that_writes_another_field_is_told(key: str, found: dict[str, list[str]]) -> None:
    (message,) = found[key]
    assert "it is named after deal.tasting_at" in message


@pytest.mark.parametrize("key", QUIET)
def test_a_step_that_may_be_called_so_is_not(key: str, found: dict[str, list[str]]) -> None:
    assert found[key] == []
