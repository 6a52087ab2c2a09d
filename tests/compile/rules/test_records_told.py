"""What is told of records under a deal: counts that say nothing, keys and kinds that were mistaken for each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

from dealwright.compile.findings import Finding

TWO = """
class Line(Record, key="{key}"):
    price, qty = Money("Price"), Number("Qty")


class Other(Record, key="{other}"):
    qty = Number("Qty")


lines = deal.records(Line)
x = Automation(
    key="x",
    on={on},
    when=[{when}],
    exit_on=[{exit_on}],
    do=[wait("w", days(1)), {do}],
)
"""
NOTE = 'add_note("n", text="Met.")'


def file(
    when: str = "",
    do: str = NOTE,
    on: str = "record_added(Line)",
    exit_on: str = "record_removed(Line)",
    key: str = "line",
    other: str = "order",
) -> str:
    return example_file(TWO.format(when=when, do=do, on=on, exit_on=exit_on, key=key, other=other))


OTHER = "deal.records(Other).count > 0"
BRANCH = f'branch("b", case(deal.contacts.count >= 0, {NOTE}))'
TOLD = {
    "below": (file(when="lines.count < 0"), "DW214", "'x' never runs"),
    "below_of_some": (file(when="lines.where(Line.qty > 4).count < 0"), "DW214", "'x' never runs"),
    "contacts": (file(when="deal.contacts.count < 0"), "DW214", "'x' never runs"),
    "two_counts": (file(when="lines.where(Line.qty > 4).count > 3, lines.where(Line.qty > 4).count < 2"),
                   "DW214", "'x' never runs"),
    "always": (file(when="lines.count >= 0"), "DW235", "deal.records.line.count >= 0 is true of every deal"),
    "always_of_some": (file(when="lines.where(Line.qty > 4).count >= 0"), "DW235", "is true of every deal"),
    "always_in_a_case": (file(do=BRANCH), "DW235", "deal.contacts.count >= 0 is true of every deal"),
    "near": (file(when=OTHER, key="instalment", other="instalments"), "DW252", "'instalments' are nearly those of"),
    "exit": (file(exit_on="record_removed(Other)"), "DW227", "is about one 'line', and exit_on ends it by any 'order'"),
    "dollars": (file(do='create_record("c", Line, price=Money("5", "EUR"))'), "DW286", "the account reckons in USD"),
}  # fmt: skip
RIGHT = {
    "one": file(when="lines.count > 0"),
    "none": file(when="lines.count == 0", on="record_removed(Line)"),
    "two": file(when="lines.where(Line.qty > 4).count > 3, lines.where(Line.qty > 5).count < 2"),
    "of_the_deal": file(on="deal_created(in_=Sales)", exit_on="record_removed(Other)"),
    "numbered": file(when=OTHER, key="line1", other="line2"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    files = {name: text for name, (text, _, _) in TOLD.items()} | {f"good_{name}": text for name, text in RIGHT.items()}
    return check_files(tmp_path_factory.mktemp("records") / "company", files)


@pytest.mark.parametrize("name", TOLD)
def test_a_slip_with_records_is_told(name: str, told: dict[str, list[Finding]]) -> None:
    _, code, says = TOLD[name]
    assert any(each.code == code and says in each.message for each in told[name]), [str(each) for each in told[name]]


def test_their_right_neighbours_are_not(told: dict[str, list[Finding]]) -> None:
    codes = ("DW214", "DW235", "DW252", "DW227", "DW286")
    assert [str(each) for name in RIGHT for each in told[f"good_{name}"] if each.code in codes] == []


COUNTED = """
class Part(Record, key="part"):
    number = Number("Number")


class Other(Record, key="other"):
    number = Number("Number")


parts, others = deal.records(Part), deal.records(Other)
r = Automation(
    key="r", on={on}, when=[{when}], again=every_event(), do=[set_task("t", text="Call", due=days(1))]
)
"""


def test_none_of_the_records_one_of_which_was_just_put_there_is_never_true(tmp_path: Path) -> None:
    added = "record_added(Part)"
    files = {
        "none": (added, "parts.count == 0"),
        "below_one": (added, "parts.count < 1"),
        "first": (added, "parts.count == 1"),
        "of_those": (added, "parts.where(Part.number > 3).count == 0"),
        "of_another_kind": (added, "others.count == 0"),
        "removed": ("record_removed(Part)", "parts.count == 0"),
    }
    texts = {name: example_file(COUNTED.format(on=on, when=when)) for name, (on, when) in files.items()}
    told = check_files(tmp_path / "company", texts)
    assert {name for name, each in told.items() if "DW214" in {one.code for one in each}} == {"none", "below_one"}
    assert {one.severity for name in ("none", "below_one") for one in told[name] if one.code == "DW214"} == {"error"}
